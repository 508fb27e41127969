"""Hough voting: from heatmaps and offset fields to keypoints (SimPose sec. 4.2, after G-RMI).

Notation: B crops, H x W pixels, K keypoints; `x_j` is the centre of pixel j: pixel (i, j) lies at continuous
(j + 0.5, i + 0.5).
"""

import math

import tensorflow as tf


def hough_votes(probability: tf.Tensor, offset: tf.Tensor, disk_radius: float) -> tf.Tensor:
    """Let every pixel vote for where its keypoint lies.

    f_k(x) = 1/(pi R^2) sum_j p_k(x_j) B(x_j + S_k(x_j) - x), where B is the bilinear kernel: a vote is shared
    among the four pixels around the place it names. Votes for places outside the crop are lost.

    Args:
      probability: `[B,H,W,K]` float32 p_k in [0, 1].
      offset: `[B,H,W,K,2]` float32 S_k, keypoint - pixel as (dx, dy), pixels.
      disk_radius: R of the heatmap's disks, pixels: a perfect prediction sums up to 1.

    Returns:
      `[B,H,W,K]` float32 f_k at the pixel centres.
    """
    shape = tf.shape(probability)
    height, width, count = shape[1], shape[2], shape[3]
    column = tf.range(width, dtype=tf.float32)[None, None, :, None] + offset[..., 0]
    row = tf.range(height, dtype=tf.float32)[None, :, None, None] + offset[..., 1]
    # Far votes stay outside and out of reach of the integers' overflow.
    column = tf.clip_by_value(column, -2.0, tf.cast(width, tf.float32) + 1.0)
    row = tf.clip_by_value(row, -2.0, tf.cast(height, tf.float32) + 1.0)
    left, top = tf.floor(column), tf.floor(row)
    picture = tf.range(shape[0])[:, None, None, None] * height
    keypoint = tf.range(count)[None, None, None, :]
    votes = tf.zeros([tf.size(probability)], tf.float32)
    for x, weight_x in ((left, 1.0 - (column - left)), (left + 1.0, column - left)):
        for y, weight_y in ((top, 1.0 - (row - top)), (top + 1.0, row - top)):
            xi, yi = tf.cast(x, tf.int32), tf.cast(y, tf.int32)
            inside = (xi >= 0) & (xi < width) & (yi >= 0) & (yi < height)
            cell = tf.where(inside, ((picture + yi) * width + xi) * count + keypoint, -1)  # -1: dropped
            ballots = tf.reshape(probability * weight_x * weight_y, [-1])
            votes += tf.math.unsorted_segment_sum(ballots, tf.reshape(cell, [-1]), tf.size(probability))
    return tf.reshape(votes, shape) / (math.pi * disk_radius**2)


def peaks(votes: tf.Tensor) -> tf.Tensor:
    """Return each map's highest place: `[B,H,W,K]` -> `[B,K,3]` float32 (x, y, score), continuous pixels.

    The score is the maximum. The place is the maximum's pixel, moved to the centroid of the 3 x 3 votes about
    it: bilinear votes keep their centroid, so votes that agree give their place back exactly.
    # not in the paper, which names the "subpixel positions" as its aim and the argmax as its means.
    """
    shape = tf.shape(votes)
    batch, height, width, count = shape[0], shape[1], shape[2], shape[3]
    best = tf.argmax(tf.reshape(votes, [batch, height * width, count]), axis=1, output_type=tf.int32)
    row, column = best // width, best % width
    near = tf.constant([(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)], tf.int32)
    padded = tf.transpose(tf.pad(votes, [[0, 0], [1, 1], [1, 1], [0, 0]]), [0, 3, 1, 2])
    cells = tf.stack([row, column], -1)[:, :, None, :] + 1 + near  # [B,K,9,2]
    window = tf.gather_nd(padded, cells, batch_dims=2)
    moment = tf.einsum("bkn,nd->bkd", window, tf.cast(near, tf.float32))
    shift = tf.math.divide_no_nan(moment, tf.reduce_sum(window, -1, keepdims=True))
    x = tf.cast(column, tf.float32) + 0.5 + shift[..., 1]
    y = tf.cast(row, tf.float32) + 0.5 + shift[..., 0]
    return tf.stack([x, y, window[..., 4]], -1)
