from dataclasses import replace

import igl
import numpy as np
import pytest

from simpose_tf.surface import fitted, labels, topology
from simpose_tf.surface.carry import Charting, carry_charts
from simpose_tf.surface.lookup import closest
from simpose_tf.surface.pieces import find_pieces
from simpose_tf.surface.reference import Reference, open_reference


def carried(vertices: np.ndarray, faces: np.ndarray, reference: Reference, **others) -> Charting:
    return carry_charts(vertices, faces, reference, lambda line: None, **others)


@pytest.fixture(scope="module")
def body() -> tuple[np.ndarray, np.ndarray]:
    return open_reference().vertices.astype(float), open_reference().faces.astype(np.int64)


@pytest.fixture(scope="module")
def own(body) -> Charting:
    return carried(*body, open_reference())


@pytest.fixture(scope="module")
def quarter(body) -> tuple[np.ndarray, np.ndarray]:
    result = igl.qslim(*body, len(body[1]) // 4)
    vertices, faces = [array for array in result if isinstance(array, np.ndarray)][:2]
    return vertices, faces.astype(np.int64)


def errors(charting: Charting, vertices: np.ndarray, faces: np.ndarray, reference: Reference) -> tuple:
    """Share of the area with the part of the nearest place, and `[F]` distance in uv at faces where it agrees."""
    surface = fitted.fitted_surface(reference)
    normals, area = topology.face_normals(vertices, faces)
    places = fitted.nearest_facing(surface, vertices[faces].mean(1), normals, 0.03)
    same = surface.part[places.face] == charting.part
    apart = np.linalg.norm(charting.uv.mean(1) - fitted.uv_at(surface, places), axis=1)
    return area[same].sum() / area.sum(), apart[same]


def discs(charting: Charting, faces: np.ndarray) -> list[int]:
    """Parts whose faces are one disc where uv are joined."""
    sides = topology.sides_of(faces)
    ours = np.stack([charting.uv[sides.first, sides.i], charting.uv[sides.first, (sides.i + 1) % 3]], 1)
    theirs = np.stack([charting.uv[sides.second, (sides.j + 1) % 3], charting.uv[sides.second, sides.j]], 1)
    whole = (charting.part[sides.first] == charting.part[sides.second]) & (ours == theirs).all((1, 2))
    opened = topology.open_along(faces, sides, whole)[0]
    return [part for part in range(1, 25) if topology.is_disc(opened[charting.part == part])]


def test_the_reference_charts_itself_exactly(own):
    reference = open_reference()
    np.testing.assert_array_equal(own.part, reference.part)
    apart = np.linalg.norm(own.uv - reference.uv, axis=2)
    for part in range(1, 25):
        inside = apart[reference.part == part]
        assert inside.mean() < 0.001 and np.percentile(inside, 95) < 0.005
    assert not own.folds.any() and not own.layer.any() and own.distance.max() < 1e-6
    assert own.solved == tuple(range(1, 25))


def test_another_shape_and_pose_of_the_body_has_the_same_charts(body):
    vertices = body[0] * [1.2, 0.9, 1.1] + np.sin(3 * body[0][:, [1, 2, 0]]) * 0.03
    found = carried(vertices, body[1], replace(open_reference(), vertices=vertices.astype(np.float32)))
    assert (found.part == open_reference().part).mean() > 0.999
    assert np.linalg.norm(found.uv - open_reference().uv, axis=2).mean() < 0.001
    assert not found.folds.any()


def middle_errors(found: Charting, vertices: np.ndarray, faces: np.ndarray, reference: Reference) -> list[float]:
    """Mean uv error of each chart at the middles of faces, hands and feet with their cuts among them."""
    face, weights = closest(vertices[faces].mean(1), reference.vertices, reference.faces)
    true = np.einsum("fc,fck->fk", weights, reference.uv[face])
    apart, same = np.linalg.norm(found.uv.mean(1) - true, axis=1), found.part == reference.part[face]
    return [float(apart[same & (found.part == part)].mean()) for part in range(1, 25)]


def test_a_quarter_of_the_faces_has_24_discs_without_folds_near_the_truth(quarter):
    found = carried(*quarter, open_reference())
    same, apart = errors(found, *quarter, open_reference())
    assert same > 0.97 and apart.mean() < 0.01
    assert max(middle_errors(found, *quarter, open_reference())) < 0.01
    assert not found.folds.any()
    assert discs(found, quarter[1]) == list(range(1, 25))
    assert found.uv.dtype == np.float32 and found.part.dtype == np.uint8
    assert found.uv.min() >= 0 and found.uv.max() <= 1


def test_noise_of_2_mm_folds_nothing(body):
    noisy = body[0] + np.random.default_rng(0).normal(0, 0.002, body[0].shape)
    found = carried(noisy, body[1], open_reference())
    same = found.part == open_reference().part
    assert same.mean() > 0.99 and not found.folds.any()
    assert np.linalg.norm(found.uv - open_reference().uv, axis=2)[same].mean() < 0.015


def test_a_fit_that_is_off_by_millimetres_folds_nothing(quarter):
    off = np.sin(open_reference().vertices[:, [1, 2, 0]] * 15) * 0.003
    reference = replace(open_reference(), vertices=open_reference().vertices + off.astype(np.float32))
    found = carried(*quarter, reference)
    assert not found.folds.any()
    assert errors(found, *quarter, open_reference())[0] > 0.94


def test_a_garment_takes_the_charts_of_the_body_beneath(body):
    vertices, faces = body
    shirt = np.isin(open_reference().part, [1, 2, 15, 16, 17, 18])
    normals = topology.vertex_normals(vertices, faces)
    used, local = np.unique(faces[shirt], return_inverse=True)
    both = np.concatenate([vertices, vertices[used] + 0.015 * normals[used]])
    found = carried(both, np.concatenate([faces, local.reshape(-1, 3) + len(vertices)]), open_reference())
    np.testing.assert_array_equal(found.layer, np.arange(len(found.layer)) >= len(faces))
    over, beneath = found.layer, np.flatnonzero(shirt)
    same = found.part[over] == open_reference().part[beneath]
    assert same.mean() > 0.97
    assert np.linalg.norm(found.uv[over] - open_reference().uv[beneath], axis=2)[same].mean() < 0.03
    assert not found.folds.any()
    np.testing.assert_allclose(found.distance[len(vertices) :].mean(), 0.015, atol=0.003)


def test_a_mesh_with_holes_and_without_a_hand_is_charted(body):
    vertices, faces = body
    keep = (open_reference().part != 4) & (vertices[faces].mean(1)[:, 1] > 0.1)
    keep[::97] = False
    found = carried(vertices, faces[keep], open_reference())
    assert not found.folds.any()
    same = found.part == open_reference().part[keep]
    assert same.mean() > 0.99
    assert np.linalg.norm(found.uv - open_reference().uv[keep], axis=2)[same].mean() < 0.005


def test_only_touched_charts_are_solved_again_and_a_moved_seam_is_followed(body, own):
    vertices, faces = body
    middle = vertices[faces].mean(1)
    knee = vertices[np.intersect1d(faces[own.part == 9], faces[own.part == 13])].mean(0)
    part = own.part.copy()
    lower = middle[:, 1] < knee[1] + 0.06
    part[(part == 9) & lower], part[(part == 7) & lower] = 13, 11
    found = carried(vertices, faces, open_reference(), part=part, earlier=own)
    assert found.solved == (7, 9, 11, 13)
    np.testing.assert_array_equal(found.part, part)
    untouched = ~np.isin(part, found.solved)
    np.testing.assert_array_equal(found.uv[untouched], own.uv[untouched])
    assert not found.folds.any()
    sides = topology.sides_of(faces)
    beside = np.sort(np.stack([part[sides.first], part[sides.second]], 1), 1)
    seam = np.unique(sides.ends[(beside == [9, 13]).all(1)])
    at_seam = np.isin(faces, seam) & (part == 9)[:, None]
    # u of chart 9 is 0 at the knee: there the moved seam lies now.
    assert own.uv[at_seam][:, 0].mean() > 0.1
    assert found.uv[at_seam][:, 0].mean() < 0.06


def test_the_same_call_twice_gives_the_same_bytes(quarter):
    first, second = (carried(*quarter, open_reference()) for _ in range(2))
    assert first.uv.tobytes() == second.uv.tobytes() and first.part.tobytes() == second.part.tobytes()


def test_labels_are_cleaned_to_one_patch_per_part(quarter):
    surface = fitted.fitted_surface(open_reference())
    vertices, faces = quarter
    sides = topology.sides_of(faces)
    proposed, mesh = labels.propose(surface, vertices, faces, sides, find_pieces(surface, vertices, faces, sides))
    wrong = np.random.default_rng(0).random(len(faces)) < 0.03
    proposed[wrong] = np.random.default_rng(1).integers(1, 25, wrong.sum())
    label = labels.clean(proposed, mesh)
    patches = topology.pieces_of(len(faces), sides, label[sides.first] == label[sides.second])
    assert len(np.unique(patches)) == len(np.unique(label)) == 24
    opened = topology.open_along(faces, sides, label[sides.first] == label[sides.second])[0]
    assert all(topology.is_disc(opened[label == part]) for part in range(1, 25))
