"""Find the fingers: thin and alike, they are matched to their neighbours unless the fit starts near their pose."""

import functools
import itertools

import numpy as np

from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting import register as steps
from simpose_tf.figures.fitting.clouds import Cloud, Nearest, spread
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.register import Stage
from simpose_tf.figures.fitting.space import BodySpace, body_space

_NUM_SAMPLES = 60000  # of the whole mesh: some thousand on each hand
_CELL = 0.007  # metres between the body's vertices that are compared
_FAR = 0.06  # metres from the fitted body at which the mesh is no hand
_SHARP = 0.008  # metres: reach of the measure by which bends are compared
_MARGIN = 0.003  # misfits nearer than this are as good: the first of them, the less bent, is taken
_GOOD = 0.5  # misfit up to which nobody asks whether the hand is turned over
_BENT_DEG = 20.0  # a wrist so far from its rest pose may be bent by mistake
# Degrees by which a wrist may be wrong: about the forearm, and sideways (by a finger's width).
_TURNS: tuple[tuple[float, float], ...] = ((0, -12), (0, 12), (-150, 0), (-75, 0), (75, 0), (150, 0))
_HOPELESS = 0.7  # misfit from which on the mesh shows no fingers: they stay as at rest
# Palmar flexion in degrees of the fingers' three joints: as in the rest pose, straight, relaxed, bent, a fist.
Bend = tuple[float, float, float] | None
_BENDS: tuple[Bend, ...] = (
    None,
    (0, 0, 0),
    (20, 25, 15),
    (45, 50, 35),
    (75, 88, 60),
)


def find_fingers(space: BodySpace, state: State, vertices: np.ndarray, faces: np.ndarray) -> State:
    """Return the state with each hand's fingers in the best of some bends, each tried for some steps."""
    cloud = spread(vertices, faces, _NUM_SAMPLES)
    hands = [space.skeleton.names.index(f"{side}Hand") for side in ("Left", "Right")]
    straight = _straightened(space, state, np.array(hands))
    owners = [owners_of(space, each, cloud) for each in (state, straight)]
    for hand in hands:
        below = np.flatnonzero(space.below[hand])
        own = cloud.chosen(np.isin(owners[0], below) | np.isin(owners[1], below))
        if len(own.points) >= 100:
            state = _one_hand(space, state, own, hand)
    return state


@functools.cache
def hand_vertices() -> np.ndarray:
    """Return vertices of both hands, one in each cell of `_CELL`."""
    space = body_space()
    hands = [space.skeleton.names.index(f"{side}Hand") for side in ("Left", "Right")]
    ids = np.flatnonzero(space.below[hands].any(0)[space.owner])
    return ids[steps.one_per_cell(space.vertices[ids], _CELL)]


def owners_of(space: BodySpace, state: State, cloud: Cloud) -> np.ndarray:
    """Return the bone `[S]` that moves the part of the body which lies nearest to each point; -1 where none is near."""
    posed = posing.pose(space, state, np.arange(len(space.vertices)))
    normals = steps.turned_normals(posed)
    row = Nearest(posed.points, normals, state.scale)(cloud.points, cloud.normals)
    away = np.linalg.norm(posed.points[row] - cloud.points, axis=1)
    return np.where(away < _FAR * state.scale, space.owner[row], -1)


def _straightened(space: BodySpace, state: State, bones: np.ndarray) -> State:
    """Return the state with some wrists as at rest: a hand that was missed may be folded back upon the sleeve."""
    angles = state.angles.copy()
    angles[bones] = space.rest_angles[bones]
    return State(state.scale, state.turn, state.shift, angles, state.shape)


def _one_hand(space: BodySpace, state: State, own: Cloud, hand: int) -> State:
    """Return the state with one hand's fingers in the best bend, the hand straight or turned if that is better."""
    best, least = _best_bend(space, state, own, hand, ((0.0, 0.0),), _BENDS)
    bent = np.abs(state.angles[hand] - space.rest_angles[hand]).max() > _BENT_DEG
    straight = [(_straightened(space, state, np.array([hand])), ((0.0, 0.0),))] if bent else []
    if least > _GOOD:
        for start, turns in (*straight, (state, _TURNS)):
            other, lost = _best_bend(space, start, own, hand, turns, (_BENDS[0], _BENDS[2]))
            best, least = (other, lost) if lost < least - _MARGIN else (best, least)
    return best


def _best_bend(
    space: BodySpace,
    state: State,
    own: Cloud,
    hand: int,
    turns: tuple[tuple[float, float], ...],
    bends: tuple[Bend, ...],
) -> tuple[State, float]:
    """Return the best of some turns of the hand and bends of its fingers, with its misfit."""
    below = np.flatnonzero(space.below[hand])
    whole = np.flatnonzero(np.isin(space.owner, below))
    ids = whole[steps.one_per_cell(space.vertices[whole], _CELL)]
    moving = np.concatenate([[int(space.skeleton.parents[hand])], below])
    stages = [
        Stage(ids, 1200, 0.04, 0.2, moving, 0, 6, held=True),
        Stage(ids, 1200, 0.015, 0.02, moving, 0, 5, held=True),
    ]
    best, least = _bent(space, state, hand, (0.0, 0.0), None), _HOPELESS
    for turn, bend in itertools.product(turns, bends):
        tried = _bent(space, state, hand, turn, bend)
        for stage in stages:
            tried, _ = steps.register(space, tried, own, stage)
        lost = steps.misfit_at(space, tried, own, whole, _SHARP)
        if lost < least - _MARGIN:
            best, least = tried, lost
    return best, least


def _bent(space: BodySpace, state: State, hand: int, turn: tuple[float, float], bend: Bend) -> State:
    """Return the state with the hand turned (`_TURNS`) and the fingers, without thumb, bent."""
    angles = state.angles.copy()
    fingers = np.flatnonzero(space.below[hand])[1:]
    angles[fingers] = space.rest_angles[fingers]
    angles[[hand, int(space.skeleton.parents[hand])], 2] += turn[0] / 2
    angles[hand, 0] += turn[1]
    for j in fingers:
        name = space.skeleton.names[j]
        if bend is not None and "Thumb" not in name:
            angles[j] = (0, -bend[int(name[-1]) - 1], 0)
    return State(state.scale, state.turn, state.shift, angles, state.shape)
