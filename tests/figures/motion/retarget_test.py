import numpy as np
import pytest

from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion import retarget
from simpose_tf.figures.motion.clips import Clip, world_rotations
from simpose_tf.figures.motion.reference_body import reference_body
from simpose_tf.figures.pose import pose_bones
from simpose_tf.geometry import rotation_about

SKELETON = reference_body().skeleton
PICK = [retarget.BONES.index(name) for name in SKELETON.names]


def random_angles(count: int, seed: int) -> np.ndarray:
    """Return angles `[T, 52, 3]` of the skeleton: knees and elbows bend about their hinges alone, hips face front."""
    low, high = joints.limits(SKELETON.names)
    angles = np.random.default_rng(seed).uniform(0.6 * low, 0.6 * high, (count, *low.shape))
    for j, name in enumerate(SKELETON.names):
        if joints.kind(name) in ("Leg", "ForeArm"):
            angles[:, j, 1] = 0
            angles[:, j, 0] += 20
        if name == "Hips":
            angles[:, j] = [[20.0, 0, 0]]
    return joints.within_limits(SKELETON.names, angles)


def clip_of(skeleton: Skeleton, angles: np.ndarray) -> Clip:
    return Clip("a", skeleton, np.stack([joints.rotations_from_angles(skeleton, frame) for frame in angles]), 30.0)


def test_retargeting_to_the_same_skeleton_gives_the_same_angles():
    angles = random_angles(6, 0)
    got = retarget.angles_of(clip_of(SKELETON, angles))[:, PICK]
    np.testing.assert_allclose(got, angles, atol=0.02)  # thighs and shins of the rest pose are not quite parallel


def test_world_rotations_equal_those_of_posing():
    clip = clip_of(SKELETON, random_angles(2, 1))
    got = world_rotations(SKELETON.parents, clip.rotations)
    for t in range(2):
        np.testing.assert_allclose(got[t], pose_bones(SKELETON, clip.rotations[t])[:, :, :3], atol=1e-12)


def other_rest_pose(turn: dict[str, np.ndarray]) -> tuple[Skeleton, np.ndarray]:
    """Return the skeleton with another rest pose: bones turned (with what hangs on them), and their world turns."""
    rotations = np.stack([turn.get(name, np.eye(3)) for name in SKELETON.names])
    maps = pose_bones(SKELETON, rotations)
    heads = np.einsum("jab,jb->ja", maps[:, :, :3], SKELETON.heads) + maps[:, :, 3]
    tails = np.einsum("jab,jb->ja", maps[:, :, :3], SKELETON.tails) + maps[:, :, 3]
    return Skeleton(SKELETON.names, SKELETON.parents, heads, tails), maps[:, :, :3]


def test_a_t_pose_source_gives_the_same_angles_as_an_a_pose_source():
    up = np.radians(45)
    turn = {
        "LeftArm": rotation_about(np.array([0, 0, 1.0]), up),
        "RightArm": rotation_about(np.array([0, 0, 1.0]), -up),
    }
    t_pose, world = other_rest_pose(turn)
    angles = random_angles(5, 2)
    source = clip_of(SKELETON, angles)
    since_a = world_rotations(SKELETON.parents, source.rotations)
    since_t = since_a @ np.swapaxes(world, -1, -2)
    parents = np.maximum(SKELETON.parents, 0)
    local = np.where(
        (SKELETON.parents >= 0)[:, None, None], np.swapaxes(since_t[:, parents], -1, -2) @ since_t, since_t
    )
    got = retarget.angles_of(Clip("t", t_pose, local, 30.0))[:, PICK]
    np.testing.assert_allclose(got, angles, atol=0.2)


def test_a_trunk_of_one_bone_is_spread_over_three():
    keep = [j for j, name in enumerate(SKELETON.names) if name not in ("Spine", "Spine1")]
    place = {j: k for k, j in enumerate(keep)}
    hips = SKELETON.names.index("Hips")
    parents = np.array([place.get(int(p), place[hips]) if p >= 0 else -1 for p in SKELETON.parents[keep]])
    short = Skeleton(tuple(SKELETON.names[j] for j in keep), parents, SKELETON.heads[keep], SKELETON.tails[keep])
    table = np.zeros((1, len(keep), 3))
    table[0, short.names.index("Spine2")] = (30, 9, -12)
    got = retarget.angles_of(clip_of(short, table))[0]
    third = [got[retarget.BONES.index(name)] for name in ("Spine", "Spine1", "Spine2")]
    np.testing.assert_allclose(third[0], third[1], atol=1e-6)
    assert np.linalg.norm(third[0] - [10, 3, -4]) < 1


def test_twist_bones_count_for_the_limb_that_they_cut():
    """A forearm of two bones, the second of which turns: pronation."""
    elbow, hand = SKELETON.names.index("LeftForeArm"), SKELETON.names.index("LeftHand")
    middle = 0.5 * (SKELETON.heads[elbow] + SKELETON.heads[hand])
    order = [*range(hand), 52, *range(hand, 52)]
    place = {j: k for k, j in enumerate(order)} | {-1: -1}
    parents = np.append(SKELETON.parents, elbow)
    parents[hand] = 52
    skeleton = Skeleton(
        tuple((*SKELETON.names, "LeftForeArmTwist")[j] for j in order),
        np.array([place[int(parents[j])] for j in order]),
        np.concatenate([SKELETON.heads, middle[None]])[order],
        np.concatenate([SKELETON.tails, SKELETON.heads[hand][None]])[order],
    )
    axis = SKELETON.heads[hand] - SKELETON.heads[elbow]
    rotations = np.tile(np.eye(3), (1, 53, 1, 1))
    rotations[0, order.index(52)] = rotation_about(axis / np.linalg.norm(axis), np.radians(30))
    still = retarget.angles_of(Clip("s", skeleton, np.tile(np.eye(3), (1, 53, 1, 1)), 30.0))[0]
    turned = retarget.angles_of(Clip("t", skeleton, rotations, 30.0))[0]
    k = retarget.BONES.index("LeftForeArm")
    assert abs(abs(turned[k, 2] - still[k, 2]) - 30) < 1
    np.testing.assert_allclose(
        turned[retarget.BONES.index("LeftHand")], still[retarget.BONES.index("LeftHand")], atol=1
    )


def test_people_face_the_front_whichever_way_they_went():
    angles = random_angles(3, 3)
    hips = SKELETON.names.index("Hips")
    clip = clip_of(SKELETON, angles)
    for t, yaw in enumerate((40, 170, -120)):
        clip.rotations[t, hips] = rotation_about(np.array([0, 1.0, 0]), np.radians(yaw)) @ clip.rotations[t, hips]
    np.testing.assert_allclose(retarget.angles_of(clip)[:, PICK], angles, atol=0.02)


def test_limits_tell_by_how_much_a_frame_was_beyond():
    angles = np.zeros((2, len(retarget.BONES), 3))
    angles[1, retarget.BONES.index("LeftLeg"), 0] = -25
    inside, beyond = retarget.within_limits(angles)
    assert beyond.tolist() == pytest.approx([0, 25]) and inside[1, retarget.BONES.index("LeftLeg"), 0] == 0
