"""Iso-contours of u and v per part, the way the field draws dense pose (SimPose Fig. 2 and 6)."""

import functools
from typing import NamedTuple

import contourpy
import cv2
import numpy as np
from scipy import ndimage

from simpose_tf.visualize.views import View

# Values whose contours are drawn.
LEVELS = tuple(float(level) for level in np.round(np.arange(1, 10) * 0.1, 1))

# cv2.line's fixed point: coordinates are given in 1/16 pixel.
_SHIFT = 4


class IsoLine(NamedTuple):
    """One contour: the part it lies in, its value, and its points `[N, 2]` (x, y) in continuous pixels."""

    part: int
    level: float
    points: np.ndarray


def iso_lines(part: np.ndarray, values: np.ndarray, levels: tuple[float, ...] = LEVELS) -> list[IsoLine]:
    """Trace the contours of `values` inside each part; no line crosses a border between parts.

    Args:
      part: integer `[H,W]`, 0 background.
      values: float `[H,W]`, u or v.
      levels: values to trace.
    """
    lines = []
    for p, box in enumerate(ndimage.find_objects(part), 1):
        if box is None or min(side.stop - side.start for side in box) < 2:
            continue
        inside = part[box] == p
        tracer = contourpy.contour_generator(
            x=np.arange(box[1].start, box[1].stop) + 0.5,
            y=np.arange(box[0].start, box[0].stop) + 0.5,
            z=np.ma.array(values[box], float, mask=~inside),
            line_type=contourpy.LineType.Separate,
        )
        lines += [IsoLine(p, level, np.asarray(xy)) for level in levels for xy in tracer.lines(level)]
    return lines


def value_colors(values: np.ndarray) -> np.ndarray:
    """Return the colours uint8 `[..., 3]` RGB of values in [0, 1]: from blue over green and yellow to red."""
    # The ends of Turbo are nearly black; they are left out.
    levels = np.round(255 * (0.1 + 0.8 * np.clip(values, 0, 1))).astype(np.uint8)
    return _turbo()[levels]


@functools.cache
def _turbo() -> np.ndarray:
    """Return the colours of 256 levels, `[256, 3]` RGB."""
    return cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1]


def draw_contours(
    canvas: np.ndarray,
    view: View,
    part: np.ndarray,
    values: np.ndarray,
    thickness: int = 1,
    color: tuple[int, int, int] | None = None,
) -> None:
    """Draw the iso-contours of `values` `[H,W]` into `canvas` uint8 `[h,w,3]`, coloured by their value or all alike."""
    by_level: dict[float, list[np.ndarray]] = {}
    for line in iso_lines(part, values):
        by_level.setdefault(line.level, []).append(line.points)
    for level, lines in by_level.items():
        ink = color or tuple(int(c) for c in value_colors(np.array(level)))
        # OpenCV counts from the centre of the first pixel.
        points = np.round((view.points(np.concatenate(lines)) - 0.5) * (1 << _SHIFT)).astype(np.int32)
        drawn = np.split(points, np.cumsum([len(line) for line in lines])[:-1])
        cv2.polylines(canvas, drawn, False, ink, thickness, cv2.LINE_AA, _SHIFT)


def draw_borders(canvas: np.ndarray, view: View, part: np.ndarray, color: tuple[int, int, int]) -> None:
    """Draw the borders of the parts `[H,W]` as thin lines."""
    labels = view.labels(part)
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    canvas[edge] = color
