"""PLY files, ascii and binary: vertices with their colours, and polygons."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_obj import Polygons, fans

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
_FACES = ("vertex_indices", "vertex_index")


@dataclass(frozen=True)
class _Element:
    """A kind of rows: its name, how many there are, and (name, type, type of the count or None) of its properties."""

    name: str
    count: int
    properties: tuple[tuple[str, str, str | None], ...]


def read_ply(path: str | os.PathLike) -> Polygons:
    """Read a PLY file. Raises InputError if it is none, is cut off, or has no vertices and faces that we understand."""
    data = Path(path).read_bytes()
    order, elements, start = _header(path, data)
    body = data[start:]
    try:
        rows = _ascii_rows(elements, body) if order is None else _binary_rows(elements, body, order)
        vertex, face = rows.get("vertex", {}), rows.get("face", {})
        if any(isinstance(vertex[axis], tuple) for axis in "xyz"):
            raise KeyError("lists as coordinates")
        places = np.stack([np.asarray(vertex[axis], float) for axis in "xyz"], 1)
        corners, counts = next(face[name] for name in _FACES if name in face)
    except (KeyError, StopIteration) as error:
        raise InputError(f"{path}: no PLY mesh: it lacks vertices with x, y, z or faces with vertex_indices") from error
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: cut off or damaged: {error}") from error
    _check_faces(path, corners, counts, len(places))
    return Polygons(places, _colors(vertex), fans(corners.astype(np.int64), counts.astype(np.int64)), {})


def _header(path: str | os.PathLike, data: bytes) -> tuple[str | None, list[_Element], int]:
    """Return the byte order (None for ascii), the elements, and where the body begins."""
    end = data.find(b"end_header")
    if data[:3] != b"ply" or end < 0:
        raise InputError(f"{path}: not a PLY file")
    order, elements = None, []
    try:
        for line in data[:end].decode("ascii", "replace").splitlines():
            words = line.split()
            if words[:1] == ["format"]:
                order = None if words[1] == "ascii" else _ORDERS[words[1]]
            elif words[:1] == ["element"]:
                if int(words[2]) < 0:
                    raise ValueError
                elements.append(_Element(words[1], int(words[2]), ()))
            elif words[:1] == ["property"]:
                last = elements[-1]
                kind, count = (words[3], _TYPES[words[2]]) if words[1] == "list" else (words[1], None)
                more = (*last.properties, (words[-1], _TYPES[kind], count))
                elements[-1] = _Element(last.name, last.count, more)
    except (IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path}: a PLY header that is not understood: {line.strip()!r}") from error
    return order, elements, data.index(b"\n", end) + 1 if b"\n" in data[end:] else len(data)


def _ascii_rows(elements: list[_Element], body: bytes) -> dict[str, dict]:
    """Return element -> property -> values; those of a list are (all of them in a row, how many each row has)."""
    values = np.array(body.split(), float)
    found: dict[str, dict] = {}
    position = 0
    for element in elements:
        if not any(count for *_, count in element.properties):
            width = len(element.properties)
            block = _taken(values, position, element.count * width, element.name).reshape(-1, width)
            found[element.name] = {name: block[:, k] for k, (name, *_) in enumerate(element.properties)}
            position += block.size
        else:
            position, found[element.name] = _listed(element, values, position)
    return found


def _listed(element: _Element, values: np.ndarray, position: int) -> tuple[int, dict]:
    """Return where a list element of an ascii file ends, and its values."""
    columns: dict[str, list] = {name: [] for name, *_ in element.properties}
    for _ in range(element.count):
        for name, _kind, count in element.properties:
            length = 1 if count is None else int(_taken(values, position, 1, element.name)[0])
            position += count is not None
            columns[name].append(_taken(values, position, length, element.name))
            position += length
    return position, _joined(element, columns)


def _joined(element: _Element, columns: dict[str, list]) -> dict:
    """Return rows one after the other, those of a list with how many each has."""
    found: dict[str, np.ndarray | tuple[np.ndarray, np.ndarray]] = {}
    for name, _, count in element.properties:
        rows = columns[name]
        values = np.concatenate([np.zeros(0), *rows])
        found[name] = values if count is None else (values, np.array([len(row) for row in rows], np.int64))
    return found


def _taken(values: np.ndarray, position: int, length: int, what: str) -> np.ndarray:
    if length < 0 or position + length > len(values):
        raise ValueError(f"the file ends before its {what} data")
    return values[position : position + length]


def _binary_rows(elements: list[_Element], body: bytes, order: str) -> dict[str, dict]:
    """Return the same of a binary file."""
    found: dict[str, dict] = {}
    position = 0
    for element in elements:
        lengths = _first_lengths(element, body, position, order)
        row = np.dtype(
            [field for name, kind, count in element.properties for field in _fields(name, kind, count, order, lengths)]
        )
        end = position + row.itemsize * element.count
        table = np.frombuffer(body[position:end], row) if end <= len(body) else None
        if table is not None and all((table["#" + name] == length).all() for name, length in lengths.items()):
            found[element.name] = {
                name: (table[name].ravel(), table["#" + name].astype(np.int64)) if count else table[name]
                for name, _, count in element.properties
            }
        elif lengths:
            end, found[element.name] = _walked(element, body, position, order)
        else:
            raise ValueError(f"the file ends before its {element.name} data")
        position = end
    return found


def _fields(name: str, kind: str, count: str | None, order: str, lengths: dict[str, int]) -> list[tuple]:
    if count is None:
        return [(name, order + kind)]
    return [("#" + name, order + count), (name, order + kind, (lengths[name],))]


def _first_lengths(element: _Element, body: bytes, position: int, order: str) -> dict[str, int]:
    """Return how long the lists of the first row are: mostly those of all rows are, as in a mesh of triangles."""
    lengths: dict[str, int] = {}
    for name, kind, count in element.properties:
        if count is not None:
            lengths[name] = int(_number(body, position, order + count)) if element.count else 0
            position += np.dtype(count).itemsize + lengths[name] * np.dtype(kind).itemsize
        else:
            position += np.dtype(kind).itemsize
    return lengths


def _number(body: bytes, position: int, kind: str) -> float:
    if position + np.dtype(kind).itemsize > len(body):
        raise ValueError("the file ends before its data")
    return np.frombuffer(body, kind, 1, position)[0]


def _walked(element: _Element, body: bytes, position: int, order: str) -> tuple[int, dict]:
    """Read an element row by row, for lists of different lengths."""
    columns: dict[str, list] = {name: [] for name, *_ in element.properties}
    for _ in range(element.count):
        for name, kind, count in element.properties:
            length = 1
            if count is not None:
                length = int(_number(body, position, order + count))
                position += np.dtype(count).itemsize
            size = length * np.dtype(kind).itemsize
            if length < 0 or position + size > len(body):
                raise ValueError(f"the file ends before its {element.name} data")
            columns[name].append(np.frombuffer(body, order + kind, length, position))
            position += size
    return position, _joined(element, columns)


def _colors(vertex: dict[str, np.ndarray]) -> np.ndarray | None:
    """Return colours of vertices `[W, 3]` uint8, or None."""
    if not all(name in vertex for name in ("red", "green", "blue")):
        return None
    colors = np.stack([np.asarray(vertex[name]) for name in ("red", "green", "blue")], 1)
    unit = colors.dtype.kind == "f" and colors.max(initial=0) <= 1 and (colors % 1).any()
    return np.clip(np.round(colors * (255 if unit else 1)), 0, 255).astype(np.uint8)


def _check_faces(path: str | os.PathLike, corners: np.ndarray, counts: np.ndarray, vertices: int) -> None:
    """Raise InputError, with the face, for polygons of two corners or of vertices that are not there."""
    if (counts < 3).any():
        worst = int(np.argmax(counts < 3))
        raise InputError(f"{path}: face {worst} has {counts[worst]} corners")
    wrong = ~((corners >= 0) & (corners < vertices) & (corners % 1 == 0))  # of text also NaN
    if wrong.any():
        worst = int(np.argmax(wrong))
        face = int(np.searchsorted(np.cumsum(counts), worst, side="right"))
        raise InputError(f"{path}: face {face}: vertex {corners[worst]:g} is not there; the file has {vertices}")
