import numpy as np

from simpose_tf.surface import lookup
from simpose_tf.surface.reference import open_reference


def test_barycentric_of_corners_and_middle():
    triangle = np.array([[[0, 0, 0], [2, 0, 0], [0, 3, 1.0]]])
    points = np.concatenate([triangle[0], triangle.mean(1)])
    weights = lookup.barycentric(points, np.repeat(triangle, 4, 0))
    np.testing.assert_allclose(weights, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]], atol=1e-12)


def test_points_of_the_surface_find_their_own_iuv():
    reference = open_reference()
    rng = np.random.default_rng(0)
    face = rng.integers(0, len(reference.faces), 500)
    weights = rng.dirichlet([3, 3, 3], 500)
    points = np.einsum("nc,nck->nk", weights, reference.vertices[reference.faces[face]].astype(float))
    part, uv = lookup.iuv_of_points(reference, points)
    expected = np.einsum("nc,nck->nk", weights, reference.uv[face])
    same = (part == reference.part[face]) & (np.abs(uv - expected).max(1) < 1e-3)
    assert same.mean() > 0.99  # the lips touch: two places may be equally near


def test_another_shape_of_the_body_has_the_same_charts():
    reference = open_reference()
    taller = reference.vertices * np.float32([1.1, 1.3, 1.2])
    points = taller[reference.faces].mean(1)[::40]
    part, _ = lookup.iuv_of_points(reference, points, taller)
    np.testing.assert_array_equal(part, reference.part[::40])
