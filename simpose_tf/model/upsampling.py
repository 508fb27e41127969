"""Bilinear upsampling of the network's maps by constant matrices, corners aligned.

The grid has a cell at every `stride`-th pixel and the input is `stride * n + 1` pixels, so first and last cells lie
on the first and last pixels (G-RMI sec. 3.2). `tf.image.resize` knows no aligned corners and is wrong under XLA for
some sizes.
"""

import numpy as np
import tensorflow as tf


def interpolation_matrix(size_in: int, size_out: int) -> np.ndarray:
    """Return the float32 `[size_out, size_in]` matrix of linear interpolation with aligned ends; rows sum to 1."""
    if size_in == 1 or size_out == 1:
        return np.eye(1, size_in, dtype=np.float32).repeat(size_out, 0)
    position = np.arange(size_out) * (size_in - 1) / (size_out - 1)
    hat = 1 - np.abs(position[:, None] - np.arange(size_in))
    return np.maximum(hat, 0).astype(np.float32)


def upsample(maps: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Resize maps `[B, h, w, C]` of static h, w to `[B, height, width, C]` (bilinear, corners aligned).

    SimPose sec. 4.1: the outputs are upsampled by differentiable bilinear interpolation before the losses.
    """
    if (maps.shape[1], maps.shape[2]) == (height, width):
        return maps
    rows = tf.constant(interpolation_matrix(maps.shape[1], height), maps.dtype)
    columns = tf.constant(interpolation_matrix(maps.shape[2], width), maps.dtype)
    return tf.einsum("yi,bixc->byxc", rows, tf.einsum("xj,bijc->bixc", columns, maps))
