"""The fitted reference as a surface to ask: nearest places of points, with the uv and its gradient there."""

from dataclasses import dataclass, field

import igl
import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.surface.lookup import weights_on
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.topology import face_normals

# What one radian between normals is worth in metres, when places with agreeing normals are looked for.
_METRES_PER_TURN = 0.03


@dataclass(frozen=True)
class Fitted:
    """A charted surface in the pose of the mesh.

    Attributes:
      vertices: `[N, 3]` float64 metres.
      faces: `[G, 3]` int64.
      part: `[G]`.
      uv: `[G, 3, 2]` float64.
      normals: `[G, 3]` unit.
      gradient: `[G, 2, 3]` change of uv per metre in the plane of each face.
    """

    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    normals: np.ndarray = field(init=False)
    gradient: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Compute normals and gradients."""
        normals, _ = face_normals(self.vertices, self.faces)
        object.__setattr__(self, "normals", normals)
        object.__setattr__(self, "gradient", uv_gradients(self.vertices[self.faces], self.uv))


@dataclass(frozen=True)
class Places:
    """Places on a fitted surface.

    Attributes:
      face: `[P]`.
      weights: `[P, 3]` barycentric.
      point: `[P, 3]` metres.
      distance: `[P]` metres from the point that asked.
    """

    face: np.ndarray
    weights: np.ndarray
    point: np.ndarray
    distance: np.ndarray


def fitted_surface(reference: Reference) -> Fitted:
    """Return the surface of a reference whose vertices have been moved onto a mesh."""
    faces = np.ascontiguousarray(reference.faces, np.int64)
    vertices = np.ascontiguousarray(reference.vertices, np.float64)
    return Fitted(vertices, faces, reference.part, reference.uv.astype(np.float64))


def uv_gradients(corners: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return the change of uv per metre `[G, 2, 3]` on triangles.

    Args:
      corners: `[G, 3, 3]` metres.
      uv: `[G, 3, 2]`.
    """
    side = corners[:, 1:] - corners[:, :1]
    across = uv[:, 1:] - uv[:, :1]
    gram = np.einsum("gik,gjk->gij", side, side)
    gram += (1e-9 * np.trace(gram, axis1=1, axis2=2) + 1e-18)[:, None, None] * np.eye(2)
    dual = np.linalg.solve(gram, side)
    return np.einsum("gic,gik->gck", across, dual)


def uv_at(fitted: Fitted, places: Places) -> np.ndarray:
    """Return uv `[P, 2]` at places."""
    return np.einsum("pc,pck->pk", places.weights, fitted.uv[places.face])


def nearest(fitted: Fitted, points: np.ndarray, among: np.ndarray | None = None) -> Places:
    """Return the nearest places of points `[P, 3]` on all faces, or `among` those numbered."""
    faces = fitted.faces if among is None else fitted.faces[among]
    points = np.ascontiguousarray(points, np.float64)
    squared, face, place = igl.point_mesh_squared_distance(points, fitted.vertices, np.ascontiguousarray(faces))
    weights = weights_on(place, fitted.vertices[faces[face]])
    face = face if among is None else among[face]
    return Places(face, weights, place, np.sqrt(squared))


def nearest_facing(fitted: Fitted, points: np.ndarray, normals: np.ndarray, reach: float) -> Places:
    """Return nearest places of points, with agreeing normals where one lies at most `reach` metres further away.

    Args:
      fitted: the surface.
      points: `[P, 3]`.
      normals: `[P, 3]` unit.
      reach: metres.
    """
    places = nearest(fitted, points)
    away = np.flatnonzero((fitted.normals[places.face] * normals).sum(1) < 0)
    if len(away) == 0:
        return places
    middles = fitted.vertices[fitted.faces].mean(1)
    tree = cKDTree(np.concatenate([middles, _METRES_PER_TURN * fitted.normals], 1))
    near = tree.query(np.concatenate([points[away], _METRES_PER_TURN * normals[away]], 1), k=6)[1]
    weights, point = _on_triangles(np.repeat(points[away, None], 6, 1), fitted.vertices[fitted.faces[near]])
    distance = np.linalg.norm(point - points[away, None], axis=2)
    faces_away = (fitted.normals[near] * normals[away, None]).sum(2) < 0
    best = np.argmin(np.where(faces_away, np.inf, distance), 1)
    row = np.arange(len(away))
    good = ~faces_away[row, best] & (distance[row, best] < places.distance[away] + reach)
    chosen, row, best = away[good], row[good], best[good]
    result = Places(places.face.copy(), places.weights.copy(), places.point.copy(), places.distance.copy())
    result.face[chosen], result.weights[chosen] = near[row, best], weights[row, best]
    result.point[chosen], result.distance[chosen] = point[row, best], distance[row, best]
    return result


def _on_triangles(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return barycentric weights `[A, K, 3]` and places `[A, K, 3]` of points near triangles `[A, K, 3, 3]`."""
    flat = triangles.reshape(-1, 3, 3)
    weights = weights_on(points.reshape(-1, 3), flat)
    place = np.einsum("nc,nck->nk", weights, flat)
    return weights.reshape(*points.shape), place.reshape(*points.shape)
