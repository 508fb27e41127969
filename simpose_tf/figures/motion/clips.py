"""Clips: recorded motion on the skeleton that it was recorded with, whatever file it came from."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.figure import Skeleton


@dataclass(frozen=True)
class Clip:
    """A motion.

    Attributes:
      name: of the file, or of the animation in it.
      skeleton: the bones as the file has them, parents first, in the file's own rest pose: y up, the front to +z (the
        person's left to +x), any unit of length. Names are the file's (`retarget` knows the usual ones).
      rotations: `[T, J, 3, 3]` bone rotations in that rest pose's frame, about the bone's head, relative to the parent
        (as `pose.pose_bones` takes them; at rest all are the identity).
      frames_per_second: of the T frames.
    """

    name: str
    skeleton: Skeleton
    rotations: np.ndarray
    frames_per_second: float


def world_rotations(parents: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Return how each bone has turned in the world since the rest pose, `[T, J, 3, 3]`, of a clip's rotations."""
    result = np.array(rotations, float)
    for j, parent in enumerate(parents):
        if parent >= 0:
            result[:, j] = result[:, parent] @ rotations[:, j]
    return result
