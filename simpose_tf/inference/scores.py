"""How sure a prediction is: the confidences that detections may be ranked by, and the score made of them.

A score only ranks: average precision does not change with any increasing function of it. TensorFlow only, traceable:
part of the exported graph.
"""

import dataclasses
import math
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.inference.people import MASK_THRESHOLD

# What the network itself is sure of, in the order of `confidences`.
CONFIDENCES = ("keypoints", "mask", "part", "uv", "normal")

# The mean distance of a place of the unit square from its middle: what |(u, v) - 0.5| is over a whole chart.
_MEAN_RADIUS = (math.sqrt(2) + math.asinh(1)) / 6


@dataclass(frozen=True)
class ScoreConfig:
    """A person's score: the geometric mean of confidences, each with a weight; 0 leaves it out.

    Attributes:
      keypoints: the mean over keypoints of their Hough score; alone it is G-RMI's score.
      mask: the mean probability over the mask's pixels.
      part: the mean probability of the chosen part over the mask.
      uv: how far the uv of the mask's pixels reach out from the middle of their charts: an unsure regression answers
        with the mean, the middle.
      normal: the mean length of the normals in the mask before they are scaled to 1, at most 1: likewise.
      box: the score that came with the box, where boxes have one.
    """

    keypoints: float
    mask: float
    part: float
    uv: float
    normal: float
    box: float

    def __post_init__(self) -> None:
        """Raise ValueError for weights that give no score."""
        weights = dataclasses.astuple(self)
        if not all(math.isfinite(w) and w >= 0 for w in weights) or not sum(self.network_weights):
            raise ValueError(f"weights must not be negative, and one besides box must be positive: {self}")

    @property
    def network_weights(self) -> tuple[float, ...]:
        """The weights of `CONFIDENCES`."""
        return tuple(getattr(self, name) for name in CONFIDENCES)


# G-RMI sec. 3.2: the mean over keypoints of the map's maximum.
G_RMI = ScoreConfig(keypoints=1.0, mask=0.0, part=0.0, uv=0.0, normal=0.0, box=0.0)


def confidences(maps: dict[str, tf.Tensor], keypoint_scores: tf.Tensor, mask: tf.Tensor, uv: tf.Tensor) -> tf.Tensor:
    """Return `[B,5]` float32 in [0, 1], the `CONFIDENCES` (see `ScoreConfig`); 0 where the mask is empty.

    Args:
      maps: the network's, on every pixel; `part` `[B,H,W,24]` logits and `normal` `[B,H,W,3]` are read.
      keypoint_scores: `[B,17]`.
      mask: `[B,H,W]` probability.
      uv: `[B,H,W,2]` of the chosen part, in [0, 1].
    """
    on_person = tf.cast(mask >= MASK_THRESHOLD, tf.float32)
    chosen = tf.exp(tf.reduce_max(maps["part"], -1) - tf.reduce_logsumexp(maps["part"], -1))
    radius = tf.norm(uv - 0.5, axis=-1) / _MEAN_RADIUS
    length = tf.minimum(tf.norm(maps["normal"], axis=-1), 1.0)
    pixels = tf.stack([tf.reduce_sum(on_person * values, (1, 2)) for values in (mask, chosen, radius, length)], -1)
    dense = tf.math.divide_no_nan(pixels, tf.reduce_sum(on_person, (1, 2))[:, None])
    return tf.minimum(tf.concat([tf.reduce_mean(keypoint_scores, -1)[:, None], dense], -1), 1.0)


def combine(values: tf.Tensor, config: ScoreConfig) -> tf.Tensor:
    """Return the scores `[B]` of `confidences` `[B,5]`, without the box's part of them."""
    weights = tf.constant(config.network_weights) / sum(config.network_weights)
    used = tf.where(weights > 0, tf.maximum(values, 0.0), 1.0)
    # A power of 1 is not always exact: G-RMI's score stays what it is.
    return tf.reduce_prod(tf.where(tf.equal(weights, 1.0), used, tf.pow(used, weights)), -1)


def with_box(scores: tf.Tensor, box_scores: tf.Tensor, config: ScoreConfig) -> tf.Tensor:
    """Return the scores of people, float32, of any shape, with those of their boxes in [0, 1] weighed in."""
    if not config.box:
        return scores
    network = sum(config.network_weights)
    scores, box_scores = tf.cast(scores, tf.float32), tf.cast(box_scores, tf.float32)
    return tf.pow(tf.pow(scores, network) * tf.pow(box_scores, config.box), 1 / (network + config.box))
