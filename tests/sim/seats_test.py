import numpy as np
import pytest

from simpose_tf import geometry
from simpose_tf.figures.dressed.catalogue import load_figure
from simpose_tf.figures.joints import rotations_from_angles
from simpose_tf.figures.pose import pose_vertices
from simpose_tf.sim import props, seats

FIGURE = load_figure("boris")


def posed(**angles: tuple[float, float, float]) -> np.ndarray:
    """Return vertices of the figure in a pose, the lowest on y = 0."""
    table = np.zeros((len(FIGURE.skeleton.names), 3))
    for bone, triple in angles.items():
        table[FIGURE.skeleton.names.index(bone)] = triple
    vertices = pose_vertices(FIGURE, rotations_from_angles(FIGURE.skeleton, table))
    return vertices - [0, vertices[FIGURE.faces, 1].min(), 0]


_HALF = {"UpLeg": (85, 8, 0), "Leg": (85, 0, 0), "Arm": (35, 8, 0), "ForeArm": (50, 0, 0)}
ON_CHAIR = posed(**{side + bone: angles for side in ("Left", "Right") for bone, angles in _HALF.items()})
HIPS = FIGURE.skeleton.heads[FIGURE.skeleton.names.index("Hips")]  # they stay where they are


def seats_of(vertices, count=40):
    found = (seats.sample_seat(np.random.default_rng(seed), FIGURE, vertices, (0, 1)) for seed in range(count))
    return [seat for seat in found if seat is not None]


def test_sitting_person_gets_seats_of_many_kinds():
    assert len({seat.shape for seat in seats_of(ON_CHAIR)}) >= 4


def test_seat_carries_the_person_from_below():
    for seat in seats_of(ON_CHAIR):
        top = props.SEATS[seat.shape] * seat.size[1]
        drawn = np.unique(FIGURE.faces)
        in_seat = geometry.transform_points(np.linalg.inv(seat.world_from_prop), ON_CHAIR[drawn])
        hips = in_seat[np.linalg.norm(ON_CHAIR[drawn][:, [0, 2]] - HIPS[[0, 2]], axis=1) < 0.12]
        assert -0.03 < hips[:, 1].min() - top < 0.0


def test_nobody_passes_through_the_seat():
    drawn = np.unique(FIGURE.faces)
    for seat in seats_of(ON_CHAIR):
        in_seat = geometry.transform_points(np.linalg.inv(seat.world_from_prop), ON_CHAIR[drawn])
        assert props.inside(seat, in_seat, 0.03).mean() < 0.002


def test_back_of_a_chair_stands_behind_the_person():
    chairs = [seat for seat in seats_of(ON_CHAIR) if seat.shape == "chair"]
    assert chairs
    for chair in chairs:
        front = chair.world_from_prop[:3, :3] @ [0, 0, 1]
        assert front[2] == pytest.approx(1, abs=0.05)  # the figure looks to +z


def test_person_who_stands_or_sits_on_the_ground_gets_none():
    assert not seats_of(posed())
    assert not seats_of(posed(LeftUpLeg=(90, 8, 0), RightUpLeg=(90, 8, 0)))
