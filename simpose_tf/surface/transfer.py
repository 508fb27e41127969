"""Bring the vertices of one patch to a chart: each takes the uv of a near place, all on the same side of every cut.

Across a cut, and between fingers or ears, the nearest place may lie far away in uv. So each vertex has several
candidates, the nearest places on several cells of the uv plane; vertices with one good candidate are sure, the rest
follow their neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from simpose_tf.surface.cuts import jumping
from simpose_tf.surface.fitted import Fitted, nearest
from simpose_tf.surface.topology import edge_lengths, neighbours_of, sides_of, vertex_normals

_CELLS = 2  # squares of candidates: 4 by 4 (2 to the power of this per side), and
_DEPTH = 7  # 128 by 128 where a cut ends
# Candidates are rivals if their uv differ more than this many times what their distance explains, and this many edges.
_STRETCH = 2.0
_SLACK = 0.25
_SURE = 1.0  # by how many squared edges a rival must be worse
_OPPOSITE = 4.0  # squared edges that an opposite normal costs
_OTHER_SIDE = 100.0  # squared edges that a place beyond a cut costs a vertex all of whose faces lie on one side
_SWEEPS = 4
_EXPECTED = 0.25  # what one edge's worth of uv away from the expected costs, in squared edges
_REACH = 0.5  # uv that a vertex beyond the chart may be extrapolated by


@dataclass(frozen=True)
class Transfer:
    """What each vertex of a patch takes from a chart.

    Attributes:
      uv: `[N, 2]` at the nearest place of the chart.
      beyond: `[N, 2]` what to add for vertices that lie beyond the chart's border: extrapolated, 0 inside.
      gradient: `[N, 2, 3]` change of uv per metre.
      height: `[N]` metres above the plane of the place's face.
    """

    uv: np.ndarray
    beyond: np.ndarray
    gradient: np.ndarray
    height: np.ndarray


def transfer(
    fitted: Fitted,
    part: int,
    vertices: np.ndarray,
    faces: np.ndarray,
    facing: float,
    on_cut: tuple[np.ndarray, np.ndarray],
    sided: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> Transfer:
    """Return what the vertices of a patch take from a chart.

    Args:
      fitted: the reference on the mesh.
      part: the chart.
      vertices: `[N, 3]` of the patch, metres.
      faces: `[F, 3]` of the patch.
      facing: how much normals count: 1, or 0 for a layer that may be inside out.
      on_cut: vertices `[C]` on the sides of cuts, and the uv `[C, 2]` that is expected there.
      sided: for each cut the sides of the vertices `[N]` and of the reference's faces `[G]`, see `opening.sides_known`.
    """
    length = np.maximum(edge_lengths(vertices, faces), 1e-6)
    candidate, cost = _candidates(fitted, part, vertices, vertex_normals(vertices, faces) * facing, length)
    for at_vertex, at_face in sided:
        cost += _OTHER_SIDE * (at_vertex[:, None] * at_face[candidate[0]] < 0)
    uv = fitted_uv(fitted, candidate)
    around = neighbours_of(len(vertices), faces)
    place = np.einsum("nmc,nmck->nmk", candidate[1], fitted.vertices[fitted.faces[candidate[0]]])
    chosen = _choose(_Choice(vertices, place, uv, fitted.gradient[candidate[0]], cost, length, around), *on_cut)
    row = np.arange(len(vertices))
    face = candidate[0][row, chosen]
    place = place[row, chosen]
    gradient = fitted.gradient[face]
    beyond = np.clip(np.einsum("nck,nk->nc", gradient, vertices - place), -_REACH, _REACH)
    height = np.abs(((vertices - place) * fitted.normals[face]).sum(1))
    return Transfer(uv[row, chosen], beyond, gradient, height)


def fitted_uv(fitted: Fitted, candidate: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return uv `[N, K, 2]` of candidates: faces `[N, K]` and weights `[N, K, 3]`."""
    return np.einsum("nmc,nmck->nmk", candidate[1], fitted.uv[candidate[0]])


def _candidates(
    fitted: Fitted, part: int, vertices: np.ndarray, normals: np.ndarray, length: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the nearest places, one per cell: (faces `[N, K]`, weights `[N, K, 3]`), and their costs `[N, K]`."""
    faces, weights, costs = [], [], []
    for cell in _cells(fitted, part):
        places = nearest(fitted, vertices, cell)
        opposite = (fitted.normals[places.face] * normals).sum(1) < -0.2
        faces.append(places.face)
        weights.append(places.weights)
        costs.append((places.distance / length) ** 2 + _OPPOSITE * opposite)
    return (np.stack(faces, 1), np.stack(weights, 1)), np.stack(costs, 1)


def _cells(fitted: Fitted, part: int) -> list[np.ndarray]:
    """Return the faces of a chart in squares of the uv plane, quartered until no square has both sides of a cut."""
    sides = sides_of(fitted.faces)
    cut = jumping(fitted, sides) & (fitted.part[sides.first] == part)
    first, second = sides.first[cut], sides.second[cut]
    middle = fitted.uv.mean(1)
    where = np.zeros(len(middle), np.int64)
    split = fitted.part == part
    for depth in range(1, _DEPTH + 1):
        step = np.clip((middle * 2**depth).astype(np.int64), 0, 2**depth - 1)
        where = np.where(split, (depth << 40) + (step[:, 0] << 20) + step[:, 1], where)
        if depth >= _CELLS:
            split = np.isin(where, where[first[where[first] == where[second]]])
    inside = np.flatnonzero(fitted.part == part)
    order = inside[np.argsort(where[inside], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(where[order])) + 1)


@dataclass(frozen=True)
class _Choice:
    """Candidates of the vertices of a patch, and what it takes to judge them.

    Attributes:
      vertices: `[N, 3]`.
      place: `[N, K, 3]` the candidates.
      uv: `[N, K, 2]` of the candidates.
      gradient: `[N, K, 2, 3]` change of uv per metre there.
      cost: `[N, K]` squared edges.
      length: `[N]` metres, mean edge at each vertex.
      around: `[N, N]` which vertices share an edge.
    """

    vertices: np.ndarray
    place: np.ndarray
    uv: np.ndarray
    gradient: np.ndarray
    cost: np.ndarray
    length: np.ndarray
    around: sp.csr_matrix


def _choose(choice: _Choice, cut: np.ndarray, cut_uv: np.ndarray) -> np.ndarray:
    """Return which candidate `[N]` each vertex takes; those on cuts one near an expected uv."""
    row = np.arange(len(choice.uv))
    chosen = choice.cost.argmin(1)
    stretch = np.linalg.norm(choice.gradient, axis=(2, 3))
    stretch = np.maximum(stretch, stretch[row, chosen][:, None])
    apart = np.linalg.norm(choice.place - choice.place[row, chosen][:, None], axis=2)
    explained = stretch * (_STRETCH * apart + _SLACK * choice.length[:, None])
    rival = np.linalg.norm(choice.uv - choice.uv[row, chosen][:, None], axis=2) > explained
    gap = np.where(rival, choice.cost, np.inf).min(1) - choice.cost[row, chosen]
    known = gap > _SURE
    scale = np.linalg.norm(choice.gradient[cut, chosen[cut]], axis=(1, 2)) * choice.length[cut]
    apart = np.linalg.norm(choice.uv[cut] - cut_uv[:, None], axis=2) / np.maximum(scale, 1e-6)[:, None]
    chosen[cut] = (choice.cost[cut] + _EXPECTED * apart**2).argmin(1)
    known[cut] = True
    doubtful = np.flatnonzero(~known)
    if len(doubtful) in (0, len(row)):
        return chosen
    while True:
        waiting = doubtful[~known[doubtful]]
        waiting = waiting[(choice.around[waiting] @ known) > 0]
        if len(waiting) == 0:
            break
        _follow(waiting, chosen, known, choice)
        known[waiting] = True
    for _ in range(_SWEEPS):
        _follow(doubtful, chosen, known, choice)
    return chosen


def _follow(who: np.ndarray, chosen: np.ndarray, known: np.ndarray, choice: _Choice) -> None:
    """Let vertices choose the candidate that suits them and what their known neighbours expect best, in place."""
    row = np.arange(len(chosen))
    gradient = choice.gradient[row, chosen]
    offset = choice.uv[row, chosen] - np.einsum("nck,nk->nc", gradient, choice.vertices)
    linear = np.concatenate([offset, gradient.reshape(-1, 6)], 1) * known[:, None]
    share = choice.around[who]
    count = np.asarray(share @ known.astype(float))
    mean = (share @ linear) / np.maximum(count, 1)[:, None]
    expected = mean[:, :2] + np.einsum("nck,nk->nc", mean[:, 2:].reshape(-1, 2, 3), choice.vertices[who])
    # One edge's worth of uv, so that costs in uv and in space are alike.
    scale = np.linalg.norm(mean[:, 2:], axis=1) * choice.length[who]
    apart = np.linalg.norm(choice.uv[who] - expected[:, None], axis=2) / np.maximum(scale, 1e-6)[:, None]
    total = choice.cost[who] + _EXPECTED * (count > 0)[:, None] * apart**2
    chosen[who] = total.argmin(1)
