"""Find the fingers: thin and alike, they are matched to their neighbours unless the fit starts near their pose."""

import functools

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
_MARGIN = 0.02  # misfits nearer than this to the best are as good: the first of them, the least bent, is taken
# Palmar flexion in degrees of the fingers' three joints: as in the rest pose, straight, relaxed, bent, a fist.
_BENDS: tuple[tuple[float, float, float] | None, ...] = (
    None,
    (0, 0, 0),
    (20, 25, 15),
    (45, 50, 35),
    (75, 88, 60),
)


def find_fingers(space: BodySpace, state: State, vertices: np.ndarray, faces: np.ndarray) -> State:
    """Return the state with each hand's fingers in the best of some bends, each tried for some steps."""
    cloud = spread(vertices, faces, _NUM_SAMPLES)
    owner = _owners(space, state, cloud)
    for side in ("Left", "Right"):
        hand = space.skeleton.names.index(f"{side}Hand")
        own = cloud.chosen(np.isin(owner, np.flatnonzero(space.below[hand])))
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


def _owners(space: BodySpace, state: State, cloud: Cloud) -> np.ndarray:
    """Return the bone `[S]` that moves the part of the body which lies nearest to each point; -1 where none is near."""
    posed = posing.pose(space, state, np.arange(len(space.vertices)))
    normals = steps.turned_normals(posed)
    row = Nearest(posed.points, normals, state.scale)(cloud.points, cloud.normals)
    away = np.linalg.norm(posed.points[row] - cloud.points, axis=1)
    return np.where(away < _FAR * state.scale, space.owner[row], -1)


def _one_hand(space: BodySpace, state: State, own: Cloud, hand: int) -> State:
    fingers = np.flatnonzero(space.below[hand])
    ids = np.flatnonzero(np.isin(space.owner, fingers))
    ids = ids[steps.one_per_cell(space.vertices[ids], _CELL)]
    stages = [
        Stage(ids, 1200, 0.04, 0.2, fingers, 0, 6, held=True),
        Stage(ids, 1200, 0.015, 0.02, fingers, 0, 5, held=True),
    ]
    tried = []
    for bend in _BENDS:
        bent, lost = _bent(space, state, fingers, bend), 1.0
        for stage in stages:
            bent, lost = steps.register(space, bent, own, stage)
        tried.append((lost, bent))
    least = min(lost for lost, _ in tried)
    return next(bent for lost, bent in tried if lost < least + _MARGIN)


def _bent(space: BodySpace, state: State, fingers: np.ndarray, bend: tuple[float, float, float] | None) -> State:
    """Return the state with the fingers, thumbs left out, bent."""
    angles = state.angles.copy()
    angles[fingers[1:]] = space.rest_angles[fingers[1:]]
    for j in fingers[1:]:
        name = space.skeleton.names[j]
        if bend is not None and "Thumb" not in name:
            angles[j] = (0, -bend[int(name[-1]) - 1], 0)
    return State(state.scale, state.turn, state.shift, angles, state.shape)
