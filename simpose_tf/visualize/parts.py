"""Parts and masks as colours."""

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
    weight = opacity * (np.asarray(where)[..., None] > 0)
    return np.round((1 - weight) * image + weight * np.asarray(colors, float)).astype(np.uint8)


def spotlight(image: np.ndarray, mask: np.ndarray, brightness: float = 0.3) -> np.ndarray:
    """Return the picture, grey and darkened off the mask `[H,W]`."""
    grey = np.repeat(image.mean(-1, keepdims=True) * brightness, 3, axis=-1)
    return np.where(np.asarray(mask)[..., None] > 0, image, np.round(grey).astype(np.uint8))
