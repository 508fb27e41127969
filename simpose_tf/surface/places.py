"""Places of a charted surface: from (part, u, v) to the place and back, exactly and for millions at once.

A place is a face and the barycentric weights of its corners, so it moves with the surface.
"""

from dataclasses import dataclass

import igl
import numpy as np

from simpose_tf.charts import NUM_PARTS, PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.surface.reference import Reference

_FLAT = 1e-12  # a face with less area in its chart is no place to look up


@dataclass(frozen=True)
class Places:
    """Places on a surface.

    Attributes:
      face: `[N]` int64 the face that holds the place.
      weights: `[N, 3]` float64 its corners' shares, not negative, sum 1.
    """

    face: np.ndarray
    weights: np.ndarray


def places_of_iuv(reference: Reference, part: np.ndarray, uv: np.ndarray) -> Places:
    """Return the places with the given coordinates: where the chart holds (u, v), else the chart's nearest place.

    Where a chart covers (u, v) twice (layers of clothes), any of the places may be returned.

    Args:
      reference: the charted surface.
      part: `[N]` 1..24.
      uv: `[N, 2]` in [0, 1]; give float64 for exact round trips.

    Raises:
      InputError: the surface has no faces of a part, or a number is not finite.
    """
    return places_in_charts(reference.part, reference.uv, part, uv)


def places_in_charts(face_part: np.ndarray, face_uv: np.ndarray, part: np.ndarray, uv: np.ndarray) -> Places:
    """Return `places_of_iuv` on the charts of faces: part `[F]` and uv `[F, 3, 2]`."""
    part, uv = np.asarray(part), np.asarray(uv, np.float64)
    if not np.isfinite(uv).all():
        raise InputError(f"uv of place {int(np.flatnonzero(~np.isfinite(uv).all(1))[0])} is not finite")
    corners = np.asarray(face_uv, np.float64)
    usable = np.abs(_cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])) > _FLAT
    found = Places(np.zeros(len(part), np.int64), np.zeros((len(part), 3)))
    for chart in np.unique(part):
        rows, source = np.flatnonzero(part == chart), np.flatnonzero((face_part == chart) & usable)
        if not len(source):
            raise InputError(f"the surface has no faces of part {chart}{_named(int(chart))}")
        triangles = np.ascontiguousarray(corners[source])
        numbers = np.arange(3 * len(source)).reshape(-1, 3)
        _, nearest, spot = igl.point_mesh_squared_distance(
            np.ascontiguousarray(uv[rows]), triangles.reshape(-1, 2), numbers
        )
        found.face[rows] = source[nearest]
        weights = np.maximum(plane_weights(spot, triangles[nearest]), 0)
        found.weights[rows] = weights / weights.sum(1, keepdims=True)
    return found


def iuv_of_places(reference: Reference, places: Places) -> tuple[np.ndarray, np.ndarray]:
    """Return part `[N]` uint8 and uv `[N, 2]` float64 of places."""
    uv = np.einsum("nc,nck->nk", places.weights, reference.uv[places.face].astype(np.float64))
    return reference.part[places.face], uv


def positions(reference: Reference, places: Places, vertices: np.ndarray | None = None) -> np.ndarray:
    """Return the points `[N, 3]` float64 of places, on the surface or on another shape of it, vertices `[V, 3]`."""
    vertices = reference.vertices if vertices is None else vertices
    corners = np.asarray(vertices, np.float64)[reference.faces[places.face]]
    return np.einsum("nc,nck->nk", places.weights, corners)


def random_places(reference: Reference, count: int, rng: np.random.Generator) -> Places:
    """Return places `[count]` spread evenly over the surface's area."""
    corners = reference.vertices.astype(np.float64)[reference.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    face = rng.choice(len(area), count, p=area / area.sum())
    return Places(face, rng.dirichlet([1, 1, 1], count))


def plane_weights(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return barycentric weights `[N, 3]` of points `[N, 2]` in triangles `[N, 3, 2]`, not finite in flat ones."""
    a, b, c = triangles[:, 0] - points, triangles[:, 1] - points, triangles[:, 2] - points
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], -1) / _cross(b - a, c - a)[:, None]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross products `[N]` of vectors `[N, 2]`."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _named(part: int) -> str:
    """Return the part's name in brackets, or what is wrong with its number."""
    return f" ({PART_NAMES[part]})" if 1 <= part <= NUM_PARTS else f"; parts are 1..{NUM_PARTS}"
