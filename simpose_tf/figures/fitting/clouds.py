"""A mesh as evenly spread points with smooth normals, and nearest points that face the same way."""

from dataclasses import dataclass

import igl
import numpy as np
from scipy.spatial import cKDTree

# Metres that a right angle between normals counts for when nearest points are looked for.
_TURNED = 0.07
_SMOOTHINGS = 2  # rounds of averaging normals over neighbours: noise of 2 mm turns single faces by 30 degrees


@dataclass(frozen=True)
class Cloud:
    """Points on a surface.

    Attributes:
      points: `[S, 3]`, evenly spread: each stands for the same area.
      normals: `[S, 3]` smooth unit normals, outward.
      faces: `[S]` the face that each lies on.
    """

    points: np.ndarray
    normals: np.ndarray
    faces: np.ndarray

    def thinned(self, count: int) -> "Cloud":
        """Return about `count` of the points."""
        return self.chosen(slice(None, None, max(1, len(self.points) // count)))

    def chosen(self, which: np.ndarray | slice) -> "Cloud":
        """Return some of the points."""
        return Cloud(self.points[which], self.normals[which], self.faces[which])


def smooth_normals(vertices: np.ndarray, faces: np.ndarray, rounds: int = _SMOOTHINGS) -> np.ndarray:
    """Return `[V, 3]` unit normals, area weighted, averaged over neighbours."""
    normals = igl.per_vertex_normals(vertices, faces.astype(np.int64), 1)
    normals = np.nan_to_num(normals)
    for _ in range(rounds):
        total = np.zeros_like(normals)
        of_face = normals[faces].sum(1)
        for corner in range(3):
            np.add.at(total, faces[:, corner], of_face)
        normals = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return normals


def spread(vertices: np.ndarray, faces: np.ndarray, count: int) -> Cloud:
    """Return `count` points spread evenly over a mesh; the same mesh gives the same points."""
    normals = smooth_normals(vertices, faces)
    corners = vertices[faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    total = np.cumsum(areas)
    chosen = np.searchsorted(total, (np.arange(count) + 0.5) / count * total[-1]).clip(0, len(faces) - 1)
    u, v = (np.arange(count)[:, None] * [0.7548776662466927, 0.5698402909980532] % 1).T  # Roberts' R2 sequence
    root = np.sqrt(u)
    weights = np.stack([1 - root, root * (1 - v), root * v], -1)
    across = np.einsum("nk,nkd->nd", weights, normals[faces[chosen]])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    return Cloud(np.einsum("nk,nkd->nd", weights, corners[chosen]), across, chosen)


class Nearest:
    """Nearest points among some with normals; the more normals differ, the farther a point counts."""

    def __init__(self, points: np.ndarray, normals: np.ndarray, scale: float):
        """Index points `[S, 3]` with unit normals `[S, 3]`; `scale` is the length of a metre in their unit."""
        self.scale, self._weight = scale, _TURNED * scale
        self._tree = cKDTree(np.hstack([points, self._weight * normals]), balanced_tree=False, compact_nodes=False)

    def __call__(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Return the place `[Q]` of the nearest to each of `[Q, 3]`."""
        return self._tree.query(np.hstack([points, self._weight * normals]))[1]
