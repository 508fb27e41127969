"""Move the border between two parts to the shortest way along edges through given vertices."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from simpose_tf.charts import PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.surface.patches import neighbours, patches


@dataclass(frozen=True)
class _Region:
    """The two parts where the border runs.

    Attributes:
      faces: `[R, 3]` of one connected piece, and
      rows: `[R]` where they stand in the mesh.
      part: `[R]`.
      chains: stretches of the border, each a list of vertices from end to end (a ring's first is its last).
      rim: vertices on the region's own boundary.
    """

    faces: np.ndarray
    rows: np.ndarray
    part: np.ndarray
    chains: list[list[int]]
    rim: set[int]


def moved_border(
    points: np.ndarray,
    faces: np.ndarray,
    part: np.ndarray,
    between: tuple[int, int],
    through: list[int],
    entry: str,
) -> np.ndarray:
    """Return parts `[F]` with the border between two of them moved.

    Args:
      points: `[V, 3]`.
      faces: `[F, 3]`.
      part: `[F]` as they are.
      between: the two parts.
      through: vertices that the new border visits, in this order.
      entry: who asks, for errors.

    Raises:
      InputError: the parts do not touch there, a vertex lies elsewhere, or there is no such way.
    """
    region = _region(faces, part, between, through, entry)
    chain = min(region.chains, key=lambda line: _distance(points, line, through))
    others = [line for line in region.chains if line is not chain]
    graph = _edge_graph(points, region)
    path = _path(points, graph, region.rim.union(*others), (chain, through), entry)
    edges = np.concatenate([np.sort(np.stack([line[:-1], line[1:]], 1), axis=1) for line in [path, *others]])
    piece = patches(region.faces, np.zeros(len(region.faces)), edges)
    result = np.array(part)
    result[region.rows] = _assigned(piece, region.part, between, entry)
    return result


def _region(faces: np.ndarray, part: np.ndarray, between: tuple[int, int], through: list[int], entry: str) -> _Region:
    """Return the connected piece of the two parts that holds the vertices. Raises InputError if there is none."""
    names = " and ".join(PART_NAMES[p] for p in between)
    rows = np.flatnonzero(np.isin(part, between))
    piece = patches(faces[rows], np.zeros(len(rows))) if len(rows) else rows
    holding = [np.unique(piece[(faces[rows] == vertex).any(1)]) for vertex in through]
    for k, (vertex, pieces) in enumerate(zip(through, holding, strict=True)):
        if not len(pieces):
            where = sorted({PART_NAMES[p] for p in part[(faces == vertex).any(1)].tolist()})
            raise InputError(f"{entry}: its vertices[{k}] lies on {', '.join(where)}, not on {names}")
    shared = set(holding[0].tolist()).intersection(*(pieces.tolist() for pieces in holding))
    for number in sorted(shared):
        inside = rows[piece == number]
        found = _with_border(faces, part, inside)
        if found.chains:
            return found
    raise InputError(f"{entry}: {names} do not touch" + ("" if shared else " where its vertices lie"))


def _with_border(faces: np.ndarray, part: np.ndarray, rows: np.ndarray) -> _Region:
    own = faces[rows].astype(np.int64)
    pairs, ends = neighbours(own)
    border = ends[part[rows][pairs[:, 0]] != part[rows][pairs[:, 1]]]
    sides = np.sort(np.stack([own.ravel(), np.roll(own, -1, axis=1).ravel()], 1), axis=1)
    unique, counts = np.unique(sides, axis=0, return_counts=True)
    rim = set(unique[counts == 1].ravel().tolist())
    return _Region(own, rows, part[rows], _chains(border, rim), rim)


def _chains(edges: np.ndarray, rim: set[int]) -> list[list[int]]:
    """Return edges `[E, 2]` as stretches between vertices on the rim, or where not two of them meet; rings last."""
    near: dict[int, list[int]] = {}
    for a, b in edges.tolist():
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    left = {frozenset(edge) for edge in edges.tolist()}
    ends = sorted(v for v, others in near.items() if len(others) != 2 or v in rim)
    found = []
    for start in [*ends, *sorted(near)]:
        for step in sorted(near[start]):
            line = [start]
            while frozenset((line[-1], step)) in left:
                left.discard(frozenset((line[-1], step)))
                line.append(step)
                if step in ends or step == start:
                    break
                step = next((v for v in sorted(near[step]) if frozenset((step, v)) in left), step)
            if len(line) > 1:
                found.append(line)
    return found


def _distance(points: np.ndarray, line: list[int], through: list[int]) -> float:
    """Return the mean distance of vertices from a stretch of the border."""
    away = np.linalg.norm(points[through][:, None] - points[line][None], axis=2)
    return float(away.min(1).mean())


def _edge_graph(points: np.ndarray, region: _Region) -> csr_matrix:
    """Return the lengths of the region's edges, `[V, V]`."""
    start, end = region.faces.ravel(), np.roll(region.faces, -1, axis=1).ravel()
    edges = np.unique(np.sort(np.stack([start, end], 1), axis=1), axis=0)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    return csr_matrix((np.maximum(length, 1e-12), edges.T), (len(points), len(points)))


def _path(
    points: np.ndarray, graph: csr_matrix, barred: set[int], asked: tuple[list[int], list[int]], entry: str
) -> list[int]:
    """Return the vertices of the new border, from end to end.

    Args:
      points: `[V, 3]`.
      graph: of the edges' lengths.
      barred: vertices that it may only begin or end at.
      asked: the stretch of the old border, and the vertices to visit.
      entry: who asks, for errors.
    """
    chain, through = asked
    fault = f"{entry}: no way along edges inside the two parts"
    visits, tied = f"{fault} from each of its vertices to the next", f"{fault} to the ends of the old border"
    if chain[0] == chain[-1]:
        return _legs(graph, barred, [*through, through[0]], visits)
    chain = _same_way(points, chain, through)
    head, tail = _rest(chain, through[0], barred), _rest(chain[::-1], through[-1], barred)
    path = _legs(graph, barred.union(head[:-1], tail[:-1]), through, visits)
    if not head:
        head = _legs(graph, barred.union(path[1:], tail), [chain[0], through[0]], tied)
    if not tail:
        tail = _legs(graph, barred.union(path[:-1], head), [chain[-1], through[-1]], tied)
    return [*head[:-1], *path, *tail[:-1][::-1]]


def _same_way(points: np.ndarray, chain: list[int], through: list[int]) -> list[int]:
    """Return a stretch of the border in the direction in which the vertices follow one another."""
    first, last = (np.linalg.norm(points[chain] - points[through[k]], axis=1) for k in (0, -1))
    if through[0] in chain and through[-1] in chain:
        return chain if first.argmin() <= last.argmin() else chain[::-1]
    return chain if first[0] + last[-1] <= first[-1] + last[0] else chain[::-1]


def _rest(chain: list[int], vertex: int, barred: set[int]) -> list[int]:
    """Return what stays of the border before a vertex on it, up to it; only itself on the rim; else nothing."""
    if vertex in chain:
        return chain[: chain.index(vertex) + 1]
    return [vertex] if vertex in barred else []


def _legs(graph: csr_matrix, barred: set[int], through: list[int], fault: str) -> list[int]:
    """Return the shortest way from vertex to vertex, which never meets itself. Raises InputError(fault) if none is."""
    path = [through[0]]
    rows = graph.tocoo()
    for start, end in pairwise(through):
        closed = np.array(sorted((barred | set(path)) - {start, end}), np.int64)
        free = ~np.isin(rows.row, closed) & ~np.isin(rows.col, closed)
        left = csr_matrix((rows.data[free], (rows.row[free], rows.col[free])), graph.shape)
        _, before = dijkstra(left, directed=False, indices=start, return_predecessors=True)
        leg = [end]
        while leg[-1] != start:
            if before[leg[-1]] < 0:
                raise InputError(fault)
            leg.append(int(before[leg[-1]]))
        path += leg[-2::-1]
    return path


def _assigned(piece: np.ndarray, part: np.ndarray, between: tuple[int, int], entry: str) -> np.ndarray:
    """Return the part `[R]` of each face by the piece that it lies in: so that most faces stay what they were."""
    count = np.stack([np.bincount(piece, part == p, piece.max() + 1) for p in between], 1)
    if len(count) < 2:
        names = " from ".join(PART_NAMES[p] for p in between)
        raise InputError(f"{entry}: the way through its vertices does not part {names}")
    first = count[:, 0] >= count[:, 1]
    if len(count) == 2:  # both parts stay, however far the border moves
        stays = count[0, 0] + count[1, 1] >= count[0, 1] + count[1, 0]
        first = np.array([stays, not stays])
    return np.where(first[piece], *between).astype(part.dtype)
