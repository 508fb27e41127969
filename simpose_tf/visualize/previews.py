"""Small drawings for a page: no larger than `SIDE`, and no dearer for a large picture."""

import cv2
import numpy as np

from simpose_tf.visualize import contours, normals, parts
from simpose_tf.visualize.overlays import DrawnMaps
from simpose_tf.visualize.views import View, whole

# Pixels of a preview's long side, at most: twice what the page shows.
SIDE = 1000

_BORDER = (20, 20, 20)


def shrink(drawing: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return a drawing uint8 of a picture `[H,W,3]` in the size of a preview; one that is smaller stays as it is."""
    view = whole(image, _scale(image))
    if max(drawing.shape[:2]) <= max(view.height, view.width):
        return drawing
    return cv2.resize(drawing, (view.width, view.height), interpolation=cv2.INTER_AREA)


def draw_parts(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the parts as colours on the darkened picture uint8 `[H,W,3]`."""
    view = _view(image)
    part = view.labels(maps.part)
    canvas, box = parts.spotlight(view.picture(image), part), parts.bounds(part)
    canvas[box] = parts.blend(canvas[box], parts.color_parts(part[box]), part[box], 0.85)
    contours.draw_borders(canvas, view, maps.part, _BORDER)
    return shrink(canvas, image)


def draw_normals(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the normals as colours (`normals.color_normals`), black where nobody is."""
    view = _view(image)
    return shrink(normals.color_normals(view.labels(maps.normal), view.labels(maps.part)), image)


def _scale(image: np.ndarray) -> float:
    """Return how much larger than its picture a preview is: a whole number of times, if it is not smaller."""
    side = max(image.shape[:2])
    return SIDE // side if side <= SIDE else SIDE / side


def _view(image: np.ndarray) -> View:
    """Return the view that a preview is drawn on: edges of labels get smooth where it is shrunk, up to twice."""
    scale = _scale(image)
    return whole(image, scale if scale >= 1 else min(2 * scale, 1.0))
