"""Flip averaging: the network looks at a crop and at its mirror image, and both answers are joined.

The rules by which parts, uv, normals and keypoints change under a mirror are those of `charts`, `geometry` and
`keypoints`, the same that mirror the labels in training (`data.targets`).
# not in the paper, which names no averaging; G-RMI and its followers evaluate with it.
"""

import numpy as np
import tensorflow as tf

from simpose_tf import charts, keypoints

Maps = dict[str, tf.Tensor]

# Channel p - 1 of the partner of part p.
_PART_CHANNELS = charts.FLIP[1:] - 1
# What centred u and v, less 0.5, are multiplied by: 1 - u - 0.5 = -(u - 0.5).
_UV_SIGNS = np.where(np.stack([charts.FLIP_U, charts.FLIP_V], -1)[1:], -1.0, 1.0).astype(np.float32)
# Probabilities are kept this far from 0 and 1 where they become logits again.
_EPSILON = 1e-7


def mirror_maps(maps: Maps) -> Maps:
    """Return the maps that a network gives for mirrored crops as those of the crops: `mirror(mirror(x)) == x`.

    Args:
      maps: on every pixel of the crop, as `model.network.Network` returns them at label stride 1.
    """
    turned = {name: tf.reverse(values, axis=[2]) for name, values in maps.items()}
    return {
        "heatmap": tf.gather(turned["heatmap"], keypoints.FLIP, axis=3),
        "offset": tf.gather(turned["offset"], keypoints.FLIP, axis=3) * tf.constant([-1.0, 1.0]),
        "mask": turned["mask"],
        "part": tf.gather(turned["part"], _PART_CHANNELS, axis=3),
        "uv": tf.gather(turned["uv"], _PART_CHANNELS, axis=3) * tf.constant(_UV_SIGNS),
        "normal": turned["normal"] * tf.constant([-1.0, 1.0, 1.0]),
    }


def average_maps(maps: Maps, mirrored: Maps) -> Maps:
    """Return the mean of the maps of crops and of those of their mirror images.

    Heatmap, mask and parts: the mean probability, as logits again. Offsets: the mean weighted by the heatmaps'
    probabilities, as an offset off the disk means nothing. uv: the mean in each part's channel, weighted by the part's
    probabilities for the same reason. Normals: the mean.

    Args:
      maps: of crops, on every pixel.
      mirrored: the same network's maps of the mirrored crops, not turned back.

    Returns:
      maps of the same kinds and shapes; symmetric in the two views: those of mirrored crops are mirrored maps.
    """
    other = mirror_maps(mirrored)
    near, far = tf.sigmoid(maps["heatmap"]), tf.sigmoid(other["heatmap"])
    part, other_part = tf.nn.softmax(maps["part"]), tf.nn.softmax(other["part"])
    return {
        "heatmap": _logit((near + far) / 2),
        "offset": _weighted(maps["offset"], near, other["offset"], far),
        "mask": _logit((tf.sigmoid(maps["mask"]) + tf.sigmoid(other["mask"])) / 2),
        "part": tf.math.log(tf.maximum((part + other_part) / 2, _EPSILON)),
        "uv": _weighted(maps["uv"], part, other["uv"], other_part),
        "normal": (maps["normal"] + other["normal"]) / 2,
    }


def _weighted(a: tf.Tensor, weight_a: tf.Tensor, b: tf.Tensor, weight_b: tf.Tensor) -> tf.Tensor:
    """Return the weighted mean of vectors `[...,2]`; weights `[...]` are not negative."""
    weight_a, weight_b = (tf.maximum(weight, _EPSILON)[..., None] for weight in (weight_a, weight_b))
    return (weight_a * a + weight_b * b) / (weight_a + weight_b)


def _logit(probability: tf.Tensor) -> tf.Tensor:
    """Return the number whose sigmoid is the probability, kept finite."""
    inside = tf.clip_by_value(probability, _EPSILON, 1 - _EPSILON)
    return tf.math.log(inside) - tf.math.log1p(-inside)
