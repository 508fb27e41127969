"""What is drawn for one crop, and how its colours change by it. Numpy and OpenCV."""

from typing import NamedTuple

import cv2
import numpy as np

# NTSC's luma and two axes of chroma.
_YIQ_FROM_RGB = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


class Variation(NamedTuple):
    """How a crop differs from the plain one; `augmentation.draw` draws it.

    Attributes:
      enlargement: of the extended box.
      angle_deg: by which the frame is turned, clockwise as one sees it.
      flip: whether it is mirrored.
      hue: angle by which colours turn about the grey axis (YIQ), radians.
      saturation: factor on the chroma.
      brightness: factor on RGB.
    """

    enlargement: float
    angle_deg: float = 0.0
    flip: bool = False
    hue: float = 0.0
    saturation: float = 1.0
    brightness: float = 1.0


def change_colors(image: np.ndarray, variation: Variation) -> np.ndarray:
    """Return a picture uint8 `[H,W,3]` RGB with its colours changed, clipped to 0..255, of the same type.

    What `tfa.image.adjust_hsv_in_yiq` does to it, up to rounding, sixty times as fast.
    # not in the paper: its "mild data augmentation" (sec. 2) is not spelt out.
    """
    if variation[3:] == (0.0, 1.0, 1.0):
        return image
    return cv2.transform(image, color_matrix(variation))


def color_matrix(variation: Variation) -> np.ndarray:
    """Return the `[3, 3]` matrix that takes RGB to the changed RGB; grey stays grey."""
    cosine, sine = variation.saturation * np.cos(variation.hue), variation.saturation * np.sin(variation.hue)
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return variation.brightness * np.linalg.inv(_YIQ_FROM_RGB) @ turn @ _YIQ_FROM_RGB
