"""The body that is fitted: the open reference with directions of shape, bones and skin weights."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from simpose_tf.errors import InputError
from simpose_tf.figures import joints, makehuman
from simpose_tf.figures.figure import Skeleton
from simpose_tf.files import atomic_path
from simpose_tf.surface.reference import open_reference

ASSET = Path(__file__).with_name("space.npz")
_STEP = 1e-5  # metres: what a direction's numbers are rounded to; the left half alone is kept


@dataclass(frozen=True)
class BodySpace:
    """The body and how it may change.

    Attributes:
      faces: `[F, 3]` of the open reference.
      vertices: `[N, 3]` float64 rest vertices of the reference, metres.
      directions: `[K, N, 3]` float32: a shape is vertices + coefficients @ directions; random people have unit
        variance in each; the same by vertex:
      by_vertex: `[N, 3, K]`.
      log_size: `[K]` log of a person's size over the reference's, per coefficient.
      skeleton: the reference's J bones, parents first.
      head_directions: `[K, J, 3]` how the bones' heads change.
      skin: `[N, J]` sparse weights, rows sum to 1.
      below: `[J, J]` bool: whether a bone (column) is another one (row) or hangs on it.
      owner: `[N]` the bone that moves a vertex most.
      neutral: `[J, 3, 3]` and `above` `[J, 3, 3]`: `A` of a bone and of its parent (`figures.joints`).
      signs: `[J, 3]` of `joints.axis_signs`.
      rest_angles: `[J, 3]` degrees: the rest pose in anatomical angles.
    """

    faces: np.ndarray
    vertices: np.ndarray
    directions: np.ndarray
    by_vertex: np.ndarray
    log_size: np.ndarray
    skeleton: Skeleton
    head_directions: np.ndarray
    skin: sparse.csr_matrix
    below: np.ndarray
    owner: np.ndarray
    neutral: np.ndarray
    above: np.ndarray
    signs: np.ndarray
    rest_angles: np.ndarray


def save_space(path: str | os.PathLike, rest: np.ndarray, directions: np.ndarray, log_size: np.ndarray) -> None:
    """Write the asset: rest points `[P, 3]`, directions `[K, P, 3]` and log sizes `[K]` of `space_building`."""
    num, mirror = len(open_reference().vertices), open_reference().mirror
    half = np.arange(num) <= mirror
    vertices = directions[:, :num]
    across = vertices[:, mirror] * [-1, 1, 1]
    if np.abs(vertices - across).max() > 1e-3:
        raise ValueError("a direction of shape is not symmetric")
    rounded = np.round((vertices + across)[:, half] / 2 / _STEP).astype(np.int16)
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, half=rounded, ends=directions[:, num:], log_size=log_size, rest_ends=rest[num:])


@functools.cache
def body_space() -> BodySpace:
    """Return the body, loaded once per process. Raises InputError if the asset is missing or of another body."""
    reference, base = open_reference(), makehuman.load_base()
    try:
        with np.load(ASSET, allow_pickle=False) as stored:
            half, ends, log_size, rest_ends = (stored[key] for key in ("half", "ends", "log_size", "rest_ends"))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"no space of shapes: {ASSET}: {error}") from error
    directions = _whole(half, reference.mirror)
    bones = len(base.bones)
    names = tuple(bone[0] for bone in base.bones)
    parents = np.array([names.index(bone[1]) if bone[1] else -1 for bone in base.bones], np.int32)
    skeleton = Skeleton(names, parents, rest_ends[:bones], rest_ends[bones:])
    neutral = np.array(joints.neutral_from_rest(skeleton))
    above = np.where(parents[:, None, None] < 0, np.eye(3), neutral[parents])
    skin = base.skin[: len(reference.vertices)]
    return BodySpace(
        faces=reference.faces,
        vertices=reference.vertices.astype(np.float64),
        directions=directions,
        by_vertex=np.ascontiguousarray(directions.transpose(1, 2, 0)),
        log_size=log_size,
        skeleton=skeleton,
        head_directions=ends[:, :bones],
        skin=sparse.csr_matrix(skin.astype(np.float64)),
        below=_below(parents),
        owner=skin.argmax(1),
        neutral=neutral,
        above=above,
        signs=joints.axis_signs(names),
        rest_angles=joints.angles_from_rotations(skeleton, np.tile(np.eye(3), (bones, 1, 1))),
    )


def _whole(half: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Return directions `[K, N, 3]` of their kept half `[K, H, 3]`."""
    kept = np.flatnonzero(np.arange(len(mirror)) <= mirror)
    result = np.empty((len(half), len(mirror), 3), np.float32)
    result[:, kept] = half * np.float32(_STEP)
    result[:, mirror[kept]] = result[:, kept] * np.array([-1, 1, 1], np.float32)
    middle = kept[mirror[kept] == kept]
    result[:, middle, 0] = 0
    return result


def _below(parents: np.ndarray) -> np.ndarray:
    """Return `[J, J]` bool: whether a bone (column) is another one (row) or hangs on it."""
    result = np.eye(len(parents), dtype=bool)
    for j in range(len(parents) - 1, 0, -1):
        if parents[j] >= 0:
            result[parents[j]] |= result[j]
    return result
