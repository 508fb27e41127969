"""Augmentation: how far a crop is enlarged and turned, whether it is mirrored, and how its colours change.

Both domains get the same: nothing about the colours of a crop may tell whether it is simulated.

Every draw is a pure function of (seed, counter), counter being the crop's place in the training stream: it
does not matter in which order, thread or process it is drawn, so a training goes on exactly where it stopped.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

# NTSC's luma and two axes of chroma.
_YIQ_FROM_RGB = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


@dataclass(frozen=True)
class AugmentationConfig:
    """How crops vary in training, and how they are cut at test time.

    Attributes:
      min_enlargement: smallest enlargement of the extended box in training (G-RMI: 1.0).
      max_enlargement: largest one (G-RMI: 1.5).
      max_rotation_deg: crops are turned by up to this angle either way; the records must hold what then comes into
        sight (`window.WindowConfig.max_rotation_deg`), or corners stay black.
      flip_probability: share of crops that are mirrored.
      hue_jitter: the colours turn about the grey axis (YIQ) by up to this angle either way, radians.
      saturation_jitter: s; saturation is multiplied by a factor between 1 / (1 + s) and 1 + s.
      brightness_jitter: b; RGB is multiplied by a factor between 1 / (1 + b) and 1 + b.
      test_enlargement: the enlargement at test time (G-RMI: 1.25).
    """

    min_enlargement: float
    max_enlargement: float
    max_rotation_deg: float
    flip_probability: float
    hue_jitter: float
    saturation_jitter: float
    brightness_jitter: float
    test_enlargement: float

    def __post_init__(self):
        if not 0 < self.min_enlargement <= self.max_enlargement or self.test_enlargement <= 0:
            raise ValueError(f"enlargements must be positive, min <= max: {self}")
        if not 0 <= self.flip_probability <= 1:
            raise ValueError(f"flip_probability must lie in 0..1: {self}")
        if not 0 <= self.max_rotation_deg <= 180:
            raise ValueError(f"max_rotation_deg must lie in 0..180: {self}")
        if min(self.hue_jitter, self.saturation_jitter, self.brightness_jitter) < 0:
            raise ValueError(f"jitters must not be negative: {self}")


class Variation(NamedTuple):
    """How a crop differs from the plain one.

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


def draw(seed: int, counter: int, config: AugmentationConfig) -> Variation:
    """Draw the variation of one crop: enlargement and angles uniform, saturation and brightness log-uniform.

    Args:
      seed: the run's seed, at least 0.
      counter: the crop's place in the stream, at least 0.
      config: the ranges.
    """
    # A counter-based generator: no state, and neighbouring keys are independent.
    uniform = np.random.Generator(np.random.Philox(key=np.array([seed, counter], np.uint64))).random(6)
    symmetric = 2 * uniform[2:] - 1
    return Variation(
        enlargement=config.min_enlargement + (config.max_enlargement - config.min_enlargement) * uniform[0],
        angle_deg=config.max_rotation_deg * symmetric[3],
        flip=bool(uniform[1] < config.flip_probability),
        hue=config.hue_jitter * symmetric[0],
        saturation=math.exp(math.log1p(config.saturation_jitter) * symmetric[1]),
        brightness=math.exp(math.log1p(config.brightness_jitter) * symmetric[2]),
    )


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
