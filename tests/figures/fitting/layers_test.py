import numpy as np
import pytest
import trimesh

from simpose_tf.figures.fitting.clouds import spread
from simpose_tf.figures.fitting.layers import innermost

BALL = trimesh.creation.icosphere(4, 0.3)


def cap(away: float, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The upper half of a ball around `BALL`, another piece."""
    high = (BALL.vertices[BALL.faces][..., 1] > 0).all(1)
    faces = BALL.faces[high]
    return BALL.vertices * (1 + away / 0.3), faces[:, ::-1] if turned else faces


def kept(away: float, turned: bool = False, scale: float = 1.0, may: bool = True) -> np.ndarray:
    """Which faces of the ball, then of the cap, are innermost."""
    vertices, faces = cap(away, turned)
    both = scale * np.concatenate([BALL.vertices, vertices]), np.concatenate([BALL.faces, faces + len(BALL.vertices)])
    cloud = spread(*both, 20000)
    return innermost(*both, cloud, scale, np.full(len(cloud.points), may))


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_a_cap_close_above_a_ball_does_not_count(scale):
    inside = kept(0.015, scale=scale)
    assert inside[: len(BALL.faces)].all() and inside[len(BALL.faces) :].mean() < 0.02


@pytest.mark.parametrize("away", [0.0, 0.06])
def test_a_cap_in_the_same_place_or_far_away_counts(away):
    assert kept(away).mean() > 0.99


def test_a_cap_that_faces_the_ball_counts():
    assert kept(0.015, turned=True).all()


def test_points_that_may_not_be_layers_are_none():
    assert kept(0.015, may=False).all()


def test_one_piece_has_no_layers():
    cloud = spread(BALL.vertices, BALL.faces, 2000)
    assert innermost(BALL.vertices, BALL.faces, cloud, 1.0, np.ones(2000, bool)).all()
