"""From a rendering to labels as COCO gives them: boxes, masks, keypoints with visibility."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf import geometry, keypoints
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.pose import keypoints_3d
from simpose_tf.sim.renderer import Rendering
from simpose_tf.sim.sampler import Stage

# A keypoint lies inside the body. It is visible where the first surface on its ray is its own person's and not farther
# in front of it than the body is thick there: this many times its distance to the rest pose's skin, plus a margin
_THICKNESS_FACTOR, _THICKNESS_MARGIN = 1.5, 0.02


@dataclass(frozen=True)
class PersonLabels:
    """One person in a picture.

    Attributes:
      index: the person's place in the scene.
      mask: `[H, W]` bool, the visible pixels.
      box_yxyx: `[4]` tight box of the mask, pixels.
      keypoints_xy: `[17, 2]` projected keypoints, continuous pixels.
      visibility: `[17]` 2 seen, 1 hidden, 0 off the picture (with keypoints_xy 0, as in COCO).
    """

    index: int
    mask: np.ndarray
    box_yxyx: np.ndarray
    keypoints_xy: np.ndarray
    visibility: np.ndarray


@dataclass(frozen=True)
class SimPeopleFilter:
    """Which people of a picture become records, as COCO would label them.

    Attributes:
      min_pixels: fewest visible pixels, in pixels of the picture.
      min_visible_keypoints: fewest keypoints that are seen.
    """

    min_pixels: int
    min_visible_keypoints: int

    def keeps(self, label: "PersonLabels") -> bool:
        """Return whether a person becomes a record."""
        seen = np.count_nonzero(label.visibility == keypoints.VISIBLE)
        return bool(label.mask.sum() >= self.min_pixels and seen >= self.min_visible_keypoints)


def annotate(stage: Stage, figures: Mapping[str, Figure], rendering: Rendering) -> list[PersonLabels]:
    """Return the labels of every person of whom at least one pixel is seen."""
    labels = []
    for index, (person, vertices) in enumerate(zip(stage.scene.people, stage.posed, strict=True)):
        mask = rendering.person == index + 1
        if mask.any():
            figure = figures[person.figure]
            xy, visibility = _project_keypoints(stage, figure, vertices, rendering, index)
            labels.append(PersonLabels(index, mask, mask_box(mask), xy, visibility))
    return labels


def mask_box(mask: np.ndarray) -> np.ndarray:
    """Return the tight box (ymin, xmin, ymax, xmax) of a mask `[H, W]` that has pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1], float)


def _project_keypoints(
    stage: Stage, figure: Figure, vertices: np.ndarray, rendering: Rendering, index: int
) -> tuple[np.ndarray, np.ndarray]:
    camera = stage.scene.camera
    in_camera = geometry.transform_points(camera.camera_from_world, keypoints_3d(figure, vertices))
    xy = geometry.project(camera.intrinsics, in_camera)
    inside = (in_camera[:, 2] > 0) & np.all((xy >= 0) & (xy < [camera.width, camera.height]), axis=1)
    xy = np.where(inside[:, None], xy, 0.0)
    column, row = xy.astype(int).T
    own = rendering.person[row, column] == index + 1
    nobody = rendering.person[row, column] == 0
    near = in_camera[:, 2] - rendering.depth[row, column] <= keypoint_thickness(figure)
    # A keypoint that misses every surface (an ear's edge) hides behind nothing.
    seen = nobody | (own & near)
    visibility = np.where(inside, np.where(seen, keypoints.VISIBLE, keypoints.HIDDEN), keypoints.UNLABELLED)
    return xy, visibility


_THICKNESS: dict[str, np.ndarray] = {}


def keypoint_thickness(figure: Figure) -> np.ndarray:
    """Return `[17]` how far in front of each keypoint the person's own surface may lie, metres."""
    if figure.name not in _THICKNESS:
        surface = figure.vertices[np.unique(figure.faces)]
        distance, _ = cKDTree(surface).query(keypoints_3d(figure, figure.vertices))
        _THICKNESS[figure.name] = _THICKNESS_FACTOR * distance + _THICKNESS_MARGIN
    return _THICKNESS[figure.name]
