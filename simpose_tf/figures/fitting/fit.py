"""Fit the open body, in shape and pose, to any mesh of a person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.target import Target


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
    """Return the open body fitted to a mesh. Raises InputError for a mesh that is not a human."""
    raise NotImplementedError
