"""BVH motion-capture files (Biovision hierarchy), as from CMU's data base and MakeHuman, as clips."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.own.bone_names import mixamo_names

_ROTATIONS = {"Xrotation": "X", "Yrotation": "Y", "Zrotation": "Z"}
_POSITIONS = ("Xposition", "Yposition", "Zposition")
_MOST_FRAMES = 200_000

# MakeHuman's `default` rig, whose fingers and arms are numbered unlike any other's.
_MAKEHUMAN = {
    "root": "Hips", "spine05": "Spine", "spine03": "Spine1", "spine01": "Spine2", "neck01": "Neck", "head": "Head",
    "clavicle": "Shoulder", "upperarm01": "Arm", "lowerarm01": "ForeArm", "wrist": "Hand", "upperleg01": "UpLeg",
    "lowerleg01": "Leg", "foot": "Foot",
}  # fmt: skip
_MAKEHUMAN |= {
    f"finger{k}-{joint}": f"Hand{name}{joint}"
    for k, name in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky"), 1)
    for joint in (1, 2, 3)
}


@dataclass
class _Hierarchy:
    """What the first part of a file says: a row per joint, parents first."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)
    ends: dict[int, list[float]] = field(default_factory=dict)


class _Lines:
    """The lines of a file that are not empty, split into words, with their numbers for error messages."""

    def __init__(self, path: Path):
        self.path, self.number = path, 0
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{path}: can't be read: {error.strerror}") from error
        self.rows = [(k, line.split()) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
        self.next = 0

    def words(self, wanted: str) -> list[str]:
        """Return the next line's words. Raises InputError at the end of the file, telling what was wanted."""
        if self.next >= len(self.rows):
            raise InputError(f"{self.path}: ends where {wanted} should come: the file is cut off or no BVH file")
        self.number, words = self.rows[self.next]
        self.next += 1
        return words

    def wrong(self, what: str) -> InputError:
        """Return an error that names the line that was read last."""
        return InputError(f"{self.path}, line {self.number}: {what}")

    def numbers(self, words: list[str], count: int, what: str) -> list[float]:
        """Return `count` finite numbers. Raises InputError otherwise."""
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise self.wrong(f"{what}: {error}") from error
        if len(values) != count or not np.isfinite(values).all():
            raise self.wrong(f"{what}: {len(values)} numbers instead of {count}, or not finite ones")
        return values


def read_bvh(path: str | os.PathLike) -> Clip:
    """Read a BVH file as a clip; bones get Mixamo's names where they are known, positions are left out.

    Raises:
      InputError: the file can't be read, is no BVH file or cut off (with the line), or its skeleton lacks bones.
    """
    lines = _Lines(Path(path))
    if lines.words("HIERARCHY")[0].upper() != "HIERARCHY":
        raise lines.wrong("a BVH file begins with HIERARCHY")
    hierarchy = _read_hierarchy(lines)
    values, seconds = _read_motion(lines, sum(len(channels) for channels in hierarchy.channels))
    parents = np.array(hierarchy.parents)
    names = _mixamo_names(hierarchy.names, parents, str(path))
    upright = _upright(names, _heads(hierarchy), str(path))
    heads = _heads(hierarchy) @ upright.T
    skeleton = Skeleton(names, parents, heads, _tails(hierarchy, heads, upright))
    rotations = upright @ _rotations(hierarchy, values) @ upright.T
    return Clip(Path(path).stem, skeleton, rotations, 1 / seconds)


def _read_hierarchy(lines: _Lines) -> _Hierarchy:
    result, stack = _Hierarchy(), list[int]()
    in_end = False
    while True:
        words = lines.words("MOTION")
        key = words[0].upper()
        if key == "MOTION":
            if stack or not result.names:
                raise lines.wrong("MOTION before the skeleton's last brace is closed")
            return result
        if key in ("ROOT", "JOINT"):
            result.names.append(" ".join(words[1:]) or f"joint {len(result.names)}")
            result.parents.append(stack[-1] if stack else -1)
            result.offsets.append([0.0, 0.0, 0.0])
            result.channels.append([])
            if key == "ROOT" and len(result.names) > 1:
                raise lines.wrong("a second ROOT: files with several people can't be read")
        elif key == "END":
            in_end = True
        elif key == "{":
            stack.append(len(result.names) - 1)
        elif key == "}" and stack:
            stack.pop()
            in_end = False
        elif key == "OFFSET" and stack:
            offset = lines.numbers(words[1:], 3, "OFFSET")
            if in_end:
                result.ends[stack[-1]] = offset
            else:
                result.offsets[stack[-1]] = offset
        elif key == "CHANNELS" and stack:
            result.channels[stack[-1]] = _channels(lines, words)
        else:
            raise lines.wrong(f"unexpected {' '.join(words)[:40]!r} in the skeleton")


def _channels(lines: _Lines, words: list[str]) -> list[str]:
    """Return the channels of a joint."""
    channels = words[2:]
    unknown = [name for name in channels if name not in _ROTATIONS and name not in _POSITIONS]
    axes = [name for name in channels if name in _ROTATIONS]
    if len(words) < 2 or words[1] != str(len(channels)) or unknown or len(set(axes)) != len(axes):
        raise lines.wrong(f"CHANNELS: want their number and names such as Xrotation, got {' '.join(words[1:])[:60]!r}")
    return channels


def _read_motion(lines: _Lines, width: int) -> tuple[np.ndarray, float]:
    """Return the channels' values `[T, width]` and the seconds between frames."""
    words = lines.words("Frames:")
    if words[0].lower() != "frames:":
        raise lines.wrong("want `Frames: N` after MOTION")
    count = int(lines.numbers(words[1:], 1, "Frames")[0])
    if not 1 <= count <= _MOST_FRAMES:
        raise lines.wrong(f"Frames: {count}; want 1 to {_MOST_FRAMES}")
    words = lines.words("Frame Time:")
    if [word.lower() for word in words[:2]] != ["frame", "time:"]:
        raise lines.wrong("want `Frame Time: seconds`")
    seconds = lines.numbers(words[2:], 1, "Frame Time")[0]
    if seconds <= 0:
        raise lines.wrong("Frame Time must be above 0")
    rows = [lines.numbers(lines.words(f"frame {k + 1} of {count}"), width, f"frame {k + 1}") for k in range(count)]
    return np.array(rows).reshape(count, width), seconds


def _heads(hierarchy: _Hierarchy) -> np.ndarray:
    """Return the joints in the rest pose `[J, 3]`, the file's axes, the root at the origin."""
    heads = np.zeros((len(hierarchy.names), 3))
    for j, parent in enumerate(hierarchy.parents):
        if parent >= 0:
            heads[j] = heads[parent] + hierarchy.offsets[j]
    return heads


def _tails(hierarchy: _Hierarchy, heads: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """Return the bones' ends `[J, 3]`: their end site, or else their first child that is elsewhere."""
    tails = heads.copy()
    for j in range(len(heads)):
        children = [k for k, parent in enumerate(hierarchy.parents) if parent == j and (heads[k] != heads[j]).any()]
        if j in hierarchy.ends:
            tails[j] = heads[j] + upright @ np.array(hierarchy.ends[j])
        elif children:
            tails[j] = heads[children[0]]
    return tails


def _rotations(hierarchy: _Hierarchy, values: np.ndarray) -> np.ndarray:
    """Return the joints' rotations `[T, J, 3, 3]`: Euler angles in the order of the channels, the first outermost."""
    result = np.tile(np.eye(3), (len(values), len(hierarchy.names), 1, 1))
    start = 0
    for j, channels in enumerate(hierarchy.channels):
        turning = [k for k, name in enumerate(channels) if name in _ROTATIONS]
        if turning:
            order = "".join(_ROTATIONS[channels[k]] for k in turning)
            angles = values[:, [start + k for k in turning]]
            result[:, j] = Rotation.from_euler(order, angles, degrees=True).as_matrix()
        start += len(channels)
    return result


def _mixamo_names(names: list[str], parents: np.ndarray, place: str) -> tuple[str, ...]:
    """Return the joints' names as Mixamo's, where known."""
    if "upperarm01.L" not in names:
        return mixamo_names(names, parents, place)
    sides = {"L": "Left", "R": "Right"}
    parts = [name.rpartition(".") for name in names]
    return tuple(
        sides[side] + _MAKEHUMAN[base] if side in sides and base in _MAKEHUMAN else _MAKEHUMAN.get(name, name)
        for name, (base, _, side) in zip(names, parts, strict=True)
    )


def _upright(names: tuple[str, ...], heads: np.ndarray, place: str) -> np.ndarray:
    """Return the rotation `[3, 3]` from the file's axes to y up and the front to +z; files also have z up."""
    at = dict(zip(names, heads, strict=True))
    up, left = at["Head"] - at["Hips"], at["LeftUpLeg"] - at["RightUpLeg"]
    rows = [np.eye(3)[np.abs(way).argmax()] * np.sign(way[np.abs(way).argmax()]) for way in (left, up)]
    if abs(rows[0] @ rows[1]) > 0 or not (rows[0].any() and rows[1].any()):
        raise InputError(f"{place}: the skeleton does not stand upright in its rest pose")
    return np.stack([rows[0], rows[1], np.cross(rows[0], rows[1])])
