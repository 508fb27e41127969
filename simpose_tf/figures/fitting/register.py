"""Move the posed body onto a mesh: robust Gauss-Newton steps on points and the planes they should lie in."""

import functools
from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import joints
from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting.clouds import Cloud, Nearest
from simpose_tf.figures.fitting.pairs import Pairs, pairs_of_points, pairs_of_surfaces
from simpose_tf.figures.fitting.posed import NUM_RIGID, Posed, State
from simpose_tf.figures.fitting.space import BodySpace, body_space
from simpose_tf.figures.fitting.surfaces import Surface
from simpose_tf.figures.pose import vertex_normals

_UNIT = 0.01  # metres: a residual of this counts 1
_ROWS = 1000.0  # each of the two directions counts as so many residuals, however many samples there are
_LIMIT_DEG = 3.0  # an angle so far beyond its limit counts as much as ten residuals of 1
_LOOSE_DEG = 40.0  # an angle so far from where it started counts as much as one residual of 1
_DAMPING = 1e-4  # share of the diagonal
# Degrees (flexion, abduction, twist) by which angles usually differ from the rest pose's, as in `figures.motion.bank`.
# Limbs are nearly round: cloth turns a forearm about itself one way, and the hand back again, if nothing holds them.
_FREE = 1e3
_USUAL_DEG = {
    "Spine": (10, 5, 6),
    "Spine1": (10, 5, 6),
    "Spine2": (10, 5, 6),
    "Neck": (10, 6, 10),
    "Head": (10, 6, 15),
    "Shoulder": (6, 12, 6),
    "Arm": (_FREE, _FREE, 30),
    "ForeArm": (_FREE, 4, 12),
    "Hand": (10, _FREE, 7),
    "UpLeg": (_FREE, 15, 12),
    "Leg": (_FREE, 3, 5),
    "Foot": (_FREE, _FREE, 5),
}
_USUAL_ROWS = 10.0  # residuals of the present mean size that such a difference counts as


@dataclass(frozen=True)
class Stage:
    """How to take some steps.

    Attributes:
      ids: `[n]` the body's vertices that are compared.
      samples: how many points of the mesh are.
      reach: metres from which on pairs count less.
      slide: weight of distances along the surface (0: planes only).
      bones: bones that may move.
      shapes: how many coefficients of shape may.
      steps: how many.
      held: whether scale, turn and shift stay.
    """

    ids: np.ndarray
    samples: int
    reach: float
    slide: float
    bones: np.ndarray
    shapes: int
    steps: int
    held: bool = False


def register(space: BodySpace, state: State, cloud: Cloud, stage: Stage) -> tuple[State, float]:
    """Return the state after a stage's steps towards a mesh's points, and its `misfit` before the last."""
    start, target = state, cloud.thinned(stage.samples)
    nearest = Nearest(target.points, target.normals, state.scale)
    lost = 1.0
    for _ in range(stage.steps):
        posed = posing.pose(space, state, stage.ids)
        pairs = pairs_of_points(posed.points, turned_normals(posed), target, nearest, state.scale * stage.reach)
        lost = misfit(pairs)
        state = _step(space, state, start, posed, pairs, stage)
    return state, lost


def refine(space: BodySpace, state: State, mesh: Surface, cloud: Cloud, stage: Stage) -> State:
    """Return the state after a stage's steps towards a mesh's exact surface."""
    start, target = state, cloud.thinned(stage.samples)
    everything = np.arange(len(space.vertices))
    for _ in range(stage.steps):
        posed = posing.pose(space, state, everything)
        body = Surface(posed.points, space.faces, 0)
        pairs = pairs_of_surfaces(body, stage.ids, posed.points, mesh, target, state.scale * stage.reach)
        state = _step(space, state, start, posed, pairs, stage)
    return state


def misfit(pairs: Pairs) -> float:
    """Return how badly the body fits: 0 for a perfect fit, 1 if all is far or faces away."""
    lost = 1 - pairs.near
    return float((lost[: pairs.num_body].mean() + lost[pairs.num_body :].mean()) / 2)


def misfit_at(space: BodySpace, state: State, cloud: Cloud, ids: np.ndarray, reach: float) -> float:
    """Return the misfit of some of the body's vertices and a mesh's points; `reach` is in metres."""
    posed = posing.pose(space, state, ids)
    nearest = Nearest(cloud.points, cloud.normals, state.scale)
    return misfit(pairs_of_points(posed.points, turned_normals(posed), cloud, nearest, state.scale * reach))


def turned_normals(posed: Posed) -> np.ndarray:
    """Return the reference's normals, turned along, `[n, 3]`."""
    normals = np.einsum("nab,nb->na", posed.blends, _rest_normals()[posed.ids])
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


@functools.cache
def _rest_normals() -> np.ndarray:
    space = body_space()
    return vertex_normals(space.vertices, space.faces).astype(float)


def _step(space: BodySpace, state: State, start: State, posed: Posed, pairs: Pairs, stage: Stage) -> State:
    """Take one Gauss-Newton step."""
    used = (stage.bones, stage.shapes)
    unit, rows = _UNIT * state.scale, pairs.corners[np.arange(len(pairs.corners)), pairs.shares.argmax(1)]
    gap, share = pairs.goals - pairs.places, np.full(len(rows), _ROWS / max(len(rows) - pairs.num_body, 1))
    share[: pairs.num_body] = _ROWS / pairs.num_body
    squares, pull = _prior(space, state, start, stage, _mean_square(pairs) / unit**2)
    normals, weights = _directions(pairs.normals, stage.slide)
    table = posing.jacobian(space, state, posed, rows, normals, used).reshape(-1, len(pull)) / np.float32(unit)
    weighted = table * (weights * (share * pairs.near)[:, None]).astype(np.float32).reshape(-1, 1)
    squares = squares + weighted.T @ table
    pull = pull + weighted.T @ (np.einsum("md,mkd->mk", gap, normals).ravel() / unit)
    squares[np.diag_indices_from(squares)] *= 1 + _DAMPING
    return posing.moved(state, _shortened(np.linalg.solve(squares, pull), len(stage.bones)), used)


def _directions(normals: np.ndarray, slide: float) -> tuple[np.ndarray, np.ndarray]:
    """Return directions `[m, D, 3]` and weights `[D]`: the planes' normals and, if `slide`, two along the surface."""
    if slide == 0:
        return normals[:, None], np.ones(1)
    across = np.cross(normals, np.eye(3)[np.abs(normals).argmin(1)])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    return np.stack([normals, across, np.cross(normals, across)], 1), np.array([1.0, slide, slide])


def _mean_square(pairs: Pairs) -> float:
    """Return the mean squared distance between planes, far pairs counting less."""
    across = ((pairs.goals - pairs.places) * pairs.normals).sum(1)
    return float((pairs.near * across**2).sum() / max(pairs.near.sum(), 1e-9))


def _prior(space: BodySpace, state: State, start: State, stage: Stage, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the squares `[P, P]` and the pull `[P]` of: angles within limits, near the start and usual; usual shapes.

    `noise` is the mean squared residual: usual angles are held to where the mesh does not tell them sharply.
    """
    low, high = (end[stage.bones] for end in angle_limits(space))
    angles = state.angles[stage.bones]
    beyond = angles - np.clip(angles, low, high)
    firm = np.where(beyond != 0, 10 * np.degrees(1 / _LIMIT_DEG) ** 2, 0)
    loose = np.degrees(1 / _LOOSE_DEG) ** 2
    usual = _USUAL_ROWS * noise * np.degrees(1 / _usual_deg()[stage.bones]) ** 2
    pull = -firm * np.radians(beyond) - loose * np.radians(angles - start.angles[stage.bones])
    pull -= usual * np.radians(angles - space.rest_angles[stage.bones])
    rigid, shapes = np.zeros(NUM_RIGID), np.ones(stage.shapes)
    squares = np.concatenate([rigid + (1e9 if stage.held else 1e-6), (firm + loose + usual).ravel(), shapes])
    return np.diag(squares), np.concatenate([rigid, pull.ravel(), -state.shape[: stage.shapes]])


@functools.cache
def _usual_deg() -> np.ndarray:
    """Return `[J, 3]` degrees by which angles usually differ from the rest pose's."""
    names = [name.removeprefix("Left").removeprefix("Right") for name in body_space().skeleton.names]
    return np.array([_USUAL_DEG.get(name, (_FREE,) * 3) for name in names])


def angle_limits(space: BodySpace) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest angles `[J, 3]`, wide enough for the rest pose."""
    low, high = joints.limits(space.skeleton.names)
    return np.minimum(low, space.rest_angles), np.maximum(high, space.rest_angles)


def _shortened(step: np.ndarray, num_bones: int) -> np.ndarray:
    """Return the step, shortened where it is longer than the linear model holds."""
    bends = np.abs(step[NUM_RIGID : NUM_RIGID + 3 * num_bones]).max(initial=0.0)
    return step / max(1.0, abs(step[0]) / 0.3, np.abs(step[1:4]).max() / 0.5, bends / 0.6)


@functools.cache
def movable(fingers: bool) -> np.ndarray:
    """Return the bones that may move: all but the hips, with or without fingers and toes."""
    names = body_space().skeleton.names
    small = [("Hand" in name and not name.endswith("Hand")) or "Toe" in name for name in names]
    return np.array([j for j, name in enumerate(names) if name != "Hips" and (fingers or not small[j])])


@functools.cache
def spread_vertices(cell: float) -> np.ndarray:
    """Return vertices of the body, one in each cell of that size in metres."""
    return one_per_cell(body_space().vertices, cell)


def one_per_cell(points: np.ndarray, cell: float) -> np.ndarray:
    """Return places in `[n, 3]` points, one in each cube of that side."""
    cells = np.floor(points / cell).astype(np.int64)
    return np.sort(np.unique(cells, axis=0, return_index=True)[1])
