"""Targets: what the network should answer on the label grid, from keypoints and stored labels.

Notation: B crops of H x W pixels, Hl x Wl cells of the label grid, K = 17 keypoints.
"""

import tensorflow as tf

from simpose_tf import keypoints
from simpose_tf.data.crops import CropConfig

_LEVELS_16 = 65535.0


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


def hide_outside(keypoints_xy: tf.Tensor, visibility: tf.Tensor, crop: CropConfig) -> tf.Tensor:
    """Return visibility `[...,K]` with 0 for keypoints `[...,K,2]` that lie outside the crop."""
    size = tf.constant([crop.width, crop.height], tf.float32)
    inside = tf.reduce_all((keypoints_xy >= 0) & (keypoints_xy < size), -1)
    return tf.where(inside, visibility, keypoints.UNLABELLED)


def from_levels(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Return a batch of `crops.cut_crop` with its levels turned into labels, without keypoint targets yet.

    `mask`, `ignore` become float32 `mask`, `valid` `[B,Hl,Wl]`; `iuv`, `normal` become `dense_targets`.
    """
    passed = {name: value for name, value in batch.items() if name not in ("mask", "ignore", "iuv", "normal")}
    return passed | {
        "mask": tf.cast(batch["mask"][..., 0] > 0, tf.float32),
        "valid": tf.cast(batch["ignore"][..., 0] == 0, tf.float32),
        **dense_targets(batch["iuv"], batch["normal"]),
    }


def dense_targets(iuv: tf.Tensor, normal: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return parts, uv and normals from the record's 16-bit levels (`schema.FEATURES`).

    Args:
      iuv: `[...,3]` uint16: part, u * 65535, v * 65535.
      normal: `[...,3]` uint16: (n + 1) / 2 * 65535, zero off the person.

    Returns:
      `part` `[...]` int32 0..24, `uv` `[...,2]` float32 in [0, 1], `normal` `[...,3]` float32, 0 off the
      person.
    """
    on_person = tf.reduce_any(normal > 0, -1, keepdims=True)
    directions = tf.cast(normal, tf.float32) * (2 / _LEVELS_16) - 1
    return {
        "part": tf.cast(iuv[..., 0], tf.int32),
        "uv": tf.cast(iuv[..., 1:], tf.float32) / _LEVELS_16,
        "normal": tf.where(on_person, directions, 0.0),
    }
