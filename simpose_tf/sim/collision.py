"""Keep people and props apart: which cells of space are taken.

Points of the posed surfaces are sorted into cubic cells; two people may not share a cell nor have neighbouring ones, so
their points are more than a cell apart. Points on a surface are so dense that two surfaces which met would have nearer
ones: true meshes are kept apart, not circles around them.
"""

import itertools

import numpy as np

CELL = 0.05  # metres
# Where two triangles meet, a corner or a sample of each lies within 1 / sqrt(3) of this from there.
SPACING = 0.04  # metres
_BITS = 20  # a coordinate's bits in a cell's key: +-26 km


def _key(cells: np.ndarray) -> np.ndarray:
    """Return one int64 for each integer cell `[N, 3]`; the key of a neighbour is the key plus the step's."""
    x, y, z = np.moveaxis(cells.astype(np.int64), -1, 0)
    return (x << (2 * _BITS)) + (y << _BITS) + z


_STEPS = _key(np.array(list(itertools.product((-1, 0, 1), repeat=3))))
_MIDDLE = _key(np.full(3, 1 << (_BITS - 1)))


def surface_points(vertices: np.ndarray, faces: np.ndarray, spacing: float = SPACING) -> np.ndarray:
    """Return points `[N, 3]` on a mesh: its corners, and samples of triangles whose edges are longer than `spacing`."""
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    points = [vertices[used]]
    edges = [vertices[faces[:, k]] - vertices[faces[:, k - 1]] for k in range(3)]
    longest = np.max([np.einsum("fc,fc->f", edge, edge) for edge in edges], axis=0)
    large = longest > spacing**2
    corners, parts = vertices[faces[large]], np.ceil(np.sqrt(longest[large]) / spacing).astype(int)
    for n in np.unique(parts):
        i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        a, b = i[i + j <= n] / n, j[i + j <= n] / n
        weights = np.stack([a, b, 1 - a - b], -1).astype(vertices.dtype)
        points.append(np.einsum("kc,fcd->fkd", weights, corners[parts == n]).reshape(-1, 3))
    return np.concatenate(points)


class Occupancy:
    """The cells around everybody placed so far."""

    def __init__(self) -> None:
        """Start with empty space."""
        self._taken = np.zeros(0, np.int64)

    def add(self, points: np.ndarray) -> bool:
        """Take the place of surface points `[N, 3]` in the world; return False and take nothing if it isn't free."""
        keys = np.unique(_key(np.floor(points / CELL)) + _MIDDLE)
        if np.isin(keys, self._taken).any():
            return False
        self._taken = np.unique(np.concatenate([self._taken, (keys[:, None] + _STEPS).reshape(-1)]))
        return True
