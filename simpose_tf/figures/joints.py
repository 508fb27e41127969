"""Joints in anatomical degrees: what each bone may do, and the rotation that an angle triple stands for.

Notation. `neutral` is the anatomical standing posture with hanging arms, palms towards the thighs. `A_j` turns
bone j from the figure's rest pose to its neutral posture; `Q_j` is the joint's own rotation, written in the axes
of the neutral posture (x left, y up, z front) and relative to the parent. A pose's rotation in the figure's rest
frame is then `R_j = A_parent^T Q_j A_j`. Angles are degrees `[J, 3]`: flexion, abduction and twist; flexion and
abduction form one swing (rotation vector without y), which is singular nowhere inside the limits, and the twist
about the limb's neutral axis comes before it. Mirrored bones have equal angles in mirrored poses.

Skeletons are those with Mixamo's bone names or a part of them; bones of other names (twist bones, eyes) keep their
rest rotation, so their limits are zero, and they pass their parent's `A` on.
"""

import weakref
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.figures.figure import Skeleton
from simpose_tf.geometry import rotation_between

FLEXION, ABDUCTION, TWIST = range(3)

# Degrees (flexion, abduction, twist), lowest and highest, by bone without its side. Whole-joint ranges are the
# clinical ones of the American Academy of Orthopaedic Surgeons (as in Norkin and White, Measurement of Joint
# Motion): hip -20..120, ankle -50..20, elbow 0..150, shoulder -60..180, trunk 80/25/35/45 and
# neck 45/45/45/60 degrees, which several bones share here; dm_control's `humanoid_CMU_V2020.xml` has its hinges
# in the same places. Knee, ankle and wrist go further where the body's weight bends them, squatting, kneeling and on
# all fours: 152 for 135, -35..62, 80 for 70. The hips turn the whole body, which lies, falls and rolls: only the joints
# below have limits. Twist: internal rotation is positive. A wrist's and a finger's palmar flexion is its adduction
# (negative), because neutral palms face the thighs. A pointing foot is positive.
_LIMITS = {
    "Hips": ((-180, 180), (-180, 180), (-180, 180)),
    "Spine": ((-9, 27), (-12, 12), (-12, 12)),
    "Spine1": ((-9, 27), (-12, 12), (-16, 16)),
    "Spine2": ((-9, 27), (-12, 12), (-16, 16)),
    "Neck": ((-22, 24), (-20, 20), (-30, 30)),
    "Head": ((-24, 22), (-20, 20), (-35, 35)),
    "Shoulder": ((-10, 10), (-10, 30), (-15, 15)),
    "Arm": ((-55, 165), (-45, 160), (-85, 85)),
    "ForeArm": ((0, 148), (-6, 12), (-60, 60)),
    "Hand": ((-20, 30), (-70, 80), (-40, 40)),
    "UpLeg": ((-25, 124), (-25, 50), (-50, 40)),
    "Leg": ((0, 152), (-4, 4), (-12, 12)),
    "Foot": ((-35, 62), (-15, 15), (-15, 15)),
    "ToeBase": ((-50, 20), (-5, 5), (-5, 5)),
    "Finger1": ((-12, 12), (-85, 20), (-12, 12)),
    "Finger2": ((-8, 8), (-95, 8), (-12, 12)),
    "Finger3": ((-8, 8), (-70, 12), (-12, 12)),
    "Thumb1": ((-30, 30), (-30, 30), (-25, 25)),
    "Thumb2": ((-30, 30), (-40, 20), (-20, 20)),
    "Thumb3": ((-30, 30), (-60, 20), (-20, 20)),
}

_MOST_SWING, _MOST_SWING_OF_ROOT = 170.0, 179.0  # degrees; at 180 a swing has no one direction
_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")

# Which way flexion turns about x: limbs forward, the knee and the pointing foot backward, the trunk forward.
_FLEXION_SIGN = {"Shoulder": -1, "Arm": -1, "ForeArm": -1, "Hand": -1, "UpLeg": -1}


_NEXT = {"Arm": "ForeArm", "ForeArm": "Hand", "Hand": "HandMiddle1"}  # the joints at which these bones end
_UPRIGHT = ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "Shoulder", "Foot", "ToeBase")  # neutral as at rest
_DOWN = np.array([0.0, -1.0, 0.0])


def side(name: str) -> int:
    """Return +1 for a bone of the left side, -1 for the right one, 0 for the middle."""
    return 1 if name.startswith("Left") else -1 if name.startswith("Right") else 0


def kind(name: str) -> str | None:
    """Return the key of a bone in the table of limits; None for a bone that is not Mixamo's."""
    bare = name.removeprefix("Left").removeprefix("Right")
    if bare.startswith("Hand") and bare[4:-1] in _FINGERS:
        bare = ("Thumb" if bare[4:-1] == "Thumb" else "Finger") + bare[-1]
    sided = bare in _LIMITS and bare not in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")
    return bare if bare in _LIMITS and sided == bool(side(name)) else None


def limits(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest angles of bones, both `[J, 3]` degrees (flexion, abduction, twist)."""
    table = np.array([_LIMITS.get(kind(name) or "", ((0, 0),) * 3) for name in names], float)
    return table[..., 0], table[..., 1]


def within_limits(names: Sequence[str], angles: np.ndarray) -> np.ndarray:
    """Return the nearest angles `[..., J, 3]` inside the limits; the swing of flexion and abduction stays below 170."""
    angles = np.clip(angles, *limits(names))
    most = np.array([_MOST_SWING_OF_ROOT if name == "Hips" else _MOST_SWING for name in names])
    swing = np.linalg.norm(angles[..., :TWIST], axis=-1)
    angles[..., :TWIST] *= np.minimum(1, most / np.maximum(swing, 1e-9))[..., None]
    return angles


def axis_signs(names: Sequence[str]) -> np.ndarray:
    """Return `[J, 3]` signs that take (flexion, abduction, twist) to rotations about x, z and y."""
    flexion = [_FLEXION_SIGN.get(kind(name) or "", 1) for name in names]
    sides = [side(name) or 1 for name in names]
    return np.stack([flexion, sides, np.negative(sides)], -1).astype(float)


def _frame(down: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Return the rotation that takes direction `down` to -y and `front` near +z."""
    y = -down / np.linalg.norm(down)
    x = np.cross(y, front)
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)])


def _across_hand(skeleton: Skeleton, prefix: str) -> np.ndarray | None:
    """Return the direction from the little finger to the index finger at their roots, `[3]`; None without fingers."""
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    index, little = head.get(f"{prefix}HandIndex1"), head.get(f"{prefix}HandPinky1")
    return None if index is None or little is None else index - little


def _legs_together(skeleton: Skeleton, prefix: str) -> np.ndarray:
    """Return the rotation about z that takes a leg from the rest pose's spread to nearly vertical."""
    head = dict(zip(skeleton.names, skeleton.heads, strict=True))
    hip, ankle = head.get(f"{prefix}UpLeg"), head.get(f"{prefix}Foot")
    if hip is None or ankle is None:
        return np.eye(3)
    spread = side(f"{prefix}Leg") * np.sin(np.radians(1.5))
    return rotation_between((ankle - hip) * [1, 1, 0], np.array([spread, -1.0, 0.0]))


def _end(skeleton: Skeleton, bone: int, following: str) -> np.ndarray:
    """Return where a bone ends: at the joint that follows if the skeleton has it (rigs give tails as they like)."""
    if following in skeleton.names:
        return skeleton.heads[skeleton.names.index(following)]
    return skeleton.tails[bone]


_NEUTRAL: dict[int, tuple[weakref.ref, np.ndarray]] = {}  # by the skeleton's id, as long as it lives


def neutral_from_rest(skeleton: Skeleton) -> np.ndarray:
    """Return `A` `[J, 3, 3]`: what turns each bone from the rest pose to the anatomical neutral posture.

    Worked out once per skeleton; not to be written to.
    """
    key = id(skeleton)
    if key not in _NEUTRAL or _NEUTRAL[key][0]() is not skeleton:
        found = _neutral_from_rest(skeleton)
        found.setflags(write=False)
        _NEUTRAL[key] = (weakref.ref(skeleton, lambda _: _NEUTRAL.pop(key, None)), found)
    return _NEUTRAL[key][1]


def _neutral_from_rest(skeleton: Skeleton) -> np.ndarray:
    result = np.tile(np.eye(3), (len(skeleton.names), 1, 1))
    for j, (name, parent) in enumerate(zip(skeleton.names, skeleton.parents, strict=True)):
        key, prefix = kind(name) or "", name[: 4 if side(name) > 0 else 5]
        direction = _end(skeleton, j, prefix + _NEXT.get(key, "")) - skeleton.heads[j]
        above = result[parent] if parent >= 0 else np.eye(3)
        across = _across_hand(skeleton, prefix) if key == "Hand" or key.startswith("Finger") else None
        if key in ("UpLeg", "Leg"):
            result[j] = _legs_together(skeleton, prefix)
        elif across is not None and direction.any():
            result[j] = _frame(direction, across)
        elif key == "Arm" and direction.any():
            result[j] = rotation_between(direction, _DOWN)
        elif key == "ForeArm" and direction.any():  # straightened from the hanging arm: rest poses may bend elbows
            result[j] = rotation_between(above @ direction, _DOWN) @ above
        elif key not in _UPRIGHT:  # thumbs, hands without fingers, bones that are not Mixamo's, bones without length
            result[j] = above
    return result


def rotations_from_angles(skeleton: Skeleton, angles: np.ndarray) -> np.ndarray:
    """Return rest-frame rotations `[J, 3, 3]` of joint angles `[J, 3]` in degrees."""
    x, z, y = (np.radians(angles) * axis_signs(skeleton.names)).T
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
    return angles_of_joints(skeleton.names, parent @ rotations @ np.swapaxes(rest_to_neutral, 1, 2))


def angles_of_joints(names: Sequence[str], joint: np.ndarray) -> np.ndarray:
    """Return the angles `[J, 3]` in degrees of the joints' own rotations `Q` `[J, 3, 3]`."""
    quaternion = Rotation.from_matrix(joint).as_quat()  # x, y, z, w
    about_y = np.zeros_like(quaternion)
    about_y[:, 1], about_y[:, 3] = quaternion[:, 1], quaternion[:, 3]
    about_y[np.hypot(about_y[:, 1], about_y[:, 3]) < 1e-9, 3] = 1  # a swing of 180 degrees leaves the twist open
    twist = Rotation.from_quat(about_y)
    swing = (Rotation.from_quat(quaternion) * twist.inv()).as_rotvec()
    radians = np.stack([swing[:, 0], swing[:, 2], twist.as_rotvec()[:, 1]], -1)
    return np.degrees(radians) * axis_signs(names)
