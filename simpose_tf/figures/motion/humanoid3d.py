"""The motion-capture clips of `pybullet_data` (the 15 `humanoid3d_*.txt` of DeepMimic, Peng 2018), as clips.

The files are text; the package is never imported. Their frame has x to the front, y up and z to the right; limbs hang
straight down in the rest pose.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.motion.clips import Clip

_OURS_FROM_THEIRS = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])

# Bones in the files' order, with parent, number of values and joint in metres (pybullet_data's humanoid.urdf, a quarter
# of its size), the files' axes.
_BONES: tuple[tuple[str, str, int, tuple[float, float, float]], ...] = (
    ("Hips", "", 4, (0.0, 0.0, 0.0)),
    ("Spine2", "Hips", 4, (0.0, 0.236, 0.0)),
    ("Head", "Spine2", 4, (0.0, 0.224, 0.0)),
    ("RightUpLeg", "Hips", 4, (0.0, 0.0, 0.085)),
    ("RightLeg", "RightUpLeg", 1, (0.0, -0.422, 0.0)),
    ("RightFoot", "RightLeg", 4, (0.0, -0.41, 0.0)),
    ("RightArm", "Spine2", 4, (-0.024, 0.244, 0.183)),
    ("RightForeArm", "RightArm", 1, (0.0, -0.275, 0.0)),
    ("LeftUpLeg", "Hips", 4, (0.0, 0.0, -0.085)),
    ("LeftLeg", "LeftUpLeg", 1, (0.0, -0.422, 0.0)),
    ("LeftFoot", "LeftLeg", 4, (0.0, -0.41, 0.0)),
    ("LeftArm", "Spine2", 4, (-0.024, 0.244, -0.183)),
    ("LeftForeArm", "LeftArm", 1, (0.0, -0.275, 0.0)),
)
_FIRST = 4  # numbers of a frame before its bones: seconds, and the hips' place


def clip_files() -> list[Path]:
    """Return the clips' files, sorted. Raises InputError if the package is not installed."""
    spec = importlib.util.find_spec("pybullet_data")
    folder = Path(spec.origin).parent / "data" / "motions" if spec is not None and spec.origin else None
    files = sorted(folder.glob("humanoid3d_*.txt")) if folder else []
    if not files:
        raise InputError("the motion-capture clips are missing: run `make setup` (it installs the wheel pybullet)")
    return files


def read_clip(path: Path) -> Clip:
    """Read one file. Raises InputError if it is no clip."""
    width = _FIRST + sum(row[2] for row in _BONES)
    try:
        frames = np.array(json.loads(path.read_text())["Frames"], float)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no clip of pybullet_data: {error}") from error
    if frames.ndim != 2 or frames.shape[1] != width:
        raise InputError(f"{path}: frames have {frames.shape[1:]} numbers instead of {width}")
    rotations, start = [], _FIRST
    for _, _, count, _ in _BONES:
        rotations.append(_rotation(frames[:, start : start + count]))
        start += count
    turned = _OURS_FROM_THEIRS @ np.stack(rotations, 1) @ _OURS_FROM_THEIRS.T
    seconds = float(np.median(frames[:, 0])) or 1 / 30
    return Clip(path.stem.removeprefix("humanoid3d_"), _skeleton(), turned, 1 / seconds)


def _rotation(values: np.ndarray) -> np.ndarray:
    """Return `[T, 3, 3]` of quaternions (w, x, y, z), or of angles about z (knees and elbows)."""
    if values.shape[1] == 1:
        return Rotation.from_rotvec(values * [[0.0, 0.0, 1.0]]).as_matrix()
    return Rotation.from_quat(values[:, [1, 2, 3, 0]]).as_matrix()


def _skeleton() -> Skeleton:
    names = tuple(row[0] for row in _BONES)
    parents = np.array([names.index(row[1]) if row[1] else -1 for row in _BONES])
    heads = np.zeros((len(names), 3))
    for j, row in enumerate(_BONES):
        heads[j] = (heads[parents[j]] if parents[j] >= 0 else 0) + _OURS_FROM_THEIRS @ np.array(row[3])
    down = np.array([0.0, -0.26, 0.0])
    ends = {"Spine2": [0, 0.224, 0], "Head": [0, 0.2, 0], "LeftFoot": [0, -0.05, 0.13], "RightFoot": [0, -0.05, 0.13]}
    children = {int(p): j for j, p in reversed(list(enumerate(parents))) if p >= 0 and names[p] not in ends}
    tails = np.stack(
        [heads[children[j]] if j in children else heads[j] + ends.get(n, down) for j, n in enumerate(names)]
    )
    return Skeleton(names, parents, heads, tails)
