import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import joints, makehuman
from simpose_tf.figures.pose import pose_bones

_BASE = makehuman.load_base()
SKELETON = makehuman.skeleton_of(_BASE, makehuman.shape_vertices(_BASE, makehuman.Shape()))


def head_of(bone: str, angles: dict[str, tuple[float, float, float]]) -> np.ndarray:
    table = np.zeros((len(SKELETON.names), 3))
    for name, triple in angles.items():
        table[SKELETON.names.index(name)] = triple
    j = SKELETON.names.index(bone)
    matrix = pose_bones(SKELETON, joints.rotations_from_angles(SKELETON, table))[j]
    return matrix[:, :3] @ SKELETON.heads[j] + matrix[:, 3]


def direction(a: str, b: str, angles: dict) -> np.ndarray:
    way = head_of(b, angles) - head_of(a, angles)
    return way / np.linalg.norm(way)


@pytest.mark.parametrize("side, out", [("Left", 1), ("Right", -1)])
@pytest.mark.parametrize(
    "bone, far, moved, triple, want",
    [
        ("Arm", "ForeArm", "Arm", (0, 0, 0), (0, -1, 0)),
        ("Arm", "ForeArm", "Arm", (90, 0, 0), (0, 0, 1)),
        ("Arm", "ForeArm", "Arm", (0, 90, 0), (1, 0, 0)),
        ("ForeArm", "Hand", "ForeArm", (90, 0, 0), (0, 0, 1)),
    ],
)
def test_anatomical_angles_point_the_arm_where_they_say(side, out, bone, far, moved, triple, want):
    got = direction(f"{side}{bone}", f"{side}{far}", {f"{side}{moved}": triple})
    np.testing.assert_allclose(got, np.array(want) * [out, 1, 1], atol=0.02)


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_hip_and_knee_flex_forward_and_backward(side):
    assert direction(f"{side}UpLeg", f"{side}Leg", {f"{side}UpLeg": (90, 0, 0)})[2] > 0.97
    assert direction(f"{side}Leg", f"{side}Foot", {f"{side}Leg": (90, 0, 0)})[2] < -0.97
    assert (
        direction(f"{side}UpLeg", f"{side}Leg", {f"{side}UpLeg": (0, 30, 0)})[0] * (1 if side == "Left" else -1) > 0.4
    )


def test_trunk_flexion_leans_forward():
    assert direction("Hips", "Neck", {"Spine": (25, 0, 0), "Spine1": (25, 0, 0)})[2] > 0.3


def test_fingers_curl_towards_the_palm():
    open_, closed = (head_of("LeftHandMiddle3", {"LeftHandMiddle1": (0, angle, 0)}) for angle in (0, -60))
    assert closed[0] < open_[0] - 0.02  # hanging palms face the thigh


def test_angles_and_rotations_are_inverse():
    rng = np.random.default_rng(3)
    low, high = joints.limits(SKELETON)
    for _ in range(20):
        angles = joints.within_limits(SKELETON, rng.uniform(low, high))
        back = joints.angles_from_rotations(SKELETON, joints.rotations_from_angles(SKELETON, angles))
        np.testing.assert_allclose(back, angles, atol=1e-8)


def test_within_limits_clips_and_caps_the_swing():
    table = np.zeros((len(SKELETON.names), 3))
    arm, knee = SKELETON.names.index("LeftArm"), SKELETON.names.index("LeftLeg")
    table[arm], table[knee] = (200, 150, 0), (-5, 0, 3)
    got = joints.within_limits(SKELETON, table)
    assert np.hypot(*got[arm, :2]) == pytest.approx(170) and got[arm, 0] / got[arm, 1] == pytest.approx(165 / 150)
    assert got[knee].tolist() == [0, 0, 3]


def test_rotations_are_rotations():
    rng = np.random.default_rng(4)
    rotations = joints.rotations_from_angles(SKELETON, rng.uniform(*joints.limits(SKELETON)))
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, 1, 2), np.tile(np.eye(3), (52, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)


def test_rest_pose_is_within_the_limits_of_arms_and_legs():
    angles = joints.angles_from_rotations(SKELETON, np.tile(np.eye(3), (52, 1, 1)))
    low, high = joints.limits(SKELETON)
    large = [j for j, n in enumerate(SKELETON.names) if joints.kind(n) in ("Arm", "ForeArm", "UpLeg", "Leg", "Hand")]
    assert (angles >= low - 1)[large].all() and (angles <= high + 1)[large].all()


def test_kind_raises_for_an_unknown_bone():
    with pytest.raises(InputError, match="Tail"):
        joints.kind("Tail")
    assert joints.kind("LeftHandIndex2") == "Finger2" and joints.kind("RightHandThumb1") == "Thumb1"
