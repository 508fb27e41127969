import numpy as np

from simpose_tf.surface.rays import hits_within

TRIANGLE = np.array([[[0, 0, 1], [1, 0, 1], [0, 1, 1.0]]])
UP = np.array([[0, 0, 1.0]])


def test_ray_hits_the_triangle_before_it_and_within_reach_only():
    origin = np.array([[0.2, 0.2, 0.0]])
    assert hits_within(origin, UP, TRIANGLE, 1.1)[0]
    assert not hits_within(origin, UP, TRIANGLE, 0.9)[0]
    assert not hits_within(origin, -UP, TRIANGLE, 9.0)[0]


def test_ray_beside_or_along_the_triangle_misses():
    assert not hits_within(np.array([[0.8, 0.8, 0.0]]), UP, TRIANGLE, 9.0)[0]
    assert not hits_within(np.array([[-1.0, 0.2, 1.0]]), np.array([[1.0, 0, 0]]), TRIANGLE, 9.0)[0]


def test_a_ray_does_not_hit_the_triangle_it_starts_on():
    assert not hits_within(np.array([[0.2, 0.2, 1.0]]), UP, TRIANGLE, 9.0)[0]
