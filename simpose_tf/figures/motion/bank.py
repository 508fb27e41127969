"""Poses by number: a bank of poses as joint angles, which any skeleton with (some of) Mixamo's bones can take.

The project's bank has drawn poses (made by `figures.motion.building`) and frames of `pybullet_data`'s clips;
users add their own. Training and validation share neither a pose nor a clip.
"""

import functools
import hashlib
import logging
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures import joints
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.kinematics import joint_rotations
from simpose_tf.figures.motion import humanoid3d, retarget
from simpose_tf.figures.motion.bvh import read_bvh
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.own.glb_clips import read_clips
from simpose_tf.splits import SPLITS, of_split

ASSET = Path(__file__).with_name("poses.npz")
STEPS = 100.0  # the asset keeps hundredths of a degree
MIN_DIFFERENCE = 12.0  # degrees: some joint of a pose differs by so much from that of any other pose of its source
# Degrees that a clip's joint may be beyond its limits; less is clipped, frames with more are left out.
MAX_EXCESS = 40.0
_FRAMES_PER_SECOND = 12.0  # of clips; faster ones are thinned first
_SIGNS = joints.axis_signs(retarget.BONES)
_VAL_SHARE = 5  # one clip in so many is for validation


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
    """Return the rotations `[J, 3, 3]` of a pose on a skeleton.

    Bones that only the skeleton has stay at rest; a turn of a bone that only the bank has (a further spine bone) goes
    to the next bones outward that the skeleton has.

    Args:
      bank: the poses.
      index: which one.
      skeleton: its bones are matched by name.
      mirrored: whether left and right change places.
    """
    turned = dict(zip(bank.bones, bank.angles[index].astype(float), strict=True))
    if mirrored:
        turned = {_other_side(name): (a if joints.side(name) else a * [1, -1, -1]) for name, a in turned.items()}
    own = joint_rotations(_SIGNS, np.array([turned.get(name, np.zeros(3)) for name in retarget.BONES]))
    frames: dict[str, np.ndarray] = {"": np.eye(3)}
    for rotation, (name, parent) in zip(own, retarget.PARENT_OF.items(), strict=True):
        frames[name] = frames[parent] @ rotation
    neutral, world = joints.neutral_from_rest(skeleton), np.empty((len(skeleton.names), 3, 3))
    result = np.empty_like(world)
    for j, (name, parent) in enumerate(zip(skeleton.names, skeleton.parents, strict=True)):
        above, rest = (world[parent], neutral[parent]) if parent >= 0 else (np.eye(3), np.eye(3))
        world[j] = frames.get(name, above)
        result[j] = rest.T @ above.T @ world[j] @ neutral[j]
    return result


def _other_side(name: str) -> str:
    return name.replace("Left", "*").replace("Right", "Left").replace("*", "Right")


@functools.cache
def pose_bank(split: str) -> PoseBank:
    """Return the project's poses of a split: drawn ones and those of `pybullet_data`'s clips.

    Raises InputError if a file is missing or broken.
    """
    _check_split(split)
    return joined([drawn_bank(split), clip_bank(split)])


@functools.cache
def read_asset(path: str | os.PathLike = ASSET) -> dict[str, np.ndarray]:
    """Return the asset's arrays (`figures.motion.building.build`). Raises InputError if it is missing or broken."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"no bank of poses: {path}: {error}") from error


def drawn_bank(split: str) -> PoseBank:
    """Return the drawn poses of a split."""
    asset = read_asset()
    rows = np.nonzero(asset["splits"] == split)[0]
    families = tuple(str(family) for family in asset["families"][rows])
    names = tuple(f"{family}-{number:04d}" for family, number in zip(families, asset["numbers"][rows], strict=True))
    angles = (asset["angles"][rows] / STEPS).astype(np.float32)
    return PoseBank(names, families, tuple(str(bone) for bone in asset["bones"]), angles)


@functools.cache
def clip_bank(split: str) -> PoseBank:
    """Return the poses of `pybullet_data`'s clips of a split: the frames that the asset lists as checked."""
    asset = read_asset()
    banks = []
    for path in humanoid3d.clip_files():
        clip = humanoid3d.read_clip(path)
        frames = asset["clip_frames"][asset["clip_names"] == clip.name]
        if split_of(clip.name) == split and len(frames):
            if frames.max() >= len(clip.rotations):
                raise InputError(f"{path}: not the clip that this project knows; install pybullet 3.2.7")
            banks.append(_bank(clip, frames, f"clip_{clip.name}", clip_angles(clip)[0]))
    return _in_order(joined(banks), tuple(str(bone) for bone in asset["bones"]))


def clip_angles(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Return angles `[T, B, 3]` (of `retarget.BONES`) inside the limits, and whether a frame is to be used `[T]`.

    Frames far beyond the limits are not, nor are those in the rest pose, which many clips begin with.
    """
    inside, beyond = retarget.within_limits(retarget.angles_of(clip))
    at_rest = np.abs(clip.rotations - np.eye(3)).max((1, 2, 3)) < 1e-6
    return inside, (beyond <= MAX_EXCESS) & ~at_rest


def distinct_frames(clip: Clip) -> np.ndarray:
    """Return the frames of a clip, `[K]`, that can be used and differ from the earlier ones by `MIN_DIFFERENCE`."""
    angles, usable = clip_angles(clip)
    step = max(1, round(clip.frames_per_second / _FRAMES_PER_SECOND))
    kept: list[int] = []
    for frame in range(0, len(angles), step):
        far = not kept or differences(retarget.BONES, angles[frame : frame + 1], angles[kept]).min() >= MIN_DIFFERENCE
        if usable[frame] and far:
            kept.append(frame)
    return np.array(kept, int)


def differences(bones: Sequence[str], angles: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return `[N, M]` degrees: how far the joint that differs most between two poses has to turn.

    Fingers don't count, nor does how the whole body is turned.

    Args:
      bones: B names.
      angles: `[N, B, 3]` degrees.
      others: `[M, B, 3]`.
    """
    least = np.ones((len(angles), len(others)), np.float32)
    for k, name in enumerate(bones):
        if name != "Hips" and (name.endswith("Hand") or "Hand" not in name):
            signs = joints.axis_signs([name])[0]
            a, b = (Rotation.from_matrix(joint_rotations(signs, x[:, k])).as_quat() for x in (angles, others))
            least = np.minimum(least, np.abs(a.astype(np.float32) @ b.astype(np.float32).T))
    return np.degrees(2 * np.arccos(np.clip(least, 0, 1)))


def split_of(name: str) -> str:
    """Return the split of a clip: by a hash of its name, about one in five to `val`."""
    return "val" if hashlib.sha256(name.encode()).digest()[0] % _VAL_SHARE == 0 else "train"


@functools.lru_cache(maxsize=8)
def user_motion(folder: str, split: str) -> PoseBank:
    """Return the poses of a user's clips of a split: all .bvh and .glb files of a folder and the folders in it.

    A file is for validation or for training by its name (`splits.of_split`).

    Raises:
      InputError: there is no such folder, a file can't be read, or the split has no file or no pose.
    """
    _check_split(split)
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"--motion: no folder {folder}")
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in (".bvh", ".glb"))
    if not files:
        raise InputError(f"--motion: no .bvh or .glb file in {folder}")
    own = [Path(path) for path in of_split([str(file) for file in files], split, f"--motion={folder}")]
    banks = [bank for path in own for bank in _banks_of_file(root, path)]
    if not banks:
        raise InputError(f"--motion: no usable pose in the {len(own)} files of {folder} for {split}")
    return _in_order(joined(banks), tuple(str(bone) for bone in read_asset()["bones"]))


def _banks_of_file(root: Path, path: Path) -> list[PoseBank]:
    """Return the poses of a file, a bank per clip that has any."""
    clips = [read_bvh(path)] if path.suffix.lower() == ".bvh" else read_clips(path)
    banks = []
    for k, clip in enumerate(clips):
        frames, (angles, usable) = distinct_frames(clip), clip_angles(clip)
        if not usable.all():
            what = f"{np.sum(~usable)} of {len(usable)} frames are at rest or beyond the joints' limits, and left out"
            logging.getLogger(__name__).warning("%s: %s", path, what)
        if len(frames):
            family = "user_" + path.relative_to(root).with_suffix("").as_posix() + (f"_{k}" if len(clips) > 1 else "")
            banks.append(_bank(clip, frames, family, angles))
    return banks


def _bank(clip: Clip, frames: np.ndarray, family: str, angles: np.ndarray) -> PoseBank:
    names = tuple(f"{family}-{frame:04d}" for frame in frames)
    # Rounded as in the asset: the last bits of sums differ with where arrays lie in memory.
    rounded = np.round(angles[frames] * STEPS) / STEPS + 0.0
    return PoseBank(names, (family,) * len(frames), retarget.BONES, rounded.astype(np.float32))


def _in_order(bank: PoseBank, bones: tuple[str, ...]) -> PoseBank:
    """Return a bank with its bones in another order."""
    return PoseBank(bank.names, bank.families, bones, bank.angles[:, [bank.bones.index(bone) for bone in bones]])


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InputError(f"no split {split!r}; there are {', '.join(SPLITS)}")
