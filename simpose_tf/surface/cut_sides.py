"""Which side of a cut faces lie on, and the path along edges that leaves the fewest on the wrong side.

Notation: a face lies left of a path if one of its sides runs along the path in the path's direction.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from simpose_tf.surface.cuts import Cut, jumping
from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.topology import sides_of

_ROUNDS = 6
_PASSED = 4  # faces passed over in one round, per edge of the path


@dataclass(frozen=True)
class _Ground:
    """Where a path may be moved.

    Attributes:
      beside: for each side of a face, from vertex to vertex, the face and its third vertex.
      around: for each vertex the ends of the sides that start there.
      side: `[F]` where each face should lie: 1 left, -1 right, 0 either.
      closed: `[V]` vertices that only the start may lie on.
      far: `[V]` vertices that are too far from the cut to lead the path on to.
    """

    beside: dict[tuple[int, int], tuple[int, int]]
    around: dict[int, list[int]]
    side: np.ndarray
    closed: np.ndarray
    far: np.ndarray

    def wrong(self, start: int, end: int, wanted: int) -> int | None:
        """Return the third vertex of the face at a side if the face should lie on the other side than wanted."""
        face, apex = self.beside.get((start, end), (-1, -1))
        return apex if face >= 0 and self.side[face] == -wanted else None

    def within(self, start: int, end: int) -> bool:
        """Return whether the faces on both sides of an edge should lie on the same side."""
        faces = [self.beside[edge][0] for edge in ((start, end), (end, start)) if edge in self.beside]
        return len(faces) == 2 and bool(self.side[faces[0]] == self.side[faces[1]] != 0)

    def parts(self, start: int, end: int) -> bool:
        """Return whether the faces on both sides of an edge lie where they should."""
        if (start, end) not in self.beside or (end, start) not in self.beside:
            return False
        return bool(self.side[self.beside[start, end][0]] == 1 and self.side[self.beside[end, start][0]] == -1)


def side_of_cut(fitted: Fitted, cut: Cut) -> np.ndarray:
    """Return on which side of a cut the faces `[G]` int8 of its chart lie: 1 left, -1 right, 0 beyond its end.

    The side whose faces along the cut are nearer, on ways over the surface that cross no cut; 0 for other charts.
    """
    sides = sides_of(fitted.faces)
    joined = (fitted.part[sides.first] == cut.part) & (fitted.part[sides.second] == cut.part)
    joined &= ~jumping(fitted, sides)
    middle = fitted.vertices[fitted.faces].mean(1)
    first, second = sides.first[joined], sides.second[joined]
    apart = np.linalg.norm(middle[first] - middle[second], axis=1) + 1e-12
    graph = sp.csr_matrix((apart, (first, second)), shape=(len(middle), len(middle)))
    size = len(fitted.vertices)
    key = (fitted.faces * size + np.roll(fitted.faces, -1, 1)).ravel()
    start, end = cut.vertices[:-1], cut.vertices[1:]
    left, right = (
        dijkstra(graph, directed=False, indices=np.flatnonzero(np.isin(key, along)) // 3, min_only=True)
        for along in (start * size + end, end * size + start)
    )
    past_end = cKDTree(fitted.vertices[cut.vertices]).query(middle)[1] == len(cut.vertices) - 1
    return np.where((fitted.part == cut.part) & ~past_end, np.where(left <= right, 1, -1), 0).astype(np.int8)


def settle(path: np.ndarray, faces: np.ndarray, side: np.ndarray, closed: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Return a path `[K]` moved over the faces beside it that lie on the wrong side, and led on to where the cut ends.

    On a coarse mesh a path of short edges would leave many faces on the wrong side, with a uv from across the cut
    (not in the paper). Every step leaves one face less there; the path stays simple, its start at the border.

    Args:
      path: vertices, from the border along edges.
      faces: `[F, 3]` of the patch.
      side: `[F]` where each should lie: 1 left of the path, -1 right, 0 either.
      closed: `[V]` vertices that only the path's start may lie on.
      far: `[V]` vertices that are too far from the cut to lead the path on to.
    """
    beside: dict[tuple[int, int], tuple[int, int]] = {}
    around: dict[int, list[int]] = {}
    for number, (a, b, c) in enumerate(faces.tolist()):
        beside[a, b], beside[b, c], beside[c, a] = (number, c), (number, a), (number, b)
        for start, end in ((a, b), (b, c), (c, a)):
            around.setdefault(start, []).append(end)
    ground, now = _Ground(beside, around, side, closed, far), path.tolist()
    for _ in range(_ROUNDS if len(now) > 1 else 0):
        before = now
        now = _extended(_passed_over(now, ground), ground)
        if now == before:
            break
    return np.array(now, np.int64)


def _extended(path: list[int], ground: _Ground) -> list[int]:
    """Return a path with the edges after its end that have the faces on both sides where they should lie."""
    path = list(path)
    while True:
        free = [b for b in ground.around[path[-1]] if not ground.closed[b] and not ground.far[b] and b not in path]
        after = [b for b in free if ground.parts(path[-1], b)]
        if not after:
            return path
        path.append(after[0])


def _passed_over(path: list[int], ground: _Ground) -> list[int]:
    """Return a path that has passed over every face beside it that is on the wrong side and can be passed."""
    place, left = 0, _PASSED * len(path)
    while place < len(path) - 1 and left > 0:
        after = _passed(path, place, ground)
        if after is None:
            place += 1
        else:
            path, place, left = after, max(place - 2, 0), left - 1
    return path


def _passed(path: list[int], place: int, ground: _Ground) -> list[int] | None:
    """Return a path that passes a wrong face beside its edge at a place the other way; None if there is none."""
    a, b = path[place : place + 2]
    for apex in (ground.wrong(a, b, 1), ground.wrong(b, a, -1)):
        if apex is None:
            continue
        if place + 2 < len(path) and path[place + 2] == apex:
            return path[: place + 1] + path[place + 2 :]
        if place > 0 and path[place - 1] == apex:
            return path[:place] + path[place + 1 :]
        if place == 0 and ground.closed[apex] and not {(a, apex), (apex, a)} <= ground.beside.keys():
            return [apex, *path[1:]]
        if ground.closed[apex] or apex in path:
            continue
        if place + 2 == len(path) and ground.within(a, b):  # the end lies off the cut
            return [*path[:-1], apex]
        return [*path[: place + 1], apex, *path[place + 1 :]]
    return None
