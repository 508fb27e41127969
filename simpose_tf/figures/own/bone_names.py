"""Bones of many rigs under Mixamo's names: Mixamo, Renderpeople, Unreal, Biped, Rigify, VRM, CMU and SMPL.

A name is read as words (`upperarm_l`, `Bip01 L UpperArm` and `LeftArm` are one bone); the trunk is read as a chain,
because rigs number its bones differently.
"""

import re
from collections.abc import Sequence

import numpy as np

from simpose_tf.errors import InputError

_SIDES = {"l": "Left", "left": "Left", "r": "Right", "right": "Right"}
# Words that say which rig it is, or that a bone deforms.
_RIG_WORDS = re.compile(r"mixamorig|bip|biped|valve|def|org|rig|cc|base|[bcfj]")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Spellings, without side, of the bones that have one.
_LIMBS = {
    "Shoulder": ("clavicle", "collar", "collarbone"),
    "Arm": ("arm", "upperarm", "uparm"),
    "ForeArm": ("forearm", "lowerarm", "lowarm", "elbow"),
    "Hand": ("hand", "wrist"),
    "UpLeg": ("upleg", "upperleg", "thigh", "hip"),
    "Leg": ("leg", "lowerleg", "shin", "calf", "knee"),
    "Foot": ("ankle",),
    "ToeBase": ("toebase", "toe", "toes", "ball"),
}
_LIMB_OF = {spelling: bone for bone, spellings in _LIMBS.items() for spelling in spellings}
_MIDDLE_OF = {
    "hips": "Hips", "hip": "Hips", "pelvis": "Hips", "neck": "Neck", "spine004": "Neck",
    "head": "Head", "spine006": "Head",
}  # fmt: skip
_FINGER = re.compile(
    r"(?:hand|finger)?(thumb|index|middle|mid|ring|pinky|little)(?:finger)?0*([123]|proximal|intermediate|distal)"
)
_FINGER_NAMES = {"mid": "Middle", "little": "Pinky"}
_FINGER_JOINTS = {"proximal": "1", "intermediate": "2", "distal": "3"}
_BIPED_FINGER = re.compile(r"finger([0-4])([12]?)")  # Finger0 is the thumb's first bone, Finger12 the index's third
_BIPED_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")

REQUIRED: tuple[str, ...] = ("Hips", "Spine", "Head")
REQUIRED += tuple(s + b for s in ("Left", "Right") for b in ("Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))


def mixamo_names(names: Sequence[str], parents: np.ndarray, place: str) -> tuple[str, ...]:
    """Return the bones' names with Mixamo's where they are known; other bones keep theirs.

    Args:
      names: J bone names as a file has them.
      parents: `[J]` parents, -1 for none; in any order.
      place: the file, for errors.

    Raises:
      InputError: bones that poses need (`REQUIRED`) are not there; it names them.
    """
    found: dict[str, int] = {}
    spellings = [_side_and_base(name) for name in names]
    for index in sorted(range(len(names)), key=lambda j: (_depth(parents, j), j)):
        bone = _bone_of(*spellings[index], {s for s in spellings if s[0] == spellings[index][0]})
        if bone:
            found.setdefault(bone, index)
    _find_hips(found, parents)
    _name_trunk(found, parents)
    missing = [bone for bone in REQUIRED if bone not in found]
    if missing:
        have = ", ".join(list(names)[:8])
        raise InputError(
            f"{place}: the skeleton lacks bones that poses need: {', '.join(missing)} (it has {have}, ...)"
        )
    by_index = {index: bone for bone, index in found.items()}
    # A bone that is not Mixamo's must not be taken for one of them.
    return tuple(by_index.get(j, f"{name}*" if name in found else name) for j, name in enumerate(names))


def _side_and_base(name: str) -> tuple[str, str]:
    """Return the side (`Left`, `Right` or none) and the rest of a name in lower case."""
    words = [w.lower() for w in _WORD.findall(name.rpartition(":")[2])]
    side = next((_SIDES[w] for w in words if w in _SIDES), "")
    base = "".join(w for w in words if w not in _SIDES and not _RIG_WORDS.fullmatch(w))
    return side, base.lstrip("0123456789")


def _bone_of(side: str, base: str, same_side: set[tuple[str, str]]) -> str:
    """Return Mixamo's name of a bone, or nothing; some tools append a number (`Hips_01`)."""
    bare = base.rstrip("0123456789")
    candidates = (base, bare + base[len(bare) :][:1], bare)
    return next(filter(None, (_exact_bone(side, candidate, same_side) for candidate in candidates)), "")


def _exact_bone(side: str, base: str, same_side: set[tuple[str, str]]) -> str:
    if not side:
        return _MIDDLE_OF.get(base, "")
    bases = {other for _, other in same_side}
    if base == "shoulder":  # the joint of the arm where there is a collar bone besides (SMPL)
        return side + ("Arm" if bases & set(_LIMBS["Shoulder"]) and not bases & set(_LIMBS["Arm"]) else "Shoulder")
    if base == "foot":
        return side + ("ToeBase" if bases & set(_LIMBS["Foot"]) else "Foot")
    if base in _LIMB_OF:
        return side + _LIMB_OF[base]
    return _finger(side, base)


def _finger(side: str, base: str) -> str:
    if named := _FINGER.fullmatch(base):
        finger = _FINGER_NAMES.get(named[1], named[1].capitalize())
        return f"{side}Hand{finger}{_FINGER_JOINTS.get(named[2], named[2])}"
    if numbered := _BIPED_FINGER.fullmatch(base):
        return f"{side}Hand{_BIPED_FINGERS[int(numbered[1])]}{int(numbered[2] or 0) + 1}"
    return ""


def _depth(parents: np.ndarray, index: int) -> int:
    return len(_ancestors(parents, index))


def _ancestors(parents: np.ndarray, index: int) -> list[int]:
    """Return the bones above one, the nearest first."""
    above = []
    while parents[index] >= 0:
        index = int(parents[index])
        above.append(index)
    return above


def _find_hips(found: dict[str, int], parents: np.ndarray) -> None:
    """Take the bone that both legs hang from for the hips if none is called so."""
    if "Hips" in found or "LeftUpLeg" not in found or "RightUpLeg" not in found:
        return
    right = _ancestors(parents, found["RightUpLeg"])
    shared = [j for j in _ancestors(parents, found["LeftUpLeg"]) if j in right]
    if shared:
        found["Hips"] = shared[0]


def _name_trunk(found: dict[str, int], parents: np.ndarray) -> None:
    """Name the bones between hips and neck Spine, Spine1 and Spine2: the first, the middle and the last of them."""
    if "Hips" not in found or "Head" not in found:
        return
    above = _ancestors(parents, found["Head"])
    if found["Hips"] not in above:
        return
    chain = above[: above.index(found["Hips"])][::-1]
    if found.get("Neck") in chain:
        chain = chain[: chain.index(found["Neck"])]
    elif len(chain) > 1:
        found["Neck"] = chain.pop()
    if not chain:
        return
    for bone, place in (("Spine", 0), ("Spine2", len(chain) - 1), ("Spine1", len(chain) // 2)):
        if chain[place] not in found.values():
            found[bone] = chain[place]
