"""The body template that DensePose's charts lie on: SMPL's, from the user's `.obj` or `.npz`."""

import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError

_VERTEX_KEYS = ("v_template", "vertices")
_FACE_KEYS = ("f", "faces")
WHERE = "SMPL's template comes with the models of smpl.is.tue.mpg.de"


@dataclass(frozen=True)
class Template:
    """A body in SMPL's order of vertices.

    Attributes:
      path: the file.
      vertices: `[V, 3]` float64, as in the file.
      faces: `[F, 3]` int64, or None where the file has none.
    """

    path: Path
    vertices: np.ndarray
    faces: np.ndarray | None


def find_template(folder: Path, count: int) -> Template:
    """Return the one template with `count` vertices among the `.obj` and `.npz` files of a folder.

    Raises:
      InputError: there is none, or more than one that differ.
    """
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in (".obj", ".npz") and f.is_file())
    if not files:
        pickled = next((f.name for f in sorted(folder.iterdir()) if f.suffix.lower() == ".pkl"), None)
        hint = f"; save v_template and f of {pickled} as .npz" if pickled else f"; {WHERE}"
        raise InputError(f"{folder}: no template: an .obj or .npz with {count} vertices is needed{hint}")
    templates = [template for template in map(read_template, files) if template is not None]
    fitting = [t for t in templates if len(t.vertices) == count]
    if not fitting:
        found = ", ".join(f"{t.path.name} has {len(t.vertices)}" for t in templates) or "no file has vertices"
        raise InputError(
            f"{folder}: no template: the charts need {count} vertices (SMPL has 6890), but {found}; {WHERE}"
        )
    for other in fitting[1:]:
        if not np.array_equal(other.vertices, fitting[0].vertices):
            names = f"{fitting[0].path.name} and {other.path.name}"
            raise InputError(f"{folder}: two templates that differ, {names}: keep one")
    return max(fitting, key=lambda t: t.faces is not None)


def read_template(path: Path) -> Template | None:
    """Read a template; None for an .npz that holds no vertices. Raises InputError if the file is broken."""
    template = _read_obj(path) if path.suffix.lower() == ".obj" else _read_npz(path)
    if template is None:
        return None
    vertices, faces = template.vertices, template.faces
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise InputError(f"{path}: vertices must be [V, 3], not {list(vertices.shape)}")
    if not np.isfinite(vertices).all():
        raise InputError(f"{path}: vertex {int((~np.isfinite(vertices)).any(1).argmax())} is not finite")
    if faces is not None and (faces.ndim != 2 or faces.shape[1] != 3):
        raise InputError(f"{path}: faces must be [F, 3], not {list(faces.shape)}")
    if faces is not None and len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise InputError(f"{path}: a face names a vertex that is not there ({len(vertices)} vertices)")
    return template


def _read_npz(path: Path) -> Template | None:
    """Read `v_template` or `vertices`, and `f` or `faces`, from an .npz."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            vertices = next((stored[key] for key in _VERTEX_KEYS if key in stored), None)
            faces = next((stored[key] for key in _FACE_KEYS if key in stored), None)
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npz with arrays v_template and f: {error}") from error
    if vertices is None:
        return None
    if vertices.dtype.kind not in "fiu" or (faces is not None and faces.dtype.kind not in "fiu"):
        raise InputError(f"{path}: v_template and f must be numbers")
    return Template(path, vertices.astype(np.float64), None if faces is None else faces.astype(np.int64))


def _read_obj(path: str | os.PathLike) -> Template:
    """Read the vertices and the triangles of an OBJ file, in their order."""
    path = Path(path)
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            try:
                if words[:1] == ["v"]:
                    vertices.append([float(w) for w in words[1:4]])
                elif words[:1] == ["f"]:
                    faces += _triangles(words[1:], len(vertices))
            except (ValueError, IndexError) as error:
                raise InputError(f"{path}: line {number}: {line.strip()[:60]!r}: {error}") from error
    if not vertices or any(len(v) != 3 for v in vertices):
        raise InputError(f"{path}: no vertices, or some without three coordinates")
    return Template(path, np.array(vertices), np.array(faces, np.int64) if faces else None)


def _triangles(corners: Iterable[str], count: int) -> list[list[int]]:
    """Return the triangles of an OBJ face (a fan), 0-based; negative numbers count back from `count`."""
    numbers = [int(corner.split("/")[0]) for corner in corners]
    numbers = [n - 1 if n > 0 else count + n for n in numbers]
    return [[numbers[0], numbers[k], numbers[k + 1]] for k in range(1, len(numbers) - 1)]
