"""Crops: the window of a record that the network sees, cut out on two grids, and mirrored.

Notation: H, W the crop's size; Hl, Wl the label grid's. Crop coordinates are continuous, x right, y down,
pixel centres at +0.5. Cell (i, j) of the label grid lies on crop pixel (label_stride * i, label_stride * j).
`r` = record pixels, `c` = crop pixels; `record_from_crop` takes c to r.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

from simpose_tf import charts, keypoints
from simpose_tf.data import schema

# The crop height at which G-RMI states its lengths in pixels (sec. 3.2).
REFERENCE_HEIGHT = 353


@dataclass(frozen=True)
class CropConfig:
    """The crop's size and the grid on which it is labelled.

    Attributes:
      height: H, pixels.
      width: W, pixels.
      label_stride: crop pixels between two labels along each axis; divides H - 1 and W - 1.
      disk_radius: R of the heatmap's disks, in pixels of a crop of height 353 (G-RMI sec. 3.2); see `radius`.
    """

    height: int
    width: int
    label_stride: int
    disk_radius: float

    def __post_init__(self):
        if min(self.height, self.width) < 2 or self.label_stride < 1 or not self.disk_radius > 0:
            raise ValueError(f"height, width, label_stride and disk_radius must be positive: {self}")
        if (self.height - 1) % self.label_stride or (self.width - 1) % self.label_stride:
            raise ValueError(f"label_stride must divide height - 1 and width - 1: {self}")

    @property
    def grid_height(self) -> int:
        """Hl, rows of the label grid."""
        return (self.height - 1) // self.label_stride + 1

    @property
    def grid_width(self) -> int:
        """Wl, columns of the label grid."""
        return (self.width - 1) // self.label_stride + 1

    @property
    def aspect(self) -> float:
        """Height / width."""
        return self.height / self.width

    @property
    def radius(self) -> float:
        """R in pixels of this crop."""
        return self.disk_radius * self.height / REFERENCE_HEIGHT

    def grid_x(self) -> np.ndarray:
        """Return x of the label grid's columns, `[Wl]` float32, crop pixels."""
        return (np.arange(self.grid_width) * self.label_stride + 0.5).astype(np.float32)

    def grid_y(self) -> np.ndarray:
        """Return y of the label grid's rows, `[Hl]` float32, crop pixels."""
        return (np.arange(self.grid_height) * self.label_stride + 0.5).astype(np.float32)


def record_from_crop(box_yxyx: tf.Tensor, enlargement: tf.Tensor, crop: CropConfig) -> tf.Tensor:
    """Return the `[3, 3]` affine that takes crop to record coordinates.

    The box is extended about its centre to the crop's aspect, never stretched, then enlarged (G-RMI sec. 3.2;
    `geometry.extend_box`).

    Args:
      box_yxyx: `[4]` float32, record pixels.
      enlargement: scalar float32, factor on both sides.
      crop: the crop's size.

    Raises InvalidArgumentError for a box without area.
    """
    ymin, xmin, ymax, xmax = tf.unstack(box_yxyx)
    box_height = tf.maximum(ymax - ymin, (xmax - xmin) * crop.aspect)
    with tf.control_dependencies([tf.debugging.assert_positive(box_height, "a record's box has no area")]):
        scale = box_height * enlargement / crop.height
    x0 = (xmin + xmax) / 2 - scale * crop.width / 2
    y0 = (ymin + ymax) / 2 - scale * crop.height / 2
    zero, one = tf.zeros_like(scale), tf.ones_like(scale)
    return tf.reshape(tf.stack([scale, zero, x0, zero, scale, y0, zero, zero, one]), [3, 3])


def points_to_crop(r_from_c: tf.Tensor, points_xy: tf.Tensor) -> tf.Tensor:
    """Return points `[N, 2]` (record pixels) in crop pixels; `r_from_c` is a `record_from_crop`."""
    return (points_xy - r_from_c[:2, 2]) / r_from_c[0, 0]


def warp_image(image: tf.Tensor, r_from_c: tf.Tensor, crop: CropConfig) -> tf.Tensor:
    """Return the crop of a picture: bilinear, low-passed where it shrinks, black outside.

    `tfa.image.transform` samples without a low-pass, and most records are larger than their crops: they would
    alias. A crop is scaled and shifted only, which the antialiased kernel below `tf.image.resize` does.

    Args:
      image: `[h, w, 3]` uint8 RGB, the record's picture.
      r_from_c: `[3, 3]`, `record_from_crop`.
      crop: the crop's size.

    Returns:
      `[H, W, 3]` float32, 0..255.
    """
    scale = 1 / r_from_c[0, 0]
    warped = tf.raw_ops.ScaleAndTranslate(
        images=image[None],
        size=[crop.height, crop.width],
        scale=tf.stack([scale, scale]),
        translation=-scale * tf.stack([r_from_c[1, 2], r_from_c[0, 2]]),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.ensure_shape(warped[0], [crop.height, crop.width, 3])


def warp_labels(labels: tf.Tensor, r_from_c: tf.Tensor, crop: CropConfig) -> tf.Tensor:
    """Return the labels of the record pixels in which the label grid's points lie, 0 outside.

    Args:
      labels: `[h, w, C]` uint8.
      r_from_c: `[3, 3]`, `record_from_crop`.
      crop: the crop's size.

    Returns:
      `[Hl, Wl, C]` uint8.
    """
    scale = r_from_c[0, 0]
    # tfa counts whole pixels from their centres: index (i, j) is continuous (i + .5, j + .5).
    shift = (scale - 1) / 2 + r_from_c[:2, 2]
    step, zero = scale * crop.label_stride, tf.zeros_like(scale)
    transform = tf.stack([step, zero, shift[0], zero, step, shift[1], zero, zero])
    size = [crop.grid_height, crop.grid_width]
    warped = tfa.image.transform(labels, transform, "nearest", output_shape=size)
    return tf.ensure_shape(warped, [*size, labels.shape[-1]])


def cut_crop(parsed: dict[str, tf.Tensor], enlargement: tf.Tensor, crop: CropConfig) -> dict[str, tf.Tensor]:
    """Cut one crop out of a record.

    Only what the record holds is decoded, and labels go straight to the label grid. They stay the record's
    levels, so that `targets.from_levels` turns a whole batch at once.

    Args:
      parsed: `schema.parse` of a record.
      enlargement: scalar float32, of the extended box.
      crop: size and label grid.

    Returns:
      `image` and the plain entries of a batch (`pipeline`) without the batch axis; `mask`, `ignore` uint8
      `[Hl,Wl,1]`, `iuv`, `normal` uint16 `[Hl,Wl,3]`, all zero where the record lacks them.
    """
    r_from_c = record_from_crop(parsed["box_yxyx"], enlargement, crop)
    mask = schema.decode_picture(parsed["mask"], "mask")
    has_dense = (parsed["iuv"] != "") & (parsed["normal"] != "")
    return {
        "image": warp_image(schema.decode_picture(parsed["image"], "image"), r_from_c, crop),
        "domain": tf.cast(parsed["domain"], tf.int32),
        "keypoints_xy": points_to_crop(r_from_c, parsed["keypoints_xy"]),
        "visibility": tf.cast(parsed["visibility"], tf.int32),
        "mask": warp_labels(mask, r_from_c, crop),
        "ignore": _cut_optional(parsed, "ignore", parsed["ignore"] != "", r_from_c, crop),
        "has_dense": tf.cast(has_dense, tf.float32),
        "iuv": _cut_optional(parsed, "iuv", has_dense, r_from_c, crop),
        "normal": _cut_optional(parsed, "normal", has_dense, r_from_c, crop),
        "area": tf.cast(tf.math.count_nonzero(mask), tf.float32) / tf.square(r_from_c[0, 0]),
        "record_from_crop": r_from_c,
        "image_id": parsed["image_id"],
        "person_id": parsed["person_id"],
    }


def _cut_optional(
    parsed: dict[str, tf.Tensor], name: str, exists: tf.Tensor, r_from_c: tf.Tensor, crop: CropConfig
) -> tf.Tensor:
    """Return the levels of a label picture on the label grid, or zeros, undecoded, unless it exists."""
    wide = schema.BY_NAME[name].encoding == "png16"
    shape = [crop.grid_height, crop.grid_width, 3 if wide else 1]

    def cut() -> tf.Tensor:
        picture = schema.decode_picture(parsed[name], name)
        if not wide:
            return warp_labels(picture, r_from_c, crop)
        # tfa knows no uint16: the nearest pixel's bytes travel as they are.
        size = tf.shape(picture)
        pairs = tf.reshape(tf.bitcast(picture, tf.uint8), [size[0], size[1], 6])
        return tf.bitcast(tf.reshape(warp_labels(pairs, r_from_c, crop), [*shape, 2]), tf.uint16)

    return tf.cond(exists, cut, lambda: tf.zeros(shape, tf.uint16 if wide else tf.uint8))


def flip_crops(crops: dict[str, tf.Tensor], flip: tf.Tensor, crop: CropConfig) -> dict[str, tf.Tensor]:
    """Mirror some crops of a batch left to right: x becomes W - x.

    Left and right keypoints change places, parts, u and v follow `charts.FLIP*`, x of normals changes sign,
    `record_from_crop` takes the mirrored coordinates. The label grid falls on itself.

    Args:
      crops: `image`, `keypoints_xy`, `visibility`, `mask`, `valid`, `part`, `uv`, `normal`, `record_from_crop`
        as in `pipeline`; other entries pass unchanged.
      flip: `[B]` bool.
      crop: the crop's size.
    """
    part = tf.gather(tf.constant(charts.FLIP, tf.int32), crops["part"])
    turned = tf.constant(np.stack([charts.FLIP_U, charts.FLIP_V], -1))
    uv = tf.where(tf.gather(turned, crops["part"]), 1 - crops["uv"], crops["uv"])
    mirror = tf.constant([[-1, 0, crop.width], [0, 1, 0], [0, 0, 1]], tf.float32)
    mirrored_xy = tf.constant([crop.width, 0], tf.float32) + crops["keypoints_xy"] * tf.constant([-1.0, 1.0])
    flipped = {name: tf.reverse(crops[name], [2]) for name in ("image", "mask", "valid")}
    flipped |= {
        "part": tf.reverse(part, [2]),
        "uv": tf.reverse(uv, [2]),
        "normal": tf.reverse(crops["normal"] * tf.constant([-1.0, 1.0, 1.0]), [2]),
        "keypoints_xy": tf.gather(mirrored_xy, keypoints.FLIP, axis=1),
        "visibility": tf.gather(crops["visibility"], keypoints.FLIP, axis=1),
        "record_from_crop": crops["record_from_crop"] @ mirror,
    }
    return crops | {name: _choose(flip, flipped[name], crops[name]) for name in flipped}


def _choose(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
    """Return `yes` or `no`, `[B, ...]`, by a condition `[B]`."""
    return tf.where(tf.reshape(condition, [-1] + [1] * (yes.shape.rank - 1)), yes, no)
