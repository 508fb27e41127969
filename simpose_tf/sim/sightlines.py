"""What rays through points of the picture meet first: exact, for a few hundred points, in numpy.

The renderer answers for pixel centres; a keypoint lies anywhere. A triangle is tried where its box in the picture holds
the point; boxes are sifted by tiles of the picture before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simpose_tf import geometry
from simpose_tf.figures.figure import Figure
from simpose_tf.sim.scene import Camera

_TILE = 16  # pixels
_NEAR = 0.05  # metres: what crosses this plane has no box in the picture and is always tried
_SLACK = 0.01  # pixels: boxes are float32


@dataclass(frozen=True)
class Mesh:
    """Something that may hide a point: `vertices` `[V, 3]` world, `faces` `[F, 3]`; a figure's hair may have holes."""

    vertices: np.ndarray
    faces: np.ndarray
    figure: Figure | None = None


def first_hits(camera: Camera, meshes: Sequence[Mesh], points_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the rays from the camera through points of the picture meet first (Moeller and Trumbore 1997).

    Args:
      camera: the view.
      meshes: what may be met, from both sides.
      points_xy: `[N, 2]` pixels, inside the picture.

    Returns:
      owner `[N]` int, the number of the mesh, -1 where nothing is met; depth `[N]` along the camera's axis, metres,
      infinite where nothing is met.
    """
    owner, depth = np.full(len(points_xy), -1), np.full(len(points_xy), np.inf)
    rays = np.column_stack([points_xy, np.ones(len(points_xy))]) @ np.linalg.inv(camera.intrinsics).T
    for number, mesh in enumerate(meshes):
        point, face, corners = _pairs(camera, mesh, points_xy)
        if not len(point):
            continue
        hit, weights = _intersect(corners, rays[point])
        for k in np.argsort(hit, kind="stable"):
            nearer = hit[k] < depth[point[k]]
            if nearer and (mesh.figure is None or solid(mesh.figure, face[k], weights[k])):
                owner[point[k]], depth[point[k]] = number, hit[k]
    return owner, depth


def _occupied(camera: Camera, points_xy: np.ndarray) -> np.ndarray:
    """Return which tiles of the picture hold a point; a border of one tile holds none."""
    tiles = np.zeros((camera.height // _TILE + 3, camera.width // _TILE + 3), bool)
    column, row = (points_xy // _TILE).astype(int).T + 1
    tiles[row, column] = True
    return tiles


def _pairs(camera: Camera, mesh: Mesh, points_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return point `[K]`, face `[K]` and corners `[K, 3, 3]` (camera frame) where a face's box holds a point."""
    rotation, shift = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    in_camera = mesh.vertices.astype(np.float32) @ rotation.T.astype(np.float32) + shift.astype(np.float32)
    intrinsics = camera.intrinsics.astype(np.float32)
    depth = np.maximum(in_camera[:, 2], np.float32(1e-6))
    xy = geometry.project(intrinsics, np.column_stack([in_camera[:, :2], depth]))
    asked = _in_reach(xy, in_camera[:, 2], points_xy)
    faces = [mesh.faces[:, k] for k in range(3)]
    low, high = (np.stack([reach(xy[:, c], faces) for c in range(2)]) for reach in (_least, _most))
    nearest, farthest = _least(in_camera[:, 2], faces), _most(in_camera[:, 2], faces)
    crossing = (nearest <= _NEAR) & (farthest > _NEAR)
    candidates = np.flatnonzero(crossing | (nearest > _NEAR) & _touches(low, high, _occupied(camera, points_xy[asked])))
    low, high = low[:, candidates] - _SLACK, high[:, candidates] + _SLACK
    low[:, crossing[candidates]], high[:, crossing[candidates]] = -np.inf, np.inf
    x, y = points_xy[asked].astype(np.float32).T[:, :, None]
    point, which = np.nonzero((low[0] <= x) & (x <= high[0]) & (low[1] <= y) & (y <= high[1]))
    face = candidates[which]
    world = mesh.vertices[mesh.faces[face]].astype(float)
    return asked[point], face, world @ rotation.T + shift


def _in_reach(xy: np.ndarray, depth: np.ndarray, points_xy: np.ndarray) -> np.ndarray:
    """Return which points `[K]` lie in the box of a mesh in the picture; all, where it crosses the camera's plane."""
    if depth.min() <= _NEAR:
        return np.arange(len(points_xy)) if depth.max() > _NEAR else np.zeros(0, int)
    low, high = xy.min(0) - _SLACK, xy.max(0) + _SLACK
    return np.flatnonzero(((points_xy >= low) & (points_xy <= high)).all(1))


def _least(values: np.ndarray, faces: list[np.ndarray]) -> np.ndarray:
    return np.minimum(np.minimum(values[faces[0]], values[faces[1]]), values[faces[2]])


def _most(values: np.ndarray, faces: list[np.ndarray]) -> np.ndarray:
    return np.maximum(np.maximum(values[faces[0]], values[faces[1]]), values[faces[2]])


def _touches(low: np.ndarray, high: np.ndarray, occupied: np.ndarray) -> np.ndarray:
    """Return which boxes share a tile with a point, or are too large to tell; `low`, `high` `[2, T]` are corners."""
    most = np.array(occupied.shape[::-1])[:, None] - 1
    a, b = (np.clip(np.floor(corner / _TILE) + 1, 0, most).astype(np.int32) for corner in (low, high))
    met = occupied[a[1], a[0]] | occupied[a[1], b[0]] | occupied[b[1], a[0]] | occupied[b[1], b[0]]
    return met | (b[0] - a[0] > 1) | (b[1] - a[1] > 1)


def _intersect(corners: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return depth `[K]`, infinite where ray k misses triangle k, and barycentric weights `[K, 3]` of the corners.

    Rays start at the origin; their directions `[K, 3]` have z = 1.
    """
    first, side_1, side_2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    across, other = np.cross(rays, side_2), np.cross(-first, side_1)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / (side_1 * across).sum(1)
        b, c = -(first * across).sum(1) * inverse, (other * rays).sum(1) * inverse
        depth = (other * side_2).sum(1) * inverse
        met = (b >= 0) & (c >= 0) & (b + c <= 1) & (depth > _NEAR)
    return np.where(met, depth, np.inf), np.column_stack([1 - b - c, b, c])


def solid(figure: Figure, face: int, weights: np.ndarray) -> bool:
    """Return whether a figure's face has no hole at a point: hair cards are cut out by their texture's alpha.

    Args:
      figure: the person.
      face: its face.
      weights: `[3]` barycentric.
    """
    material = figure.materials[figure.material[face]]
    if not material.cutout or material.texture < 0 or figure.texture_uv is None:
        return True
    alpha = figure.textures[material.texture, :, :, 3]
    x, y = (weights @ figure.texture_uv[face]) * alpha.shape[::-1] - 0.5
    column, row = int(np.floor(x)), int(np.floor(y))
    columns, rows = np.array([column, column + 1]) % alpha.shape[1], np.array([row, row + 1]) % alpha.shape[0]
    four = alpha[np.ix_(rows, columns)].astype(float)
    across, down = x - column, y - row
    return bool(np.array([1 - down, down]) @ four @ np.array([1 - across, across]) >= 127.5)
