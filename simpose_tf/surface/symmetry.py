"""Left and right: the mirror image of vertices, and of (part, u, v), by rule, by the official table, or by geometry."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf import charts
from simpose_tf.surface.lookup import closest
from simpose_tf.surface.places import places_of_iuv, positions
from simpose_tf.surface.reference import Reference

_MIRROR = np.array([-1.0, 1.0, 1.0])  # figure frame: x points to the person's left


def mirror_vertices(vertices: np.ndarray) -> np.ndarray:
    """Return the vertex `[V]` int32 that is nearest to each vertex's mirror image in the plane x = 0.

    Vertices that are each other's nearest come in pairs; on a mesh that is not symmetric others may not.
    """
    vertices = np.asarray(vertices, float)
    return cKDTree(vertices).query(vertices * _MIRROR)[1].astype(np.int32)


@dataclass(frozen=True)
class Flip:
    """The flip of (part, u, v) when a person is mirrored; apply it as a function.

    `rule`: exact where the charts were made mirror images of each other (`charts.flip_uv`). `table`: the official
    lookup of 256 x 256 values per part, with its truncation. `geometry`: the place, mirrored, then the nearest place
    of the partner's chart.

    Attributes:
      reference: the surface.
      way: `rule`, `table` or `geometry`.
    """

    reference: Reference
    way: str

    def __call__(self, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (part, u, v) of the mirrored person; arrays of any one shape; part 0 keeps its u and v.

        Args:
          part: integers 0..24.
          u: in [0, 1].
          v: in [0, 1].
        """
        if self.way == "rule":
            return charts.flip_uv(part, u, v)
        part, u, v = np.asarray(part), np.array(u, float), np.array(v, float)
        body = part > charts.BACKGROUND
        uv = np.stack([u[body], v[body]], -1)
        u[body], v[body] = (self._by_table if self.way == "table" else self._by_geometry)(part[body], uv).T
        return charts.FLIP[part], u, v

    def _by_table(self, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Look `[N]` parts and uv `[N, 2]` up as detectron2's `DensePoseTransformData` does: truncated, v first."""
        assert self.reference.flip_table is not None
        size = self.reference.flip_table.shape[1] - 1
        column, row = (np.clip(uv, 0, 1) * size).astype(int).T
        return self.reference.flip_table[part - 1, row, column]

    def _by_geometry(self, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Mirror the places of `[N]` parts and uv `[N, 2]` in space."""
        reference = self.reference
        mirrored = positions(reference, places_of_iuv(reference, part, uv)) * _MIRROR
        result = np.zeros_like(uv)
        for chart in np.unique(part):
            rows = part == chart
            source = np.flatnonzero(reference.part == charts.FLIP[chart])
            face, weights = closest(mirrored[rows], reference.vertices, reference.faces[source])
            result[rows] = np.einsum("nc,nck->nk", weights, reference.uv[source[face]])
        return result


def flip_of(reference: Reference) -> Flip:
    """Return the best flip there is for a reference: by rule for `open`, else by its table, else by its geometry."""
    if reference.name == "open":
        return Flip(reference, "rule")
    return Flip(reference, "geometry" if reference.flip_table is None else "table")


def flip_error(flip: Flip, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return `[N]` metres between a place's mirror image in space and the place that the flip names.

    Args:
      flip: of a symmetric reference.
      part: `[N]` 1..24.
      uv: `[N, 2]`.
    """
    mirrored = positions(flip.reference, places_of_iuv(flip.reference, part, uv)) * _MIRROR
    other, u, v = flip(part, uv[:, 0], uv[:, 1])
    named = positions(flip.reference, places_of_iuv(flip.reference, other, np.stack([u, v], -1)))
    return np.linalg.norm(mirrored - named, axis=1)
