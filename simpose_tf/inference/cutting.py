"""The crops of a picture's people, cut out as in training. TensorFlow only, traceable: part of the exported graph.

`data.crops` cuts the crops of training, turned ones too, with OpenCV; there a Gaussian stands for the triangle of here.
"""

import tensorflow as tf


def windows_of(boxes_yxyx: tf.Tensor, aspect: float, enlargement: float) -> tf.Tensor:
    """Extend boxes about their centres to the crop's aspect, then enlarge them (G-RMI sec. 3.2).

    As `geometry.extend_box`.

    Args:
      boxes_yxyx: float64 `[N,4]`.
      aspect: height / width of the crop.
      enlargement: factor on both sides afterwards.

    Returns:
      float64 `[N,4]` yxyx.
    """
    low, high = boxes_yxyx[:, :2], boxes_yxyx[:, 2:]
    size = high - low
    height = tf.maximum(size[:, 0], size[:, 1] * aspect) * enlargement
    half = tf.stack([height, height / aspect], -1) / 2
    middle = (low + high) / 2
    return tf.concat([middle - half, middle + half], -1)


@tf.function(reduce_retracing=True)  # loops outside of graphs are slow
def cut_crops(image: tf.Tensor, windows: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Cut windows out of a picture: low-passed by a triangle where it shrinks, else bilinear; black outside.

    Args:
      image: uint8 `[h,w,3]`.
      windows: float64 `[N,4]` yxyx, continuous pixels, with area.
      height: H of the crops.
      width: W of the crops.

    Returns:
      uint8 `[N,H,W,3]`.
    """
    spec = tf.TensorSpec((height, width, 3), tf.uint8)
    return tf.map_fn(lambda window: _cut(image, window, height, width), windows, fn_output_signature=spec)


def _cut(image: tf.Tensor, window: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Return the crop `[H,W,3]` of one window `[4]`; only the rows and columns that it sees are read."""
    crop = tf.constant([height, width], tf.float64)
    step = (window[2:] - window[:2]) / crop  # picture pixels per crop pixel
    size = tf.cast(tf.shape(image)[:2], tf.float64)
    reach = tf.maximum(step, 1) + 1
    first = tf.clip_by_value(tf.floor(window[:2] - reach), 0, size - 1)
    last = tf.clip_by_value(tf.math.ceil(window[2:] + reach), first + 1, size)
    rows, columns = tf.unstack(tf.cast(tf.stack([first, last], -1), tf.int32))
    warped = tf.raw_ops.ScaleAndTranslate(
        images=image[None, rows[0] : rows[1], columns[0] : columns[1]],
        size=[height, width],
        scale=tf.cast(1 / step, tf.float32),
        translation=tf.cast((first - window[:2]) / step, tf.float32),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.cast(tf.round(tf.clip_by_value(warped[0], 0.0, 255.0)), tf.uint8)
