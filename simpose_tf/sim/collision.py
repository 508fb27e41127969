"""Keep people apart: which cells of space are taken.

Posed vertices are sorted into cubic cells; two people may not share a cell nor have neighbouring ones. As the meshes'
edges are shorter than a cell on the body, surfaces then keep clear of each other (tests check this with rays).
"""

import itertools

import numpy as np

CELL = 0.05  # metres
_BITS = 20  # a coordinate's bits in a cell's key: +-26 km
_NEIGHBOURS = np.array(list(itertools.product((-1, 0, 1), repeat=3)))


def _keys(cells: np.ndarray) -> np.ndarray:
    """Return one int64 for each integer cell `[N, 3]`."""
    shifted = cells.astype(np.int64) + (1 << (_BITS - 1))
    return (shifted[:, 0] << (2 * _BITS)) | (shifted[:, 1] << _BITS) | shifted[:, 2]


class Occupancy:
    """The cells around everybody placed so far."""

    def __init__(self) -> None:
        """Start with empty space."""
        self._taken = np.zeros(0, np.int64)

    def add(self, vertices: np.ndarray) -> bool:
        """Take the place of a person with world vertices `[V, 3]`; return False and take nothing if it isn't free."""
        cells = np.unique(np.floor(vertices / CELL).astype(np.int64), axis=0)
        if np.isin(_keys(cells), self._taken, assume_unique=False).any():
            return False
        around = (cells[:, None] + _NEIGHBOURS[None]).reshape(-1, 3)
        self._taken = np.union1d(self._taken, _keys(around))
        return True
