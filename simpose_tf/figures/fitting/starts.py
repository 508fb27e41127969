"""Where a fit may start: orientations and poses whose outlines resemble a mesh, the most alike first.

Each pose is tried in many orientations by looking its points up in a grid of distances to the mesh, and the mesh's
points in a grid of distances to the pose; both are brought to the same middle and spread first.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from simpose_tf.figures.fitting import posed as posing
from simpose_tf.figures.fitting.clouds import Cloud
from simpose_tf.figures.fitting.posed import State
from simpose_tf.figures.fitting.space import BodySpace
from simpose_tf.figures.kinematics import chain_of, forward, joint_rotations
from simpose_tf.figures.motion.bank import drawn_bank
from simpose_tf.geometry import rotation_about

_NUM_POSES = 90  # of the bank, as different as they come
_NUM_POINTS = 300  # compared per pose
_CELLS, _REACH = 44, 3.2  # grid cells on a side, half the side of the grid in spreads of the points
_NEAR = 0.6  # spreads: distances beyond count no more
_YAWS = (0, 45)  # degrees, besides the 24 turns by right angles
# Angles (flexion, abduction) of the poses that most files have.
_USUAL: tuple[dict[str, tuple[float, float]], ...] = (
    {},
    {"Arm": (0, 90), "ForeArm": (0, 0)},
    {"Arm": (0, 8), "ForeArm": (12, 0)},
    {"Arm": (0, 70), "ForeArm": (0, 0), "UpLeg": (0, 12)},
)


@dataclass(frozen=True)
class _Poses:
    """Poses to try: joint angles `[P, J, 3]`, turns of the hips `[P, 3, 3]`, points `[P, n, 3]` of middle 0 and
    spread 1, their middle `[P, 3]` and spread `[P]` in metres, and the grids of distances to them `[P, C, C, C]`."""

    angles: np.ndarray
    turns: np.ndarray
    points: np.ndarray
    middles: np.ndarray
    spreads: np.ndarray
    grids: np.ndarray


def starts(space: BodySpace, cloud: Cloud, count: int) -> list[State]:
    """Return the states to start from, the likeliest first; poses and turns differ.

    Args:
      space: the body.
      cloud: the mesh, in any unit and orientation.
      count: how many.
    """
    poses = _poses(space, _NUM_POSES)
    points, middle, spread = _normalised(cloud.points[:: max(1, len(cloud.points) // _NUM_POINTS)])
    grid = _grid(_normalised(cloud.points)[0])
    turns = _turns()
    table = np.array([_unlike(poses, k, turns, points, grid) for k in range(len(poses.angles))])
    result = []
    for k, t in _distinct(table, count):
        scale = spread / poses.spreads[k]
        turn = turns[t] @ poses.turns[k]
        hips = space.skeleton.heads[0] - poses.middles[k]
        shift = middle + scale * turns[t] @ hips
        result.append(State(scale, turn, shift, poses.angles[k], np.zeros(len(space.directions))))
    return result


def _unlike(poses: _Poses, k: int, turns: np.ndarray, points: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return `[T]` the mean distance both ways between a turned pose and the mesh."""
    there = _look_up(grid, np.einsum("tab,nb->tna", turns, poses.points[k]))
    back = _look_up(poses.grids[k], np.einsum("tba,nb->tna", turns, points))
    return there.mean(1) + back.mean(1)


def _distinct(table: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Return (pose, turn) of the least entries; a pose comes at most three times, a turn at most a third of them."""
    of_pose, of_turn = np.zeros(len(table), int), np.zeros(table.shape[1], int)
    result: list[tuple[int, int]] = []
    for place in np.argsort(table, axis=None, kind="stable"):
        k, t = divmod(int(place), table.shape[1])
        if of_pose[k] < 3 and of_turn[t] < max(2, count // 3):
            result.append((k, t))
            of_pose[k], of_turn[t] = of_pose[k] + 1, of_turn[t] + 1
        if len(result) == count:
            break
    return result


@functools.cache
def _turns() -> np.ndarray:
    """Return rotations `[T, 3, 3]`: the 24 by right angles, each after some turns about the body's own axis."""
    quarters = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.eye(3)[list(order)] * np.array(signs)[:, None]
            if np.linalg.det(matrix) > 0:
                quarters.append(matrix)
    up = np.array([0.0, 1.0, 0.0])
    return np.array([q @ rotation_about(up, np.radians(yaw)) for yaw in _YAWS for q in quarters])


def _normalised(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return points of middle 0 and spread 1, with what their middle and spread were."""
    middle = points.mean(0)
    spread = float(np.sqrt(((points - middle) ** 2).sum(1).mean()))
    return (points - middle) / spread, middle, spread


def _cells(points: np.ndarray) -> np.ndarray:
    return np.clip(np.floor((points + _REACH) * (_CELLS / (2 * _REACH))), 0, _CELLS - 1).astype(np.int64)


def _grid(points: np.ndarray) -> np.ndarray:
    """Return `[C, C, C]` float32 distances to points, at most `_NEAR`."""
    empty = np.ones((_CELLS,) * 3, bool)
    empty[tuple(_cells(points).T)] = False
    return np.minimum(ndimage.distance_transform_edt(empty) * (2 * _REACH / _CELLS), _NEAR).astype(np.float32)


def _look_up(grid: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the distances at points `[..., 3]`."""
    i, j, k = np.moveaxis(_cells(points), -1, 0)
    return grid[i, j, k]


def _poses(space: BodySpace, count: int) -> _Poses:
    """Return the usual poses and the `count` most different ones of the bank."""
    bank = drawn_bank("train")
    place = [bank.bones.index(name) for name in space.skeleton.names]
    drawn = bank.angles[:, place].astype(float)
    drawn = drawn[_most_different(space, drawn, count)]
    turns = np.concatenate([np.tile(np.eye(3), (len(_USUAL), 1, 1)), _hips(space, drawn)])
    angles = np.concatenate([[_usual(space, entry) for entry in _USUAL], drawn])
    angles[:, 0] = 0
    cells = np.floor(space.vertices / 0.04).astype(np.int64)
    ids = np.unique(cells, axis=0, return_index=True)[1]
    rows = [_normalised(_points(space, a, t, ids)) for a, t in zip(angles, turns, strict=True)]
    points, middles, spreads = (np.array(column) for column in zip(*rows, strict=True))
    grids = np.array([_grid(p) for p in points])
    return _Poses(angles, turns, points[:, :: max(1, len(ids) // _NUM_POINTS)], middles, spreads, grids)


def _points(space: BodySpace, angles: np.ndarray, turn: np.ndarray, ids: np.ndarray) -> np.ndarray:
    state = State(1.0, turn, space.skeleton.heads[0], angles, np.zeros(len(space.directions)))
    return posing.pose(space, state, ids).points


def _usual(space: BodySpace, entry: dict[str, tuple[float, float]]) -> np.ndarray:
    """Return `[J, 3]` angles: the rest pose but for some joints."""
    angles = space.rest_angles.copy()
    for j, name in enumerate(space.skeleton.names):
        bare = name.removeprefix("Left").removeprefix("Right")
        if bare in entry:
            angles[j] = (*entry[bare], 0)
    return angles


def _hips(space: BodySpace, angles: np.ndarray) -> np.ndarray:
    """Return how poses `[P, J, 3]` turn the hips, `[P, 3, 3]`."""
    return joint_rotations(space.signs[:1], angles[:, :1])[:, 0]


def _most_different(space: BodySpace, angles: np.ndarray, count: int) -> np.ndarray:
    """Return the places of poses that are far from one another, by where their joints are (farthest point first)."""
    big = frozenset(name for name in space.skeleton.names if "Hand" not in name or name.endswith("Hand"))
    chain = chain_of(space.skeleton, big)
    kept = [j for j, name in enumerate(space.skeleton.names) if name in big]
    heads = np.moveaxis(forward(chain, angles[:, kept])[1], 0, 1).reshape(len(angles), -1)
    heads = heads - heads.mean(1, keepdims=True)
    chosen = [0]
    away = ((heads - heads[0]) ** 2).sum(1)
    while len(chosen) < count:
        chosen.append(int(away.argmax()))
        away = np.minimum(away, ((heads - heads[chosen[-1]]) ** 2).sum(1))
    return np.array(chosen)
