"""From (part, u, v) to the vertex of a reference, as DensePose's users know it."""

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.charts import NUM_PARTS
from simpose_tf.errors import InputError
from simpose_tf.surface.reference import Reference

# How many equally near chart vertices are looked at for the one with the smallest number.
_TIES = 8


class VertexLookup:
    """The vertices of a reference as they lie in its charts; a vertex on a seam lies in several."""

    def __init__(self, reference: Reference):
        """Build a search tree per part."""
        self._vertices: dict[int, np.ndarray] = {}
        self._trees: dict[int, cKDTree] = {}
        for part in np.unique(reference.part):
            faces = reference.part == part
            corners = np.column_stack([reference.faces[faces].ravel(), reference.uv[faces].reshape(-1, 2)])
            unique = np.unique(corners.astype(np.float64), axis=0)  # by vertex, then u, then v
            self._vertices[int(part)] = unique[:, 0].astype(np.int32)
            self._trees[int(part)] = cKDTree(unique[:, 1:])

    def __call__(self, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Return the vertex `[...]` int32 nearest to each (u, v) in its part's chart; -1 where the part is 0.

        Nearest in Euclidean (u, v), the smallest number on ties (the rule of DensePose's evaluation: first index).

        Args:
          part: integer `[...]`, 0..24.
          uv: `[..., 2]` in [0, 1].

        Raises:
          InputError: a part that the reference has not, or a uv that is not finite.
        """
        part, uv = np.asarray(part), np.asarray(uv, np.float64)
        found = np.full(part.shape, -1, np.int32)
        for p in np.unique(part[part != 0]):
            rows = part == p
            if int(p) not in self._trees:
                raise InputError(f"the surface has no faces of part {int(p)}; parts are 1..{NUM_PARTS}")
            if not np.isfinite(uv[rows]).all():
                raise InputError(f"a uv of part {int(p)} is not finite")
            found[rows] = self._nearest(int(p), uv[rows])
        return found

    def _nearest(self, part: int, uv: np.ndarray) -> np.ndarray:
        """Return the vertices `[N]` of one part nearest to uv `[N, 2]`."""
        vertices, tree = self._vertices[part], self._trees[part]
        distance, index = tree.query(uv, k=range(1, min(_TIES, len(vertices)) + 1))
        candidates = np.where(distance == distance[:, :1], vertices[index], np.iinfo(np.int32).max)
        return candidates.min(1).astype(np.int32)
