"""A user's MakeHuman garments: .mhclo (how it hangs on the base mesh), .obj (its faces) and .mhmat (how it looks).

A garment's vertex is three vertices of the base mesh (its helper cages too) with weights, and an offset that scales
with the body: so it fits any shape, and skin weights and charts of the body carry over.
Format: http://www.makehumancommunity.org/wiki/Documentation:MHCLO_file_format
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import patches
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.makehuman import METRES_PER_UNIT, BaseMesh

_BASE_MESH = "hm08"
_SECTIONS = ("verts", "weights", "delete_verts")
_AXES = ("x_scale", "y_scale", "z_scale")


@dataclass(frozen=True)
class Look:
    """A garment's material: sRGB `color`, its `texture` file if that is there, and whether the texture has holes."""

    color: tuple[float, float, float]
    texture: Path | None
    transparent: bool


@dataclass(frozen=True)
class Clothes:
    """A garment (clothes, shoes, hair or a hat) before it is fitted to a body.

    Attributes:
      name: of the file, without suffix.
      path: its .mhclo.
      tags: lower case, as the file has them.
      ids: `[V, 3]` int32 vertices of the base mesh, and
      weights: `[V, 3]` float64 their weights.
      offsets: `[V, 3]` float64 metres, before scaling.
      scales: `[3, 3]` float64 rows x, y, z: two vertices of the base mesh and their distance along the axis, in metres,
        at which offsets are true to scale.
      deleted: ids `[D]` of the base mesh's vertices that are hidden under the garment.
      faces: `[F, 3]` int32.
      texture_uv: `[F, 3, 2]` float32, (0, 0) upper left; None without.
      look: its material.
    """

    name: str
    path: Path
    tags: frozenset[str]
    ids: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: np.ndarray
    deleted: np.ndarray
    faces: np.ndarray
    texture_uv: np.ndarray | None
    look: Look


def load_clothes(path: Path, num_base_vertices: int) -> Clothes:
    """Read a garment's files. Raises InputError, with file and line, for what is wrong in them."""
    values, rows, deleted = _read_mhclo(path, num_base_vertices)
    if values.get("basemesh", [_BASE_MESH])[0] != _BASE_MESH:
        raise InputError(f"{path}: made for base mesh {values['basemesh'][0]!r}; only {_BASE_MESH} is supported")
    if "obj_file" not in values:
        raise InputError(f"{path}: no line 'obj_file'")
    obj = path.parent / " ".join(values["obj_file"])
    count, faces, texture_uv = _read_obj(obj)
    if count != len(rows):
        raise InputError(f"{path}: binds {len(rows)} vertices, but {obj.name} has {count}")
    scales = np.array([_scale(path, axis, values.get(axis), num_base_vertices) for axis in _AXES])
    table = np.array(rows)
    return Clothes(
        name=path.stem,
        path=path,
        tags=frozenset(tag.lower() for tag in values.get("tag", [])),
        ids=table[:, :3].astype(np.int32),
        weights=table[:, 3:6],
        offsets=table[:, 6:] * METRES_PER_UNIT,
        scales=scales,
        deleted=deleted,
        faces=faces,
        texture_uv=texture_uv,
        look=_read_look(path, values.get("material")),
    )


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield `file:line` and the words of each line that is neither empty nor a comment."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield f"{path}:{number}", words


def _read_mhclo(path: Path, num_vertices: int) -> tuple[dict[str, list[str]], list[list[float]], np.ndarray]:
    """Return the words after each key (all tags together), the rows of `verts` `[9]`, and the deleted vertices."""
    values: dict[str, list[str]] = {}
    rows: list[list[float]] = []
    deleted: list[str] = []
    section, deleted_at = "", ""
    for place, words in _lines(path):
        if not re.fullmatch(r"[-+.\d].*|-", words[0]):
            section = words[0] if words[0] in _SECTIONS else section  # other keys may stand before a section's numbers
            if words[0] == "tag":
                values.setdefault("tag", []).append(" ".join(words[1:]))
            else:
                values[words[0]] = words[1:]
        elif section == "verts":
            rows.append(_binding(place, words, num_vertices))
        elif section == "delete_verts":
            deleted, deleted_at = deleted + words, place
    if not rows:
        raise InputError(f"{path}: no vertices below a line 'verts'")
    return values, rows, _ranges(deleted_at, deleted, num_vertices)


def _binding(place: str, words: list[str], num_vertices: int) -> list[float]:
    """Return three base vertices, three weights and three offsets of a line of `verts`."""
    numbers = _numbers(place, words)
    if len(numbers) == 1:
        row = [numbers[0]] * 3 + [1.0, 0, 0, 0, 0, 0]
    elif len(numbers) in (6, 9):
        row = numbers + [0.0] * (9 - len(numbers))
    else:
        raise InputError(f"{place}: want 1, 6 or 9 numbers, got {len(numbers)}")
    if any(not 0 <= v < num_vertices or v != int(v) for v in row[:3]):
        raise InputError(f"{place}: the base mesh has vertices 0 to {num_vertices - 1}")
    return row


def _numbers(place: str, words: list[str]) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"{place}: not a number in {' '.join(words)!r}") from error
    if not np.isfinite(numbers).all():
        raise InputError(f"{place}: not finite: {' '.join(words)!r}")
    return numbers


def _ranges(place: str, words: list[str], num_vertices: int) -> np.ndarray:
    """Return the numbers that `3 7 - 9` names: 3, 7, 8, 9."""
    text = re.sub(r"\s+-\s+", "-", " ".join(words))
    ids: set[int] = set()
    for item in text.split():
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", item)
        if match is None or int(match[2] or match[1]) >= num_vertices:
            raise InputError(f"{place}: delete_verts: no vertex or range of the base mesh: {item!r}")
        ids |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return np.array(sorted(ids), int)


def _scale(path: Path, axis: str, words: list[str] | None, num_vertices: int) -> list[float]:
    """Return two vertices and their distance in metres; without the line, vertices 0 and 0 and distance 0."""
    if words is None:
        return [0.0, 0.0, 0.0]
    numbers = _numbers(f"{path}: {axis}", words)
    if len(numbers) != 3 or numbers[2] <= 0 or not all(0 <= v < num_vertices for v in numbers[:2]):
        raise InputError(f"{path}: {axis}: want two vertices of the base mesh and a positive distance")
    return [numbers[0], numbers[1], numbers[2] * METRES_PER_UNIT]


def _read_obj(path: Path) -> tuple[int, np.ndarray, np.ndarray | None]:
    """Return how many vertices an .obj has, its triangles and their texture coordinates (None if it has none)."""
    count, coordinates = 0, []
    corners: list[list[int]] = []
    corners_uv: list[list[int]] = []
    for place, words in _lines(path):
        if words[0] == "v":
            count += 1
        elif words[0] == "vt":
            coordinates.append(_numbers(place, words[1:3]))
        elif words[0] == "f":
            for corner in ((1, k, k + 1) for k in range(2, len(words) - 1)):
                pairs = [_corner(place, words[k], count, len(coordinates)) for k in corner]
                corners.append([vertex for vertex, _ in pairs])
                corners_uv.append([uv for _, uv in pairs])
    if not corners:
        raise InputError(f"{path}: no faces")
    if not coordinates or min(min(face) for face in corners_uv) < 0:
        return count, np.array(corners, np.int32), None
    uv = np.array(coordinates, np.float32)[np.array(corners_uv)]
    return count, np.array(corners, np.int32), np.stack([uv[..., 0], 1 - uv[..., 1]], -1)


def _corner(place: str, word: str, num_vertices: int, num_uv: int) -> tuple[int, int]:
    """Return the vertex and the texture coordinate (-1: none) of a face's corner, from 0."""
    parts = word.split("/")
    try:
        vertex, uv = int(parts[0]) - 1, int(parts[1]) - 1 if len(parts) > 1 and parts[1] else -1
    except ValueError as error:
        raise InputError(f"{place}: no corner of a face: {word!r}") from error
    if not 0 <= vertex < num_vertices or not -1 <= uv < num_uv:
        raise InputError(f"{place}: {word!r} names a vertex or texture coordinate that is not above this line")
    return vertex, uv


def _read_look(path: Path, words: list[str] | None) -> Look:
    """Return the material of a garment; without an .mhmat, or without its texture file, what is known of it."""
    material = path.parent / " ".join(words) if words else path.with_suffix(".mhmat")
    color, texture, transparent = (1.0, 1.0, 1.0), None, False
    for place, line in _lines(material) if material.is_file() else ():
        if line[0] == "diffuseColor":
            red, green, blue = [*_numbers(place, line[1:4]), 1.0, 1.0, 1.0][:3]
            color = (red, green, blue)
        elif line[0] == "diffuseTexture" and len(line) > 1:
            texture = material.parent / " ".join(line[1:])
        elif line[0] == "transparent":
            transparent = line[-1].lower() == "true"
    return Look(color, texture if texture is not None and texture.is_file() else None, transparent)


def fitted(clothes: Clothes, vertices: np.ndarray) -> np.ndarray:
    """Return the garment's vertices `[V, 3]` on a shaped base mesh `[19158, 3]`, metres."""
    return anchors(clothes, vertices) + clothes.offsets * _scaling(clothes, vertices)


def anchors(clothes: Clothes, vertices: np.ndarray) -> np.ndarray:
    """Return the points `[V, 3]` of the base mesh `[19158, 3]`, body or cage, on which the garment's vertices hang."""
    return np.einsum("vk,vkc->vc", clothes.weights, vertices[clothes.ids])


def _scaling(clothes: Clothes, vertices: np.ndarray) -> np.ndarray:
    """Return the factors `[3]` by which this body is larger than the one that the garment was made on."""
    first, second = clothes.scales[:, 0].astype(int), clothes.scales[:, 1].astype(int)
    distance = np.abs(vertices[first] - vertices[second])[np.arange(3), np.arange(3)]
    made_on = clothes.scales[:, 2]
    return np.where(made_on > 0, distance / np.where(made_on > 0, made_on, 1), 1)


def skin(clothes: Clothes, base: BaseMesh) -> np.ndarray:
    """Return the garment's weights `[V, J]` float32 of the bones: those of its anchors, none negative."""
    weights = np.einsum("vk,vkj->vj", clothes.weights, base.skin[clothes.ids].astype(float))
    weights = np.maximum(weights, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def clear_of_face(clothes: Clothes, base: BaseMesh) -> Clothes:
    """Return hair without what hangs in front of eyes, nose and mouth, cut along an oval from brows to chin."""
    points = fitted(clothes, base.vertices)
    keypoints = base.keypoint_regressor @ base.vertices
    eyes, crown = keypoints[1:3].mean(0), base.vertices[: base.body_quads.max() + 1, 1].max()
    x, y, z = ((points - eyes) / (crown - eyes[1])).T
    outside_oval = np.hypot(x / 0.5, (y + 0.42) / 0.68) - 1
    field = np.maximum(outside_oval, -0.35 - z)  # behind the temples all may stay
    if (field > 0).all():
        return clothes
    uv = np.zeros((*clothes.faces.shape, 2), np.float32) if clothes.texture_uv is None else clothes.texture_uv
    skins = np.zeros((len(points), 1), np.float32)
    parts = np.zeros(len(clothes.faces), np.uint8)
    cut = patches.clip(Patch(points, skins, {"face": field}, clothes.faces.astype(int), parts, uv), "face")
    nearest = cKDTree(points).query(cut.points)[1]
    return replace(
        clothes,
        ids=clothes.ids[nearest],
        weights=clothes.weights[nearest],
        offsets=(cut.points - anchors(clothes, base.vertices)[nearest]) / _scaling(clothes, base.vertices),
        faces=cut.faces.astype(np.int32),
        texture_uv=None if clothes.texture_uv is None else cut.uv,
    )
