"""Wavefront OBJ files: vertices with their colours, polygons and their groups; nothing else is kept."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError

_WIDTHS = (3, 4, 6, 7)  # x y z, then w, then r g b


@dataclass
class _Lines:
    """The lines of a file by kind, with their numbers (from 1).

    Attributes:
      vertex, face: what follows the keyword.
      vertex_at, face_at: the lines' numbers.
      seen: how many vertices stand before each face (for negative indices).
      groups: name -> indices into `face`.
    """

    vertex: list[str] = field(default_factory=list)
    vertex_at: list[int] = field(default_factory=list)
    face: list[str] = field(default_factory=list)
    face_at: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    groups: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Polygons:
    """A file's mesh as it stands there.

    Attributes:
      vertices: `[W, 3]` float64.
      colors: `[W, 3]` uint8 sRGB, or None.
      faces: `[G, 3]` int64; a polygon of n corners is n - 2 triangles about its first corner, one after the other.
      groups: name -> `[W]` bool: vertices of the group's faces.
    """

    vertices: np.ndarray
    colors: np.ndarray | None
    faces: np.ndarray
    groups: dict[str, np.ndarray]


def read_obj(path: str | os.PathLike) -> Polygons:
    """Read an OBJ file; groups are those of `g`, `o` and `usemtl`.

    Raises InputError, with the line, for what is no vertex or face, and for faces of vertices that are not there.
    """
    data = Path(path).read_bytes()
    if b"\0" in data[:4096]:
        raise InputError(f"{path}: not an OBJ file: it is not text")
    text = data.decode("utf-8-sig", "replace")
    lines = _sorted_lines(text.replace("\r\n", "\n").replace("\r", "\n").replace("\\\n", " ").split("\n"))
    values = _numbers(path, lines)
    corners, counts = _corners(path, lines, len(values))
    faces = fans(corners, counts)
    of_line = np.repeat(np.arange(len(counts)), np.maximum(counts - 2, 0))
    return Polygons(values[:, :3], _colors(values), faces, _groups(lines, faces, of_line, len(values)))


def _sorted_lines(lines: Sequence[str]) -> _Lines:
    found = _Lines()
    current: dict[str, list[str]] = {"g": [], "o": [], "usemtl": []}
    for number, line in enumerate(lines, 1):
        words = line.split(None, 1)
        if len(words) < 1 or words[0] not in ("v", "f", "g", "o", "usemtl"):
            continue
        kind, rest = words[0], words[1] if len(words) > 1 else ""
        if kind == "v":
            found.vertex.append(rest)
            found.vertex_at.append(number)
        elif kind == "f":
            for name in {name for names in current.values() for name in names}:
                found.groups[name].append(len(found.face))
            found.face.append(rest)
            found.face_at.append(number)
            found.seen.append(len(found.vertex))
        else:
            current[kind] = rest.split() if kind == "g" else [rest.strip()]
    return found


def _numbers(path: str | os.PathLike, lines: _Lines) -> np.ndarray:
    """Return the vertices' numbers `[W, 3..7]`. Raises InputError with the line that is no vertex."""
    rows = [line.partition("#")[0].split() for line in lines.vertex]
    for row, number in zip(rows, lines.vertex_at, strict=True):
        if len(row) not in _WIDTHS:
            raise InputError(f"{path}: line {number}: a vertex of {len(row)} numbers; 3, or 6 with a colour, are read")
    width = min(map(len, rows), default=3)
    try:
        return np.array([row[:width] for row in rows], float).reshape(-1, width)
    except ValueError:
        for row, number in zip(rows, lines.vertex_at, strict=True):
            if not all(_is_number(word) for word in row):
                raise InputError(f"{path}: line {number}: not a vertex: {' '.join(row)[:60]!r}") from None
        raise


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _colors(values: np.ndarray) -> np.ndarray | None:
    """Return colours of vertices `[W, 3]` uint8, given as 0..1 or 0..255, or None."""
    if values.shape[1] < 6 or not np.isfinite(values[:, -3:]).all():
        return None
    colors = values[:, -3:]
    return np.clip(np.round(colors * (255 if colors.max(initial=0) <= 1 else 1)), 0, 255).astype(np.uint8)


def _corners(path: str | os.PathLike, lines: _Lines, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices of all faces' corners one after the other, and how many each face has."""
    words = [re.sub(r"/\S*", "", line.partition("#")[0]).split() for line in lines.face]
    counts = np.array([len(row) for row in words], np.int64)
    if (counts < 3).any():
        worst = int(np.argmax(counts < 3))
        raise InputError(f"{path}: line {lines.face_at[worst]}: a face of {counts[worst]} corners")
    owner = np.repeat(np.arange(len(counts)), counts)
    try:
        index = np.array([word for row in words for word in row], np.int64)
    except (ValueError, OverflowError):
        worst = next(n for n, row in enumerate(words) if not all(re.fullmatch(r"[+-]?\d+", word) for word in row))
        raise InputError(f"{path}: line {lines.face_at[worst]}: not a face: {lines.face[worst][:60]!r}") from None
    corner = np.where(index < 0, np.array(lines.seen, np.int64)[owner] + index, index - 1)
    wrong = (index == 0) | (corner < 0) | (corner >= vertices)
    if wrong.any():
        worst = int(np.argmax(wrong))
        line = lines.face_at[owner[worst]]
        raise InputError(f"{path}: line {line}: vertex {index[worst]} is not there; the file has {vertices}")
    return corner, counts


def fans(corners: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return triangles `[G, 3]` of polygons in their order, each a fan about its first corner.

    Args:
      corners: the polygons' vertices, one after the other.
      counts: `[N]` corners of each polygon, at least 3.
    """
    triangles = counts - 2
    first = np.repeat(np.cumsum(counts) - counts, triangles)
    step = np.arange(triangles.sum()) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    return np.stack([corners[first], corners[first + step + 1], corners[first + step + 2]], 1).reshape(-1, 3)


def _groups(lines: _Lines, faces: np.ndarray, of_line: np.ndarray, vertices: int) -> dict[str, np.ndarray]:
    found = {}
    for name, members in lines.groups.items():
        chosen = np.zeros(len(lines.face), bool)
        chosen[members] = True
        found[name] = np.zeros(vertices, bool)
        found[name][faces[chosen[of_line]]] = True
    return found
