"""Small drawings for a page: no larger than `SIDE`, and no dearer for a large picture."""

import cv2
import numpy as np

from simpose_tf.visualize import contours, normals, parts
from simpose_tf.visualize.overlays import DrawnMaps
from simpose_tf.visualize.views import View, whole

# Pixels of a preview's long side, at most.
SIDE = 900

_BORDER = (20, 20, 20)


def shrink(drawing: np.ndarray) -> np.ndarray:
    """Return a drawing uint8 `[H,W,3]` no larger than a preview."""
    scale = SIDE / max(drawing.shape[:2])
    if scale >= 1:
        return drawing
    height, width = (max(round(side * scale), 1) for side in drawing.shape[:2])
    return cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA)


def draw_parts(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the parts as colours on the darkened picture uint8 `[H,W,3]`."""
    view = _view(image)
    part = view.labels(maps.part)
    canvas = parts.blend(parts.spotlight(view.picture(image), part), parts.color_parts(part), part, 0.85)
    contours.draw_borders(canvas, view, maps.part, _BORDER)
    return shrink(canvas)


def draw_normals(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the normals as colours (`normals.color_normals`), black where nobody is."""
    view = _view(image)
    return shrink(normals.color_normals(view.labels(maps.normal.astype(np.float32)), view.labels(maps.part)))


def _view(image: np.ndarray) -> View:
    """Return the view that a preview is drawn on: a whole multiple of the picture that fits into a preview.

    A picture that does not fit is drawn at up to twice the size of a preview, so that edges are smooth after shrinking.
    """
    side = max(image.shape[:2])
    return whole(image, SIDE // side if side <= SIDE else min(2 * SIDE / side, 1.0))
