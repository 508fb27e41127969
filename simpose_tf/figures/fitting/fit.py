"""Fit the open body, in shape and pose, to any mesh of a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting import register as steps
from simpose_tf.figures.fitting import starts, units
from simpose_tf.figures.fitting.clouds import Cloud, spread
from simpose_tf.figures.fitting.drape import drape
from simpose_tf.figures.fitting.hands import find_fingers, hand_vertices, owners_of
from simpose_tf.figures.fitting.judge import Coverage, cover, require_person
from simpose_tf.figures.fitting.layers import innermost
from simpose_tf.figures.fitting.pieces import body_like_pieces
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.register import Stage, movable, spread_vertices
from simpose_tf.figures.fitting.rigged import start_of_rig
from simpose_tf.figures.fitting.space import BodySpace, body_space
from simpose_tf.figures.fitting.surfaces import Surface
from simpose_tf.surface.target import Rig, Target

_NUM_SAMPLES = 20000
_NUM_STARTS, _NUM_SECOND = 24, 4
_SAME = 0.015  # metres: mean distance of states that are one
_POOR = 0.35  # misfit after which a start from the rig is not trusted alone
_NORMAL_ROUNDS = 1  # of smoothing the mesh's normals
_AS_WELL, _EXACT = 1.02, 5e-5  # a gap that is no larger than another: by this share, or by metres


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
    """Return the open body fitted to a mesh. Raises InputError for a mesh that is not a human.

    Where one piece of the mesh is a whole body, that piece is fitted, else all of them.
    """
    space = body_space()
    middle, size = target.vertices.mean(0), float(np.ptp(target.vertices, axis=0).max())
    vertices = (target.vertices - middle) / size
    rig = None if target.rig is None else replace(target.rig, heads=(target.rig.heads - middle) / size)
    whole, tried = spread(vertices, target.faces, _NUM_SAMPLES), []
    for inside in (*body_like_pieces(vertices, target.faces), np.ones(len(target.faces), bool)):
        scan = _scan(vertices, target.faces[inside])
        state = _large_pose(space, scan, rig, say)
        inner = _inner(space, state, scan)
        state = _shape_and_pose(space, state, inner)
        tried.append((_cover(space, state, scan, whole), state, scan, inner))
        if tried[-1][0].is_person():
            break
    coverage, state, scan, inner = max(tried, key=lambda entry: (entry[0].is_person(), entry[0].close))
    require_person(coverage, target.place)
    body = posing.pose(space, state, np.arange(len(space.vertices))).points
    say(f"fit: shape and pose, {1000 * _gap(body, scan.surface, state.scale):.1f} mm")
    body = drape(body, space.faces, inner.surface, inner.cloud, state.scale, say)
    return _in_figure_frame(space, target, state, body, scan.surface, (middle, size))


@dataclass(frozen=True)
class _Scan:
    """What is fitted to: vertices `[V, 3]` and faces `[F, 3]`, as evenly spread points and as a surface."""

    vertices: np.ndarray
    faces: np.ndarray
    cloud: Cloud
    surface: Surface


def _scan(vertices: np.ndarray, faces: np.ndarray) -> _Scan:
    return _Scan(vertices, faces, spread(vertices, faces, _NUM_SAMPLES), Surface(vertices, faces, _NORMAL_ROUNDS))


def _inner(space: BodySpace, state: State, scan: _Scan) -> _Scan:
    """Return the mesh without what lies upon another piece of it, arms aside, which may lie upon the trunk."""
    arms = [space.skeleton.names.index(f"{side}ForeArm") for side in ("Left", "Right")]
    anywhere = ~np.isin(owners_of(space, state, scan.cloud), np.flatnonzero(space.below[arms].any(0)))
    kept = innermost(scan.vertices, scan.faces, scan.cloud, state.scale, anywhere)
    return scan if kept.all() else _scan(scan.vertices, scan.faces[kept])


def _large_pose(space: BodySpace, scan: _Scan, rig: Rig | None, say: Callable[[str], None]) -> State:
    """Return the state that fits best but for details: from the rig's joints, or from the best of many starts."""
    start = None if rig is None else start_of_rig(space, rig)
    state, lost = _second_steps(space, [start], scan.cloud, say) if start is not None else (start, 1.0)
    if state is None or lost > _POOR:
        state, lost = min(
            (state, lost),
            _second_steps(space, _best_starts(space, scan.cloud, say), scan.cloud, say),
            key=lambda pair: pair[1],
        )
    assert state is not None
    return state


def _shape_and_pose(space: BodySpace, state: State, scan: _Scan) -> State:
    """Return the state with fingers found and all joints and coefficients of shape refined."""
    state = find_fingers(space, state, scan.vertices, scan.faces)
    ids = np.union1d(spread_vertices(0.015), hand_vertices())
    for reach, shapes, count in ((0.05, 20, 4), (0.03, 40, 4), (0.02, 40, 6)):
        stage = Stage(ids, 5000, reach, 0.0, movable(True), shapes, count)
        state = steps.refine(space, state, scan.surface, scan.cloud, stage)
    return _plainest(space, state, scan)


def _plainest(space: BodySpace, state: State, scan: _Scan) -> State:
    """Return the reference itself, where it lies on the mesh as well as a state that was fitted in shape and pose."""
    plain = replace(state, shape=np.zeros_like(state.shape), angles=space.rest_angles)
    none, ids = np.zeros(0, np.int64), spread_vertices(0.015)
    for reach in (0.05, 0.02):
        plain = steps.refine(space, plain, scan.surface, scan.cloud, Stage(ids, 5000, reach, 0.0, none, 0, 5))
    everything = np.arange(len(space.vertices))
    bodies = [posing.pose(space, each, everything).points for each in (state, plain)]
    fitted, itself = (_gap(body, scan.surface, state.scale) for body in bodies)
    return plain if itself < _AS_WELL * fitted + _EXACT else state


def _cover(space: BodySpace, state: State, scan: _Scan, whole: Cloud) -> Coverage:
    body = posing.pose(space, state, np.arange(len(space.vertices))).points
    return cover(space, body, scan.surface, whole, state)


def _best_starts(space: BodySpace, cloud: Cloud, say: Callable[[str], None]) -> list[State]:
    """Return the best of many starts after some rough steps each."""
    few, large = spread_vertices(0.05), movable(False)
    first, second = Stage(few, 800, 0.3, 0.3, large, 3, 5), Stage(few, 800, 0.15, 0.2, large, 6, 5)
    say("fit: look for pose and orientation")
    found = [steps.register(space, state, cloud, first) for state in starts.starts(space, cloud, _NUM_STARTS)]
    tried = [steps.register(space, state, cloud, second) for state in _best(space, found, _NUM_STARTS // 2)]
    return _best(space, tried, _NUM_SECOND)


def _second_steps(
    space: BodySpace, states: list[State], cloud: Cloud, say: Callable[[str], None]
) -> tuple[State, float]:
    """Return the best state, and its misfit, after finer steps from each."""
    few, mid = spread_vertices(0.05), spread_vertices(0.025)
    stages = (Stage(few, 800, 0.1, 0.1, movable(False), 6, 6), Stage(mid, 3000, 0.05, 0.02, movable(True), 20, 5))
    result = []
    for number, state in enumerate(states, 1):
        for stage in stages:
            state, lost = steps.register(space, state, cloud, stage)
        result.append((state, lost))
        say(f"fit: pose {number} of {len(states)}, misfit {lost:.3f}")
    return min(result, key=lambda pair: pair[1])


def _best(space: BodySpace, tried: list[tuple[State, float]], count: int) -> list[State]:
    """Return the best states, each at least `_SAME` metres from the better ones."""
    few = spread_vertices(0.15)
    kept: list[tuple[State, np.ndarray]] = []
    for state, _ in sorted(tried, key=lambda pair: pair[1]):
        points = posing.pose(space, state, few).points
        away = [np.linalg.norm(points - other, axis=1).mean() / state.scale for _, other in kept]
        if min(away, default=1.0) > _SAME and len(kept) < count:
            kept.append((state, points))
    return [state for state, _ in kept]


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
