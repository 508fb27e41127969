"""Start from the skeleton that a mesh is bound to: its joints tell pose, size and which way the person faces."""

import numpy as np

from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting.posed import NUM_RIGID, Posed, State, rest_state
from simpose_tf.figures.fitting.register import movable
from simpose_tf.figures.fitting.space import BodySpace
from simpose_tf.surface.target import Rig

# Joints without which a rig says too little; those of the trunk turn and place the body at first.
_TRUNK = ("Hips", "Head", "LeftUpLeg", "RightUpLeg", "LeftArm", "RightArm")
_LIMBS = tuple(s + b for s in ("Left", "Right") for b in ("ForeArm", "Hand", "Leg", "Foot"))
_STEPS, _SHAPES = 15, 8
_ANGLE, _SHAPE = 0.01, 0.01  # metres: a joint so far off counts as a radian from the rest pose, as a usual shape


def start_of_rig(space: BodySpace, rig: Rig) -> State | None:
    """Return the state whose joints lie on a rig's, in the rig's frame; None if it lacks joints of limbs or trunk.

    Args:
      space: the body.
      rig: with Mixamo's names; joints that the body does not have do not count.
    """
    names = {name: j for j, name in enumerate(rig.names)}
    if not set(_TRUNK + _LIMBS) <= set(names):
        return None
    own = np.array([j for j, name in enumerate(space.skeleton.names) if name in names])
    goals = np.stack([rig.heads[names[space.skeleton.names[j]]] for j in own])
    state = _placed(space, {space.skeleton.names[j]: goal for j, goal in zip(own, goals, strict=True)})
    for _ in range(_STEPS):
        posed = posing.pose(space, state, np.arange(1))
        state = _step(space, state, posed, own, goals)
    return state


def _placed(space: BodySpace, goals: dict[str, np.ndarray]) -> State:
    """Return the rest pose with its trunk turned and sized like the rig's (Umeyama 1991)."""
    rest = rest_state(space)
    here = np.stack([space.skeleton.heads[space.skeleton.names.index(name)] for name in _TRUNK])
    there = np.stack([goals[name] for name in _TRUNK])
    a, b = here - here.mean(0), there - there.mean(0)
    u, values, v = np.linalg.svd(b.T @ a)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ v))])
    turn = u @ np.diag(signs) @ v
    return State(float((values * signs).sum() / (a**2).sum()), turn, goals["Hips"], rest.angles, rest.shape)


def _step(space: BodySpace, state: State, posed: Posed, own: np.ndarray, goals: np.ndarray) -> State:
    """Take one Gauss-Newton step on the joints' places."""
    bones = movable(True)
    rows = _columns(space, state, posed, own, bones) / state.scale
    pull = (goals - posed.places[own]).ravel() / state.scale
    held = np.zeros(NUM_RIGID), np.full(3 * len(bones), _ANGLE**2), np.full(_SHAPES, _SHAPE**2)
    away = np.radians(state.angles[bones] - space.rest_angles[bones]).ravel()
    prior = np.concatenate([held[0], -held[1] * away, -held[2] * state.shape[:_SHAPES]])
    step = np.linalg.solve(rows.T @ rows + np.diag(np.concatenate(held) + 1e-9), rows.T @ pull + prior)
    longest = max(1.0, float(np.abs(step[:-_SHAPES]).max()) if np.abs(step[NUM_RIGID:-_SHAPES]).max() > 0.6 else 1.0)
    return posing.moved(state, step / longest, (bones, _SHAPES))


def _columns(space: BodySpace, state: State, posed: Posed, own: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Return `[3 * len(own), 7 + 3 B + shapes]` how joints move per unit of each parameter."""
    places = posed.places[own]
    arm = places - state.shift
    eye = np.eye(3)
    rigid = [arm[:, :, None], np.cross(eye[None], arm[:, None]).transpose(0, 2, 1), np.tile(eye, (len(own), 1, 1))]
    arms = places[:, None] - posed.places[bones]  # [n, B, 3]
    turned = np.cross(np.swapaxes(posed.rates[bones], 1, 2)[None], arms[:, :, None])  # [n, B, angle, 3]
    turned = turned * space.below[bones][:, own].T[..., None, None]
    turned = turned.reshape(len(own), -1, 3).transpose(0, 2, 1)
    shape = posing.head_moves(space, posed, _SHAPES)[:, own].transpose(1, 2, 0)
    return np.concatenate([*rigid, turned, shape], 2).reshape(3 * len(own), -1)
