"""Targets: what the network should answer on the label grid, from keypoints and stored labels.

They are drawn where the network is (`expand`, the first line of a train step): at 353 x 257 the maps of one crop are
22 MB of float32, which cost more to make and to carry than the whole rest of the input.

Whose labels they are: only the centre person's keypoints, the record's own, have disks. Other people in the crop,
labelled or not, are background there, as in G-RMI (sec. 3.2: the network tells the person of the box from its
neighbours). Keypoints that nobody labelled (COCO flag 0) give no loss anywhere, so a person without any gives none to
heatmaps and offsets, but keeps its mask. Where the record says that nothing is known (crowds, people without a mask),
`valid` is 0 and no 2D task has a loss.

Notation: B crops of H x W pixels, Hl x Wl cells of the label grid, K = 17 keypoints.
"""

import numpy as np
import tensorflow as tf

from simpose_tf import charts, keypoints
from simpose_tf.data.crops import CropConfig

_LEVELS_16 = 65535.0
_LEVELS = ("mask", "ignore", "iuv", "normal", "points")  # what `expand` replaces


def expand(batch: dict[str, tf.Tensor], crop: CropConfig) -> dict[str, tf.Tensor]:
    """Return a batch of `pipeline.train_batches` with the labels and targets that the losses read (`pipeline`).

    Args:
      batch: labels as levels in the record's frame (`crops.cut_crop`); a complete batch passes unchanged.
      crop: size and label grid.
    """
    if "heatmap" in batch:
        return batch
    passed = {name: value for name, value in batch.items() if name not in _LEVELS}
    dense = dense_targets(batch["iuv"], batch["normal"])
    return passed | {
        "image": tf.cast(batch["image"], tf.float32),
        "mask": tf.cast(tf.cast(batch["mask"], tf.int32) > 0, tf.float32),
        "valid": tf.cast(tf.cast(batch["ignore"], tf.int32) == 0, tf.float32),
        **turn_labels(dense, batch["record_from_crop"]),
        **keypoint_targets(batch["keypoints_xy"], batch["visibility"], crop),
        **point_targets(batch["points"], crop),
    }


def keypoint_targets(keypoints_xy: tf.Tensor, visibility: tf.Tensor, crop: CropConfig) -> dict[str, tf.Tensor]:
    """Return the disks and offsets of labelled keypoints (G-RMI sec. 3.2).

    Args:
      keypoints_xy: `[B,K,2]` float32, crop pixels.
      visibility: `[B,K]` int32, COCO flags; what is not labelled (0) has neither disk nor weight.
      crop: grid and radius.

    Returns:
      `heatmap` `[B,Hl,Wl,K]` 1.0 within R of the keypoint, else 0; `offset` `[B,Hl,Wl,K,2]` keypoint - grid
      point in crop pixels, 0 outside the disk; `keypoint_weight` `[B,K]` 1.0 where labelled. All float32.
    """
    labelled = visibility > keypoints.UNLABELLED
    dx = keypoints_xy[:, None, :, 0] - crop.grid_x()[None, :, None]  # [B,Wl,K]
    dy = keypoints_xy[:, None, :, 1] - crop.grid_y()[None, :, None]  # [B,Hl,K]
    # Distances grow without bound where a keypoint lies far off, but never to NaN.
    inside = tf.square(dy)[:, :, None] + tf.square(dx)[:, None] <= crop.radius**2
    inside = inside & labelled[:, None, None]
    heatmap = tf.cast(inside, tf.float32)
    offset = tf.stack([heatmap * dx[:, None], heatmap * dy[:, :, None]], -1)
    return {"heatmap": heatmap, "offset": offset, "keypoint_weight": tf.cast(labelled, tf.float32)}


def point_targets(points: tf.Tensor, crop: CropConfig) -> dict[str, tf.Tensor]:
    """Return annotated points as the losses read them.

    Args:
      points: `[B,P,5]` float32: x, y in crop pixels, part, u, v; part 0 where there is none.
      crop: the label grid.

    Returns:
      `point_xy` `[B,P,2]` float32, in cells of the label grid, 0 at its first point; `point_part` `[B,P]` int32;
      `point_uv` `[B,P,2]` float32 in [0, 1].
    """
    return {
        "point_xy": (points[..., :2] - 0.5) / crop.label_stride,
        "point_part": tf.cast(points[..., 2], tf.int32),
        "point_uv": points[..., 3:],
    }


def hide_outside(keypoints_xy: np.ndarray, visibility: np.ndarray, crop: CropConfig) -> np.ndarray:
    """Return visibility `[K]` with 0 for keypoints `[K,2]` that lie outside the crop."""
    inside = np.all((keypoints_xy >= 0) & (keypoints_xy < [crop.width, crop.height]), -1)
    return np.where(inside, visibility, keypoints.UNLABELLED).astype(visibility.dtype)


def dense_targets(iuv: tf.Tensor, normal: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return parts, uv and normals from the record's 16-bit levels (`schema.FEATURES`), in the record's frame.

    Args:
      iuv: `[...,3]` uint16: part, u * 65535, v * 65535.
      normal: `[...,3]` uint16: (n + 1) / 2 * 65535, zero off the person.

    Returns:
      `part` `[...]` int32 0..24, `uv` `[...,2]` float32 in [0, 1], `normal` `[...,3]` float32, 0 off the
      person.
    """
    levels = tf.cast(normal, tf.float32)  # accelerators compare no uint16
    on_person = tf.reduce_any(levels > 0, -1, keepdims=True)
    return {
        "part": tf.cast(iuv[..., 0], tf.int32),
        "uv": tf.cast(iuv[..., 1:], tf.float32) / _LEVELS_16,
        "normal": tf.where(on_person, levels * (2 / _LEVELS_16) - 1, 0.0),
    }


def turn_labels(dense: dict[str, tf.Tensor], record_from_crop: tf.Tensor) -> dict[str, tf.Tensor]:
    """Take the values of dense labels from the records' frames to the crops'.

    A crop is the record seen by a camera that is turned about its axis, or in a mirror: x and y of normals turn along;
    under a mirror parts, u and v change by `charts.FLIP*`.

    Args:
      dense: `dense_targets`, `[B,Hl,Wl,...]`, at the crops' grid points.
      record_from_crop: `[B,3,3]`.
    """
    linear = record_from_crop[:, :2, :2]
    turn = linear / tf.norm(linear[:, :, 0], axis=-1)[:, None, None]  # orthonormal: its inverse is its transpose
    mirrored = (tf.linalg.det(linear) < 0)[:, None, None]
    swaps = tf.constant(np.stack([charts.FLIP_U, charts.FLIP_V], -1))
    part, uv, normal = dense["part"], dense["uv"], dense["normal"]
    xy = tf.einsum("brc,bhwr->bhwc", turn, normal[..., :2])
    return {
        "part": tf.where(mirrored, tf.gather(tf.constant(charts.FLIP, tf.int32), part), part),
        "uv": tf.where(mirrored[..., None] & tf.gather(swaps, part), 1 - uv, uv),
        "normal": tf.concat([xy, normal[..., 2:]], -1),
    }
