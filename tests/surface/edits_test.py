import numpy as np
import pytest

from simpose_tf.charts import PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.surface.edits import Edits, PartEdit, SeamEdit, corrected, parse_edits
from simpose_tf.surface.patches import patch_count
from simpose_tf.surface.reference import open_reference
from simpose_tf.surface.target import Target

REFERENCE = open_reference()
COUNT = len(REFERENCE.faces)
HAND, ARM = 4, 21


def target(**groups: np.ndarray) -> Target:
    """The open body as a file that lists its vertices twice: faces of odd number use the second copies."""
    faces, count = REFERENCE.faces.astype(np.int32), len(REFERENCE.vertices)
    file_faces = faces + count * (np.arange(COUNT) % 2)[:, None].astype(np.int32)
    vertices = REFERENCE.vertices.astype(float)
    corner = np.arange(3 * COUNT).reshape(-1, 3)
    names = np.arange(count, dtype=np.int32)
    return Target(vertices, faces, corner, file_faces, np.tile(vertices, (2, 1)), names, groups, None, (), "x.obj")


def arm_end() -> np.ndarray:
    """Faces of the lower arm that touch the hand."""
    hand = np.unique(REFERENCE.faces[REFERENCE.part == HAND])
    return np.flatnonzero((REFERENCE.part == ARM) & np.isin(REFERENCE.faces, hand).any(1))


def test_an_edits_file_is_read_with_names_and_numbers():
    data = {
        "parts": [
            {"part": "left_hand", "vertices": [1, 2, 3]},
            {"part": 4, "group": "#FF0000"},
            {"part": 3, "faces": [5]},
        ],
        "seams": [{"between": ["torso_front", 9], "vertices": [4, 90]}],
    }
    edits = parse_edits(data, "e.json")
    assert edits.parts == (
        PartEdit("e.json: parts[0]", 4, vertices=(1, 2, 3)),
        PartEdit("e.json: parts[1]", 4, group="#FF0000"),
        PartEdit("e.json: parts[2]", 3, faces=(5,)),
    )
    assert edits.seams == (SeamEdit("e.json: seams[0]", (2, 9), (4, 90)),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "e.json: no edits: an object with the lists"),
        ({"part": []}, "e.json: no edits: an object with the lists"),
        ({"parts": []}, "e.json: no edits in it"),
        ({"parts": {}}, "e.json: parts: not a list"),
        ({"parts": [{"part": 4}]}, r"parts\[0\]: needs 'part' and one of vertices, group, faces"),
        ({"parts": [{"part": 4, "group": "a", "faces": [1]}]}, r"parts\[0\]: needs 'part' and one of"),
        ({"parts": [{"part": "tail", "group": "a"}]}, r"parts\[0\]: no part 'tail'; there are torso_back, torso_front"),
        ({"parts": [{"part": 25, "group": "a"}]}, r"parts\[0\]: no part 25"),
        ({"parts": [{"part": True, "group": "a"}]}, r"parts\[0\]: no part True"),
        ({"parts": [{"part": 4, "faces": ["1"]}]}, r"parts\[0\]: faces: a list of at least 1 whole numbers"),
        ({"seams": [{"between": [1, 2], "vertices": [7]}]}, r"seams\[0\]: vertices: a list of at least 2 whole"),
        ({"seams": [{"between": [1], "vertices": [7, 8]}]}, r"seams\[0\]: between: two parts"),
        ({"seams": [{"between": [1, 1], "vertices": [7, 8]}]}, r"seams\[0\]: between: twice the same part"),
        ({"seams": [{"vertices": [7, 8]}]}, r"seams\[0\]: needs 'between'"),
    ],
)
def test_edits_that_are_none_are_refused_with_their_entry(data, message):
    with pytest.raises(InputError, match=message):
        parse_edits(data, "e.json")


def test_faces_named_by_number_by_vertices_or_by_group_take_the_part():
    rows = arm_end()
    vertices = np.unique(REFERENCE.faces[rows])
    inside = np.isin(REFERENCE.faces, vertices).all(1)
    by_number = corrected(target(), REFERENCE.part, Edits((PartEdit("e", HAND, faces=tuple(rows.tolist())),), ()))
    np.testing.assert_array_equal(np.flatnonzero(by_number != REFERENCE.part), rows)
    assert set(by_number[rows].tolist()) == {HAND}
    named = tuple(vertices.tolist())  # first copies only; the faces with second copies are meant as well
    by_vertex = corrected(target(), REFERENCE.part, Edits((PartEdit("e", HAND, vertices=named),), ()))
    np.testing.assert_array_equal(by_vertex, np.where(inside, HAND, REFERENCE.part))
    group = np.zeros(2 * len(REFERENCE.vertices), bool)
    group[vertices] = True
    painted = target(glove=group, **{"#ff8000": group})
    for name in ("glove", "#FF8000"):
        by_group = corrected(painted, REFERENCE.part, Edits((PartEdit("e", HAND, group=name),), ()))
        np.testing.assert_array_equal(by_group, by_vertex)


def test_a_border_is_moved_on_the_body():
    """The border of torso and right upper leg goes up the belly."""
    front = np.unique(REFERENCE.faces[REFERENCE.part == 2])
    inner = np.setdiff1d(front, np.unique(REFERENCE.faces[REFERENCE.part != 2]))
    leg = REFERENCE.vertices[np.unique(REFERENCE.faces[REFERENCE.part == 9])]
    crease = leg[leg[:, 1] > np.percentile(leg[:, 1], 90)].mean(0)
    goal = int(inner[np.linalg.norm(REFERENCE.vertices[inner] - crease - [0, 0.09, 0], axis=1).argmin()])
    border = np.intersect1d(front, np.unique(REFERENCE.faces[REFERENCE.part == 9]))
    ends = border[np.argsort(REFERENCE.vertices[border, 1])][[0, -1]].tolist()
    edits = Edits((), (SeamEdit("e", (2, 9), (ends[0], goal, ends[1])),))
    part = corrected(target(), REFERENCE.part, edits)
    changed = part != REFERENCE.part
    assert changed.sum() > 10
    assert set(part[changed].tolist()) | set(REFERENCE.part[changed].tolist()) == {2, 9}
    assert patch_count(REFERENCE.faces, part == 9) == patch_count(REFERENCE.faces, part == 2) == 1
    sides = part[(REFERENCE.faces == goal).any(1)]
    assert set(sides.tolist()) == {2, 9}


def test_corrections_that_cannot_be_are_refused_with_their_entry():
    def fix(*parts: PartEdit, seams: tuple[SeamEdit, ...] = ()) -> np.ndarray:
        return corrected(target(glove=np.zeros(2 * len(REFERENCE.vertices), bool)), REFERENCE.part, Edits(parts, seams))

    with pytest.raises(InputError, match=r"e: vertex 26760 is not there; the file's are 0 to 26759"):
        fix(PartEdit("e", HAND, vertices=(1, 26760)))
    with pytest.raises(InputError, match=r"e: triangle -1 is not there"):
        fix(PartEdit("e", HAND, faces=(-1,)))
    with pytest.raises(InputError, match="e: no group 'sock'; there are glove"):
        fix(PartEdit("e", HAND, group="sock"))
    with pytest.raises(InputError, match="e: group 'glove' holds no whole face"):
        fix(PartEdit("e", HAND, group="glove"))
    with pytest.raises(InputError, match="e: what it names holds no whole face"):
        fix(PartEdit("e", HAND, vertices=(1,)))
    hand = tuple(np.flatnonzero(REFERENCE.part == HAND).tolist())
    with pytest.raises(InputError, match="e: left_hand would have no faces left"):
        fix(PartEdit("e", ARM, faces=hand))
    far = tuple(np.flatnonzero(REFERENCE.part == 5)[:300].tolist())
    with pytest.raises(InputError, match=f"e: {PART_NAMES[HAND]} would fall into [0-9]+ pieces"):
        fix(PartEdit("e", HAND, faces=far))
    with pytest.raises(InputError, match="e: left_hand and left_foot do not touch"):
        seam = SeamEdit("e", (4, 5), tuple(REFERENCE.faces[REFERENCE.part == HAND][0][:2].tolist()))
        fix(seams=(seam,))
