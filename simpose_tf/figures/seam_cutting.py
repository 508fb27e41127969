"""Cut a quad mesh into triangles that keep its seams, and open it along them."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components


def triangulate(
    points: np.ndarray, quads: np.ndarray, mirror: np.ndarray, seam_edges: set[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut quads into triangles: along a seam's diagonal, else so that no inner edge joins two seams, else shorter.

    Returns:
      faces `[2Q, 3]` (quad q becomes 2q and 2q + 1) and partner `[2Q]`: the mirrored face, whose corners are the
      mirrored corners in the order 0, 2, 1.
    """
    on_seam = np.zeros(len(points), bool)
    on_seam[list({v for edge in seam_edges for v in edge})] = True
    number = {tuple(sorted(q)): k for k, q in enumerate(quads.tolist())}
    faces = np.zeros((len(quads), 2, 3), np.int32)
    partner = np.zeros((len(quads), 2), np.int64)
    for k in np.flatnonzero(points[quads, 0].max(1) > 0).tolist():
        a, b, c, d = quads[k].tolist()

        def badness(first: int, second: int) -> tuple:
            seam = (min(first, second), max(first, second)) in seam_edges
            joins = bool(on_seam[first] and on_seam[second])
            return (not seam, joins, float(np.linalg.norm(points[first] - points[second])))

        faces[k] = ((a, b, c), (a, c, d)) if badness(a, c) <= badness(b, d) else ((b, c, d), (b, d, a))
        other = number[tuple(sorted(mirror[quads[k]].tolist()))]
        faces[other] = mirror[faces[k]][:, [0, 2, 1]]
        partner[k], partner[other] = (2 * other, 2 * other + 1), (2 * k, 2 * k + 1)
    return faces.reshape(-1, 3), partner.reshape(-1)


def cut_along(faces: np.ndarray, seam_edges: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Open the mesh along seams: a vertex becomes as many as its corners fall into sectors.

    Returns:
      `[F, 3]` new vertex ids, and `[N]` the old vertex of each.
    """
    first, second, i, j = _shared_sides(faces)
    ends = np.sort(np.stack([faces[first, i], faces[first, (i + 1) % 3]], 1), 1)
    whole = np.array([tuple(e) not in seam_edges for e in ends.tolist()])
    first, second, i, j = first[whole], second[whole], i[whole], j[whole]
    rows = np.concatenate([3 * first + i, 3 * first + (i + 1) % 3])
    columns = np.concatenate([3 * second + (j + 1) % 3, 3 * second + j])
    graph = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(faces.size, faces.size))
    new = connected_components(graph, directed=False)[1]
    base_vertex = np.zeros(new.max() + 1, np.int64)
    base_vertex[new] = faces.ravel()
    return new.reshape(-1, 3), base_vertex


def pieces_of(faces: np.ndarray) -> np.ndarray:
    """Return the number of the piece `[F]` that each face belongs to; faces that share a side are of one piece."""
    first, second, _, _ = _shared_sides(faces)
    graph = sp.csr_matrix((np.ones(len(first)), (first, second)), shape=(len(faces), len(faces)))
    return connected_components(graph, directed=False)[1]


def _shared_sides(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return for each side between two faces: both faces and the side's corner (side i runs from corner i) in each."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, 1).ravel().astype(np.int64)
    size = int(faces.max()) + 1
    key, reverse = start * size + end, end * size + start
    _, ours, theirs = np.intersect1d(key, reverse, assume_unique=True, return_indices=True)
    half = start[ours] < end[ours]
    ours, theirs = ours[half], theirs[half]
    return ours // 3, theirs // 3, ours % 3, theirs % 3
