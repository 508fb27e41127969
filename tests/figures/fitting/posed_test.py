import numpy as np
import pytest

from simpose_tf.figures.fitting import posed
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.space import body_space
from simpose_tf.figures.makehuman import Shape
from simpose_tf.geometry import rotation_about
from tests.figures.fitting.people import KNEE_UP, body


@pytest.fixture(scope="module")
def space():
    return body_space()


def a_state(space) -> State:
    rng = np.random.default_rng(5)
    angles = space.rest_angles + rng.normal(0, 15, space.rest_angles.shape)
    angles[0] = 0
    turn = rotation_about(np.array([0.0, 0.6, 0.8]), 0.7)
    return State(1.7, turn, np.array([0.3, 2.0, 1.0]), angles, rng.normal(0, 1, len(space.directions)))


def test_the_rest_state_is_the_reference(space):
    everything = np.arange(len(space.vertices))
    np.testing.assert_allclose(posed.pose(space, posed.rest_state(space), everything).points, space.vertices, atol=1e-6)


def test_poses_are_those_of_figures(space):
    vertices, _ = body(Shape(), KNEE_UP)
    rest = posed.rest_state(space)
    angles = rest.angles.copy()
    for name, values in KNEE_UP.items():
        angles[space.skeleton.names.index(name)] = values
    state = State(1.0, rest.turn, rest.shift, angles, rest.shape)
    np.testing.assert_allclose(posed.pose(space, state, np.arange(len(vertices))).points, vertices, atol=2e-4)


@pytest.mark.parametrize("directions", [1, 3])
def test_jacobian_is_the_slope_of_the_points(space, directions):
    state, rng = a_state(space), np.random.default_rng(6)
    ids, rows = rng.choice(len(space.vertices), 80, replace=False), rng.choice(80, 40)
    normals = rng.normal(size=(40, directions, 3))
    used = (np.arange(1, len(space.skeleton.names), 4), 6)
    slope = posed.jacobian(space, state, posed.pose(space, state, ids), rows, normals, used)
    size = 1e-3
    for k in range(slope.shape[-1]):
        step = np.eye(slope.shape[-1])[k] * size
        ahead = posed.pose(space, posed.moved(state, step, used), ids).points
        behind = posed.pose(space, posed.moved(state, -step, used), ids).points
        expected = np.einsum("md,mkd->mk", (ahead - behind)[rows], normals) / (2 * size)
        np.testing.assert_allclose(slope[..., k], expected, atol=2e-4)
