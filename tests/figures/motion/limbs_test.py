import numpy as np
import pytest

from simpose_tf.figures import joints
from simpose_tf.figures.kinematics import joint_rotations
from simpose_tf.figures.motion import limbs
from simpose_tf.figures.motion.limbs import Draw, Sketch


@pytest.mark.parametrize("side", ["Left", "Right"])
@pytest.mark.parametrize("arm", [(150.0, 10.0, 20.0), (0.0, 120.0, 0.0), (60.0, 40.0, -30.0), (10.0, 5.0, 5.0)])
def test_the_shoulder_blade_takes_part_of_the_lift_and_the_arm_stays_where_it_was(side, arm):
    names = (f"{side}Shoulder", f"{side}Arm")
    pose = {names[0]: (0.0, 1.0, 0.0), names[1]: arm}
    before = np.linalg.multi_dot(joint_rotations(joints.axis_signs(names), np.array([pose[n] for n in names])))
    limbs.rhythm(pose, side)
    after = np.linalg.multi_dot(joint_rotations(joints.axis_signs(names), np.array([pose[n] for n in names])))
    np.testing.assert_allclose(after, before, atol=1e-9)
    lift = pose[names[0]][1] - 1
    assert lift == pytest.approx(np.clip((np.hypot(*arm[:2]) - 30) / 4, 0, 28))


def test_draws_are_cut_off_at_two_deviations_and_choices_follow_their_weights():
    draw = Draw(np.random.default_rng(0))
    values = np.array([draw(10, 3) for _ in range(2000)])
    assert 4 <= values.min() < 5 and 15 < values.max() <= 16 and abs(values.mean() - 10) < 0.3
    chosen = [draw.choose({"a": 3, "b": 1, "c": 0}) for _ in range(800)]
    assert abs(chosen.count("a") / 800 - 0.75) < 0.06 and "c" not in chosen


def test_a_flat_foot_is_level():
    sketch = Sketch({"Hips": (10.0, 0.0, 0.0)})
    limbs.leg(sketch, "Left", (40.0, 0.0, 0.0), 25.0)
    limbs.flat(sketch, "Left")
    # Leaning forward and bending the knee turn the sole one way, bending the hip turns it the other way.
    assert 10 - 40 + 25 + sketch.angles["LeftFoot"][0] == pytest.approx(0)
    assert sketch.ground == ["LeftHeel", "LeftBallIn", "LeftBallOut"]


@pytest.mark.parametrize(
    "shape, least, most", [("flat", 0, 12), ("relaxed", 8, 70), ("grip", 45, 90), ("fist", 60, 95)]
)
def test_hands_are_as_closed_as_their_names_say(shape, least, most):
    sketch = Sketch()
    limbs.hand(sketch, Draw(np.random.default_rng(3)), "Right", shape)
    bends = [-sketch.angles[f"RightHand{finger}2"][1] for finger in limbs.FINGERS]
    assert least <= min(bends) and max(bends) <= most * 1.3
    assert all(joints.kind(name) for name in sketch.angles)
