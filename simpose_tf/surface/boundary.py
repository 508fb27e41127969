"""Match the boundary of a patch to that of a chart: junctions first, between them by arc length.

Notation: a loop runs around a patch in the direction of its faces. What lies beyond an edge of it is a part (the
patch's own: a cut) or `NOTHING`. A junction is a loop vertex where what lies beyond changes, or where a cut ends.
"""

from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.topology import Sides, loops_of

NOTHING = 0
_STARTS = 24  # loop vertices that are tried for the first junction
_AT_ENDS = 2.0  # edges of the loop within which a junction counts as met
_REACH = 0.1  # share of an arc's length that a vertex may slide along it to a nearer place


@dataclass(frozen=True)
class Loop:
    """The boundary of a patch.

    Attributes:
      vertices: `[B]` of the patch.
      points: `[B, 3]` metres.
      beyond: `[B]` what lies beyond the edge from each vertex to the next.
      junctions: `[K]` places in the loop.
    """

    vertices: np.ndarray
    points: np.ndarray
    beyond: np.ndarray
    junctions: np.ndarray


@dataclass(frozen=True)
class Match:
    """Where the vertices of a loop lie on the boundary of a chart.

    Attributes:
      vertices: `[B]` of the patch.
      uv: `[B, 2]` on the chart's boundary.
      point: `[B, 3]` the same place on the fitted reference, metres.
      cut: `[B]` whether it is on a cut.
      bound: `[B]` whether beyond one of its edges lies what lies beyond the chart's.
      cost: metres that junctions are apart and that wrong neighbours go along.
    """

    vertices: np.ndarray
    uv: np.ndarray
    point: np.ndarray
    cut: np.ndarray
    bound: np.ndarray
    cost: float


def beyond_sides(faces: np.ndarray, sides: Sides, whole: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return what lies beyond the sides `[F, 3]` of faces: -1 where the patch goes on, else a part or `NOTHING`."""
    beyond = np.full(faces.shape, NOTHING, np.int64)
    beyond[sides.first, sides.i] = np.where(whole, -1, part[sides.second])
    beyond[sides.second, sides.j] = np.where(whole, -1, part[sides.first])
    return beyond


def loops_around(faces: np.ndarray, beyond: np.ndarray, points: np.ndarray, part: int) -> list[Loop]:
    """Return the boundaries of a patch, longest first.

    Args:
      faces: `[F, 3]` of the patch.
      beyond: `[F, 3]` see `beyond_sides`.
      points: `[N, 3]` its vertices.
      part: its part.
    """
    after = np.full(len(points), NOTHING)
    after[faces[beyond >= 0]] = beyond[beyond >= 0]
    return [_loop(loop, points, after, part) for loop in loops_of(faces)]


def _loop(loop: np.ndarray, points: np.ndarray, after: np.ndarray, part: int) -> Loop:
    """Return a loop `[B]` with its junctions."""
    beyond, at = after[loop], points[loop]
    changes = beyond != np.roll(beyond, 1)
    back = (np.roll(at, 1, 0) == np.roll(at, -1, 0)).all(1) & (beyond == part) & ~changes
    return Loop(loop, at, beyond, np.flatnonzero(changes | back))


def match_loop(loop: Loop, chart: Loop, chart_uv: np.ndarray, part: int) -> Match | None:
    """Return where a loop's vertices lie on a chart's boundary; None if the chart has no junctions.

    Args:
      loop: around the patch.
      chart: around the chart, on the fitted reference.
      chart_uv: `[C, 2]` uv of the chart's loop.
      part: of both.
    """
    if len(chart.junctions) < 2 or len(loop.vertices) < 3:
        return None
    places, cost = _match_junctions(loop, chart)
    uv, point = np.zeros((len(loop.vertices), 2)), np.zeros((len(loop.vertices), 3))
    bound = np.zeros(len(loop.vertices), bool)
    around = np.arange(len(chart.junctions))
    for k in around.tolist():
        span = _span(places[k], places[(k + 1) % len(places)], len(loop.vertices), k == len(places) - 1, places)
        arc = _span(chart.junctions[k], chart.junctions[(k + 1) % len(places)], len(chart.vertices), True, None)
        uv[span], point[span] = _along(loop.points[span], chart.points[arc], chart_uv[arc])
        alike = loop.beyond[span[:-1]] == chart.beyond[chart.junctions[k]]
        bound[span[:-1][alike]] = bound[span[1:][alike]] = True
    mine = loop.beyond == part
    cut = mine | np.roll(mine, 1)
    return Match(loop.vertices, uv, point, cut, bound, cost)


def _span(start: int, end: int, size: int, closing: bool, places: np.ndarray | None) -> np.ndarray:
    """Return the places from `start` to `end` around a loop, both included; an arc that closes the loop may be all."""
    count = (end - start) % size
    if count == 0 and closing and (places is None or len(np.unique(places)) == 1):
        count = size
    return (start + np.arange(count + 1)) % size


def _match_junctions(loop: Loop, chart: Loop) -> tuple[np.ndarray, float]:
    """Return the place `[K]` in the loop of each junction of the chart, and what the match costs.

    The places go once around the loop in turn. Metres that junctions are apart and metres of boundary beyond which
    another part lies than beyond the chart's are made least (dynamic programming, tried from several starts).
    """
    apart = np.linalg.norm(loop.points[None] - chart.points[chart.junctions][:, None], axis=2)
    length = np.linalg.norm(np.roll(loop.points, -1, 0) - loop.points, axis=1)
    wrong = length * (loop.beyond != chart.beyond[chart.junctions][:, None])
    starts = np.argsort(apart[0], kind="stable")[:_STARTS]
    found = [_match_from(int(start), apart, wrong) for start in starts]
    return min(found, key=lambda pair: pair[1])


def _match_from(start: int, apart: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the best places when the first junction is at `start`, and their cost."""
    size = apart.shape[1]
    apart = np.roll(apart, -start, 1)
    so_far = np.concatenate([np.zeros((len(wrong), 1)), np.cumsum(np.roll(wrong, -start, 1), 1)], 1)
    cost = np.full(size, np.inf)
    cost[0] = apart[0, 0]
    before = []
    for k in range(1, len(apart)):
        reach = cost - so_far[k - 1, :-1]
        best = np.minimum.accumulate(reach)
        before.append(np.maximum.accumulate(np.where(reach <= best, np.arange(size), 0)))
        cost = best + so_far[k - 1, :-1] + apart[k]
    cost = cost + so_far[-1, -1] - so_far[-1, :-1]
    places = [int(np.argmin(cost))]
    for row in reversed(before):
        places.append(int(row[places[-1]]))
    return (np.array(places[::-1]) + start) % size, float(cost.min())


def _along(points: np.ndarray, arc: np.ndarray, arc_uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return uv `[P, 2]` and places `[P, 3]` of a run of vertices on an arc, by arc length.

    Where both ends meet, a vertex then slides along the arc to the nearest place, at most `_REACH` of its length and
    never past another. Where they do not, a person has moved a seam.

    Args:
      points: `[P, 3]` the run.
      arc: `[A, 3]` and
      arc_uv: `[A, 2]` the arc.
    """
    own, theirs = _arc_length(points), _arc_length(arc)
    at = own * theirs[-1] / max(own[-1], 1e-12)
    ends = max(np.linalg.norm(points[0] - arc[0]), np.linalg.norm(points[-1] - arc[-1]))
    if len(points) > 2 and ends < _AT_ENDS * own[-1] / (len(points) - 1):
        samples = np.unique(np.concatenate([np.linspace(0, theirs[-1], 8 * len(arc)), theirs, at]))
        on_arc = np.stack([np.interp(samples, theirs, arc[:, k]) for k in range(3)], 1)
        squared = ((points[:, None] - on_arc[None]) ** 2).sum(2)
        slide = np.abs(samples - at[:, None]) > _REACH * theirs[-1]
        near = samples[np.where(slide, np.inf, squared).argmin(1)]
        forward, backward = np.maximum.accumulate(near), np.minimum.accumulate(near[::-1])[::-1]
        at = np.concatenate([at[:1], ((forward + backward) / 2)[1:-1], at[-1:]])
    uv = np.stack([np.interp(at, theirs, arc_uv[:, k]) for k in range(2)], 1)
    return uv, np.stack([np.interp(at, theirs, arc[:, k]) for k in range(3)], 1)


def _arc_length(points: np.ndarray) -> np.ndarray:
    """Return `[P]` metres from the first of a run of points."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
