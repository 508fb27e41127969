"""The body in a shape and a pose, and how its points move when these change.

Notation: bone b carries a rest point x to `x_b = R_b (x - h_b) + p_b`; a vertex lies at the mean of its `x_b` under its
skin weights (linear blend skinning). Everything is in the mesh's frame: the hips' rotation is `turn`, their place
`shift`, and `R_b` holds the scale.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from simpose_tf.figures.fitting.space import BodySpace
from simpose_tf.figures.kinematics import joint_rotations
from simpose_tf.geometry import rotation_about

_STEP_DEG = 1e-3  # of the numerical derivative of joint rotations
NUM_RIGID = 7  # log of the scale, rotation vector, shift: the first columns of every Jacobian


@dataclass(frozen=True)
class State:
    """What is fitted.

    Attributes:
      scale: of the body, in units of the mesh per metre.
      turn: `[3, 3]` rotation of the hips.
      shift: `[3]` place of the hips.
      angles: `[J, 3]` degrees (`figures.joints`); those of the hips are 0.
      shape: `[K]` coefficients of `BodySpace.directions`.
    """

    scale: float
    turn: np.ndarray
    shift: np.ndarray
    angles: np.ndarray
    shape: np.ndarray


@dataclass(frozen=True)
class Posed:
    """A state worked out on some vertices.

    Attributes:
      ids: `[n]` which of the body's vertices.
      rest: `[n, 3]` them in the shape's rest pose.
      points: `[n, 3]` in the mesh's frame.
      blends: `[n, 3, 3]` weighted mean of `R_b`.
      rotations: `[J, 3, 3]` the bones' `R_b`, scale included.
      heads: `[J, 3]` `h_b` and
      places: `[J, 3]` `p_b`.
      rates: `[J, 3, 3]`: column a is the rotation vector per radian of angle a, in the mesh's frame.
    """

    ids: np.ndarray
    rest: np.ndarray
    points: np.ndarray
    blends: np.ndarray
    rotations: np.ndarray
    heads: np.ndarray
    places: np.ndarray
    rates: np.ndarray


def rest_state(space: BodySpace) -> State:
    """Return the reference itself: rest pose, neutral shape."""
    return State(1.0, np.eye(3), space.skeleton.heads[0], space.rest_angles, np.zeros(len(space.directions)))


def pose(space: BodySpace, state: State, ids: np.ndarray) -> Posed:
    """Return some of the body's vertices, `ids` `[n]`, in a state."""
    heads = space.skeleton.heads + np.tensordot(state.shape, space.head_directions, 1)
    directions = space.directions if len(ids) == len(space.vertices) else space.directions[:, ids]
    rest = space.vertices[ids] + np.tensordot(state.shape.astype(np.float32), directions, 1)
    own = np.swapaxes(space.above, 1, 2) @ joint_rotations(space.signs, state.angles) @ space.neutral
    rotations, places, rates = np.empty_like(own), np.empty_like(heads), np.empty_like(own)
    local_rates = _local_rates(space, state.angles)
    for j, parent in enumerate(space.skeleton.parents):
        if parent < 0:
            rotations[j], places[j] = state.scale * state.turn, state.shift
            rates[j] = state.turn
        else:
            rotations[j] = rotations[parent] @ own[j]
            places[j] = places[parent] + rotations[parent] @ (heads[j] - heads[parent])
            rates[j] = rotations[parent] @ local_rates[j] / state.scale
    affine = np.concatenate([rotations, (places - np.einsum("jab,jb->ja", rotations, heads))[..., None]], -1)
    maps = (space.skin[ids] @ affine.reshape(-1, 12)).reshape(-1, 3, 4)
    points = np.einsum("nab,nb->na", maps[..., :3], rest) + maps[..., 3]
    return Posed(ids, rest, points, maps[..., :3], rotations, heads, places, rates)


def _local_rates(space: BodySpace, angles: np.ndarray) -> np.ndarray:
    """Return `[J, 3, 3]`: column a is the rotation vector in the rest frame per radian of angle a."""
    at = joint_rotations(space.signs, angles)
    columns = []
    for step in _STEP_DEG * np.eye(3):
        change = (joint_rotations(space.signs, angles + step) - at) @ np.swapaxes(at, 1, 2) / np.radians(_STEP_DEG)
        columns.append(np.stack([change[:, 2, 1], change[:, 0, 2], change[:, 1, 0]], -1))
    return np.swapaxes(space.above, 1, 2) @ np.stack(columns, -1)


def jacobian(
    space: BodySpace, state: State, posed: Posed, rows: np.ndarray, normals: np.ndarray, used: tuple[np.ndarray, int]
) -> np.ndarray:
    """Return how far points move along directions per unit of each parameter.

    Args:
      space: the body.
      state: where.
      posed: the state worked out.
      rows: `[m]` places in `posed`.
      normals: `[m, D, 3]`: D directions for each.
      used: bones that may move `[B]`, and how many of the coefficients of shape may change.

    Returns:
      `[m, D, 7 + 3 B + count]` float32; columns: log of the scale, rotation vector, shift, angles in radians, shape.
    """
    bones, count = used
    result = np.empty((*normals.shape[:2], NUM_RIGID + 3 * len(bones) + count), np.float32)
    arm = (posed.points[rows] - state.shift)[:, None]
    result[..., 0] = (arm * normals).sum(-1)
    result[..., 1:4] = np.cross(arm, normals)
    result[..., 4:7] = normals
    skin = space.skin[posed.ids[rows]]
    arms = _arms(space, posed, rows, skin.toarray(), bones)
    moves = _shape_moves(space, posed, rows, skin, count) if count else None
    for d in range(normals.shape[1]):
        n0, n1, n2 = normals[:, d].T[:, None].astype(np.float32)
        x, y, z = arms
        moments = np.stack([y * n2 - z * n1, z * n0 - x * n2, x * n1 - y * n0], -1)  # [B, m, 3]
        turned = np.swapaxes(moments @ posed.rates[bones].astype(np.float32), 0, 1)
        result[:, d, NUM_RIGID : NUM_RIGID + 3 * len(bones)] = turned.reshape(len(rows), -1)
        if moves is not None:
            result[:, d, NUM_RIGID + 3 * len(bones) :] = np.matmul(normals[:, d, None].astype(np.float32), moves)[:, 0]
    return result


def _arms(space: BodySpace, posed: Posed, rows: np.ndarray, skin: np.ndarray, bones: np.ndarray) -> list[np.ndarray]:
    """Return x, y, z `[B, m]` of the arms about which a rotation of each bone, with all below it, moves each point."""
    below = space.below[bones].T.astype(np.float32)  # [J, B]
    affine = posed.places - np.einsum("jab,jb->ja", posed.rotations, posed.heads)
    skin = skin.astype(np.float32)
    weight, rest = skin @ below, posed.rest[rows]
    result = []
    for axis in range(3):
        carried = skin * (rest @ posed.rotations[:, axis].T + affine[:, axis]).astype(np.float32)
        result.append((carried @ below - weight * posed.places[bones, axis].astype(np.float32)).T)
    return result


def _shape_moves(space: BodySpace, posed: Posed, rows: np.ndarray, skin: sparse.csr_matrix, count: int) -> np.ndarray:
    """Return `[m, 3, count]` float32 how the points move per coefficient of shape."""
    heads, places = space.head_directions[:count], head_moves(space, posed, count)
    carried = places - np.einsum("jab,kjb->kja", posed.rotations, heads)
    of_bones = skin @ np.ascontiguousarray(carried.transpose(1, 2, 0)).reshape(len(posed.heads), -1)
    own = np.matmul(posed.blends[rows].astype(np.float32), space.by_vertex[posed.ids[rows], :, :count])
    return own + of_bones.reshape(len(rows), 3, count).astype(np.float32)


def head_moves(space: BodySpace, posed: Posed, count: int) -> np.ndarray:
    """Return `[count, J, 3]` how the bones' heads move per coefficient of shape."""
    heads, places = space.head_directions[:count], np.zeros((count, len(posed.heads), 3))
    for j, parent in enumerate(space.skeleton.parents):
        if parent >= 0:
            places[:, j] = places[:, parent] + (heads[:, j] - heads[:, parent]) @ posed.rotations[parent].T
    return places


def moved(state: State, step: np.ndarray, used: tuple[np.ndarray, int]) -> State:
    """Return the state after a step `[7 + 3 * len(bones) + count]` in the columns of `jacobian`."""
    bones, count = used
    angle = float(np.linalg.norm(step[1:4]))
    turn = rotation_about(step[1:4] / max(angle, 1e-12), angle) @ state.turn
    angles, shape = state.angles.copy(), state.shape.copy()
    angles[bones] += np.degrees(step[NUM_RIGID : NUM_RIGID + 3 * len(bones)].reshape(-1, 3))
    shape[:count] += step[NUM_RIGID + 3 * len(bones) :]
    return State(state.scale * float(np.exp(step[0])), turn, state.shift + step[4:7], angles, shape)
