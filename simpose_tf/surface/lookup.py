"""Nearest places of triangles, and the part, u and v of points near a charted surface."""

from collections.abc import Sequence

import igl
import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.surface.reference import Reference


def barycentric(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return barycentric coordinates `[N, 3]` of points `[N, 3]` in the planes of triangles `[N, 3, 3]`."""
    side_1, side_2 = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    offset = points - triangles[:, 0]
    d11, d12, d22 = (side_1**2).sum(1), (side_1 * side_2).sum(1), (side_2**2).sum(1)
    o1, o2 = (offset * side_1).sum(1), (offset * side_2).sum(1)
    determinant = d11 * d22 - d12**2
    second, third = (d22 * o1 - d12 * o2) / determinant, (d11 * o2 - d12 * o1) / determinant
    return np.stack([1 - second - third, second, third], -1)


def weights_on(places: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the weights `[N, 3]` of corners, not negative and of sum 1, at places `[N, 3]` on triangles `[N, 3, 3]`.

    They are equal on a triangle without area.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.nan_to_num(np.clip(barycentric(places, triangles), 0, 1), nan=1.0)
    return weights / weights.sum(1, keepdims=True)


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
    return face, weights_on(place, vertices[faces[face]])


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
