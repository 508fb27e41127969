"""Reference surfaces: a body mesh whose faces carry part and uv."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.files import atomic_path

_OPEN = Path(__file__).with_name("open_reference.npz")


@dataclass(frozen=True)
class Reference:
    """A charted body in the rest pose.

    Attributes:
      name: `open` or what the user called it.
      vertices: `[V, 3]` float32 metres, figure frame (x left, y up, z front), feet on y = 0.
      faces: `[F, 3]` int32, counter-clockwise seen from outside. On `open` faces 2q and 2q + 1 are quad q of the
        base mesh's body and vertices are its first V: any other shape of the base mesh has the same charts.
      part: `[F]` uint8, 1..24.
      uv: `[F, 3, 2]` float32 chart coordinates of the corners, in [0, 1].
      mirror: `[V]` int32 the vertex on the other side (itself on the middle plane); on a user's surface the nearest.
      flip_table: `[24, 256, 256, 2]` float32 (u, v) of the mirrored place by [part - 1, v, u] where the user has the
        official table; see `surface.symmetry`. Not saved.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    mirror: np.ndarray
    flip_table: np.ndarray | None = None


_TYPES = {"vertices": np.float32, "faces": np.int32, "part": np.uint8, "uv": np.float32, "mirror": np.int32}


def save_reference(path: str | os.PathLike, reference: Reference) -> None:
    """Write a reference surface as a compressed .npz without pickles."""
    arrays = {key: getattr(reference, key).astype(kind) for key, kind in _TYPES.items()}
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, name=np.array(reference.name), **arrays)


def load_reference(path: str | os.PathLike) -> Reference:
    """Read what `save_reference` wrote. Raises InputError if it is no such file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in _TYPES}
            name = str(stored["name"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"no reference surface: {path}: {error}") from error
    for key, kind in _TYPES.items():
        if arrays[key].dtype != kind:
            raise InputError(f"no reference surface: {path}: {key} is {arrays[key].dtype}, not {np.dtype(kind)}")
    return Reference(name, **arrays)


@functools.cache
def open_reference() -> Reference:
    """Return the built-in reference surface: our 24 charts on the CC0 MakeHuman base mesh."""
    return load_reference(_OPEN)
