import numpy as np

from simpose_tf.figures import joints, kinematics
from simpose_tf.figures.motion.reference_body import reference_body
from simpose_tf.figures.pose import pose_bones

BODY = reference_body()


def random_angles(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    low, high = joints.limits(BODY.skeleton.names)
    return joints.within_limits(BODY.skeleton.names, rng.uniform(low, high, (count, *low.shape)))


def test_points_equal_those_of_the_bones_maps():
    angles, chain = random_angles(3, 0), kinematics.chain_of(BODY.skeleton)
    bones = np.arange(len(chain.names))
    rest = BODY.skeleton.heads + np.random.default_rng(1).uniform(-0.2, 0.2, BODY.skeleton.heads.shape)
    got = kinematics.points(chain, *kinematics.forward(chain, angles), bones, rest)
    for k in range(3):
        maps = pose_bones(BODY.skeleton, joints.rotations_from_angles(BODY.skeleton, angles[k]))
        want = np.einsum("jab,jb->ja", maps[:, :, :3], rest) + maps[:, :, 3]
        np.testing.assert_allclose(got[k], want, atol=1e-12)


def test_a_chain_of_some_bones_equals_the_whole_one_for_them():
    angles, whole, part = random_angles(2, 2), kinematics.chain_of(BODY.skeleton), BODY.chain
    rows = [whole.names.index(name) for name in part.names]
    assert 15 < len(rows) < len(whole.names)
    for a, b in zip(kinematics.forward(whole, angles), kinematics.forward(part, angles[:, rows]), strict=True):
        np.testing.assert_allclose(a[rows], b, atol=1e-12)


def test_joint_rotations_are_the_swing_after_the_twist():
    quarter = kinematics.joint_rotations(np.ones(3), np.array([[90.0, 0, 0], [0, 90, 0], [0, 0, 90]]))
    np.testing.assert_allclose(quarter[0] @ [0, 1, 0], [0, 0, 1], atol=1e-12)  # about x
    np.testing.assert_allclose(quarter[1] @ [1, 0, 0], [0, 1, 0], atol=1e-12)  # about z
    np.testing.assert_allclose(quarter[2] @ [0, 0, 1], [1, 0, 0], atol=1e-12)  # about y
    both = kinematics.joint_rotations(np.ones(3), np.array([90.0, 0, 90]))
    np.testing.assert_allclose(both, quarter[0] @ quarter[2], atol=1e-12)
