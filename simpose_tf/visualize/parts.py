"""Parts and masks as colours."""

import cv2
import numpy as np

from simpose_tf import charts


def color_parts(part: np.ndarray) -> np.ndarray:
    """Return uint8 `[H,W,3]` RGB of parts `[H,W]`: partners share a hue, right ones are darker, 0 black."""
    return charts.PART_COLORS[part]


def blend(image: np.ndarray, colors: np.ndarray, where: np.ndarray, opacity: float) -> np.ndarray:
    """Return the picture with `colors` laid over it.

    Args:
      image: uint8 `[H,W,3]`.
      colors: uint8 `[H,W,3]` or one colour `[3]`.
      where: bool or {0, 1} `[H,W]`.
      opacity: 0 leaves the picture, 1 covers it.
    """
    if not image.size:
        return image
    laid = np.broadcast_to(np.asarray(colors, np.uint8), image.shape)
    return cv2.copyTo(cv2.addWeighted(image, 1 - opacity, laid, opacity, 0), _mask(where), image.copy())


def bounds(where: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns of the least rectangle around a mask `[H,W]`; none of them if it is empty."""
    x, y, width, height = cv2.boundingRect(_mask(where))
    return slice(y, y + height), slice(x, x + width)


def spotlight(image: np.ndarray, mask: np.ndarray, brightness: float = 0.3) -> np.ndarray:
    """Return the picture, grey and darkened off the mask `[H,W]`."""
    grey = cv2.transform(image, np.full((3, 3), brightness / 3, np.float32))
    return cv2.copyTo(image, _mask(mask), grey)


def _mask(where: np.ndarray) -> np.ndarray:
    """Return a mask as OpenCV takes it, uint8 {0, 1}."""
    return (np.asarray(where) > 0).view(np.uint8)
