"""Map a disc into the unit square so that it cannot fold, as near as possible to a map that does.

Positive weights and a convex boundary cannot fold (Tutte 1963, Floater 1997). Weights that are mean value coordinates in
the plane of a given map give that map again wherever it has no fold (Floater 2003), and fill in the rest.
"""

import numpy as np
import scipy.sparse as sp

from simpose_tf.surface.harmonic import convex_combination_map, mean_value_weights, signed_areas
from simpose_tf.surface.topology import neighbours_of

# How far the corners of the square are moved in: its sides become arcs, so no face on a side is flat.
_INSET = 2e-3
_SWEEPS = 30
_HALVINGS = 4
_CLOSEST = 1e-4  # of the boundary's length between two of its vertices, at least


def convex_map(
    uv: np.ndarray, vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray, loop_uv: np.ndarray, sign: float
) -> np.ndarray:
    """Return `[N, 2]` uv without folds that are near a given map wherever it has none.

    Args:
      uv: `[N, 2]` a map with folds.
      vertices: `[N, 3]` of a disc, metres.
      faces: `[F, 3]`.
      loop: `[B]` its boundary, in the direction of its faces, with
      loop_uv: `[B, 2]` the places on the square's border, in turn.
      sign: 1 if the chart is counter-clockwise, -1 if clockwise.
    """
    bad = sign * signed_areas(uv, faces) <= 1e-12
    tangled = np.zeros(len(uv), bool)
    tangled[faces[bad]] = True
    flat = mean_value_weights(np.concatenate([uv, np.zeros((len(uv), 1))], 1), faces[~bad])
    solid = mean_value_weights(vertices, faces)
    rows = sp.diags(tangled.astype(float))
    weights = rows @ _rows_to_one(solid) + (sp.eye(len(uv)) - rows) @ _rows_to_one(flat)
    border = strictly_convex(_spread(loop_uv, sign))
    return convex_combination_map(weights.tocsr(), loop, border)


def _rows_to_one(weights: sp.csr_matrix) -> sp.csr_matrix:
    """Return weights whose rows sum to one (or are empty)."""
    return sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-30)) @ weights


def _spread(loop_uv: np.ndarray, sign: float) -> np.ndarray:
    """Return places `[B, 2]` on the square's border with the same turn, none equal to or overtaking another."""
    around = _perimeter(loop_uv) * sign
    start = int(np.argmin(np.mod(around, 4)))
    along = np.mod(np.roll(around, -start) - around[start], 4)
    # The shortest way that is monotone, leaves `_CLOSEST` between neighbours and comes back to the start.
    count = len(along)
    room = _CLOSEST * 4 * np.arange(count)
    forward = np.maximum.accumulate(along - room)
    backward = np.minimum.accumulate((along - room)[::-1])[::-1]
    along = np.clip((forward + backward) / 2, 0, 4 - 4 * _CLOSEST * count) + room
    return _on_border(np.roll(along + around[start], start) * sign)


def _perimeter(uv: np.ndarray) -> np.ndarray:
    """Return where `[B]` in 0..4, counter-clockwise from (0, 0), the border point nearest to each uv lies."""
    u, v = uv.T
    side = np.argmin(np.stack([v, 1 - u, 1 - v, u]), 0)
    return side + np.choose(side, [u, v, 1 - u, 1 - v])


def _on_border(around: np.ndarray) -> np.ndarray:
    """Return uv `[B, 2]` of places on the square's border, 0..4 counter-clockwise from (0, 0)."""
    return np.stack([np.interp(np.mod(around, 4), np.arange(5), k) for k in ([0, 1, 1, 0, 0], [0, 0, 1, 1, 0])], 1)


def strictly_convex(border: np.ndarray) -> np.ndarray:
    """Return places `[B, 2]` of the square's border on a strictly convex curve just inside it."""
    other = border[:, ::-1]
    inset = _INSET * (1 - 4 * other * (1 - other))
    return np.where(border < 0.5, np.maximum(border, inset), np.minimum(border, 1 - inset))


def pull(uv: np.ndarray, wanted: np.ndarray, faces: np.ndarray, smallest: np.ndarray, sign: float) -> np.ndarray:
    """Return uv `[N, 2]` moved towards where they are wanted as far as no face becomes smaller than it may.

    Args:
      uv: `[N, 2]` without folds.
      wanted: `[N, 2]`.
      faces: `[F, 3]`.
      smallest: `[F]` uv areas that faces keep (or their own, where that is less).
      sign: of the chart.
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
