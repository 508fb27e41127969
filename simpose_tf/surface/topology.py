"""Which faces of a triangle mesh meet, and how the mesh falls apart when it is opened along edges.

Notation: a side is an edge between two faces of a mesh; side i of a face runs from its corner i to corner i + 1. A
patch is a set of faces opened along everything that is not one of its whole sides: each of its vertices has one fan.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Sides:
    """Edges with a face on both sides.

    Attributes:
      first: `[S]` and
      second: `[S]` the faces, and
      i: `[S]` and
      j: `[S]` the side's number in each.
      ends: `[S, 2]` its vertices, in the direction of the first face.
    """

    first: np.ndarray
    second: np.ndarray
    i: np.ndarray
    j: np.ndarray
    ends: np.ndarray


def sides_of(faces: np.ndarray) -> Sides:
    """Return the sides of faces `[F, 3]` that are oriented alike; an edge with more than two faces is no side."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, 1).ravel().astype(np.int64)
    size = int(faces.max(initial=0)) + 1
    key, reverse = start * size + end, end * size + start
    unique, where, count = np.unique(key, return_index=True, return_counts=True)
    unique, where = unique[count == 1], where[count == 1]
    spot = np.minimum(np.searchsorted(unique, reverse[where]), max(len(unique) - 1, 0))
    ours = where[unique[spot] == reverse[where]] if len(unique) else where
    theirs = where[spot[unique[spot] == reverse[where]]] if len(unique) else where
    half = start[ours] < end[ours]
    ours, theirs = ours[half], theirs[half]
    return Sides(ours // 3, theirs // 3, ours % 3, theirs % 3, np.stack([start[ours], end[ours]], 1))


def pieces_of(num_faces: int, sides: Sides, whole: np.ndarray) -> np.ndarray:
    """Return the number `[F]` of the piece that each face is in when only the `whole` `[S]` sides hold together."""
    pair = (sides.first[whole], sides.second[whole])
    graph = sp.csr_matrix((np.ones(int(whole.sum()), bool), pair), shape=(num_faces, num_faces))
    return connected_components(graph, directed=False)[1]


def open_along(faces: np.ndarray, sides: Sides, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Open a mesh along all sides that are not whole: a vertex becomes as many as its corners have fans.

    Args:
      faces: `[F, 3]`.
      sides: its sides.
      whole: `[S]` bool.

    Returns:
      `[F, 3]` new vertex ids, and `[N]` the old vertex of each.
    """
    first, second, i, j = sides.first[whole], sides.second[whole], sides.i[whole], sides.j[whole]
    rows = np.concatenate([3 * first + i, 3 * first + (i + 1) % 3])
    columns = np.concatenate([3 * second + (j + 1) % 3, 3 * second + j])
    graph = sp.csr_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(faces.size, faces.size))
    count, new = connected_components(graph, directed=False)
    old = np.zeros(count, np.int64)
    old[new] = faces.ravel()
    return new.reshape(-1, 3), old


def loops_of(faces: np.ndarray) -> list[np.ndarray]:
    """Return the boundaries of a patch, longest first, each a run of vertices in the direction of the faces."""
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, 1).ravel().astype(np.int64)
    size = int(faces.max(initial=0)) + 1
    open_ = ~np.isin(start * size + end, end * size + start)
    following = dict(zip(start[open_].tolist(), end[open_].tolist(), strict=True))
    loops = []
    while following:
        loop = [min(following)]
        while (after := following.pop(loop[-1], loop[0])) != loop[0]:
            loop.append(after)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def is_disc(faces: np.ndarray) -> bool:
    """Return whether a patch is one disc: one boundary and Euler characteristic 1."""
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    return len(np.unique(faces)) - len(edges) + len(faces) == 1 and len(loops_of(faces)) == 1


def neighbours_of(num_vertices: int, faces: np.ndarray) -> sp.csr_matrix:
    """Return which vertices share an edge, `[N, N]` float64 of zeros and ones."""
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    graph = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(num_vertices, num_vertices))
    graph.data[:] = 1.0
    return graph


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return unit normals `[F, 3]` (zero on a flat face) and areas `[F]`."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    doubled = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(doubled, 1e-30)[:, None], doubled / 2


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return unit normals `[V, 3]`, faces weighted by area (zero where a vertex has no face)."""
    normals, area = face_normals(vertices, faces)
    total = np.zeros((len(vertices), 3))
    for corner in range(3):
        np.add.at(total, faces[:, corner], normals * area[:, None])
    return total / np.maximum(np.linalg.norm(total, axis=1), 1e-30)[:, None]


def edge_lengths(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the mean length `[V]` of the edges at each vertex (0 where a vertex has no face)."""
    pairs = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    length = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
    ends = pairs.ravel()
    count = np.bincount(ends, minlength=len(vertices))
    return np.bincount(ends, np.repeat(length, 2), len(vertices)) / np.maximum(count, 1)
