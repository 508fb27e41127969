"""Hough voting: from heatmaps and offset fields to keypoints (SimPose sec. 4.2, after G-RMI).

Notation: B crops, H x W pixels, K keypoints; `x_j` is the centre of pixel j: pixel (i, j) lies at continuous
(j + 0.5, i + 0.5).
"""

import math

import tensorflow as tf


def hough_votes(probability: tf.Tensor, offset: tf.Tensor, disk_radius: float, least_share: float = 0.0) -> tf.Tensor:
    """Let every pixel vote for where its keypoint lies.

    f_k(x) = 1/(pi R^2) sum_j p_k(x_j) B(x_j + S_k(x_j) - x), where B is the bilinear kernel: a vote is shared
    among the four pixels around the place it names. Votes for places outside the crop are lost.

    Args:
      probability: `[B,H,W,K]` float32 p_k in [0, 1].
      offset: `[B,H,W,K,2]` float32 S_k, keypoint - pixel as (dx, dy), pixels.
      disk_radius: R of the heatmap's disks, pixels: a perfect prediction sums up to 1.
      least_share: pixels whose p is at most this share of their map's highest do not vote. 0 is the formula as it
        stands; at a share s no f_k(x) is lower by more than s * max p times the pixels that name x / (pi R^2).

    Returns:
      `[B,H,W,K]` float32 f_k at the pixel centres.
    """
    shape = tf.shape(probability)
    batch, height, width, count = shape[0], shape[1], shape[2], shape[3]
    least = least_share * tf.reduce_max(probability, axis=(1, 2), keepdims=True)
    voter = tf.cast(tf.where(tf.reshape(probability > least, [-1]))[:, 0], tf.int32)
    weight = tf.gather(tf.reshape(probability, [-1]), voter)
    shift = tf.gather(tf.reshape(offset, [-1, 2]), voter)
    row, column = voter // (width * count) % height, voter // count % width
    # Votes from one pixel outside on go to a rim, which is cut off; far ones never reach the integers' overflow.
    x = tf.clip_by_value(tf.cast(column, tf.float32) + shift[:, 0], -1.0, tf.cast(width, tf.float32))
    y = tf.clip_by_value(tf.cast(row, tf.float32) + shift[:, 1], -1.0, tf.cast(height, tf.float32))
    left, top = tf.floor(x), tf.floor(y)
    line, rows = width + 3, height + 3
    first = (voter // (height * width * count) * rows + tf.cast(top, tf.int32) + 1) * line
    first = (first + tf.cast(left, tf.int32) + 1) * count + voter % count
    below = weight * (y - top)
    above = weight - below
    right_above, right_below = above * (x - left), below * (x - left)
    ballots = tf.concat([above - right_above, right_above, below - right_below, right_below], 0)
    cells = tf.concat([first, first + count, first + line * count, first + (line + 1) * count], 0)
    votes = tf.math.unsorted_segment_sum(ballots, cells, batch * rows * line * count)
    inner = tf.reshape(votes, [batch, rows, line, count])[:, 1:-2, 1:-2]
    return tf.ensure_shape(inner, probability.shape) / (math.pi * disk_radius**2)


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
