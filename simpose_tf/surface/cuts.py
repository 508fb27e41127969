"""Cuts inside a part: edges of the reference where uv jumps, laid on a mesh as cheapest edge paths."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.topology import Sides, sides_of

_ALIKE = 1e-5  # uv of one place
_ALONG = 0.05  # what a path costs per metre on the cut; half a mesh edge off it costs 1 more
_STEP = 0.001  # metres between samples of a cut


@dataclass(frozen=True)
class Cut:
    """An arc of a reference's cut, from the border of its part or another arc inwards.

    Attributes:
      part: whose chart it opens.
      vertices: `[K]` of the reference, in turn.
    """

    part: int
    vertices: np.ndarray


def jumping(fitted: Fitted, sides: Sides) -> np.ndarray:
    """Return `[S]` whether uv differs across a side although both its faces are of one part."""
    first = np.stack([fitted.uv[sides.first, sides.i], fitted.uv[sides.first, (sides.i + 1) % 3]], 1)
    second = np.stack([fitted.uv[sides.second, (sides.j + 1) % 3], fitted.uv[sides.second, sides.j]], 1)
    return (fitted.part[sides.first] == fitted.part[sides.second]) & (np.abs(first - second).max((1, 2)) > _ALIKE)


def cuts_of(fitted: Fitted) -> list[Cut]:
    """Return all cuts of a reference, each part's so that every one starts on the border or on an earlier one."""
    sides = sides_of(fitted.faces)
    inside, between = jumping(fitted, sides), fitted.part[sides.first] != fitted.part[sides.second]
    found: list[Cut] = []
    for part in np.unique(fitted.part[sides.first[inside]]).tolist():
        edges = sides.ends[inside & (fitted.part[sides.first] == part)]
        border = sides.ends[between & ((fitted.part[sides.first] == part) | (fitted.part[sides.second] == part))]
        found += _arcs(part, edges, set(border.ravel().tolist()))
    return found


def _arcs(part: int, edges: np.ndarray, reached: set[int]) -> list[Cut]:
    """Return the edges as arcs between vertices where other than two meet, in an order in which each is reached."""
    around: dict[int, list[int]] = {}
    for a, b in edges.tolist():
        around.setdefault(a, []).append(b)
        around.setdefault(b, []).append(a)
    nodes = {v for v, others in around.items() if len(others) != 2 or v in reached}
    waiting = [[node, after] for node in sorted(nodes) for after in sorted(around[node])]
    for arc in waiting:
        while arc[-1] not in nodes:
            arc.append(next(v for v in around[arc[-1]] if v != arc[-2]))
    arcs, seen = [], set()
    while starts := [arc for arc in waiting if arc[0] in reached and frozenset(arc) not in seen]:
        arc = starts[0]
        seen.add(frozenset(arc))
        reached = reached | set(arc)
        arcs.append(Cut(part, np.array(arc)))
    return arcs


def lay_cut(
    points: np.ndarray, vertices: np.ndarray, faces: np.ndarray, closed: np.ndarray, root: np.ndarray | None
) -> np.ndarray:
    """Return the vertices of the cheapest edge path along a cut; fewer than two if there is no room for it.

    Args:
      points: `[K, 3]` the cut, in turn.
      vertices: `[V, 3]` of the mesh.
      faces: `[F, 3]` the faces of the part.
      closed: `[V]` vertices that no path may pass: borders and earlier cuts.
      root: vertices to start from; None starts at any closed one.
    """
    used = np.unique(faces)
    start = used[closed[used]] if root is None else root
    free = used[~closed[used]]
    if len(free) == 0 or len(start) == 0:
        return np.zeros(0, np.int64)
    tree = cKDTree(_sampled(points))
    first = start[np.argmin(np.linalg.norm(vertices[start] - points[0], axis=1))]
    last = free[np.argmin(np.linalg.norm(vertices[free] - points[-1], axis=1))]
    pairs = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    allowed = (~closed[pairs] | (pairs == first)).all(1)
    pairs = pairs[allowed]
    length = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
    off = (tree.query(vertices[pairs].mean(1))[0] + tree.query(vertices[pairs[:, 0]])[0]) / 2
    off = (off + tree.query(vertices[pairs[:, 1]])[0]) / 2
    cost = length * (_ALONG + (2 * off / length.mean()) ** 2)
    graph = sp.csr_matrix((cost, (pairs[:, 0], pairs[:, 1])), shape=(len(vertices), len(vertices)))
    _, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    path = [int(last)]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1]) if path[-1] == first else np.zeros(0, np.int64)


def _sampled(points: np.ndarray) -> np.ndarray:
    """Return points `[P, 3]` close together along a polyline."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0, length[-1], int(length[-1] / _STEP) + 2)
    return np.stack([np.interp(at, length, points[:, k]) for k in range(3)], 1)
