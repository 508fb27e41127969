import numpy as np
import pytest
from scipy.spatial import ConvexHull

from simpose_tf.figures import joints
from simpose_tf.figures.motion import checks as pose_checks
from simpose_tf.figures.motion.reference_body import reference_body
from simpose_tf.figures.pose import pose_bones

BODY = reference_body()
NAMES = BODY.skeleton.names


def angles_with(**triples: tuple[float, float, float]) -> np.ndarray:
    table = np.zeros((len(NAMES), 3))
    for name, triple in triples.items():
        table[NAMES.index(name)] = triple
    return table


APART = {"LeftArm": (0, 30, 0), "RightArm": (0, 30, 0)}


def test_a_body_with_arms_apart_is_nowhere_inside_itself():
    assert pose_checks.deepest(BODY, pose_checks.posed(BODY, angles_with(**APART))) == 0


def test_a_hand_in_the_belly_is_as_deep_as_it_is():
    bent = APART | {"LeftArm": (0, 0, 85), "LeftForeArm": (80, 0, 0)}
    vertices = pose_checks.posed(BODY, angles_with(**bent))
    assert 0.02 < pose_checks.deepest(BODY, vertices) < 0.12


def test_depth_equals_that_of_a_pressed_in_hand():
    """A hand laid flat against the thigh, then moved inward by a known way."""
    vertices = pose_checks.posed(BODY, angles_with(**APART))
    hand = np.isin(BODY.owner, [j for j, n in enumerate(NAMES) if n.startswith("LeftHand")])
    side = BODY.landmarks["LeftThighSide"].point
    ball = vertices[hand] - vertices[hand].mean(0)
    ball *= 0.03 / np.linalg.norm(ball, axis=1, keepdims=True)
    depths = []
    thigh_x = vertices[np.isin(BODY.owner, [NAMES.index("LeftUpLeg")]), 0].max()
    for x in (thigh_x + 0.035, thigh_x + 0.015):  # 5 mm outside, then 15 mm inside of the ball's radius of 30 mm
        moved = vertices.copy()
        moved[hand] = ball + np.array([x, *side[1:]])
        depths.append(pose_checks.deepest(BODY, moved))
    assert depths[0] <= 0.002 and 0.003 < depths[1] < 0.018


def test_margin_of_a_box_is_the_way_to_its_edge():
    corners = np.array([[x, y, z] for x in (0, 0.4) for y in (0, 1.0) for z in (0, 0.2)])
    hull = ConvexHull(corners)
    faces = hull.simplices.copy()
    sides = [corners[faces[:, k]] - corners[faces[:, 0]] for k in (1, 2)]
    inward = np.einsum("fc,fc->f", hull.equations[:, :3], np.cross(*sides)) < 0
    faces[inward] = faces[inward][:, ::-1]
    assert pose_checks.balance_margin(corners, faces) == pytest.approx(0.1)
    leaning = corners + corners[:, 1:2] * [0.5, 0, 0]
    assert pose_checks.balance_margin(leaning, faces) == pytest.approx(-0.05)


def test_gap_is_the_height_of_a_lifted_foot():
    rest = pose_checks.posed(BODY, angles_with(**APART))
    assert pose_checks.ground_gap(BODY, rest, ("LeftHeel", "RightHeel")) < 0.01
    lifted = rest.copy()
    lifted[np.isin(BODY.owner, [j for j, n in enumerate(NAMES) if n.startswith(("LeftFoot", "LeftToe"))]), 1] += 0.1
    gap = pose_checks.ground_gap(BODY, lifted, ("LeftHeel", "RightHeel"))
    assert gap == pytest.approx(0.1, abs=0.01)


def test_skin_landmarks_give_the_skin_where_it_is():
    angles = angles_with(**APART, LeftLeg=(90, 0, 0), LeftUpLeg=(10, 0, 0))
    vertices, name = pose_checks.posed(BODY, angles), "LeftKneecap"
    mark = pose_checks.skin_at(BODY, angles, (name,), "low")[name]
    bones = pose_bones(BODY.skeleton, joints.rotations_from_angles(BODY.skeleton, angles))
    matrix = bones[NAMES.index(mark.bone)]
    at = matrix[:, :3] @ mark.point + matrix[:, 3]
    assert np.linalg.norm(vertices - at, axis=1).min() < 1e-6
