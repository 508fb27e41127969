"""Fit the open body, in shape and pose, to any mesh of a person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting import register as steps
from simpose_tf.figures.fitting import starts, units
from simpose_tf.figures.fitting.clouds import Cloud, spread
from simpose_tf.figures.fitting.drape import drape
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.register import Stage, movable, spread_vertices
from simpose_tf.figures.fitting.space import BodySpace, body_space
from simpose_tf.figures.fitting.surfaces import Surface
from simpose_tf.surface.target import Target

_NUM_SAMPLES = 20000
_NUM_STARTS, _NUM_SECOND = 24, 4
_NORMAL_ROUNDS = 1  # of smoothing the mesh's normals


@dataclass(frozen=True)
class BodyFit:
    """The open body on a mesh.

    Attributes:
      vertices: `[V, 3]` the mesh's vertices in the figure frame: metres, x left, y up, z front, feet on y = 0.
      body: `[N, 3]` the open reference's vertices moved onto the mesh (beneath its clothes and hair), figure frame.
      turn: `[3, 3]` and
      scale: and
      shift: `[3]`: figure = scale * turn @ file + shift.
      gap: mean distance in metres from the body's surface to the mesh.
      notes: what was assumed (`read as centimetres`, `z is up`), one line each.
    """

    vertices: np.ndarray
    body: np.ndarray
    turn: np.ndarray
    scale: float
    shift: np.ndarray
    gap: float
    notes: tuple[str, ...]


def fit_body(target: Target, say: Callable[[str], None]) -> BodyFit:
    """Return the open body fitted to a mesh. Raises InputError for a mesh that is not a human."""
    space = body_space()
    middle, size = target.vertices.mean(0), float(np.ptp(target.vertices, axis=0).max())
    vertices = (target.vertices - middle) / size
    cloud = spread(vertices, target.faces, _NUM_SAMPLES)
    state = _best_start(space, cloud, say)
    mesh = Surface(vertices, target.faces, _NORMAL_ROUNDS)
    for reach, shapes in ((0.05, 20), (0.03, 40), (0.02, 40)):
        stage = Stage(spread_vertices(0.015), 5000, reach, 0.0, movable(True), shapes, 4)
        state = steps.refine(space, state, mesh, cloud, stage)
    body = posing.pose(space, state, np.arange(len(space.vertices))).points
    say(f"fit: shape and pose, {1000 * _gap(body, mesh, state.scale):.1f} mm")
    body = drape(body, space.faces, mesh, cloud, state.scale, say)
    return _in_figure_frame(space, target, state, body, mesh, (middle, size))


def _best_start(space: BodySpace, cloud: Cloud, say: Callable[[str], None]) -> State:
    """Return the best of many starts after some rough steps each."""
    few, large = spread_vertices(0.05), movable(False)
    rough = (Stage(few, 800, 0.3, 0.3, large, 3, 5), Stage(few, 800, 0.15, 0.2, large, 6, 5))
    firm = (
        Stage(few, 800, 0.1, 0.1, large, 6, 6),
        Stage(spread_vertices(0.025), 3000, 0.05, 0.02, movable(True), 20, 5),
    )
    say("fit: look for pose and orientation")
    tried = [_through(space, state, cloud, rough) for state in starts.starts(space, cloud, _NUM_STARTS)]
    best = sorted(tried, key=lambda pair: pair[1])[:_NUM_SECOND]
    second = []
    for number, (state, _) in enumerate(best, 1):
        second.append(_through(space, state, cloud, firm))
        say(f"fit: pose {number} of {len(best)}, misfit {second[-1][1]:.3f}")
    return min(second, key=lambda pair: pair[1])[0]


def _through(space: BodySpace, state: State, cloud: Cloud, stages: tuple[Stage, ...]) -> tuple[State, float]:
    lost = 1.0
    for stage in stages:
        state, lost = steps.register(space, state, cloud, stage)
    return state, lost


def _gap(body: np.ndarray, mesh: Surface, scale: float) -> float:
    """Return the mean distance in metres from the body's vertices to the mesh."""
    return float(np.linalg.norm(mesh.closest(body)[2] - body, axis=1).mean() / scale)


def _in_figure_frame(
    space: BodySpace, target: Target, state: State, body: np.ndarray, mesh: Surface, normal: tuple[np.ndarray, float]
) -> BodyFit:
    """Return the fit in metres, upright as the file has it, feet on the ground."""
    middle, size = normal
    frame = units.frame_of(space, state, size)
    turned = frame.scale * target.vertices @ frame.turn.T
    moved = frame.scale * (body * size + middle) @ frame.turn.T
    shift = -np.array([moved[:, 0].mean(), moved[:, 1].min(), moved[:, 2].mean()])
    gap = _gap(body, mesh, 1.0) * size * frame.scale
    return BodyFit(turned + shift, moved + shift, frame.turn, frame.scale, shift, gap, frame.notes)
