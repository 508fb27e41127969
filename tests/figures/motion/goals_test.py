import numpy as np
import pytest

from simpose_tf.figures import joints, kinematics
from simpose_tf.figures.motion import checks as pose_checks
from simpose_tf.figures.motion import goals
from simpose_tf.figures.motion.goals import Posture, Reach
from simpose_tf.figures.motion.reference_body import SIDES, reference_body

BODY = reference_body()
FEET = tuple(side + point for side in SIDES for point in ("Heel", "BallIn", "BallOut"))


def place(name: str, angles: np.ndarray) -> np.ndarray:
    mark = BODY.landmarks[name]
    bone = np.array([BODY.chain.names.index(mark.bone)])
    return kinematics.points(BODY.chain, *kinematics.forward(BODY.chain, angles[None]), bone, mark.point[None])[0, 0]


def test_a_posture_without_goals_stays_as_drawn():
    drawn = {"LeftUpLeg": (20.0, 15.0, 3.0), "LeftLeg": (40.0, 0.0, 0.0), "Head": (5.0, 2.0, -9.0)}
    angles, miss = goals.solve(BODY, Posture(drawn | {"LeftArm": (0.0, 50.0, 0.0), "RightArm": (0.0, 50.0, 0.0)}))
    for name, triple in drawn.items():
        np.testing.assert_allclose(angles[BODY.chain.names.index(name)], triple, atol=0.5)
    assert miss < 1e-3


def test_feet_come_to_one_level():
    drawn = {"LeftUpLeg": (35.0, 4.0, 0.0), "LeftLeg": (30.0, 0.0, 0.0)}
    before = goals.solve(BODY, Posture(drawn))[0]
    after, miss = goals.solve(BODY, Posture(drawn, FEET))
    heights = [np.ptp([place(name, angles)[1] for name in FEET]) for angles in (before, after)]
    assert heights[0] > 0.05 and heights[1] < 0.005 and miss < 0.005


def test_balance_moves_the_body_over_its_feet():
    drawn = {"Hips": (25.0, 0.0, 0.0), "LeftUpLeg": (-5.0, 0.0, 0.0), "RightUpLeg": (-5.0, 0.0, 0.0)}
    margins = []
    for balance in (False, True):
        solved = goals.solve(BODY, Posture(drawn, FEET, balance))[0]
        angles = np.zeros((len(BODY.skeleton.names), 3))
        for name, triple in zip(BODY.chain.names, solved, strict=True):
            angles[BODY.skeleton.names.index(name)] = triple
        margins.append(pose_checks.balance_margin(pose_checks.posed(BODY, angles), BODY.faces))
    assert margins[0] < 0 < margins[1]


@pytest.mark.parametrize("target", ["Belly", ("Spine2", -0.2, 0.0, 0.35), ("Ground", -0.3, 0.9, 0.3)])
def test_a_hand_reaches_its_target(target):
    drawn = {"RightArm": (30.0, 15.0, 20.0), "RightForeArm": (80.0, 0.0, 0.0), "LeftArm": (0.0, 30.0, 0.0)}
    loose = ("RightArm", "RightForeArm", "RightHand")
    posture = Posture(drawn, FEET, False, (Reach("RightPalm", target, 0.01 if target == "Belly" else 0.0),), loose)
    angles, miss = goals.solve(BODY, posture)
    assert miss < 0.015
    if target == "Belly":
        assert np.linalg.norm(place("RightPalm", angles) - place("Belly", angles)) < 0.03


def test_a_hand_is_pushed_out_of_the_trunk():
    drawn = {"LeftArm": (0.0, 0.0, 85.0), "LeftForeArm": (80.0, 0.0, 0.0), "RightArm": (0.0, 40.0, 0.0)}
    assert goals.solve(BODY, Posture(drawn))[1] < 0.015
    table = np.array([drawn.get(name, (0.0, 0.0, 0.0)) for name in BODY.chain.names])
    problem = goals._Problem(BODY, Posture(drawn), {})
    assert problem.overlaps(*kinematics.forward(BODY.chain, table[None])).max() > 0.03


def test_solved_angles_are_inside_the_limits():
    rng = np.random.default_rng(4)
    low, high = joints.limits(BODY.chain.names)
    for _ in range(5):
        drawn = dict(zip(BODY.chain.names, map(tuple, rng.uniform(low, high) * 0.8), strict=True)) | {"Hips": (0, 0, 0)}
        angles = goals.solve(BODY, Posture(drawn, FEET, True))[0]
        assert (angles >= low - 1e-9).all() and (angles <= high + 1e-9).all()


def test_derivatives_equal_differences_taken_one_by_one():
    problem = goals._Problem(BODY, Posture({"LeftArm": (20.0, 10.0, 0.0)}, FEET, True), {})
    x = problem.start + np.random.default_rng(5).normal(0, 0.1, len(problem.start))
    values, jacobian = goals._linearised(problem, x)
    everything = problem.residuals(x[None])[0]
    kept = np.flatnonzero(np.any([everything != 0, problem.residuals((x + 1e-4)[None])[0] != 0], 0))
    assert set(values) <= set(everything) and len(kept) >= 1
    for k in (0, 7, 40, len(x) - 1):
        step = np.zeros(len(x))
        step[k] = 1e-4
        slow = (problem.residuals((x + step)[None])[0] - everything) / 1e-4
        np.testing.assert_allclose(np.sort(jacobian[:, k][jacobian[:, k] != 0]), np.sort(slow[slow != 0]), rtol=1e-6)
