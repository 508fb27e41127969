"""Joints in anatomical degrees: what each bone may do, and the rotation that an angle triple stands for.

Notation. `neutral` is the anatomical standing posture with hanging arms, palms towards the thighs. `A_j` turns
bone j from the figure's rest pose to its neutral posture; `Q_j` is the joint's own rotation, written in the axes
of the neutral posture (x left, y up, z front) and relative to the parent. A pose's rotation in the figure's rest
frame is then `R_j = A_parent^T Q_j A_j`. Angles are degrees `[J, 3]`: flexion, abduction and twist; flexion and
abduction form one swing (rotation vector without y), which is singular nowhere inside the limits, and the twist
about the limb's neutral axis comes before it. Mirrored bones have equal angles in mirrored poses.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Skeleton
from simpose_tf.geometry import rotation_between

FLEXION, ABDUCTION, TWIST = range(3)

# Degrees (flexion, abduction, twist), lowest and highest, by bone without its side. Whole-joint ranges are the
# clinical ones of the American Academy of Orthopaedic Surgeons (as in Norkin and White, Measurement of Joint
# Motion): hip -20..120, knee 0..135, ankle -50..20, elbow 0..150, shoulder -60..180, trunk 80/25/35/45 and
# neck 45/45/45/60 degrees, which several bones share here; dm_control's `humanoid_CMU_V2020.xml` has its hinges
# in the same places. Twist: internal rotation is positive. A wrist's and a finger's palmar flexion is its
# adduction (negative), because neutral palms face the thighs. A pointing foot is positive.
_LIMITS = {
    "Hips": ((-40, 80), (-25, 25), (-45, 45)),
    "Spine": ((-9, 27), (-12, 12), (-12, 12)),
    "Spine1": ((-9, 27), (-12, 12), (-16, 16)),
    "Spine2": ((-9, 27), (-12, 12), (-16, 16)),
    "Neck": ((-22, 24), (-20, 20), (-30, 30)),
    "Head": ((-24, 22), (-20, 20), (-35, 35)),
    "Shoulder": ((-10, 10), (-10, 30), (-15, 15)),
    "Arm": ((-55, 165), (-45, 160), (-85, 85)),
    "ForeArm": ((0, 148), (-6, 12), (-60, 60)),
    "Hand": ((-20, 30), (-70, 60), (-40, 40)),
    "UpLeg": ((-22, 118), (-25, 45), (-45, 40)),
    "Leg": ((0, 135), (-4, 4), (-12, 12)),
    "Foot": ((-22, 48), (-15, 15), (-15, 15)),
    "ToeBase": ((-50, 20), (-5, 5), (-5, 5)),
    "Finger1": ((-12, 12), (-85, 20), (-12, 12)),
    "Finger2": ((-8, 8), (-95, 8), (-12, 12)),
    "Finger3": ((-8, 8), (-70, 12), (-12, 12)),
    "Thumb1": ((-30, 30), (-30, 30), (-25, 25)),
    "Thumb2": ((-30, 30), (-40, 20), (-20, 20)),
    "Thumb3": ((-30, 30), (-60, 20), (-20, 20)),
}

_MOST_SWING = 170.0  # degrees; at 180 a swing has no one direction

# Which way flexion turns about x: limbs forward, the knee and the pointing foot backward, the trunk forward.
_FLEXION_SIGN = {"Shoulder": -1, "Arm": -1, "ForeArm": -1, "Hand": -1, "UpLeg": -1}


def side(name: str) -> int:
    """Return +1 for a bone of the left side, -1 for the right one, 0 for the middle."""
    return 1 if name.startswith("Left") else -1 if name.startswith("Right") else 0


def kind(name: str) -> str:
    """Return the key of a bone in the table of limits. Raises InputError for a bone that is not Mixamo's."""
    bare = name.removeprefix("Left").removeprefix("Right")
    if bare.startswith("Hand") and bare != "Hand":
        finger, joint = bare[4:-1], bare[-1]
        bare = ("Thumb" if finger == "Thumb" else "Finger") + joint
    if bare not in _LIMITS:
        raise InputError(f"skeleton: no joint limits for the bone {name!r}")
    return bare


def limits(skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest angles, both `[J, 3]` degrees (flexion, abduction, twist)."""
    table = np.array([_LIMITS[kind(name)] for name in skeleton.names], float)
    return table[..., 0], table[..., 1]


def within_limits(skeleton: Skeleton, angles: np.ndarray) -> np.ndarray:
    """Return the nearest angles `[J, 3]` inside the limits; flexion and abduction together stay below 170 degrees."""
    angles = np.clip(angles, *limits(skeleton))
    swing = np.linalg.norm(angles[:, :TWIST], axis=1, keepdims=True)
    angles[:, :TWIST] *= np.minimum(1, _MOST_SWING / np.maximum(swing, 1e-9))
    return angles


def _axis_signs(skeleton: Skeleton) -> np.ndarray:
    """Return `[J, 3]` signs that take (flexion, abduction, twist) to rotations about x, z and y."""
    flexion = [_FLEXION_SIGN.get(kind(name), 1) for name in skeleton.names]
    sides = [side(name) or 1 for name in skeleton.names]
    return np.stack([flexion, sides, np.negative(sides)], -1).astype(float)


def _frame(down: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Return the rotation that takes direction `down` to -y and `front` near +z."""
    y = -down / np.linalg.norm(down)
    x = np.cross(y, front)
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)])


def _across_hand(skeleton: Skeleton, prefix: str) -> np.ndarray:
    """Return the direction from the little finger to the index finger at their roots, `[3]`."""
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    return head[f"{prefix}HandIndex1"] - head[f"{prefix}HandPinky1"]


def _legs_together(skeleton: Skeleton, prefix: str) -> np.ndarray:
    """Return the rotation about z that takes a leg from the rest pose's spread to nearly vertical."""
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    leg = (head[f"{prefix}Foot"] - head[f"{prefix}UpLeg"]) * [1, 1, 0]
    return rotation_between(leg, np.array([side(f"{prefix}Leg") * np.sin(np.radians(1.5)), -1.0, 0.0]))


def neutral_from_rest(skeleton: Skeleton) -> np.ndarray:
    """Return `A` `[J, 3, 3]`: what turns each bone from the rest pose to the anatomical neutral posture."""
    result = np.tile(np.eye(3), (len(skeleton.names), 1, 1))
    for j, name in enumerate(skeleton.names):
        direction, key, prefix = (
            skeleton.tails[j] - skeleton.heads[j],
            kind(name),
            name[: 4 if side(name) > 0 else 5],
        )
        if key in ("Arm", "ForeArm"):
            result[j] = rotation_between(direction, np.array([0.0, -1.0, 0.0]))
        elif key in ("UpLeg", "Leg"):
            result[j] = _legs_together(skeleton, prefix)
        elif key == "Hand" or key.startswith("Finger"):
            result[j] = _frame(direction, _across_hand(skeleton, prefix))
        elif key.startswith("Thumb"):
            result[j] = result[skeleton.names.index(f"{prefix}Hand")]
    return result


def rotations_from_angles(skeleton: Skeleton, angles: np.ndarray) -> np.ndarray:
    """Return rest-frame rotations `[J, 3, 3]` of joint angles `[J, 3]` in degrees."""
    x, z, y = (np.radians(angles) * _axis_signs(skeleton)).T
    zero = np.zeros_like(x)
    swing = Rotation.from_rotvec(np.stack([x, zero, z], -1))
    twist = Rotation.from_rotvec(np.stack([zero, y, zero], -1))
    rest_to_neutral = neutral_from_rest(skeleton)
    parent = np.where(skeleton.parents[:, None, None] < 0, np.eye(3), rest_to_neutral[skeleton.parents])
    return np.swapaxes(parent, 1, 2) @ (swing * twist).as_matrix() @ rest_to_neutral


def angles_from_rotations(skeleton: Skeleton, rotations: np.ndarray) -> np.ndarray:
    """Return the joint angles `[J, 3]` in degrees of rest-frame rotations `[J, 3, 3]` (the inverse)."""
    rest_to_neutral = neutral_from_rest(skeleton)
    parent = np.where(skeleton.parents[:, None, None] < 0, np.eye(3), rest_to_neutral[skeleton.parents])
    joint = Rotation.from_matrix(parent @ rotations @ np.swapaxes(rest_to_neutral, 1, 2))
    quaternion = joint.as_quat()  # x, y, z, w
    about_y = np.zeros_like(quaternion)
    about_y[:, 1], about_y[:, 3] = quaternion[:, 1], quaternion[:, 3]
    twist = Rotation.from_quat(about_y)
    swing = (joint * twist.inv()).as_rotvec()
    radians = np.stack([swing[:, 0], swing[:, 2], twist.as_rotvec()[:, 1]], -1)
    return np.degrees(radians) * _axis_signs(skeleton)
