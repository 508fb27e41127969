import numpy as np
import pytest

from simpose_tf.figures import joints, makehuman
from simpose_tf.figures.figure import Skeleton
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
    low, high = joints.limits(SKELETON.names)
    for _ in range(20):
        angles = joints.within_limits(SKELETON.names, rng.uniform(low, high))
        back = joints.angles_from_rotations(SKELETON, joints.rotations_from_angles(SKELETON, angles))
        np.testing.assert_allclose(back, angles, atol=1e-8)


def test_within_limits_clips_and_caps_the_swing():
    table = np.zeros((len(SKELETON.names), 3))
    arm, knee = SKELETON.names.index("LeftArm"), SKELETON.names.index("LeftLeg")
    table[arm], table[knee] = (200, 150, 0), (-5, 0, 3)
    got = joints.within_limits(SKELETON.names, table)
    assert np.hypot(*got[arm, :2]) == pytest.approx(170) and got[arm, 0] / got[arm, 1] == pytest.approx(165 / 150)
    assert got[knee].tolist() == [0, 0, 3]


def test_rotations_are_rotations():
    rng = np.random.default_rng(4)
    rotations = joints.rotations_from_angles(SKELETON, rng.uniform(*joints.limits(SKELETON.names)))
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, 1, 2), np.tile(np.eye(3), (52, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)


def test_rest_pose_is_within_the_limits_of_arms_and_legs():
    angles = joints.angles_from_rotations(SKELETON, np.tile(np.eye(3), (52, 1, 1)))
    low, high = joints.limits(SKELETON.names)
    large = [j for j, n in enumerate(SKELETON.names) if joints.kind(n) in ("Arm", "ForeArm", "UpLeg", "Leg", "Hand")]
    assert (angles >= low - 1)[large].all() and (angles <= high + 1)[large].all()


def test_kind_of_bones():
    assert joints.kind("LeftHandIndex2") == "Finger2" and joints.kind("RightHandThumb1") == "Thumb1"
    assert joints.kind("Head") == "Head" and joints.kind("LeftUpLeg") == "UpLeg"
    for stranger in ("Tail", "LeftForeArmTwist", "LeftHandThumb4", "LeftHead", "Arm", "Hand"):
        assert joints.kind(stranger) is None, stranger


def without(names: set[str]) -> Skeleton:
    """Return the skeleton without some leaves."""
    keep = [j for j, name in enumerate(SKELETON.names) if name not in names]
    place = {j: k for k, j in enumerate(keep)} | {-1: -1}
    parents = np.array([place[int(SKELETON.parents[j])] for j in keep])
    return Skeleton(tuple(SKELETON.names[j] for j in keep), parents, SKELETON.heads[keep], SKELETON.tails[keep])


def test_a_skeleton_without_fingers_is_posed_as_one_with_them():
    few = without({name for name in SKELETON.names if "Hand" in name and not name.endswith("Hand")})
    rows = [SKELETON.names.index(name) for name in few.names]
    angles = joints.within_limits(SKELETON.names, np.random.default_rng(6).uniform(-60, 60, (52, 3)))
    whole, part = joints.rotations_from_angles(SKELETON, angles), joints.rotations_from_angles(few, angles[rows])
    for j, name in enumerate(few.names):
        tolerance = 0.15 if name.endswith("Hand") else 1e-12  # which way palms look is taken from the forearm there
        np.testing.assert_allclose(part[j], whole[rows[j]], atol=tolerance, err_msg=name)


def test_unknown_bones_stay_at_rest_and_do_not_change_the_others():
    elbow = SKELETON.names.index("LeftForeArm")
    parents = np.append(SKELETON.parents, SKELETON.names.index("LeftArm"))
    parents[elbow] = 52  # a twist bone between upper arm and forearm
    middle = 0.5 * (SKELETON.heads[elbow] + SKELETON.heads[SKELETON.names.index("LeftArm")])
    order = [*range(elbow), 52, *range(elbow, 52)]
    place = {j: k for k, j in enumerate(order)} | {-1: -1}
    heads = np.concatenate([SKELETON.heads, middle[None]])[order]
    tails = np.concatenate([SKELETON.tails, SKELETON.heads[elbow][None]])[order]
    names = tuple((*SKELETON.names, "LeftArmTwist")[j] for j in order)
    more = Skeleton(names, np.array([place[int(parents[j])] for j in order]), heads, tails)
    angles = joints.within_limits(SKELETON.names, np.random.default_rng(7).uniform(-60, 60, (52, 3)))
    table = np.concatenate([angles, np.zeros((1, 3))])[order]
    got, want = joints.rotations_from_angles(more, table), joints.rotations_from_angles(SKELETON, angles)
    np.testing.assert_allclose(got[elbow], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.delete(got, elbow, 0), want, atol=1e-12)


def test_ends_without_length_do_no_harm():
    stumps = Skeleton(SKELETON.names, SKELETON.parents, SKELETON.heads, SKELETON.heads.copy())
    assert np.isfinite(joints.neutral_from_rest(stumps)).all()


def test_limits_of_unknown_bones_are_zero():
    low, high = joints.limits(["Tail", "LeftLeg"])
    assert not low[0].any() and not high[0].any() and high[1, 0] > 100
