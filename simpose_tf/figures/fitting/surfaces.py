"""A triangle mesh that is asked for its closest places."""

import igl
import numpy as np

from simpose_tf.figures.fitting.clouds import smooth_normals
from simpose_tf.surface.lookup import weights_on


class Surface:
    """Closest places on a mesh, in a tree that is built once."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, rounds: int):
        """Index a mesh `[V, 3]`, `[F, 3]`; its normals are averaged over neighbours so many rounds."""
        self.vertices = np.ascontiguousarray(vertices, np.float64)
        self.faces = np.ascontiguousarray(faces, np.int64)
        self.normals = smooth_normals(self.vertices, self.faces, rounds)
        self._tree = igl.AABB()
        self._tree.init(self.vertices, self.faces)

    def closest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return corners `[Q, 3]`, their weights `[Q, 3]`, places `[Q, 3]` and unit normals `[Q, 3]` near points."""
        _, face, place = self._tree.squared_distance(self.vertices, self.faces, np.ascontiguousarray(points))
        corners = self.faces[face]
        weights = weights_on(place, self.vertices[corners])
        normals = np.einsum("qk,qkd->qd", weights, self.normals[corners])
        return corners, weights, place, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
