"""Measures of a head, and which of its faces nobody sees."""

import numpy as np

from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.makehuman import BaseMesh

_CELL = 0.0016  # metres: side of a cell of the depth pictures
_DEEP = 0.004  # metres behind the nearest surface that count as hidden
_SAMPLES = np.array([[i, j, 4 - i - j] for i in range(5) for j in range(5 - i)]) / 4  # barycentric, on a face
_unseen: dict[bytes, np.ndarray] = {}


class Head:
    """Where things are on a head: eyes, ears, crown (metres, figure frame), from keypoints and the body."""

    def __init__(self, keypoints: np.ndarray, body: Patch):
        self.both_eyes = keypoints[1:3].astype(float)
        self.eyes = self.both_eyes.mean(0)
        self.ears = keypoints[3:5].mean(0)
        self.crown = float(body.points[:, 1].max())
        self.unit = self.crown - float(self.eyes[1])

    def degrees(self, points: np.ndarray) -> np.ndarray:
        """Return the angle `[N]` around the vertical axis between the ears, 0 front, 180 back, equal on both sides."""
        return np.degrees(np.arctan2(np.abs(points[:, 0] - self.ears[0]), points[:, 2] - self.ears[2]))


def inside(base: BaseMesh, faces: np.ndarray) -> np.ndarray:
    """Return which of the body's faces `[F]` lie inside the head (mouth, nostrils, behind the eyes): seen from nowhere.

    Found once per process on the neutral mesh, by depth pictures from all sides.
    """
    key = faces.tobytes()
    if key not in _unseen:
        chin = base.vertices[list(base.bones[[b[0] for b in base.bones].index("Neck")][2])].mean(0)[1]
        on_head = (base.vertices[faces][..., 1] > chin).all(1)
        eyes = np.concatenate([base.groups["helper-l-eye"], base.groups["helper-r-eye"]])
        solid = np.concatenate([faces[on_head], eyes[:, [0, 1, 2]], eyes[:, [0, 2, 3]]])
        result = np.zeros(len(faces), bool)
        result[on_head] = unseen(base.vertices, solid)[: int(on_head.sum())]
        _unseen[key] = result
    return _unseen[key]


def unseen(points: np.ndarray, faces: np.ndarray, num_directions: int = 48) -> np.ndarray:
    """Return which faces `[F]` lie behind others from each of many directions, spread over the sphere."""
    k = np.arange(num_directions) + 0.5
    height, angle = 1 - 2 * k / num_directions, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - height**2)
    directions = np.stack([flat * np.cos(angle), height, flat * np.sin(angle)], -1)
    samples = np.einsum("sk,fkc->fsc", _SAMPLES, points[faces])
    seen = np.zeros(len(faces), bool)
    for direction in directions:
        side = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
        side /= np.linalg.norm(side)
        plane = samples @ np.stack([side, np.cross(direction, side)], -1)
        cell = np.floor((plane - plane.min((0, 1))) / _CELL).astype(int)
        row = cell[..., 0] * (cell[..., 1].max() + 1) + cell[..., 1]
        depth = samples @ direction
        nearest = np.full(row.max() + 1, -np.inf)
        np.maximum.at(nearest, row.ravel(), depth.ravel())
        seen |= (depth >= nearest[row] - _DEEP).mean(1) > 0.5
    return ~seen
