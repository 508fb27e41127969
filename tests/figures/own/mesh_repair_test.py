from dataclasses import replace

import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_repair import MeshFile, sound
from simpose_tf.surface.target import Rig, Target

SPHERE = trimesh.creation.icosphere(subdivisions=2)
POINTS, FACES = np.array(SPHERE.vertices), np.array(SPHERE.faces, np.int64)


def mesh(points: np.ndarray = POINTS, faces: np.ndarray = FACES, **fields) -> MeshFile:
    return MeshFile(
        **{"vertices": points, "faces": faces, "groups": {}, "rig": None, "notes": (), "place": "x.obj", **fields}
    )


def more(faces: list[list[int]], points: np.ndarray = POINTS) -> MeshFile:
    return mesh(points, np.concatenate([FACES, np.array(faces, np.int64)]))


def check(target: Target) -> None:
    """What a target promises."""
    corner = target.file_vertices[target.file_faces.ravel()[target.corner]]
    np.testing.assert_allclose(target.vertices[target.faces], corner, atol=1e-6)
    np.testing.assert_array_equal(target.vertices, target.file_vertices[target.file_vertex])
    assert (target.corner // 3 == target.corner[:, :1] // 3).all()
    edges = np.sort(np.concatenate([target.faces[:, [0, 1]], target.faces[:, [1, 2]], target.faces[:, [2, 0]]]), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() <= 2
    assert np.linalg.det(target.vertices[target.faces]).sum() > 0


def test_a_sound_mesh_is_left_as_it_is():
    target = sound(mesh())
    np.testing.assert_array_equal(target.vertices[target.faces], POINTS[FACES])
    np.testing.assert_array_equal(target.corner, np.arange(3 * len(FACES)).reshape(-1, 3))
    assert target.repairs == ()
    check(target)


def test_vertices_at_one_place_are_joined():
    target = sound(mesh(POINTS[FACES].reshape(-1, 3), np.arange(FACES.size).reshape(-1, 3)))
    assert (len(target.vertices), len(target.faces)) == (len(POINTS), len(FACES))
    assert target.repairs == (f"joined {FACES.size - len(POINTS)} vertices with others at the same places",)
    check(target)


def test_useless_faces_and_vertices_are_left_out_and_said():
    extra = np.concatenate([POINTS, [[7, 7, 7], [np.nan, 0, 0]], POINTS[FACES[0]].mean(0, keepdims=True)])
    target = sound(mesh(extra, np.concatenate([[[1, 1, 2]], FACES, FACES[3:5, [1, 2, 0]]])))
    assert (len(target.file_faces), len(target.faces)) == (len(FACES) + 3, len(FACES))
    np.testing.assert_array_equal(target.corner[:, 0] // 3, np.arange(1, len(FACES) + 1))
    assert target.repairs == (
        "passed over 3 vertices that no face uses",
        "left out 1 faces of zero area, the first is triangle 0 (counted from 0)",
        f"left out 2 faces that repeat others, the first is triangle {len(FACES) + 1} (counted from 0)",
    )
    check(target)


def test_faces_are_turned_outward_with_their_corners():
    target = sound(mesh(faces=FACES[:, ::-1]))
    np.testing.assert_array_equal(np.sort(target.corner, axis=1), np.arange(3 * len(FACES)).reshape(-1, 3))
    assert target.repairs == ("turned all faces: the mesh was inside out",)
    check(target)
    some = np.where((np.arange(len(FACES)) % 5 == 0)[:, None], FACES[:, ::-1], FACES)
    target = sound(mesh(faces=some))
    assert target.repairs == ("turned 64 of 320 faces that looked inward or against their neighbours",)
    check(target)


def test_open_boundaries_are_said():
    target = sound(mesh(faces=FACES[1:]))
    assert target.repairs == ("open boundaries of 3 edges are left as they are",)
    check(target)


def test_a_non_manifold_edge_is_parted_with_its_place():
    a, b, _ = FACES[10]
    top = len(POINTS)
    points = np.concatenate([POINTS, [1.3 * POINTS[a]]])
    target = sound(more([[a, b, top]], points))
    where = ", ".join(f"{x:.4g}" for x in (POINTS[a] + POINTS[b]) / 2)
    assert (
        f"parted the surfaces at 1 non-manifold edges (more than two faces), the first at ({where})" in target.repairs
    )
    assert len(target.vertices) == len(POINTS) + 3
    check(target)


def test_surfaces_that_touch_at_a_point_are_parted():
    second = POINTS + 2 * POINTS[0]
    points, faces = np.concatenate([POINTS, second]), np.concatenate([FACES, FACES + len(POINTS)])
    touching = np.linalg.norm(second - POINTS[0], axis=1).argmin()
    np.testing.assert_allclose(second[touching], POINTS[0], atol=1e-9)
    points[len(POINTS) + touching] = POINTS[0]
    target = sound(mesh(points, faces))
    assert len(target.vertices) == 2 * len(POINTS)
    assert any("parted the surfaces at 1 vertices where they only touch" in line for line in target.repairs)
    check(target)


def test_both_sides_of_a_sheet_stay_apart():
    far = 3 + POINTS * [1, 1, 0.5]
    cap = FACES[POINTS[FACES][:, :, 2].min(1) > -0.1] + len(POINTS)
    both = np.concatenate([FACES, cap, cap[:, ::-1]])
    target = sound(mesh(np.concatenate([POINTS, far]), both))
    assert len(target.faces) == len(both)
    inner, outer = target.faces[len(FACES) + len(cap) :], target.faces[len(FACES) : len(FACES) + len(cap)]
    assert not set(inner.ravel().tolist()) & set(outer.ravel().tolist())
    check(target)


def test_skin_and_groups_follow_the_vertices():
    order = np.random.default_rng(0).permutation(FACES.size)
    points, faces = np.empty((FACES.size, 3)), order.reshape(-1, 3)
    points[order] = POINTS[FACES].reshape(-1, 3)
    joints = np.tile(np.arange(len(points))[:, None], (1, 4)).astype(np.int32)
    rig = Rig(("a",), np.array([-1]), np.zeros((1, 3)), np.ones((1, 3)), joints, np.ones((len(points), 4), np.float32))
    target = sound(mesh(points, faces, rig=rig, groups={"all": np.ones(len(points), bool)}, notes=("a note",)))
    np.testing.assert_array_equal(target.rig.skin_joints[:, 0], target.file_vertex)
    assert target.groups["all"].shape == (len(points),)
    assert target.repairs[0] == "a note"
    check(target)


def test_faults_beyond_repair_are_told_with_their_place():
    broken = POINTS.copy()
    broken[7], broken[9] = np.nan, np.inf
    flat, line, far = POINTS * [1, 1, 1e-6], POINTS * [1, 0, 0], POINTS.copy()
    far[5] = -1e200
    cases = [
        (mesh(faces=np.zeros((0, 3), np.int64)), r"x\.obj: no faces \(162 vertices\)"),
        (
            mesh(broken),
            r"x\.obj: 2 vertices that are no finite numbers; vertex 7 \(counted from 0\) is \(nan, nan, nan\)",
        ),
        (mesh(far), r"x\.obj: 1 vertices farther out than 1e\+15; vertex 5 \(counted from 0\) is \(-1e\+200"),
        (mesh(1e308 * POINTS), r"x\.obj: 162 vertices farther out than 1e\+15"),
        (mesh(faces=FACES[:150]), r"x\.obj: 150 triangles; people of 200 to 2,000,000 are charted"),
        (mesh(flat), r"x\.obj: flat: all its points lie in a plane, about \("),
        (mesh(line), r"x\.obj: flat"),
        (mesh(0 * POINTS), r"x\.obj: flat"),
        (mesh(faces=0 * FACES), r"x\.obj: flat"),
    ]
    for file, message in cases:
        with pytest.raises(InputError, match=message):
            sound(file)


def test_a_tangle_and_loose_triangles_are_refused():
    tangle = np.concatenate([FACES, np.roll(FACES, 1, axis=0)[:, :2].repeat(2, 0)[:, [0, 1, 1]]])
    tangle[len(FACES) :, 2] = np.random.default_rng(0).integers(0, len(POINTS), len(tangle) - len(FACES))
    with pytest.raises(InputError, match=r"x\.obj: not manifold: .* edges with more than two faces, the first at \("):
        sound(mesh(faces=tangle))
    rng = np.random.default_rng(1)
    loose = POINTS[FACES].reshape(-1, 3) + rng.normal(0, 0.01, (FACES.size, 3))
    with pytest.raises(InputError, match=r"x\.obj: no surface: 320 pieces, the largest of 1 triangles"):
        sound(replace(mesh(), vertices=loose, faces=np.arange(FACES.size).reshape(-1, 3)))
