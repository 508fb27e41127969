import numpy as np
import pytest

from simpose_tf.figures.fitting.fit import BodyFit
from simpose_tf.figures.fitting.ties import move, tie
from simpose_tf.geometry import rotation_about
from simpose_tf.surface.reference import open_reference

TURN = rotation_about(np.array([0.6, 0.0, 0.8]), 0.7)


def a_fit() -> BodyFit:
    body = open_reference().vertices.astype(float)
    return BodyFit(body, body, TURN, 0.01, np.array([0.1, 0.2, 0.3]), 0.0, ())


@pytest.fixture(scope="module")
def template() -> np.ndarray:
    """Points up to 2 cm off the body."""
    rng = np.random.default_rng(3)
    body = open_reference().vertices[rng.choice(13380, 500, replace=False)]
    return body + rng.normal(0, 0.01, body.shape)


@pytest.fixture(scope="module")
def ties(template):
    fit = a_fit()
    return tie((template - fit.shift) @ TURN / fit.scale, fit)


def test_on_the_fit_itself_they_are_where_they_were(template, ties):
    np.testing.assert_allclose(move(ties, a_fit().body), template, atol=1e-9)


def test_they_turn_grow_and_move_with_the_body(template, ties):
    body = 1.7 * a_fit().body @ TURN.T + [1, 2, 3]
    np.testing.assert_allclose(move(ties, body), 1.7 * template @ TURN.T + [1, 2, 3], atol=1e-8)


def test_a_vertex_of_the_body_stays_that_vertex():
    fit, vertices = a_fit(), open_reference().vertices.astype(float)
    ties = tie((vertices - fit.shift) @ TURN / fit.scale, fit)
    moved = vertices * [1.2, 0.9, 1.1] + 0.01 * np.sin(9 * vertices)
    np.testing.assert_allclose(move(ties, moved), moved, atol=1e-7)
