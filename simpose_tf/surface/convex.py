"""Map a disc into a chart so that it cannot fold, as near as possible to a map that does.

Positive weights and a convex boundary cannot fold (Tutte 1963, Floater 1997). Weights that are mean value coordinates
in the plane of a given map give that map again wherever it has no fold (Floater 2003), and fill in the rest. Charts
need not be convex: so the chart is first rounded to a disc, where all this happens, and then taken back.
"""

from dataclasses import dataclass

import igl
import numpy as np
import scipy.sparse as sp

from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.harmonic import convex_combination_map, mean_value_weights, signed_areas
from simpose_tf.surface.lookup import weights_on
from simpose_tf.surface.topology import is_disc, loops_of, neighbours_of

_SWEEPS = 30
_HALVINGS = 4
_CLOSEST = 1e-4  # of the circle between two vertices of a boundary, at least


@dataclass(frozen=True)
class Rounded:
    """A chart and its image in the unit disc.

    Attributes:
      uv: `[N, 2]`.
      disc: `[N, 2]` its image, in the unit disc, turned as the chart is.
      faces: `[G, 3]`.
    """

    uv: np.ndarray
    disc: np.ndarray
    faces: np.ndarray


def rounded(fitted: Fitted, chart: int, sign: float) -> Rounded | None:
    """Return a chart of a reference rounded to the unit disc; None if the chart is no disc.

    Args:
      fitted: the reference.
      chart: which.
      sign: 1 if it is counter-clockwise on its surface, -1 if clockwise.
    """
    corners = np.round(fitted.uv[fitted.part == chart].reshape(-1, 2), 9)
    uv, faces = np.unique(corners, axis=0, return_inverse=True)
    faces = faces.reshape(-1, 3)
    if not is_disc(faces):
        return None
    loop = loops_of(faces)[0]
    length = np.linalg.norm(np.roll(uv[loop], -1, 0) - uv[loop], axis=1)
    angle = sign * 2 * np.pi * (np.cumsum(length) - length) / length.sum()
    disc = convex_combination_map(mean_value_weights(_flat(uv), faces), loop, _on_circle(angle))
    return Rounded(uv, disc, faces) if (sign * signed_areas(disc, faces)).min() > 0 else None


def _flat(uv: np.ndarray) -> np.ndarray:
    """Return `[N, 3]` points of the plane z = 0."""
    return np.concatenate([uv, np.zeros((len(uv), 1))], 1)


def _on_circle(angle: np.ndarray) -> np.ndarray:
    """Return `[B, 2]` places on the unit circle."""
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def _carried(points: np.ndarray, source: np.ndarray, target: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return points `[P, 2]` of one plane triangulation at the same places of another (the nearest, if outside)."""
    _, face, place = igl.point_mesh_squared_distance(_flat(points), _flat(source), faces)
    return np.einsum("pc,pck->pk", weights_on(place, _flat(source)[faces[face]]), target[faces[face]])


def safe_map(
    uv: np.ndarray,
    vertices: np.ndarray,
    faces: np.ndarray,
    chart: Rounded,
    loop: np.ndarray,
    loop_uv: np.ndarray,
    sign: float,
) -> np.ndarray:
    """Return `[N, 2]` uv near a map with folds, unfolded in the disc that the chart is rounded to.

    Taking the result back to the chart is exact for vertices and may fold a face that is large for the chart's own.

    Args:
      uv: `[N, 2]` a map with folds.
      vertices: `[N, 3]` of a disc, metres.
      faces: `[F, 3]`.
      chart: the chart, rounded.
      loop: `[B]` the disc's boundary, in the direction of its faces, with
      loop_uv: `[B, 2]` the places on the chart's boundary, in turn.
      sign: of the map.
    """
    disc = _carried(uv, chart.uv, chart.disc, chart.faces)
    bad = sign * signed_areas(disc, faces) <= 1e-12
    tangled = np.zeros(len(uv), bool)
    tangled[faces[bad]] = True
    rows = sp.diags(tangled.astype(float))
    flat, solid = mean_value_weights(_flat(disc), faces[~bad]), mean_value_weights(vertices, faces)
    weights = rows @ _rows_to_one(solid) + (sp.eye(len(uv)) - rows) @ _rows_to_one(flat)
    border = _on_circle(
        sign * _spread(sign * np.arctan2(*_carried(loop_uv, chart.uv, chart.disc, chart.faces).T[::-1]))
    )
    safe = convex_combination_map(weights.tocsr(), loop, border)
    return _carried(safe, chart.disc, chart.uv, chart.faces)


def _rows_to_one(weights: sp.csr_matrix) -> sp.csr_matrix:
    """Return weights whose rows sum to one (or are empty)."""
    weights = weights.copy()
    weights.data = np.clip(np.nan_to_num(weights.data, nan=1e6), 1e-9, 1e6)
    return sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-30)) @ weights


def _spread(angle: np.ndarray) -> np.ndarray:
    """Return angles `[B]` that go once around, near given ones, none equal to or overtaking another."""
    start = int(np.argmin(np.mod(angle, 2 * np.pi)))
    along = np.mod(np.roll(angle, -start) - angle[start], 2 * np.pi)
    room = _CLOSEST * 2 * np.pi * np.arange(len(along))
    forward = np.maximum.accumulate(along - room)
    backward = np.minimum.accumulate((along - room)[::-1])[::-1]
    along = np.clip((forward + backward) / 2, 0, 2 * np.pi - room[-1] - room[1]) + room
    return np.roll(along + angle[start], start)


def pull(uv: np.ndarray, wanted: np.ndarray, faces: np.ndarray, smallest: np.ndarray, sign: float) -> np.ndarray:
    """Return uv `[N, 2]` moved towards where they are wanted as far as no face becomes smaller than it may.

    Args:
      uv: `[N, 2]` without folds.
      wanted: `[N, 2]`.
      faces: `[F, 3]`.
      smallest: `[F]` uv areas that faces keep (or half of their own, where that is less).
      sign: of the map.
    """
    uv = uv.copy()
    floor = np.minimum(smallest, 0.5 * sign * signed_areas(uv, faces))
    colour = _colours(len(uv), faces)
    for _ in range(_SWEEPS):
        before = uv.copy()
        for number in range(colour.max() + 1):
            _step(uv, wanted, faces, floor, sign, np.flatnonzero(colour == number))
        if np.abs(uv - before).max() < 1e-5:
            break
    return uv


def _step(
    uv: np.ndarray, wanted: np.ndarray, faces: np.ndarray, floor: np.ndarray, sign: float, moving: np.ndarray
) -> None:
    """Move some vertices, no two of one face, as far towards where they are wanted as they may, in place."""
    moving = moving[np.abs(wanted[moving] - uv[moving]).max(1) > 1e-9]
    for k in range(_HALVINGS):
        if len(moving) == 0:
            return
        old = uv[moving].copy()
        uv[moving] += (wanted[moving] - uv[moving]) / 2**k
        small = np.zeros(len(uv), bool)
        small[faces[sign * signed_areas(uv, faces) < floor]] = True
        stuck = small[moving]
        uv[moving[stuck]] = old[stuck]
        moving = moving[stuck]


def _colours(size: int, faces: np.ndarray) -> np.ndarray:
    """Return a number `[N]` for each vertex that none of its neighbours has."""
    around = neighbours_of(size, faces)
    colour = np.full(size, -1)
    for vertex in range(size):
        taken = set(colour[around.indices[around.indptr[vertex] : around.indptr[vertex + 1]]].tolist())
        colour[vertex] = next(k for k in range(size + 1) if k not in taken)
    return colour
