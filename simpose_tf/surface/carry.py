"""Algorithm 1: carry a reference's charts to a mesh that the reference was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.reference import Reference


@dataclass(frozen=True)
class Charting:
    """Charts on a mesh.

    Attributes:
      part: `[F]` uint8, 1..24.
      uv: `[F, 3, 2]` float32 in [0, 1].
      layer: `[F]` bool: clothes, hair and other pieces over the body, mapped through the body beneath.
      folds: `[F]` bool: faces whose uv area has the wrong sign or none.
      distance: `[V]` float32 metres from each vertex to the fitted reference.
      solved: parts that were solved in this call.
    """

    part: np.ndarray
    uv: np.ndarray
    layer: np.ndarray
    folds: np.ndarray
    distance: np.ndarray
    solved: tuple[int, ...]


def carry_charts(
    vertices: np.ndarray,
    faces: np.ndarray,
    fitted: Reference,
    say: Callable[[str], None],
    part: np.ndarray | None = None,
    earlier: Charting | None = None,
) -> Charting:
    """Return the reference's charts on a mesh (Algorithm 1).

    Args:
      vertices: `[V, 3]` metres, figure frame.
      faces: `[F, 3]`, counter-clockwise seen from outside.
      fitted: the reference with its vertices moved onto (or beneath) the mesh.
      say: told what is being done.
      part: `[F]` the parts as a person has corrected them; None proposes them.
      earlier: what an earlier call returned: charts of the same faces are taken from it, not solved again.
    """
    raise NotImplementedError
