"""Pieces of a mesh: where one of them is a whole body, what lies over it does not count."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

_LEAST_AREA = 0.15  # share of the mesh that a whole body has at least, whatever is worn over it
_LEAST_EXTENT = 0.85  # share of the mesh's longest side


def body_like_pieces(vertices: np.ndarray, faces: np.ndarray) -> list[np.ndarray]:
    """Return the faces `[F]` bool of each piece that is large enough for a whole body, the largest first.

    Empty if the mesh is one piece.
    """
    count = len(vertices)
    links = sparse.csr_matrix(
        (np.ones(2 * len(faces)), (faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel())), (count,) * 2
    )
    pieces = connected_components(links, directed=False)[1][faces[:, 0]]
    if len(np.unique(pieces)) == 1:
        return []
    corners = vertices[faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    axis = int(np.ptp(vertices[np.unique(faces)], axis=0).argmax())
    longest = np.ptp(corners[..., axis])
    result = []
    for piece in np.argsort(-np.bincount(pieces, areas), kind="stable"):
        inside = pieces == piece
        if areas[inside].sum() < _LEAST_AREA * areas.sum():
            break
        if np.ptp(corners[inside][..., axis]) >= _LEAST_EXTENT * longest:
            result.append(inside)
    return result
