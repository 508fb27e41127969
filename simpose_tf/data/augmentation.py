"""Augmentation: how far a crop is enlarged and turned, whether it is mirrored, and how its colours change.

Both domains get the same: nothing about the colours of a crop may tell whether it is simulated.

Every draw is a pure function of (seed, counter), counter being the crop's place in the training stream: it
does not matter in which order, thread or process it is drawn, so a training goes on exactly where it stopped.
"""

import math
from dataclasses import dataclass

import tensorflow as tf


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


def draw(seed: int, counter: tf.Tensor, config: AugmentationConfig) -> dict[str, tf.Tensor]:
    """Draw the augmentation of one crop.

    Args:
      seed: the run's seed.
      counter: scalar int64, the crop's place in the stream.
      config: the ranges.

    Returns:
      scalars by the names of `variation.Variation`: `enlargement`, `angle_deg` and `hue` uniform, `saturation` and
      `brightness` log-uniform, `flip` bool.
    """
    key = tf.stack([tf.constant(seed, tf.int64), tf.cast(counter, tf.int64)])
    uniform = tf.unstack(tf.random.stateless_uniform([6], key))
    span = config.max_enlargement - config.min_enlargement
    symmetric = [2 * value - 1 for value in uniform[2:]]
    return {
        "enlargement": config.min_enlargement + span * uniform[0],
        "flip": uniform[1] < config.flip_probability,
        "angle_deg": config.max_rotation_deg * symmetric[3],
        "hue": config.hue_jitter * symmetric[0],
        "saturation": tf.exp(math.log1p(config.saturation_jitter) * symmetric[1]),
        "brightness": tf.exp(math.log1p(config.brightness_jitter) * symmetric[2]),
    }
