"""A charted mesh as the drawings and the report page take it: plain arrays."""

import functools
from dataclasses import dataclass

import numpy as np

from simpose_tf.surface import distortion
from simpose_tf.surface.reference import Reference
from simpose_tf.visualize import charted_lines


@dataclass(frozen=True)
class ChartedMesh:
    """A mesh with charts.

    Attributes:
      vertices: `[V, 3]` metres, figure frame (x left, y up, z front).
      faces: `[F, 3]`, counter-clockwise seen from outside.
      part: `[F]` 1..24.
      uv: `[F, 3, 2]` corners in their charts.
      layer: `[F]` bool clothes, hair and other pieces over the body; None where that is not known.
      folds: `[F]` bool faces turned over in their chart; None finds them.
      distance: `[V]` metres to the reference's surface; None where there is nothing to compare with.
      body: the reference, fitted to the mesh; None likewise.
    """

    vertices: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    layer: np.ndarray | None = None
    folds: np.ndarray | None = None
    distance: np.ndarray | None = None
    body: Reference | None = None

    @functools.cached_property
    def areas(self) -> np.ndarray:
        """The faces' areas `[F]`, square metres."""
        corners = np.asarray(self.vertices, float)[self.faces]
        return 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)

    @functools.cached_property
    def distortion(self) -> distortion.Distortion:
        """The measures of its charts."""
        return distortion.measure(self.vertices, self.faces, self.part, self.uv, self.folds)

    @functools.cached_property
    def seams(self) -> charted_lines.Seams:
        """Where its charts end."""
        return charted_lines.find_seams(self.vertices, self.faces, self.part, self.uv)
