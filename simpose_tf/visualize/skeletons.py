"""Keypoints and limbs. The person's left is orange, the right is blue, the middle is white."""

import cv2
import numpy as np

from simpose_tf import keypoints
from simpose_tf.visualize.views import View

LEFT, RIGHT, MIDDLE = (255, 150, 30), (60, 160, 255), (245, 245, 245)
_DARK = (20, 20, 20)
_SHIFT = 4

# Faces are small: their lines would hide them.
_FACE = frozenset(range(5))


def side_color(*indices: int) -> tuple[int, int, int]:
    """Return the colour of a keypoint, or of the limb between two."""
    sides = {keypoints.NAMES[i].split("_")[0] for i in indices}
    if sides == {"left"}:
        return LEFT
    return RIGHT if sides == {"right"} else MIDDLE


def draw_skeleton(
    canvas: np.ndarray, view: View, keypoints_xy: np.ndarray, visibility: np.ndarray, size: float = 3.0
) -> None:
    """Draw a person's skeleton into `canvas` uint8 `[h,w,3]`: hidden joints hollow, unlabelled ones left out.

    Args:
      canvas: drawn upon.
      view: how picture coordinates become the canvas's.
      keypoints_xy: `[17, 2]` picture coordinates.
      visibility: `[17]` COCO flags.
      size: radius of a joint in canvas pixels; limbs are as thick as that.
    """
    xy = np.round((view.points(keypoints_xy) - 0.5) * (1 << _SHIFT)).astype(int)
    labelled = np.asarray(visibility) > keypoints.UNLABELLED
    thickness = max(round(size * 0.6), 1)
    limbs = [(a, b) for a, b in keypoints.SKELETON if labelled[a] and labelled[b] and not _FACE & {a, b}]
    for color, width in ((_DARK, thickness + 2), (None, thickness)):
        for a, b in limbs:
            cv2.line(canvas, xy[a].tolist(), xy[b].tolist(), color or side_color(a, b), width, cv2.LINE_AA, _SHIFT)
    for k in np.flatnonzero(labelled):
        _draw_joint(canvas, xy[k].tolist(), side_color(int(k)), size, visibility[k] == keypoints.HIDDEN)


def _draw_joint(canvas: np.ndarray, xy: list[int], color: tuple[int, int, int], size: float, hidden: bool) -> None:
    """Draw a disk with a dark rim, or the rim in the joint's colour where it is hidden."""
    fixed = 1 << _SHIFT
    cv2.circle(canvas, xy, round((size + 1) * fixed), _DARK, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(canvas, xy, round(size * fixed), color, -1, cv2.LINE_AA, _SHIFT)
    if hidden:
        cv2.circle(canvas, xy, round((size - 1.2) * fixed), _DARK, -1, cv2.LINE_AA, _SHIFT)


def draw_box(
    canvas: np.ndarray,
    view: View,
    box_yxyx: np.ndarray,
    color: tuple[int, int, int] = (255, 230, 60),
    width: int = 1,
) -> None:
    """Draw a box `[4]` as a rectangle with a dark rim."""
    ymin, xmin, ymax, xmax = (float(v) for v in box_yxyx)
    corners = view.points(np.array([[xmin, ymin], [xmax, ymin], [xmax, ymax], [xmin, ymax]]))
    points = [np.round((corners - 0.5) * (1 << _SHIFT)).astype(np.int32)]
    cv2.polylines(canvas, points, True, _DARK, width + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(canvas, points, True, color, width, cv2.LINE_AA, _SHIFT)
