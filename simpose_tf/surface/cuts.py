"""Cuts inside a part: edges of the reference where uv jumps, laid on a mesh as cheapest edge paths."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.topology import Sides, sides_of

_ALIKE = 1e-5  # uv of one place
_ALONG = 0.02  # what an edge of a path costs, relative to keeping away from the cut
_REACHES = (2.5, 6.0)  # mean edges that a path may be away from the cut


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


def lay_cut(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """Return the vertices of the edge path that follows a cut best; fewer than two if there is no room for it.

    The path is matched to the cut step by step, so it goes around every finger although a way across is shorter.

    Args:
      points: `[K, 3]` the cut, in turn.
      vertices: `[V, 3]` of the mesh.
      faces: `[F, 3]` the faces of the part.
      closed: `[V]` vertices that no path may pass, borders and earlier cuts: it starts at one of them.
    """
    used, local = np.unique(faces, return_inverse=True)
    place, shut = vertices[used], closed[used]
    if shut.all() or not shut.any():
        return np.zeros(0, np.int64)
    pairs = np.unique(np.sort(local.reshape(-1, 3)[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    first = np.flatnonzero(shut)[np.argmin(np.linalg.norm(place[shut] - points[0], axis=1))]
    pairs = pairs[(~shut[pairs] | (pairs == first)).all(1)]
    length = np.linalg.norm(place[pairs[:, 0]] - place[pairs[:, 1]], axis=1)
    if len(pairs) == 0:
        return np.zeros(0, np.int64)
    allowed = ~shut
    allowed[first] = True
    for reach in _REACHES:
        path = _followed(_sampled(points, 0.5 * length.mean()), place, pairs, allowed, first, reach * length.mean())
        if len(path) > 1:
            return used[_without_detours(path)]
    return np.zeros(0, np.int64)


def _followed(
    samples: np.ndarray, place: np.ndarray, pairs: np.ndarray, allowed: np.ndarray, first: int, reach: float
) -> list[int]:
    """Return the cheapest walk along edges that keeps pace with samples of a cut; empty if there is none.

    Its states are (sample, vertex) for the vertices within `reach` of a sample. Going on to the next sample costs the
    squared distance from it beyond half an edge, an edge its length times how far off the cut it is: a walk along
    the cut itself costs least.

    Args:
      samples: `[S, 3]`.
      place: `[N, 3]` vertices.
      pairs: `[E, 2]` edges.
      allowed: `[N]` vertices that may be used.
      first: the vertex to start from.
      reach: metres.
    """
    squared = ((place[None] - samples[:, None]) ** 2).sum(2)
    near = (squared < reach**2) & allowed
    near[0] = False
    near[0, first] = True
    number = np.where(near, np.cumsum(near.ravel()).reshape(near.shape) - 1, -1)
    rows, columns, costs = [], [], []

    def connect(here: np.ndarray, there: np.ndarray, cost: np.ndarray) -> None:
        both = (here >= 0) & (there >= 0)
        rows.append(here[both])
        columns.append(there[both])
        costs.append(cost[both] + 1e-9)

    length = np.linalg.norm(place[pairs[:, 0]] - place[pairs[:, 1]], axis=1)
    longest = np.zeros(len(place))
    np.maximum.at(longest, pairs, length[:, None])
    off = (np.maximum(np.sqrt(squared[1:]) - longest / 2, 0) / reach) ** 2
    connect(number[:-1], number[1:], off)
    tree = cKDTree(_sampled(samples, 0.05 * length.mean()))
    middle, aside = tree.query(place[pairs].mean(1))[0], tree.query(place[pairs])[0].max(1)
    length = np.maximum(length, 0.1 * length.mean() + 1e-9)  # vertices of a layer may share a place
    edge = length / reach * (_ALONG + ((middle + aside) / length) ** 2)
    for a, b in (pairs.T, pairs.T[::-1]):
        connect(number[:-1][:, a], number[1:][:, b], off[:, b] + edge)
        connect(number[:, a], number[:, b], np.broadcast_to(edge, (len(samples), len(a))))
    size = int(near.sum())
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = sp.csr_matrix((np.concatenate(costs), (row, column)), shape=(size, size))
    cost, before = dijkstra(graph, indices=number[0, first], return_predecessors=True)
    ends = number[-1][near[-1]]
    if len(ends) == 0 or not np.isfinite(cost[ends]).any():
        return []
    vertex = np.nonzero(near)[1]
    state = int(ends[np.argmin(cost[ends])])
    walk = []
    while state >= 0:
        walk.append(int(vertex[state]))
        state = int(before[state])
    return walk[::-1]


def _without_detours(walk: list[int]) -> list[int]:
    """Return a walk without the loops between two visits of one vertex."""
    path: list[int] = []
    for vertex in walk:
        if vertex in path:
            del path[path.index(vertex) :]
        path.append(vertex)
    return path


def distance_from(points: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Return metres `[V]` of vertices `[V, 3]` from a polyline `[K, 3]`, to a millimetre."""
    return cKDTree(_sampled(points, 0.002)).query(vertices)[0]


def _sampled(points: np.ndarray, step: float) -> np.ndarray:
    """Return the points of a polyline and others between them `[P, 3]`, at most `step` apart."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.union1d(np.linspace(0, length[-1], int(length[-1] / step) + 2), length)
    return np.stack([np.interp(at, length, points[:, k]) for k in range(3)], 1)
