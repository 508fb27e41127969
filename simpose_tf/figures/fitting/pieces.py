"""Pieces of a mesh: where one of them is a whole body, what lies over it does not count."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

_LEAST_AREA = 0.15  # share of the mesh that a whole body has at least, whatever is worn over it
_LEAST_EXTENT = (
    0.8  # share of the mesh's sides along two axes, and of the largest piece's diagonal: garments are shorter
)
_MOST = 2  # pieces


def body_like_pieces(vertices: np.ndarray, faces: np.ndarray) -> list[np.ndarray]:
    """Return the faces `[F]` bool of the pieces that are large enough for a whole body, the largest first.

    Empty if the mesh is one piece.
    """
    pieces = pieces_of(faces, len(vertices))
    if len(np.unique(pieces)) == 1:
        return []
    corners = vertices[faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    whole = np.ptp(corners.reshape(-1, 3), axis=0)
    numbers = np.flatnonzero(np.bincount(pieces, areas) >= _LEAST_AREA * areas.sum())
    sides = np.array([np.ptp(corners[pieces == piece].reshape(-1, 3), axis=0) for piece in numbers]).reshape(-1, 3)
    diagonals = np.linalg.norm(sides, axis=1)
    large = ((sides >= _LEAST_EXTENT * whole).sum(1) >= 2) & (diagonals >= _LEAST_EXTENT * diagonals.max(initial=0.0))
    own = [pieces == piece for piece in numbers[large]]
    return sorted(own, key=lambda inside: -float(areas[inside].sum()))[:_MOST]


def pieces_of(faces: np.ndarray, count: int) -> np.ndarray:
    """Return the number `[F]` of the piece that each face belongs to, of a mesh with `count` vertices."""
    links = sparse.csr_matrix(
        (np.ones(2 * len(faces)), (faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel())), (count,) * 2
    )
    return connected_components(links, directed=False)[1][faces[:, 0]]
