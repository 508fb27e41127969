"""Carry part, u and v from a charted surface to points and faces nearby (hair, skirts) by closest points."""

from collections.abc import Sequence

import igl
import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.surface.reference import Reference

# A face with a corner further than this from its middle in uv lies across a cut inside its chart. Hands and feet are
# cut open along their outlines.
_JUMP, _CUT_JUMP = 0.4, 0.2
_CUT_OPEN = (3, 4, 5, 6)


def barycentric(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return barycentric coordinates `[N, 3]` of points `[N, 3]` in the planes of triangles `[N, 3, 3]`."""
    side_1, side_2 = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    offset = points - triangles[:, 0]
    d11, d12, d22 = (side_1**2).sum(1), (side_1 * side_2).sum(1), (side_2**2).sum(1)
    o1, o2 = (offset * side_1).sum(1), (offset * side_2).sum(1)
    determinant = d11 * d22 - d12**2
    second, third = (d22 * o1 - d12 * o2) / determinant, (d11 * o2 - d12 * o1) / determinant
    return np.stack([1 - second - third, second, third], -1)


def closest(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the face `[N]` nearest to each point and the barycentric coordinates `[N, 3]` of the nearest place.

    Args:
      points: `[N, 3]`.
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
    """
    vertices = np.ascontiguousarray(vertices, np.float64)
    faces = np.ascontiguousarray(faces, np.int64)
    _, face, place = igl.point_mesh_squared_distance(np.ascontiguousarray(points, np.float64), vertices, faces)
    weights = np.clip(barycentric(place, vertices[faces[face]]), 0, 1)
    return face, weights / weights.sum(1, keepdims=True)


def iuv_of_points(
    reference: Reference,
    points: np.ndarray,
    vertices: np.ndarray | None = None,
    parts: Sequence[int] = range(1, NUM_PARTS + 1),
) -> tuple[np.ndarray, np.ndarray]:
    """Return part `[N]` uint8 and uv `[N, 2]` float32 of the place on a charted surface nearest to each point.

    Args:
      reference: the charted surface.
      points: `[N, 3]` in the surface's frame.
      vertices: `[V, 3]` the surface in another shape; None takes the reference's own.
      parts: the only parts to choose from, for example 23 and 24 for hair.
    """
    vertices = reference.vertices if vertices is None else vertices
    source = np.flatnonzero(np.isin(reference.part, parts))
    face, weights = closest(points, vertices, reference.faces[source])
    face = source[face]
    return reference.part[face], np.einsum("nc,nck->nk", weights, reference.uv[face]).astype(np.float32)


def iuv_of_faces(
    reference: Reference,
    points: np.ndarray,
    faces: np.ndarray,
    vertices: np.ndarray | None = None,
    parts: Sequence[int] = range(1, NUM_PARTS + 1),
) -> tuple[np.ndarray, np.ndarray]:
    """Return part `[G]` uint8 and corner uv `[G, 3, 2]` float32 of faces near a charted surface.

    A face takes the part that most of its corners and its middle are nearest to (the middle's in a tie), and its
    corners the nearest places of that one part. A face across a cut inside a hand or foot has one uv, its middle's.

    Args:
      reference: the charted surface.
      points: `[N, 3]` vertices of the other surface, in the same rest pose.
      faces: `[G, 3]` its faces.
      vertices: `[V, 3]` the charted surface in another shape; None takes the reference's own.
      parts: the only parts to choose from, for example 23 and 24 for hair.
    """
    vertices = reference.vertices if vertices is None else vertices
    corners = points[faces]
    places = np.concatenate([corners, corners.mean(1, keepdims=True)], 1)
    votes = iuv_of_points(reference, places.reshape(-1, 3), vertices, parts)[0].reshape(-1, 4)
    part = _majority(votes)
    uv = np.zeros((len(faces), 4, 2), np.float32)
    for chart in np.unique(part):
        inside, source = np.flatnonzero(part == chart), np.flatnonzero(reference.part == chart)
        face, weights = closest(places[inside].reshape(-1, 3), vertices, reference.faces[source])
        uv[inside] = np.einsum("nc,nck->nk", weights, reference.uv[source[face]]).reshape(-1, 4, 2)
    across_cut = np.abs(uv[:, :3] - uv[:, 3:]).max((1, 2)) > np.where(np.isin(part, _CUT_OPEN), _CUT_JUMP, _JUMP)
    uv[across_cut] = uv[across_cut, 3:]
    return part, uv[:, :3]


def _majority(votes: np.ndarray) -> np.ndarray:
    """Return the most frequent of each row's votes `[G, 4]`; the last one decides a tie in its favour."""
    counts = (votes[:, :, None] == votes[:, None, :]).sum(2).astype(float)
    counts[:, -1] += 0.5
    return votes[np.arange(len(votes)), counts.argmax(1)]
