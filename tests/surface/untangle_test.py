import numpy as np
import scipy.optimize

from simpose_tf.surface import untangle
from simpose_tf.surface.harmonic import signed_areas
from tests.surface.topology_test import grid


def ideal_of(uv: np.ndarray, faces: np.ndarray) -> np.ndarray:
    return uv[faces[:, 1:]] - uv[faces[:, :1]]


def test_slope_of_the_energy_equals_finite_differences():
    rng = np.random.default_rng(0)
    faces = np.array([[0, 1, 2], [1, 3, 2], [2, 3, 4], [3, 5, 4]])
    uv, inverse = rng.random((6, 2)), np.linalg.inv(rng.normal(size=(4, 2, 2)))

    def value(flat: np.ndarray) -> float:
        return untangle._energy(flat.reshape(-1, 2), faces, inverse, 0.3)[0]

    numeric = scipy.optimize.approx_fprime(uv.ravel(), value, 1e-7)
    slope = untangle._energy(uv, faces, inverse, 0.3)[1].ravel()
    np.testing.assert_allclose(slope, numeric, rtol=1e-3, atol=1e-3 * np.abs(slope).max())


def test_untangle_unfolds_a_crumpled_grid_and_leaves_the_rest_alone():
    vertices, faces = grid(12)
    true = vertices[:, :2]
    crumpled = true.copy()
    middle = np.abs(true - 0.5).max(1) < 0.2
    crumpled[middle] = 1 - crumpled[middle]
    for sign in (1.0, -1.0):
        flip = np.array([1.0, sign])
        uv, place = (crumpled - 0.5) * flip + 0.5, (true - 0.5) * flip + 0.5
        ideal = ideal_of(place, faces)
        assert untangle.folded(uv, faces, ideal, sign).sum() > 10
        found, bad = untangle.untangle(uv, faces, ideal, sign, (1, 2, 4))
        assert not bad.any() and (sign * signed_areas(found, faces)).min() > 0
        border = np.abs(true - 0.5).max(1) > 0.49
        np.testing.assert_array_equal(found[border], uv[border])


def test_untangle_changes_nothing_without_folds():
    vertices, faces = grid(5)
    uv = vertices[:, :2]
    found, bad = untangle.untangle(uv, faces, ideal_of(uv, faces), 1.0, (1, 2))
    np.testing.assert_array_equal(found, uv)
    assert not bad.any()


def test_uv_stay_in_the_square():
    vertices, faces = grid(6)
    uv = vertices[:, :2].copy()
    uv[7] = [0.9, 0.9]  # an inner vertex beside the corner (0, 0), across all its faces
    found, bad = untangle.untangle(uv, faces, ideal_of(vertices[:, :2], faces), 1.0, (1, 2, 4))
    assert not bad.any() and found.min() >= 0 and found.max() <= 1


def test_ideal_triangles_of_a_plane_are_its_uv_and_never_folded():
    vertices, faces = grid(4)
    normals, gradient = np.tile([0, 0, 1.0], (len(faces), 1)), np.tile(np.eye(2, 3), (len(faces), 1, 1))
    ideal = untangle.ideal_triangles(vertices[faces], normals, gradient, 1.0)
    np.testing.assert_allclose(ideal, ideal_of(vertices[:, :2], faces), atol=1e-12)
    noisy = vertices + np.random.default_rng(1).normal(0, 0.3, vertices.shape)
    assert np.linalg.det(untangle.ideal_triangles(noisy[faces], normals, gradient, 1.0)).min() > 0


def test_a_sliver_keeps_its_shape_and_does_not_drag_its_long_edge_together():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0.5, -1e-3, 0], [0.5, 1, 0], [0.5, -1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 3], [1, 0, 4]])
    gradient = np.broadcast_to([[1.0, 0, 0], [0, 1.0, 0]], (4, 2, 3))
    normals = np.broadcast_to([0, 0, 1.0], (4, 3))
    ideal = untangle.ideal_triangles(vertices[faces], normals, gradient, 1.0)
    assert (np.linalg.det(ideal) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(ideal[0, 0]), 1.0, rtol=0.06)
    uv = 0.5 + 0.4 * (vertices[:, :2] - [0.5, 0])
    assert untangle.folded(uv, faces, 0.4 * ideal, 1.0).tolist() == [True, False, False, False]
    found, bad = untangle.untangle(uv, faces, 0.4 * ideal, 1.0, (1, 2))
    assert not bad.any()
    assert np.linalg.norm(found - uv, axis=1).max() < 0.01
