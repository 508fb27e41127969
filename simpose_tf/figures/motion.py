"""Poses by number: a bank of poses as joint angles, which any skeleton with (some of) Mixamo's bones can take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton


@dataclass(frozen=True)
class PoseBank:
    """Poses.

    Attributes:
      names: N unique names, `family-number` (`walk-0017`).
      families: N families (`walk`); a `sit` pose wants a seat.
      bones: B bone names (Mixamo's).
      angles: `[N, B, 3]` float32 degrees: flexion, abduction, twist (`figures.joints`).
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    bones: tuple[str, ...]
    angles: np.ndarray


def joined(banks: Sequence[PoseBank]) -> PoseBank:
    """Return one bank of several; all have the same bones."""
    if len({bank.bones for bank in banks}) != 1:
        raise ValueError("pose banks to join must have the same bones")
    names = tuple(name for bank in banks for name in bank.names)
    families = tuple(family for bank in banks for family in bank.families)
    return PoseBank(names, families, banks[0].bones, np.concatenate([bank.angles for bank in banks]))


def pose_rotations(bank: PoseBank, index: int, skeleton: Skeleton, mirrored: bool = False) -> np.ndarray:
    """Return the rotations `[J, 3, 3]` of a pose on a skeleton; bones that the bank lacks stay at rest.

    Args:
      bank: the poses.
      index: which one.
      skeleton: its bones are matched by name.
      mirrored: whether left and right change places.
    """
    angles = np.zeros((len(skeleton.names), 3))
    for name, triple in zip(bank.bones, bank.angles[index].astype(float), strict=True):
        if mirrored:
            name = name.replace("Left", "*").replace("Right", "Left").replace("*", "Right")
            triple = triple if joints.side(name) else triple * [1, -1, -1]
        if name in skeleton.names:
            angles[skeleton.names.index(name)] = triple
    return joints.rotations_from_angles(skeleton, angles)
