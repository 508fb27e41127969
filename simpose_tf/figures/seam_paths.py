"""Seams on a quad mesh: straight paths along sides and diagonals of quads, and closed rows of quads.

A seam is a list of vertices; a landmark is a vertex with a name. Paths may take a quad's diagonal, so the quads do
not show; no two seams touch except at landmarks.
"""

import itertools
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

BEND = 0.04  # metres that a right-angled bend of a seam costs
FAR = 40.0  # a seam takes no vertex whose cost is higher


@dataclass
class Seams:
    """Seams under construction on the left half (x >= 0) of the body.

    Attributes:
      points: `[V, 3]` body vertices.
      quads: `[Q, 4]` body quads.
      normals: `[V, 3]` unit vertex normals.
      marks: landmark name -> vertex.
      edges: edges of all seams so far (smaller vertex first).
    """

    points: np.ndarray
    quads: np.ndarray
    normals: np.ndarray
    marks: dict[str, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Collect the edges that a path may take: sides and diagonals of the left half's quads."""
        left = self.quads[self.points[self.quads, 0].min(1) >= 0]
        pairs = np.concatenate([left[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))])
        self._pairs = np.unique(np.sort(pairs, 1), axis=0)
        self._around: dict[tuple[int, int], set[tuple[int, int]]] = {}
        for a, b, c, d in left.tolist():
            sides = {(min(e), max(e)) for e in ((a, b), (b, c), (c, d), (d, a))}
            self._around |= {(min(a, c), max(a, c)): sides, (min(b, d), max(b, d)): sides}
        crossing = np.concatenate([left[:, [0, 2, 1, 3]], left[:, [1, 3, 0, 2]]])
        crossing = np.concatenate([np.sort(crossing[:, :2], 1), np.sort(crossing[:, 2:], 1)], 1)
        self._sides = np.unique(np.sort(left[:, [0, 1, 1, 2, 2, 3, 3, 0]].reshape(-1, 2), 1), axis=0)
        self._quads_at: dict[int, list[set[int]]] = {}
        for quad in self.quads.tolist():
            for vertex in quad:
                self._quads_at.setdefault(vertex, []).append(set(quad))
        self._crossing = {(a, b): (c, d) for a, b, c, d in crossing.tolist()}

    def mark(self, name: str, score: np.ndarray) -> int:
        """Name the left vertex with the smallest score `[V]`."""
        self.marks[name] = int(np.argmin(np.where(self.points[:, 0] < 0, np.inf, score)))
        return self.marks[name]

    def path(self, start: str, end: str, cost: np.ndarray, diagonals: str = "free") -> None:
        """Lay a seam between two landmarks along the cheapest edges that no seam touches.

        Args:
          start, end: landmarks.
          cost: `[V]` factor on the length of edges at a vertex, at least 1.
          diagonals: `free`: of quads no side of which is a seam (else a side between two seams would be left
            over); `all`; or `none`.
        """
        first, last = self.marks[start], self.marks[end]
        used = {v for edge in self.edges for v in edge} - {first, last}
        taken = {self._crossing[e] for e in self.edges if e in self._crossing}
        if diagonals != "all":
            barred = [diagonal for diagonal, sides in self._around.items() if diagonals == "none" or sides & self.edges]
            taken |= set(barred)
        pairs = np.array([p for p in self._pairs.tolist() if tuple(p) not in taken and not used & set(p)])
        cost = np.where(np.isin(np.arange(len(cost)), (first, last)), 1.0, cost)
        chain = self._straightest(pairs[cost[pairs].max(1) < FAR], first, last, cost)
        if not chain:
            raise ValueError(f"no seam from {start} to {end}")
        edges = {(min(e), max(e)) for e in itertools.pairwise(chain)}
        self.edges |= edges

    def _straightest(self, pairs: np.ndarray, first: int, last: int, cost: np.ndarray) -> list[int]:
        """Return the vertices of the cheapest way along edges `[E, 2]` when bends cost too; empty if there is none."""
        tail, head = np.concatenate([pairs, pairs[:, ::-1]]).T
        step = self.points[head] - self.points[tail]
        length = np.linalg.norm(step, axis=1)
        number = len(tail)  # the graph's nodes are directed edges, one more stands for the start
        order = np.argsort(tail, kind="stable")
        begin, stop = np.searchsorted(tail[order], head), np.searchsorted(tail[order], head, side="right")
        source = np.repeat(np.arange(number), stop - begin)
        within = np.arange(len(source)) - np.repeat(np.cumsum(stop - begin) - (stop - begin), stop - begin)
        target = order[np.repeat(begin, stop - begin) + within]
        cosine = (step[source] * step[target]).sum(1) / (length[source] * length[target])
        price = length * (cost[tail] + cost[head]) / 2
        starts = np.flatnonzero(tail == first)
        graph = sp.csr_matrix(
            (
                np.concatenate([price[target] + BEND * (1 - cosine), price[starts]]),
                (
                    np.concatenate([source, np.full(len(starts), number)]),
                    np.concatenate([target, starts]),
                ),
            ),
            shape=(number + 1, number + 1),
        )
        distance, before = dijkstra(graph, indices=number, return_predecessors=True)
        ends = np.flatnonzero(head == last)
        if len(ends) == 0 or not np.isfinite(distance[ends]).any():
            return []
        edge = int(ends[np.argmin(distance[ends])])
        chain = [last]
        while edge != number:
            chain.append(int(tail[edge]))
            edge = int(before[edge])
        return chain[::-1]

    def plane_path(self, start: str, end: str, normal: np.ndarray, width: float = 0.012) -> None:
        """Lay a seam near the plane through two landmarks that contains neither more nor less than needed.

        Args:
          start, end: landmarks.
          normal: `[3]`; the plane's normal is its part across the line from start to end.
          width: metres off the plane that double the cost.
        """
        begin = self.points[self.marks[start]]
        along = self.points[self.marks[end]] - begin
        along = along / np.linalg.norm(along)
        across = normal - along * (normal @ along)
        height = (self.points - begin) @ (across / np.linalg.norm(across))
        self.path(start, end, 1 + (height / width) ** 2)

    def mark_towards(self, name: str, origin: np.ndarray, direction: np.ndarray, reach: float) -> int:
        """Name the vertex nearest to the ray from `origin` `[3]` along `direction` `[3]`, within `reach` metres."""
        offset = self.points - origin
        along = offset @ (direction / np.linalg.norm(direction))
        aside2 = (offset**2).sum(1) - along**2
        return self.mark(name, aside2 + np.where((along < 0) | (along > reach), 1e3, 0))

    def ring(self, name: str, origin: np.ndarray, normal: np.ndarray, directions: dict[str, np.ndarray]) -> None:
        """Lay a seam along the closed row of quads nearest to a plane and mark points of it.

        Args:
          name: prefix of the landmarks `name.direction`.
          origin: `[3]` a point inside the limb, on the plane.
          normal: `[3]` of the plane.
          directions: name -> `[3]` from the ring's middle to the landmark.
        """
        height = (self.points - origin) @ (normal / np.linalg.norm(normal))
        near = (np.abs(height) < 0.03) & (np.linalg.norm(self.points - origin, axis=1) < 0.12)
        loops = [self._row(a, b) for pair in self._sides.tolist() if near[pair].all() for a, b in (pair,)]
        loop = min((loop for loop in loops if loop), key=lambda loop: float((height[loop] ** 2).mean()))
        middle = self.points[loop].mean(0)
        for key, direction in directions.items():
            offset = self.points[loop] - middle
            toward = direction - normal * (direction @ normal) / (normal @ normal)
            self.marks[f"{name}.{key}"] = loop[int(np.argmax(offset @ toward / np.linalg.norm(offset, axis=1)))]
        self.edges |= {(min(e), max(e)) for e in zip(loop, loop[1:] + loop[:1], strict=True)}

    def _row(self, first: int, second: int) -> list[int]:
        """Return the closed row of quad sides that goes straight on through an edge, or nothing if it ends."""
        loop = [first, second]
        while True:
            before, here = loop[-2:]
            beyond = [quad for quad in self._quads_at[here] if before not in quad]
            if len(self._quads_at[here]) != 4 or len(beyond) != 2 or len(loop) > 60:
                return []
            (ahead,) = (beyond[0] & beyond[1]) - {here}
            if ahead == first:
                return loop
            loop.append(ahead)
