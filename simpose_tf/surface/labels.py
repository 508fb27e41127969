"""Parts of faces: proposed by nearest places on a fitted reference, then cleaned to one patch per part."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.surface.fitted import Fitted, nearest, nearest_facing
from simpose_tf.surface.pieces import Pieces
from simpose_tf.surface.topology import Sides, face_normals, pieces_of, sides_of

# How much further than the nearest place one may lie whose normal agrees, in metres.
REACH = 0.03
# A tooth of a border is flipped only if its middle lies closer to the seam than this many of its edges. A face
# beside a straight seam lies .2 or more away, so a mesh that already has the seam is left alone.
_TOOTH = 0.15
_SEAM_STEP = 0.002  # metres between samples of the seams


# Patches of a layer with less than this share of their piece join a neighbour; of the body's, all but the largest.
_SMALL = 0.02
# But a patch of the body at an open rim of the mesh may be the other half of a part (an open jacket's left and
# right front): it stays if it has this share of the largest one's area, and a rim of this many times its width.
_OTHER_HALF, _RIM = 0.2, 0.5
# A label is a part, plus this for faces of a layer that look inwards.
INWARD = 32
_LABELS = 64


@dataclass(frozen=True)
class Labelled:
    """A mesh whose faces are being labelled.

    Attributes:
      faces: `[F, 3]`.
      sides: its sides.
      pieces: what it consists of.
      area: `[F]` square metres.
      length: `[S]` metres of the sides.
      to_seam: `[F]` metres from the place of each face's middle to the nearest seam of the reference.
      size: `[F]` metres, mean edge.
      normal: `[F, 3]` unit normals, and
      beneath: `[F, 3]` those of the reference at the places of their middles.
      face: `[F]` the reference's faces there.
    """

    faces: np.ndarray
    sides: Sides
    pieces: Pieces
    area: np.ndarray
    length: np.ndarray
    to_seam: np.ndarray
    size: np.ndarray
    normal: np.ndarray
    beneath: np.ndarray
    face: np.ndarray


def propose(
    fitted: Fitted, vertices: np.ndarray, faces: np.ndarray, sides: Sides, pieces: Pieces
) -> tuple[np.ndarray, Labelled]:
    """Return the part `[F]` uint8 of the place nearest to the middle of each face, and what clean-up needs.

    Args:
      fitted: the reference on the mesh.
      vertices: `[V, 3]` metres.
      faces: `[F, 3]`.
      sides: its sides.
      pieces: what it consists of.
    """
    normals, area = face_normals(vertices, faces)
    middle = vertices[faces].mean(1)
    part = np.zeros(len(faces), np.uint8)
    place, beneath, face = np.zeros((len(faces), 3)), np.zeros((len(faces), 3)), np.zeros(len(faces), np.int64)
    for who, places in (
        (~pieces.layer, nearest_facing(fitted, middle[~pieces.layer], normals[~pieces.layer], REACH)),
        (pieces.layer, nearest(fitted, middle[pieces.layer])),
    ):
        face[who] = places.face
        part[who], place[who], beneath[who] = fitted.part[places.face], places.point, fitted.normals[places.face]
    length = np.linalg.norm(vertices[sides.ends[:, 0]] - vertices[sides.ends[:, 1]], axis=1)
    size = np.linalg.norm(vertices[faces] - vertices[np.roll(faces, 1, 1)], axis=2).mean(1)
    to_seam = cKDTree(seam_points(fitted)).query(place)[0]
    return part, Labelled(faces, sides, pieces, area, length, to_seam, size, normals, beneath, face)


def seam_points(fitted: Fitted) -> np.ndarray:
    """Return points `[P, 3]` along all edges between two parts of a fitted reference."""
    sides = sides_of(fitted.faces)
    between = fitted.part[sides.first] != fitted.part[sides.second]
    start, end = (fitted.vertices[sides.ends[between, k]] for k in (0, 1))
    steps = np.ceil(np.linalg.norm(end - start, axis=1) / _SEAM_STEP).astype(int) + 1
    edge = np.repeat(np.arange(len(start)), steps)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(steps) - steps, steps)
    along = (place / np.maximum(steps[edge] - 1, 1))[:, None]
    return (1 - along) * start[edge] + along * end[edge]


def clean(part: np.ndarray, mesh: Labelled) -> np.ndarray:
    """Return labels `[F]` int64 (parts, plus `INWARD`) without islands, pinched vertices and teeth.

    A piece of the body keeps one patch of each part, or several if the mesh is open between them.
    """
    label = part.astype(np.int64) + INWARD * mesh.pieces.inward
    for _ in range(8):
        before = label.copy()
        _join_islands(label, mesh)
        _cut_teeth(label, mesh)
        _unpinch(label, mesh)
        if (label == before).all():
            break
    _join_islands(label, mesh)
    _halve_closed(label, mesh)
    return label


def _halve_closed(label: np.ndarray, mesh: Labelled) -> None:
    """Tell the far half of closed patches of a layer (eyeballs, buttons) from the near one, in place."""
    sides = mesh.sides
    alike = label[sides.first] == label[sides.second]
    patch = pieces_of(len(label), sides, alike)
    shared = np.bincount(patch[sides.first[alike]], minlength=int(patch.max()) + 1)
    closed = (2 * shared == 3 * np.bincount(patch))[patch] & mesh.pieces.layer
    out = np.zeros((int(patch.max()) + 1, 3))
    np.add.at(out, patch, mesh.beneath * mesh.area[:, None])
    far = closed & ((mesh.normal * out[patch]).sum(1) < 0)
    label[closed] = label[closed] % INWARD + INWARD * far[closed]


def _join_islands(part: np.ndarray, mesh: Labelled) -> None:
    """Give small patches to the label that they share the longest border with, in place."""
    sides, number = mesh.sides, mesh.pieces.number
    whole, rim = np.bincount(number, mesh.area), _rims(mesh)
    for _ in range(20):
        patch = pieces_of(len(part), sides, part[sides.first] == part[sides.second])
        area = np.bincount(patch, mesh.area)
        first = np.unique(patch, return_index=True)[1]
        key = number[first] * _LABELS + part[first]
        largest = np.zeros(int(key.max()) + 1)
        np.maximum.at(largest, key, area)
        half = (np.bincount(patch, rim) > _RIM * np.sqrt(area)) & (area > _OTHER_HALF * largest[key])
        small = np.where(mesh.pieces.layer[first], area < _SMALL * whole[number[first]], (area < largest[key]) & ~half)
        border = np.zeros((len(area), _LABELS))
        for ours, theirs in ((sides.first, sides.second), (sides.second, sides.first)):
            between = (part[ours] != part[theirs]) & small[patch[ours]] & ~small[patch[theirs]]
            np.add.at(border, (patch[ours[between]], part[theirs[between]]), mesh.length[between])
        joining = border.sum(1) > 0
        if not joining.any():
            return
        moved = joining[patch]
        part[moved] = border.argmax(1)[patch[moved]]


def _rims(mesh: Labelled) -> np.ndarray:
    """Return about how long the open sides of each face `[F]` are, metres."""
    shared = np.zeros(mesh.faces.shape, bool)
    shared[mesh.sides.first, mesh.sides.i] = True
    shared[mesh.sides.second, mesh.sides.j] = True
    return mesh.size * (~shared).sum(1)


def _cut_teeth(part: np.ndarray, mesh: Labelled) -> None:
    """Flip faces that stick out into one other part, if the seam passes through their middle, in place."""
    sides = mesh.sides
    for parity in range(4):
        around = np.zeros((len(part), _LABELS), np.int8)
        np.add.at(around, (sides.first, part[sides.second]), 1)
        np.add.at(around, (sides.second, part[sides.first]), 1)
        row = np.arange(len(part))
        own = around[row, part]
        around[row, part] = 0
        tooth = (own == 1) & (around.max(1) == 2) & (mesh.to_seam < _TOOTH * mesh.size)
        if not tooth.any():
            return
        flip = np.flatnonzero(tooth)
        part[flip[flip % 2 == parity % 2]] = around.argmax(1)[flip[flip % 2 == parity % 2]]


def _unpinch(part: np.ndarray, mesh: Labelled) -> None:
    """Widen or cut the places where a part hangs together by a vertex only, in place."""
    count = int(mesh.faces.max()) + 1
    for _ in range(4):
        pinched = _pinched(part, mesh, count)
        if len(pinched) == 0:
            return
        around: dict[int, list[int]] = {vertex: [] for vertex in pinched.tolist()}
        at = np.flatnonzero(np.isin(mesh.faces, pinched))
        for corner, vertex in zip(at.tolist(), mesh.faces.ravel()[at].tolist(), strict=True):
            around[vertex].append(corner // 3)
        links = np.flatnonzero(np.isin(mesh.sides.ends, pinched).any(1))
        beside: dict[int, list[tuple[int, int]]] = {vertex: [] for vertex in pinched.tolist()}
        for link in links.tolist():
            for vertex in mesh.sides.ends[link].tolist():
                if vertex in beside:
                    beside[vertex].append((int(mesh.sides.first[link]), int(mesh.sides.second[link])))
        for vertex in pinched.tolist():
            _unpinch_vertex(part, mesh.area, around[vertex], beside[vertex])


def _pinched(part: np.ndarray, mesh: Labelled, count: int) -> np.ndarray:
    """Return the vertices around which some part's faces form more fans than the mesh does."""
    width = _LABELS

    def fans(label: np.ndarray) -> np.ndarray:
        faces_at = np.bincount(mesh.faces.ravel() * width + np.repeat(label, 3), minlength=count * width)
        alike = label[mesh.sides.first] == label[mesh.sides.second]
        ends = mesh.sides.ends[alike].ravel() * width + np.repeat(label[mesh.sides.first[alike]], 2)
        return np.maximum(faces_at - np.bincount(ends, minlength=count * width), faces_at > 0).reshape(count, width)

    return np.flatnonzero(fans(part.astype(np.int64)).max(1) > fans(np.zeros(len(part), np.int64)).max(1))


def _unpinch_vertex(part: np.ndarray, area: np.ndarray, faces: list[int], beside: list[tuple[int, int]]) -> None:
    """Give the smallest fan at a vertex, of the part that has several or of one between them, to its neighbour."""
    fans: list[set[int]] = [{face} for face in faces]
    for first, second in beside:
        if part[first] == part[second]:
            one = next(fan for fan in fans if first in fan)
            other = next(fan for fan in fans if second in fan)
            if one is not other:
                one |= other
                fans.remove(other)
    parts = [int(part[next(iter(fan))]) for fan in fans]
    several = {p for p in parts if parts.count(p) > 1}
    if not several:
        return
    fan = min(fans, key=lambda fan: sum(area[face] for face in fan))
    next_to = [second if first in fan else first for first, second in beside if (first in fan) != (second in fan)]
    if next_to:
        around = [int(part[face]) for face in next_to]
        part[list(fan)] = next((p for p in around if p in several), around[0])
