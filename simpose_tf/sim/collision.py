"""Keep people apart: which cells of space are taken.

Posed vertices are sorted into cubic cells; two people may not share a cell nor have neighbouring ones. As the meshes'
edges are shorter than a cell on the body, surfaces then keep clear of each other (tests check this with rays).
"""

import itertools

import numpy as np

CELL = 0.05  # metres
_BITS = 20  # a coordinate's bits in a cell's key: +-26 km


def _key(cells: np.ndarray) -> np.ndarray:
    """Return one int64 for each integer cell `[N, 3]`; the key of a neighbour is the key plus the step's."""
    x, y, z = np.moveaxis(cells.astype(np.int64), -1, 0)
    return (x << (2 * _BITS)) + (y << _BITS) + z


_STEPS = _key(np.array(list(itertools.product((-1, 0, 1), repeat=3))))
_MIDDLE = _key(np.full(3, 1 << (_BITS - 1)))


class Occupancy:
    """The cells around everybody placed so far."""

    def __init__(self) -> None:
        """Start with empty space."""
        self._taken = np.zeros(0, np.int64)

    def add(self, vertices: np.ndarray) -> bool:
        """Take the place of a person with world vertices `[V, 3]`; return False and take nothing if it isn't free."""
        keys = np.unique(_key(np.floor(vertices / CELL)) + _MIDDLE)
        if np.isin(keys, self._taken).any():
            return False
        self._taken = np.unique(np.concatenate([self._taken, (keys[:, None] + _STEPS).reshape(-1)]))
        return True
