import collections

import igl
import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.figures import cavities
from simpose_tf.figures.unfolding import crosses_itself
from simpose_tf.geometry import rotation_between
from simpose_tf.surface import distortion, harmonic
from simpose_tf.surface.reference import Reference, load_reference, open_reference, save_reference

PARTS = range(1, charts.NUM_PARTS + 1)
CUT_OPEN = (3, 4, 5, 6)  # hands and feet
LEFT, UP, FRONT = np.eye(3)
RIGHT, DOWN, BACK = -np.eye(3)

# FACTS of the official table: where a chart faces, where u grows, where v grows. Limbs point as in a T-pose;
# `out` is away from the body's middle, `hand` along the arm to the hand.
TABLE = {
    1: (BACK, DOWN, RIGHT),
    2: (FRONT, DOWN, RIGHT),
    3: (None, None, "hand"),
    4: (None, None, "hand"),
    5: (None, FRONT, FRONT),
    6: (None, BACK, FRONT),
    7: (BACK, DOWN, "out"),
    8: (BACK, DOWN, "out"),
    9: (FRONT, UP, "in"),
    10: (FRONT, UP, "in"),
    11: (BACK, UP, "out"),
    12: (BACK, UP, "out"),
    13: (FRONT, DOWN, "out"),
    14: (FRONT, DOWN, "out"),
    15: (FRONT + DOWN, "hand", UP),
    16: (FRONT + DOWN, "hand", UP),
    17: (BACK + UP, "hand", UP),
    18: (BACK + UP, "hand", UP),
    19: (DOWN, "elbow", BACK + 0.5 * DOWN),
    20: (DOWN, "elbow", BACK + 0.5 * DOWN),
    21: (UP, "hand", FRONT + 0.5 * UP),
    22: (UP, "hand", FRONT + 0.5 * UP),
    23: ("out", FRONT, UP),
    24: ("out", BACK, UP),
}


def corners_of(reference: Reference, part: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces and uv of one chart as separate triangles."""
    inside = reference.part == part
    vertices = reference.vertices[reference.faces[inside]].reshape(-1, 3).astype(float)
    return vertices, np.arange(len(vertices)).reshape(-1, 3), reference.uv[inside].reshape(-1, 2).astype(float)


def disc_of(reference: Reference, part: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces and uv of one chart; a corner is a chart vertex of its own if its place or its uv differs."""
    inside = reference.part == part
    place = np.concatenate([reference.faces[inside][..., None], reference.uv[inside]], -1).reshape(-1, 3)
    unique, faces = np.unique(place, axis=0, return_inverse=True)
    return faces.reshape(-1, 3), unique[:, 1:]


def mean_gradients(vertices, faces, uv) -> np.ndarray:
    """Mean unit directions `[2, 3]` in which u and v grow, by area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normal, axis=1, keepdims=True)
    turned = [np.cross(normal, side) / doubled**2 for side in (c - b, a - c, b - a)]
    result = []
    for k in range(2):
        gradient = sum(t * uv[faces[:, i], k, None] for i, t in enumerate(turned))
        result.append((doubled * gradient / np.linalg.norm(gradient, axis=1, keepdims=True)).sum(0) / doubled.sum())
    return np.array(result)


def middle(reference: Reference, *parts: int) -> np.ndarray:
    return reference.vertices[np.unique(reference.faces[np.isin(reference.part, parts)])].mean(0).astype(float)


def t_pose_turn(reference: Reference, part: int) -> np.ndarray:
    """The rotation that takes directions of a T-pose to the rest pose at an arm or hand, else the identity."""
    if part not in (3, 4, *range(15, 23)):
        return np.eye(3)
    left = "left" in charts.PART_NAMES[part]
    upper, lower, hand = ((15, 17), (19, 21), (4,)) if left else ((16, 18), (20, 22), (3,))
    out = LEFT if left else RIGHT
    elbow = reference.vertices[
        np.intersect1d(reference.faces[np.isin(reference.part, upper)], reference.faces[np.isin(reference.part, lower)])
    ].mean(0)
    wrist = reference.vertices[
        np.intersect1d(reference.faces[np.isin(reference.part, lower)], reference.faces[reference.part == hand[0]])
    ].mean(0)
    to_elbow = elbow - middle(reference, *upper)
    lift = rotation_between(out, to_elbow)
    if part in upper:
        return lift
    bend = rotation_between(to_elbow, wrist - elbow)
    return bend @ lift


def wanted(reference: Reference, part: int, direction) -> np.ndarray:
    side = LEFT if "left" in charts.PART_NAMES[part] else RIGHT
    named = {"out": side, "in": -side, "hand": side, "elbow": -side}
    direction = named[direction] if isinstance(direction, str) else direction
    turned = t_pose_turn(reference, part) @ direction
    return turned / np.linalg.norm(turned)


def test_every_face_is_in_one_of_24_parts():
    reference = open_reference()
    np.testing.assert_array_equal(np.unique(reference.part), np.arange(1, 25))
    assert len(reference.part) == len(reference.faces) == len(reference.uv) == 2 * 13378


def test_the_surface_is_closed_and_counter_clockwise_from_outside():
    reference = open_reference()
    assert len(harmonic.boundary_edges(reference.faces)) == 0
    a, b, c = (reference.vertices[reference.faces[:, k]].astype(float) for k in range(3))
    volume = (np.cross(a, b) * c).sum() / 6
    assert 0.03 < volume < 0.1  # cubic metres of a person, positive


@pytest.mark.parametrize("part", PARTS)
def test_each_chart_is_one_disc_without_a_fold(part):
    faces, uv = disc_of(open_reference(), part)
    harmonic.boundary_loop(faces)
    harmonic.check_no_fold(uv, faces, 3e-8)


@pytest.mark.parametrize("part", PARTS)
def test_each_chart_touches_all_sides_of_the_square(part):
    _, uv = disc_of(open_reference(), part)
    np.testing.assert_array_equal(uv.min(0), 0)
    np.testing.assert_array_equal(uv.max(0), 1)


@pytest.mark.parametrize("part", [p for p in PARTS if p not in CUT_OPEN])
def test_charts_without_a_cut_fill_the_whole_square(part):
    faces, uv = disc_of(open_reference(), part)
    assert abs(harmonic.signed_areas(uv, faces).sum()) == pytest.approx(1.0, abs=1e-6)
    around = uv[harmonic.boundary_loop(faces)]
    assert (np.isclose(around, 0, atol=1e-6) | np.isclose(around, 1, atol=1e-6)).any(1).all()


@pytest.mark.parametrize("part", CUT_OPEN)
def test_a_place_in_the_square_of_a_hand_or_foot_has_one_face_at_most(part):
    faces, uv = disc_of(open_reference(), part)
    assert not crosses_itself(uv[harmonic.boundary_loop(faces)])
    turn = np.sign(harmonic.signed_areas(uv, faces).sum())
    share = 0
    for place in np.random.default_rng(part).random((300, 2)):
        a, b, c = (uv[faces[:, k]] - place for k in range(3))
        inside = [turn * (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]) > 0 for p, q in ((a, b), (b, c), (c, a))]
        found = np.logical_and.reduce(inside).sum()
        assert found <= 1
        share += found / 300
    assert share == pytest.approx(abs(harmonic.signed_areas(uv, faces).sum()), abs=0.1)


def test_right_is_the_mirror_image_of_left():
    reference = open_reference()
    number = {tuple(sorted(f)): k for k, f in enumerate(reference.faces.tolist())}
    partner = np.array([number[tuple(sorted(f))] for f in reference.mirror[reference.faces].tolist()])
    mirrored = reference.vertices[reference.mirror] * np.float32([-1, 1, 1])
    np.testing.assert_array_equal(mirrored, reference.vertices)
    order = np.argsort(reference.mirror[reference.faces], 1)
    theirs = np.argsort(reference.faces[partner], 1)
    ours = np.take_along_axis(reference.uv, order[..., None], 1)
    other = np.take_along_axis(reference.uv[partner], theirs[..., None], 1)
    part, u, v = charts.flip_uv(np.repeat(reference.part[:, None], 3, 1), ours[..., 0], ours[..., 1])
    np.testing.assert_array_equal(part[:, 0], reference.part[partner])
    np.testing.assert_allclose(np.stack([u, v], -1), other, atol=1e-6)


@pytest.mark.parametrize("part", PARTS)
def test_side_is_the_persons_own(part):
    reference = open_reference()
    x = middle(reference, part)[0]
    side = {"left": 1, "righ": -1}.get(charts.PART_NAMES[part][:4], 0)
    assert np.sign(np.round(x, 4)) == side


@pytest.mark.parametrize("part", PARTS)
def test_chart_faces_and_grows_as_in_the_official_table(part):
    reference = open_reference()
    vertices, faces, uv = corners_of(reference, part)
    facing, du, dv = TABLE[part]
    along_u, along_v = mean_gradients(vertices, faces, uv)
    if facing is not None:
        normals = np.cross(vertices[1::3] - vertices[::3], vertices[2::3] - vertices[::3])
        mean_normal = normals.sum(0) / np.linalg.norm(normals, axis=1).sum()
        assert mean_normal @ wanted(reference, part, facing) > 0.3
    for growing, direction in ((along_u, du), (along_v, dv)):
        if direction is not None:
            assert growing @ wanted(reference, part, direction) > 0.25


def test_parts_lie_where_a_user_expects_them():
    reference = open_reference()
    heights = [middle(reference, *parts)[1] for parts in ((23, 24), (1, 2), (7, 8, 9, 10), (11, 12, 13, 14), (5, 6))]
    assert heights == sorted(heights, reverse=True)
    area = [harmonic.areas(reference.vertices, reference.faces[reference.part == part]).sum() for part in PARTS]
    share = np.array(area) / np.sum(area)
    assert 0.2 < share[:2].sum() < 0.4 and 0.02 < share[2:4].sum() < 0.08 and 0.03 < share[4:6].sum() < 0.1


# Bounds per part: area (95th over 5th percentile), mean of s1 / s2, Sander's L2 stretch (1 is ideal).
BOUNDS = {"torso": (1.6, 2.0, 1.2), "hand": (2.0, 1.6, 1.2), "foot": (2.8, 1.6, 1.3), "upper_leg": (2.3, 2.8, 1.5)}
BOUNDS |= {"lower_leg": (2.2, 4.0, 1.6), "upper_arm": (2.0, 2.2, 1.3), "lower_arm": (2.0, 2.8, 1.4)}


@pytest.mark.parametrize("part", range(1, 23))
def test_torso_limbs_hands_and_feet_bend_angles_and_areas_little(part):
    reference = open_reference()
    found = distortion.measure(reference.vertices, reference.faces, reference.part, reference.uv)
    name = next(name for name in BOUNDS if name in charts.PART_NAMES[part])
    values = [measure[part] for measure in (found.area_spread, found.angle, found.stretch)]
    assert np.less(values, BOUNDS[name]).all(), (name, values)
    assert found.folds[part] == 0


@pytest.mark.parametrize("part", [23, 24])
def test_the_head_keeps_areas_where_it_can_be_seen(part):
    reference = open_reference()
    vertices = reference.vertices.astype(float)
    normals = igl.per_vertex_normals(vertices, reference.faces.astype(np.int64))
    inside = np.unique(reference.faces[reference.part == part])
    seen = np.ones(len(vertices), bool)
    seen[inside] = cavities.sky_seen(vertices[inside], normals[inside], vertices, reference.faces) > cavities.SKY
    open_faces = (reference.part == part) & seen[reference.faces].all(1)
    assert open_faces.sum() > 0.65 * (reference.part == part).sum()
    found = distortion.measure(
        vertices, reference.faces[open_faces], reference.part[open_faces], reference.uv[open_faces]
    )
    assert found.area_spread[part] < 2.8 and found.angle[part] < 2.0 and found.folds[part] == 0


# Where three or more charts meet on the left half and in the middle, and how often; the right half is the mirror image.
JUNCTIONS = {
    (1, 2, 8, 10): 1,  # side of the hip
    (1, 2, 15, 17): 2,  # top of the shoulder, armpit
    (1, 2, 24): 1,  # side of the neck
    (1, 23, 24): 1,  # nape
    (2, 23, 24): 1,  # throat
    (1, 7, 8): 1,  # end of the cleft between the buttocks
    (2, 7, 8): 1,  # crotch
    (2, 8, 10): 1,  # groin
    (4, 19, 21): 2,  # wrist
    (5, 12, 14): 2,  # ankle
    (8, 10, 12, 14): 2,  # knee
    (15, 17, 19, 21): 2,  # elbow
}


def test_charts_meet_at_the_intended_junctions_and_nowhere_else():
    reference = open_reference()
    meeting = np.zeros((len(reference.vertices), charts.NUM_PARTS + 1), bool)
    meeting[reference.faces, reference.part[:, None]] = True
    junctions = np.flatnonzero(meeting.sum(1) > 2)
    left = [v for v in junctions if reference.vertices[v, 0] >= 0]
    found = collections.Counter(tuple(np.flatnonzero(meeting[v]).tolist()) for v in left)
    assert found == JUNCTIONS
    np.testing.assert_array_equal(np.sort(reference.mirror[junctions]), junctions)
    np.testing.assert_array_equal(meeting[reference.mirror][:, charts.FLIP], meeting)


# Neighbours in the official table (edges of UV_Processed.mat), but for 2 | 17 and 2 | 18: two edges in the armpit.
NEIGHBOURS = {
    (1, 2), (1, 7), (1, 8), (1, 17), (1, 18), (1, 23), (1, 24), (2, 7), (2, 8), (2, 9), (2, 10), (2, 15), (2, 16),
    (2, 23), (2, 24), (3, 20), (3, 22), (4, 19), (4, 21), (5, 12), (5, 14), (6, 11), (6, 13), (7, 8), (7, 9), (7, 11),
    (8, 10), (8, 12), (9, 13), (10, 14), (11, 13), (12, 14), (15, 17), (15, 19), (16, 18), (16, 20), (17, 21),
    (18, 22), (19, 21), (20, 22), (23, 24),
}  # fmt: skip


def test_the_same_charts_are_neighbours_as_in_the_official_table():
    reference = open_reference()
    sides = np.sort(reference.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    part = np.repeat(reference.part, 3)
    order = np.lexsort(sides.T)
    pairs = np.sort(part[order].reshape(-1, 2), 1)
    assert set(map(tuple, pairs[pairs[:, 0] != pairs[:, 1]].tolist())) == NEIGHBOURS


def test_charts_are_turned_as_in_the_official_table():
    # Signs of UV_Processed.mat's uv areas: + for charts seen from outside.
    reference = open_reference()
    signed = distortion.signed_uv_areas(reference.uv)
    turned = {part for part in PARTS if signed[reference.part == part].sum() < 0}
    assert turned == {2, 8, 9, 11, 13, 16, 17, 20, 21}


def test_palm_and_back_of_the_hand_lie_as_in_the_official_table():
    reference = open_reference()
    for hand, under, over in ((3, 20, 22), (4, 19, 21)):
        at_wrist = [
            reference.uv[np.isin(reference.faces, np.unique(reference.faces[reference.part == arm])).any(1)
                         & (reference.part == hand)][..., 0].mean() for arm in (under, over)
        ]  # fmt: skip
        assert (at_wrist[0] < 0.5 < at_wrist[1]) == (hand == 4)


def test_save_then_load_is_identity(tmp_path):
    reference = open_reference()
    save_reference(tmp_path / "a.npz", reference)
    loaded = load_reference(tmp_path / "a.npz")
    assert loaded.name == reference.name
    for key in ("vertices", "faces", "part", "uv", "mirror"):
        np.testing.assert_array_equal(getattr(loaded, key), getattr(reference, key))


def test_load_raises_on_missing_files_other_files_and_missing_arrays(tmp_path):
    with pytest.raises(InputError, match="no reference surface"):
        load_reference(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="no reference surface"):
        load_reference(tmp_path / "text.npz")
    np.savez(tmp_path / "poor.npz", vertices=np.zeros((3, 3), np.float32))
    with pytest.raises(InputError, match="no reference surface"):
        load_reference(tmp_path / "poor.npz")
