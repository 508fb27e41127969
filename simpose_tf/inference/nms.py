"""Non-maximum suppression: of several boxes or poses of one person the best stays (G-RMI sec. 3.1, 3.2).

TensorFlow only, traceable: part of the exported graph.
"""

from dataclasses import dataclass

import tensorflow as tf

from simpose_tf import keypoints


@dataclass(frozen=True)
class NmsConfig:
    """When two detections are one person.

    Attributes:
      box_iou: boxes with a greater IoU, before the network.
      oks: poses with a greater OKS, after it.
    """

    box_iou: float
    oks: float

    def __post_init__(self) -> None:
        """Raise ValueError for thresholds outside of 0..1."""
        if not (0 <= self.box_iou <= 1 and 0 <= self.oks <= 1):
            raise ValueError(f"thresholds must lie in 0..1: {self}")


def box_nms(boxes_yxyx: tf.Tensor, scores: tf.Tensor, threshold: float, most: int | None = None) -> tf.Tensor:
    """Return the places int32 `[M]` of the boxes that stay, best score first.

    Args:
      boxes_yxyx: `[N,4]`.
      scores: `[N]`; of equal ones the earlier box is better.
      threshold: a box goes if its IoU with a better one that stays is greater.
      most: boxes that may stay; None: all.
    """
    boxes = tf.reshape(tf.cast(boxes_yxyx, tf.float32), [-1, 4])
    most = tf.shape(boxes)[0] if most is None else most
    return tf.image.non_max_suppression(boxes, tf.cast(scores, tf.float32), most, threshold)


def oks_nms(poses: tf.Tensor, areas: tf.Tensor, scores: tf.Tensor, threshold: float) -> tf.Tensor:
    """Return the places int32 `[M]` of the poses that stay, best score first (G-RMI sec. 3.2).

    Args:
      poses: `[N,17,2]` keypoints (x, y); all 17 count.
      areas: `[N]` of the people, in the square of the keypoints' unit; a pair takes the mean of both.
      scores: `[N]`; of equal ones the earlier pose is better.
      threshold: a pose goes if its OKS with a better one that stays is greater.
    """
    similar = pose_oks(tf.cast(poses, tf.float32), tf.cast(areas, tf.float32))
    most = tf.shape(similar)[0]
    return tf.image.non_max_suppression_overlaps(similar, tf.cast(scores, tf.float32), most, threshold)


def pose_oks(poses: tf.Tensor, areas: tf.Tensor) -> tf.Tensor:
    """Return the OKS `[N,N]` of all pairs of poses `[N,17,2]` of people of `areas` `[N]`; float32.

    As `metrics.oks.oks` with every keypoint labelled: the mean of exp(-d^2 / (2 area k^2)), k = 2 sigma, with the mean
    of both areas.
    """
    squared = tf.reduce_sum((poses[:, None] - poses[None]) ** 2, -1)
    area = (areas[:, None] + areas[None]) / 2
    variance = tf.constant((2 * keypoints.SIGMAS) ** 2, tf.float32) * area[..., None]
    return tf.reduce_mean(tf.exp(-tf.math.divide_no_nan(squared, 2 * variance)), -1)
