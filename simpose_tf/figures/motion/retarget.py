"""Clips of any skeleton with Mixamo's names -> joint angles that any other one can take.

Both skeletons are brought to the same anatomical posture (`joints.neutral_from_rest`): what a source bone has turned
since then is what the target's bone turns. That needs no target: `N = D A^T`, with D the bone's rotation in the world
since its rest pose and A from rest to neutral.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion.clips import Clip, world_rotations

_SIDES = ("Left", "Right")
# Mixamo's bones and their parents, parents first.
PARENT_OF: dict[str, str] = {"Hips": "", "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2"}
PARENT_OF |= {"Head": "Neck"}
for _side in _SIDES:
    PARENT_OF |= {f"{_side}UpLeg": "Hips", f"{_side}Leg": f"{_side}UpLeg", f"{_side}Foot": f"{_side}Leg"}
    PARENT_OF |= {f"{_side}ToeBase": f"{_side}Foot", f"{_side}Shoulder": "Spine2", f"{_side}Arm": f"{_side}Shoulder"}
    PARENT_OF |= {f"{_side}ForeArm": f"{_side}Arm", f"{_side}Hand": f"{_side}ForeArm"}
    for _finger in ("Thumb", "Index", "Middle", "Ring", "Pinky"):
        for _joint in (1, 2, 3):
            _above = f"{_side}Hand{_finger}{_joint - 1}" if _joint > 1 else f"{_side}Hand"
            PARENT_OF[f"{_side}Hand{_finger}{_joint}"] = _above
BONES: tuple[str, ...] = tuple(PARENT_OF)

# Rigs differ in how many bones a trunk and a neck have: the whole turn is spread over ours.
_SPREAD = (("Spine", "Spine1", "Spine2"), ("Neck", "Head"))
# Limbs may be cut into several bones (twist bones): the joint below, and which way it bends the neutral limb.
_LIMBS = {"Arm": ("ForeArm", 1.0), "ForeArm": ("Hand", 0.0), "UpLeg": ("Leg", -1.0), "Leg": ("Foot", 0.0)}
_HINGE_FROM, _HINGE_FULL = 10.0, 30.0  # degrees of bend from which a hinge tells the limb's twist
_RELAXED = (0.0, -18.0, 0.0)  # fingers that a clip does not have


def angles_of(clip: Clip) -> np.ndarray:
    """Return the joint angles `[T, B, 3]` in degrees (bones `BONES`) of a clip; not yet inside the limits.

    Bones that the clip lacks follow their parents, fingers are half closed. The whole turns so that the hips look to
    the front (+z), or stays where they look up or down.
    """
    frames = _neutral_frames(clip)
    for side in _SIDES:
        for bone, (below, bends) in _LIMBS.items():
            if bends and side + below in frames:
                frames[side + bone] = _hinged(frames[side + bone], frames[side + below], bends)
    _face_front(frames)
    turned = _local_rotations(frames, len(clip.rotations))
    angles = np.stack([joints.angles_of_joints(BONES, frame) for frame in turned])
    for k, name in enumerate(BONES):
        if name not in frames and "Hand" in name and name[-1] in "123" and "Thumb" not in name:
            angles[:, k] = _RELAXED
    return angles


def within_limits(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return angles `[T, B, 3]` inside the joints' limits, and by how many degrees each frame was beyond, `[T]`.

    Fingers don't count: rigs differ in how they lie at rest.
    """
    inside = joints.within_limits(BONES, angles)
    large = [k for k, name in enumerate(BONES) if "Hand" not in name]
    return inside, np.abs(inside - angles)[:, large].max((1, 2))


def _neutral_frames(clip: Clip) -> dict[str, np.ndarray]:
    """Return `N` `[T, 3, 3]` of the bones that a clip has."""
    skeleton, neutral = clip.skeleton, joints.neutral_from_rest(clip.skeleton)
    world = world_rotations(clip.skeleton.parents, clip.rotations)
    result = {}
    for j, name in enumerate(skeleton.names):
        if name in PARENT_OF:
            below = _limb_below(skeleton, name)
            last = j if below is None else _last_before(skeleton, j, below)
            result[name] = world[:, last] @ neutral[j].T
    return result


def _limb_below(skeleton: Skeleton, name: str) -> int | None:
    """Return the index of the joint at the end of a limb bone, if the skeleton has it."""
    side = name[: 4 if joints.side(name) > 0 else 5] if joints.side(name) else ""
    below = side + _LIMBS.get(name.removeprefix(side), ("-",))[0]
    return skeleton.names.index(below) if side and below in skeleton.names else None


def _last_before(skeleton: Skeleton, start: int, end: int) -> int:
    """Return the parent of `end` if `start` is above it (the last of a limb's bones), else `start`."""
    above, bone = int(skeleton.parents[end]), int(skeleton.parents[end])
    while bone >= 0 and bone != start:
        bone = int(skeleton.parents[bone])
    return above if bone == start else start


def _hinged(upper: np.ndarray, lower: np.ndarray, bends: float) -> np.ndarray:
    """Return the upper limb's frames turned about its axis so that elbow or knee bends about its hinge alone.

    Args:
      upper, lower: `[T, 3, 3]`.
      bends: +1 if the lower limb bends to the upper one's front (elbow), -1 to its back (knee).
    """
    y, along = upper[..., 1], -lower[..., 1]
    z = bends * (along - np.einsum("tc,tc->t", along, y)[:, None] * y)
    sine = np.linalg.norm(z, axis=1)
    bend = np.degrees(np.arctan2(sine, -np.einsum("tc,tc->t", along, y)))
    z = np.where(sine[:, None] > 1e-6, z / np.maximum(sine, 1e-6)[:, None], upper[..., 2])
    hinge = np.stack([np.cross(y, z), y, z], -1)
    share = np.clip((bend - _HINGE_FROM) / (_HINGE_FULL - _HINGE_FROM), 0, 1)
    turn = Rotation.from_matrix(hinge @ np.swapaxes(upper, 1, 2)).as_rotvec()
    return Rotation.from_rotvec(share[:, None] * turn).as_matrix() @ upper


def _face_front(frames: dict[str, np.ndarray]) -> None:
    """Turn everything about the vertical so that the hips' front shows to +z."""
    front = frames["Hips"][..., 2] * [1, 0, 1]
    level = np.linalg.norm(front, axis=1) > 0.3
    angle = np.where(level, -np.arctan2(front[:, 0], front[:, 2]), 0.0)
    turn = Rotation.from_rotvec(angle[:, None] * [0.0, 1.0, 0.0]).as_matrix()
    for name in frames:
        frames[name] = turn @ frames[name]


def _local_rotations(frames: dict[str, np.ndarray], count: int) -> np.ndarray:
    """Return the joints' own rotations `[T, B, 3, 3]`; bones without a frame do not turn, trunks are spread."""
    whole = dict(frames)
    for chain in _SPREAD:
        own = [name for name in chain if name in frames]
        if own and len(own) < len(chain):
            base = whole[PARENT_OF[chain[0]]]
            turn = Rotation.from_matrix(np.swapaxes(base, 1, 2) @ frames[own[-1]]).as_rotvec() / len(chain)
            for k, name in enumerate(chain, 1):
                whole[name] = base @ Rotation.from_rotvec(k * turn).as_matrix()
    result = np.tile(np.eye(3), (count, len(BONES), 1, 1))
    for k, (name, parent) in enumerate(PARENT_OF.items()):
        above = whole[parent] if parent else np.tile(np.eye(3), (count, 1, 1))
        if name in whole:
            result[:, k] = np.swapaxes(above, 1, 2) @ whole[name]
        else:
            whole[name] = above
    return result
