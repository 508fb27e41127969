"""From the network's maps to a person in the crop. TensorFlow only, traceable: part of the exported graph.

The exported model (`simpose_tf.export`) offers these signatures, all fed with `crops` uint8 `[B,H,W,3]`:
`crops` returns `decode_maps`, which is all that prediction needs; `maps` returns the network's maps (label
stride 1) as they are, from which evaluation reads the uv of the true part (`uv_at_parts`); `crops_flip` and `maps_flip`
return the same of the maps averaged over the crops and their mirror images (`inference.flip`).
"""

import tensorflow as tf

from simpose_tf.inference import hough, scores
from simpose_tf.inference.scores import ScoreConfig

# Pixels under this share of their keypoint's highest probability do not vote: nine of ten in a trained network's crop.
# not in the paper. Over 544 keypoints of a small network, the least sure kind, no keypoint moved by more than .002
# pixels, nor did a score change in its fifth digit.
_LEAST_SHARE = 0.01


def decode_maps(
    maps: dict[str, tf.Tensor], disk_radius: float, score: ScoreConfig = scores.G_RMI
) -> dict[str, tf.Tensor]:
    """Decode the network's maps of B crops (SimPose sec. 4.2).

    Args:
      maps: on every pixel of the crop: `heatmap` logits `[B,H,W,17]`, `offset` `[B,H,W,17,2]` pixels,
        `mask` logits `[B,H,W]`, `part` logits `[B,H,W,24]` (channel p - 1 is part p), `uv` `[B,H,W,24,2]`
        centred about 0, `normal` `[B,H,W,3]` of any length.
      disk_radius: R of the heatmap's disks, crop pixels.
      score: how a person's score is made.

    Returns:
      `keypoints` float32 `[B,17,3]` (x, y in continuous crop pixels, score); `mask` float32 `[B,H,W]`
      probability; `part` uint8 `[B,H,W]` 1..24, everywhere: the reader applies the mask; `uv` float32
      `[B,H,W,2]` of that part, in [0, 1]; `normal` float32 `[B,H,W,3]` unit, camera frame; `confidence` float32
      `[B,5]`, `scores.CONFIDENCES`; `score` float32 `[B]` in [0, 1], by default the mean of the keypoints' scores.
    """
    votes = hough.hough_votes(tf.sigmoid(maps["heatmap"]), maps["offset"], disk_radius, _LEAST_SHARE)
    keypoints = hough.peaks(votes)
    mask = tf.sigmoid(maps["mask"])
    part = tf.argmax(maps["part"], -1, output_type=tf.int32) + 1
    uv = uv_at_parts(maps["uv"], part)
    confidence = scores.confidences(maps, keypoints[..., 2], mask, uv)
    return {
        "keypoints": keypoints,
        "mask": mask,
        "part": tf.cast(part, tf.uint8),
        "uv": uv,
        "normal": unit_normals(maps["normal"]),
        "confidence": confidence,
        "score": scores.combine(confidence, score),
    }


def uv_at_parts(uv: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
    """Read the uv of the given part at every pixel.

    Args:
      uv: `[B,H,W,24,2]` the network's map, centred about 0 (SimPose sec. 4.2).
      part: integer `[B,H,W]`, 0..24; at 0 the value means nothing.

    Returns:
      `[B,H,W,2]` float32 in [0, 1].
    """
    channel = tf.maximum(tf.cast(part, tf.int32) - 1, 0)
    return tf.clip_by_value(tf.gather(uv, channel, batch_dims=3) + 0.5, 0.0, 1.0)


def unit_normals(normal: tf.Tensor) -> tf.Tensor:
    """Scale normals `[...,3]` to unit length (SimPose sec. 4.2); a zero vector comes to face the camera."""
    length = tf.norm(normal, axis=-1, keepdims=True)
    facing = tf.constant([0.0, 0.0, -1.0])
    return tf.where(length > 1e-6, tf.math.divide_no_nan(normal, length), facing)
