"""Maps of little distortion by SLIM (Rabinovich et al. 2017): cut-open hands and feet unfolded, a map relaxed.

A hand or foot keeps the outline that unfolding gives it. The official charts are such outlines too: two hands side by
side, joined along the little finger; the sole beside the upper side, joined along the big toe. A square would squeeze
the fingers, as they lie along the cut.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import igl
import numpy as np

from simpose_tf.surface import harmonic

UNIT = 10.0  # decimetres: SLIM's soft constraints are weighed against areas of about 1
FREE_STEPS, HELD_STEPS = 60, 60
GROWTH = 1.2  # the outline of half a finger is shorter than its skin is wide
HOLD = 300.0  # weight of the outline: fingers and toes that unroll freely run into each other
FIXED = 1e5  # weight of a boundary that stays


@dataclass(frozen=True)
class Side:
    """A stretch of the boundary whose flat picture is known: the outline as seen from one side.

    Attributes:
      places: positions in the loop.
      toward: `[3]` unit vector out of the surface on that side, to the viewer.
    """

    places: np.ndarray
    toward: np.ndarray


def stretch(first: int, last: int, size: int) -> np.ndarray:
    """Return the positions from `first` to `last` around a loop of `size`."""
    return (first + np.arange((last - first) % size + 1)) % size


def digits_of(points: np.ndarray, tips: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first, last) position around a loop `[B, 3]` of the digit at each tip but the last.

    A digit reaches as far from its tip as the nearer valley beside it; a valley is farthest from two neighbouring tips.
    """
    away = np.linalg.norm(points[None] - points[np.asarray(tips)][:, None], axis=2)
    reach = np.full(len(tips), np.inf)
    for k, (one, other) in enumerate(itertools.pairwise(tips)):
        between = stretch(one, other, len(points))
        valley = np.minimum(away[k], away[k + 1])[between].max()
        reach[k : k + 2] = np.minimum(reach[k : k + 2], valley)
    found = []
    for k, tip in enumerate(tips[:-1]):
        behind = np.roll(away[k], -tip) < reach[k]  # the tip comes first
        last, first = int(np.argmin(behind)), int(np.argmin(behind[::-1]))
        found.append(((tip - 1 - first) % len(points), (tip + last) % len(points)))
    return found


def unfold(
    vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray, sides: Sequence[Side], axis: tuple[int, int, float]
) -> np.ndarray:
    """Return `[V, 2]` uv of a disc, counter-clockwise as seen from outside, that touches all sides of the square.

    The symmetric Dirichlet energy is minimised with a free boundary (SLIM, Rabinovich et al. 2017), then again with
    the sides' outlines held softly where the first result has them.

    Args:
      vertices: `[V, 3]` metres.
      faces: `[F, 3]` one disc, counter-clockwise from outside.
      loop: `[B]` its boundary.
      sides: outlines to hold.
      axis: two vertices and the direction in the uv plane, radians, from the first to the second.

    Raises:
      ValueError: the outline crosses itself.
    """
    flat = _slim(
        vertices, faces, _on_circle(vertices, faces, loop), np.zeros(0, int), np.zeros((0, 2)), FREE_STEPS, 0.0
    )
    held = np.concatenate([loop[side.places] for side in sides])
    outline = np.concatenate(
        [_laid_onto(_seen(vertices[loop[side.places]], side.toward), flat[loop[side.places]]) for side in sides]
    )
    flat = _slim(vertices, faces, flat, held, outline, HELD_STEPS, HOLD)
    if crosses_itself(flat[loop]):
        raise ValueError("the unfolded outline crosses itself")
    first, second, angle = axis
    along = flat[second] - flat[first]
    turn = angle - np.arctan2(along[1], along[0])
    flat = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (flat - flat.min(0)) / np.ptp(flat, axis=0)


def relax(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, loop: np.ndarray) -> np.ndarray:
    """Return `[V, 2]` uv with the same boundary that bends angles less: the symmetric Dirichlet energy is minimised.

    Args:
      vertices: `[V, 3]` metres.
      faces: `[F, 3]` one disc.
      uv: `[V, 2]` a map without folds to start from, counter-clockwise as seen from outside.
      loop: `[B]` the boundary, which stays.
    """
    side = np.sqrt(harmonic.areas(vertices, faces).sum() / harmonic.signed_areas(uv, faces).sum())
    relaxed = _slim(vertices, faces, side * uv, loop, side * uv[loop], HELD_STEPS, FIXED) / side
    relaxed[loop] = uv[loop]
    return relaxed


def _on_circle(vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray) -> np.ndarray:
    """Return `[V, 2]` a map without folds onto a circle that has the disc's area, counter-clockwise from outside."""
    steps = np.linalg.norm(vertices[np.roll(loop, -1)] - vertices[loop], axis=1)
    angle = 2 * np.pi * np.concatenate([[0.0], np.cumsum(steps)[:-1]]) / steps.sum()
    radius = np.sqrt(harmonic.areas(vertices, faces).sum() / np.pi)
    circle = radius * np.stack([np.cos(angle), np.sin(angle)], -1)
    flat = harmonic.convex_combination_map(harmonic.mean_value_weights(vertices, faces), loop, circle)
    return flat if harmonic.signed_areas(flat, faces).sum() > 0 else flat * [-1, 1]


def _slim(
    vertices: np.ndarray,
    faces: np.ndarray,
    start: np.ndarray,
    held: np.ndarray,
    at: np.ndarray,
    steps: int,
    hold: float,
) -> np.ndarray:
    """Return `[V, 2]` after `steps` of SLIM from `start`, with vertices `held` `[H]` drawn to `at` `[H, 2]`."""
    data = igl.slim_precompute(
        np.asfortranarray(UNIT * vertices), np.asfortranarray(faces, np.int32), np.asfortranarray(UNIT * start),
        igl.MappingEnergyType.SYMMETRIC_DIRICHLET, held.astype(np.int32), np.asfortranarray(UNIT * at), hold,
    )  # fmt: skip
    return np.array(igl.slim_solve(data, steps)[:, :2]) / UNIT


def _seen(points: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Return points `[N, 3]` as a viewer at `toward` `[3]` sees them, `[N, 2]`."""
    right = np.cross(toward, np.eye(3)[np.argmin(np.abs(toward))])
    right /= np.linalg.norm(right)
    return points @ np.stack([right, np.cross(toward, right)], -1)


def _laid_onto(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return points `[N, 2]` grown, turned and shifted so that they lie closest to targets `[N, 2]`."""
    centred, goal = points - points.mean(0), targets - targets.mean(0)
    turn = np.arctan2((centred[:, 0] * goal[:, 1] - centred[:, 1] * goal[:, 0]).sum(), (centred * goal).sum())
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return GROWTH * centred @ rotation + targets.mean(0)


def crosses_itself(outline: np.ndarray) -> bool:
    """Return whether a closed outline `[B, 2]` has two sides that cross."""
    start, end = outline, np.roll(outline, -1, 0)

    def left_of(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        ab, ac = b - a, c - a
        return ab[..., 0] * ac[..., 1] > ab[..., 1] * ac[..., 0]

    a, b, c, d = start[:, None], end[:, None], start[None], end[None]
    crossing = (left_of(a, b, c) != left_of(a, b, d)) & (left_of(c, d, a) != left_of(c, d, b))
    number = np.arange(len(outline))
    apart = np.abs(number[:, None] - number[None])
    return bool((crossing & (apart > 1) & (apart < len(outline) - 1)).any())
