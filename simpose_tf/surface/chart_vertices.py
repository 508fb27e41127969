"""What GPS measures distances between: the vertices of charts. (part, u, v) -> the nearest one -> geodesic distance.

The official evaluation knows a body by its chart vertices (a vertex on a seam has one in each chart), not by its faces:
a place is the nearest chart vertex of its part in (u, v), the first one among equals.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from simpose_tf.charts import NUM_PARTS, PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.surface.distance_table import DistanceTable
from simpose_tf.surface.reference import Reference

NOWHERE = -1  # the chart vertex of what is on no part
_UNKNOWN = -2  # not looked up yet
_LEVELS = 256  # of a byte
_ROWS_AT_ONCE = 1024
# Two vertices whose distances differ by less, relatively, are compared once more as the official program does.
_CLOSE = 1e-9


@dataclass(frozen=True)
class ChartVertices:
    """The chart vertices of a body, and how far apart they are on it.

    Attributes:
      name: where they come from, for messages.
      part: `[C]` int64, 1..24.
      uv: `[C, 2]` float64.
      vertex: `[C]` int64 the mesh vertex of each: its row in the table of distances.
      distances: metres between mesh vertices; None where only places are asked for.
    """

    name: str
    part: np.ndarray
    uv: np.ndarray
    vertex: np.ndarray
    distances: DistanceTable | None

    def nearest(self, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Return the chart vertices `[N]` int64 nearest to (u, v) in their part, `NOWHERE` for other parts than 1..24.

        Args:
          part: `[N]` integers.
          uv: `[N, 2]` float64, finite.

        Raises:
          InputError: the body has no vertices of a part.
        """
        found = np.full(len(part), NOWHERE, np.int64)
        for chart in np.unique(part[(part >= 1) & (part <= NUM_PARTS)]):
            rows = np.flatnonzero(part == chart)
            found[rows] = self._chart(int(chart)).nearest(uv[rows])
        return found

    def nearest_of_bytes(self, iuv: np.ndarray) -> np.ndarray:
        """Return the chart vertices `[N]` int64 of uint8 `[N, 3]` part, u * 255, v * 255; each is looked up once."""
        keys = (iuv[:, 0].astype(np.int64) * _LEVELS + iuv[:, 1]) * _LEVELS + iuv[:, 2]
        found = self._of_bytes[keys]
        new = np.unique(keys[found == _UNKNOWN])
        if len(new):
            uv = np.stack([new // _LEVELS % _LEVELS, new % _LEVELS], -1) / 255.0
            self._of_bytes[new] = self.nearest(new // _LEVELS**2, uv)
            found = self._of_bytes[keys]
        return found.astype(np.int64)

    def mesh_vertices(self, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
        """Return the mesh vertices `[...]` int64 nearest to (u, v) in their part's chart, `NOWHERE` for part 0.

        Args:
          part: integer `[...]`, 0..24, as a map of a picture has them.
          uv: `[..., 2]` finite.

        Raises:
          InputError: the body has no vertices of a part.
        """
        part = np.asarray(part)
        found = np.full(part.shape, NOWHERE, np.int64)
        on = part > 0
        found[on] = self.vertex[self.nearest(part[on], np.asarray(uv, np.float64)[on])]
        return found

    def apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the distances float32 between chart vertices (shapes broadcast), infinite where one is `NOWHERE`."""
        if self.distances is None:
            raise ValueError(f"{self.name}: made without distances")
        a, b = np.broadcast_arrays(a, b)
        result = np.full(a.shape, np.inf, np.float32)
        known = (a != NOWHERE) & (b != NOWHERE)
        result[known] = self.distances(self.vertex[a[known]], self.vertex[b[known]])
        return result

    @functools.cached_property
    def _of_bytes(self) -> np.ndarray:
        """Chart vertices by (part * 256 + u) * 256 + v, as far as they were looked up."""
        return np.full((NUM_PARTS + 1) * _LEVELS**2, _UNKNOWN, np.int32)

    @functools.cached_property
    def _charts(self) -> dict[int, "_Chart"]:
        """Charts by part, as far as they were used."""
        return {}

    def _chart(self, part: int) -> "_Chart":
        """Return a part's chart. Raises InputError if there is none."""
        if part not in self._charts:
            members = np.flatnonzero(self.part == part)
            if not len(members):
                raise InputError(f"{self.name}: no vertices of part {part} ({PART_NAMES[part]})")
            self._charts[part] = _Chart(members, self.uv[members], cKDTree(self.uv[members]))
        return self._charts[part]


@dataclass(frozen=True)
class _Chart:
    """The chart vertices of one part: their numbers `[M]` in order, their uv `[M, 2]`, and a search tree of these."""

    members: np.ndarray
    uv: np.ndarray
    tree: cKDTree

    def nearest(self, uv: np.ndarray) -> np.ndarray:
        """Return the nearest members `[N]` of places `[N, 2]`, the first one among equals."""
        if len(self.members) == 1:
            return np.repeat(self.members, len(uv))
        distance, place = self.tree.query(uv, k=2)
        place = place[:, 0].astype(np.int64)
        unsure = np.flatnonzero(distance[:, 1] <= distance[:, 0] * (1 + _CLOSE) + _CLOSE**2)
        for rows in np.array_split(unsure, -(-len(unsure) // _ROWS_AT_ONCE)) if len(unsure) else ():
            place[rows] = np.argmin(cdist(uv[rows], self.uv), axis=1)
        return self.members[place]


def of_reference(reference: Reference, distances: DistanceTable | None = None) -> ChartVertices:
    """Return the chart vertices of a reference surface: its vertices, once for each chart and (u, v) they have.

    Args:
      reference: the surface.
      distances: between its vertices; not needed for places.
    """
    part = np.repeat(reference.part, 3)
    corners = np.column_stack([part, reference.faces.ravel(), reference.uv.reshape(-1, 2).astype(np.float64)])
    rows = np.unique(corners, axis=0)
    number = rows[:, :2].astype(np.int64)
    return ChartVertices(reference.name, number[:, 0], rows[:, 2:], number[:, 1], distances)
