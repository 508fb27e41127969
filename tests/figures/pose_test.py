import time

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures import joints, pose
from simpose_tf.figures.dressed.catalogue import load_figure
from simpose_tf.figures.motion import bank as motion
from simpose_tf.geometry import rotation_about

FIGURE = load_figure("anna")
SKELETON = FIGURE.skeleton
REST = np.tile(np.eye(3), (52, 1, 1))


def a_pose(seed: int) -> np.ndarray:
    """Return the rotations of some pose of the bank."""
    bank = motion.drawn_bank("train")
    return motion.pose_rotations(bank, int(np.random.default_rng(seed).integers(len(bank.names))), SKELETON)


def bone(name: str) -> int:
    return SKELETON.names.index(name)


def test_identity_pose_returns_the_rest_pose():
    np.testing.assert_allclose(pose.pose_vertices(FIGURE, REST), FIGURE.vertices, atol=1e-6)


def test_a_bent_elbow_moves_only_the_forearm_and_the_hand():
    rotations = REST.copy()
    rotations[bone("LeftForeArm")] = rotation_about(np.array([1.0, 0, 0]), -1.0)
    moved = np.linalg.norm(pose.pose_vertices(FIGURE, rotations) - FIGURE.vertices, axis=1)
    below = [j for j, n in enumerate(SKELETON.names) if n.startswith(("LeftForeArm", "LeftHand"))]
    share = np.where(np.isin(FIGURE.skin_joints, below), FIGURE.skin_weights, 0).sum(1)
    assert moved[share == 0].max() < 1e-6
    assert moved[share > 0.99].max() > 0.1


def test_root_rotation_moves_the_figure_rigidly_about_the_hips():
    rotations, turn = REST.copy(), rotation_about(np.array([0, 1.0, 0]), 0.8)
    rotations[bone("Hips")] = turn
    hips = SKELETON.heads[bone("Hips")]
    want = (FIGURE.vertices - hips) @ turn.T + hips
    np.testing.assert_allclose(pose.pose_vertices(FIGURE, rotations), want, atol=1e-5)


def test_skinning_equals_a_slow_loop():
    rotations = a_pose(5)
    bones, fast = pose.pose_bones(SKELETON, rotations), pose.pose_vertices(FIGURE, rotations)
    for v in np.random.default_rng(6).integers(0, len(FIGURE.vertices), 200):
        slow = np.zeros(3)
        for j, w in zip(FIGURE.skin_joints[v], FIGURE.skin_weights[v], strict=True):
            slow += w * (bones[j, :, :3] @ FIGURE.vertices[v] + bones[j, :, 3])
        np.testing.assert_allclose(fast[v], slow, atol=1e-5)


def test_bones_stay_connected_in_a_pose():
    bones = pose.pose_bones(SKELETON, a_pose(7))
    for j, parent in enumerate(SKELETON.parents):
        if parent >= 0:
            head = SKELETON.heads[j]
            by_parent = bones[parent, :, :3] @ head + bones[parent, :, 3]
            np.testing.assert_allclose(bones[j, :, :3] @ head + bones[j, :, 3], by_parent, atol=1e-9)


def test_posing_takes_less_than_30_ms():
    rotations = a_pose(8)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        pose.pose_vertices(FIGURE, rotations)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03


def test_pose_raises_for_a_wrong_shape_and_for_nan():
    with pytest.raises(InputError, match="52"):
        pose.pose_vertices(FIGURE, REST[:51])
    with pytest.raises(InputError, match="finite"):
        pose.pose_vertices(FIGURE, np.where(np.arange(52)[:, None, None] == 3, np.nan, REST))


def test_ground_puts_the_lowest_drawn_vertex_on_zero():
    posed = pose.pose_vertices(FIGURE, a_pose(9))
    grounded = pose.ground(posed, FIGURE.faces)
    assert abs(grounded[FIGURE.faces.ravel(), 1].min()) < 1e-6
    np.testing.assert_allclose((grounded - posed)[:, [0, 2]], 0)
    assert pose.ground(np.array([[0, 3.0, 0], [0, 1, 0]]))[:, 1].tolist() == [2, 0]


def test_vertex_normals_of_a_cube_corner_and_of_an_unused_vertex():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [9, 9, 9]], float)
    faces = np.array([[0, 2, 1], [0, 3, 2], [0, 1, 3]])
    normals = pose.vertex_normals(vertices, faces)
    np.testing.assert_allclose(normals[0], -np.ones(3) / np.sqrt(3), atol=1e-6)
    assert normals[4].tolist() == [0, 1, 0]


def test_arm_clearance_is_negative_for_a_hand_in_the_belly():
    angles = np.zeros((52, 3))
    angles[bone("LeftArm")], angles[bone("LeftForeArm")] = (0, 0, 85), (80, 0, 0)
    assert pose.arm_clearance(SKELETON, joints.rotations_from_angles(SKELETON, angles)) < 0
    angles[bone("LeftArm")] = (0, 80, 0)
    angles[bone("RightArm")] = (0, 80, 0)
    angles[bone("LeftForeArm")] = 0
    assert pose.arm_clearance(SKELETON, joints.rotations_from_angles(SKELETON, angles)) > 0.05
