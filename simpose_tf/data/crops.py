"""Crops: the window of a record that the network sees, cut out of its picture and of its labels.

Notation: H, W the crop's size; Hl, Wl the label grid's. Crop coordinates are continuous, x right, y down,
pixel centres at +0.5. Cell (i, j) of the label grid lies on crop pixel (label_stride * i, label_stride * j).
`r` = record pixels, `c` = crop pixels; `record_from_crop` takes c to r.

OpenCV warps: on one core it takes a seventh of the time of `tf.image.resize` and `tfa.image.transform`, which would
cost more than decoding the record (`python -m simpose_tf.bench_data`).
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf import geometry, keypoints
from simpose_tf.data import schema
from simpose_tf.errors import InputError

# The crop height at which G-RMI states its lengths in pixels (sec. 3.2).
REFERENCE_HEIGHT = 353

_FAR = 1 << 30  # no picture is as large
_LEAST_SIGMA = 0.2  # pixels: a blur that OpenCV's 8 bits hardly show


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


def record_from_crop(
    box_yxyx: np.ndarray, enlargement: float, crop: CropConfig, angle_deg: float = 0.0, flip: bool = False
) -> np.ndarray:
    """Return the `[3, 3]` affine, float64, that takes crop to record coordinates.

    The box is extended about its centre to the crop's aspect, never stretched, then enlarged (G-RMI sec. 3.2;
    `geometry.extend_box`); the frame that is cut out is turned about that centre.

    Args:
      box_yxyx: `[4]`, record pixels.
      enlargement: factor on both sides.
      crop: the crop's size.
      angle_deg: of the frame, clockwise as one sees it; the person turns the other way.
      flip: mirror left to right: crop x becomes W - x.

    Raises:
      InputError: a box that is not finite, or without area.
    """
    ymin, xmin, ymax, xmax = geometry.extend_box(box_yxyx, crop.aspect, enlargement)
    if not 0 < ymax - ymin < np.inf or not np.isfinite(xmin + xmax):
        raise InputError("the person's box has no area")
    scale, angle = (ymax - ymin) / crop.height, np.radians(angle_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if flip:
        turn = turn * [-1, 1]
    middle = np.array([xmin + xmax, ymin + ymax]) / 2
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = middle - turn @ [crop.width / 2, crop.height / 2]
    return matrix


def scale_of(r_from_c: np.ndarray) -> float:
    """Return record pixels per crop pixel of a `record_from_crop`."""
    return float(np.hypot(r_from_c[0, 0], r_from_c[1, 0]))


def warp_image(image: np.ndarray, r_from_c: np.ndarray, crop: CropConfig) -> np.ndarray:
    """Return the crop of a picture: low-passed where it shrinks, then bilinear; black outside.

    Args:
      image: uint8 `[h, w, 3]`.
      r_from_c: `[3, 3]`, `record_from_crop`.
      crop: the crop's size.

    Returns:
      uint8 `[H, W, 3]`.
    """
    x0, y0, x1, y1 = _seen(r_from_c, crop)
    region = image[y0:y1, x0:x1]
    if not region.size:
        return np.zeros((crop.height, crop.width, 3), np.uint8)
    region_from_crop = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ r_from_c
    return _warp(_low_pass(region, scale_of(r_from_c)), region_from_crop, (crop.width, crop.height), cv2.INTER_LINEAR)


def _seen(r_from_c: np.ndarray, crop: CropConfig) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1, not negative, of all record pixels that can have a share in a crop."""
    frame = np.array([[x, y] for x in (0, crop.width) for y in (0, crop.height)])
    corners, reach = geometry.transform_points(r_from_c, frame), 1 + 2 * scale_of(r_from_c)
    low, high = np.floor(corners.min(0) - reach), np.ceil(corners.max(0) + reach)
    x0, y0, x1, y1 = np.clip([*low, *high], 0, _FAR).astype(int)
    return x0, y0, x1, y1


def _low_pass(image: np.ndarray, scale: float) -> np.ndarray:
    """Return a picture without what would alias when every `scale`-th pixel is sampled.

    Together with the bilinear step that follows (variance 1/6 pixel^2) the blur is as wide as a triangle of `scale`
    pixels to either side.
    """
    sigma = math.sqrt(max(scale**2 - 1, 0) / 6)
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) if sigma > _LEAST_SIGMA else image


def warp_labels(labels: np.ndarray, r_from_c: np.ndarray, crop: CropConfig) -> np.ndarray:
    """Return the labels of the record pixels in which the label grid's points lie, 0 outside.

    Args:
      labels: `[h, w]` or `[h, w, C]`, uint8 or uint16.
      r_from_c: `[3, 3]`, `record_from_crop`.
      crop: the crop's size and label grid.

    Returns:
      `[Hl, Wl]` or `[Hl, Wl, C]` of the same type.
    """
    stride = crop.label_stride
    first = (1 - stride) / 2  # so that grid index (i, j), continuous (i + .5, j + .5), is crop (stride * i + .5, ...)
    crop_from_grid = np.array([[stride, 0, first], [0, stride, first], [0, 0, 1]])
    return _warp(labels, r_from_c @ crop_from_grid, (crop.grid_width, crop.grid_height), cv2.INTER_NEAREST)


def _warp(source: np.ndarray, source_from_target: np.ndarray, size: tuple[int, int], interpolation: int) -> np.ndarray:
    """Return OpenCV's affine warp to `size` (width, height), in continuous coordinates; 0 outside."""
    matrix = source_from_target[:2].copy()
    # OpenCV counts from pixel centres: index i is continuous i + .5.
    matrix[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    return cv2.warpAffine(source, matrix, size, flags=interpolation | cv2.WARP_INVERSE_MAP, borderValue=0)


def cut_crop(
    fields: dict[str, object], r_from_c: np.ndarray, crop: CropConfig, picture: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Cut one crop out of a record.

    Only what is needed is decoded, and labels go straight to the label grid. Their values stay the record's levels,
    in the record's frame: `targets.expand` turns those of a whole batch at once, where the network is.

    Args:
      fields: `schema.read` of a record.
      r_from_c: `record_from_crop`.
      crop: size and label grid.
      picture: the record's picture, if it is decoded already.

    Returns:
      `image` uint8 `[H,W,3]`; `mask`, `ignore` uint8 `[Hl,Wl]`; `iuv`, `normal` uint16 `[Hl,Wl,3]`, zero where the
      record lacks them; the plain entries of a batch (`pipeline`). Mirrored crops have left and right keypoints
      exchanged.

    Raises:
      InputError, ValueError: the record is damaged.
    """
    image = schema.decode_picture(fields["image"], "image") if picture is None else picture
    mask = decode_labels(fields, "mask", image)
    points, visibility = _keypoints(fields, r_from_c)
    has_dense = "iuv" in fields and "normal" in fields
    return {
        "image": warp_image(image, r_from_c, crop),
        "domain": np.int32(fields["domain"]),
        "keypoints_xy": points,
        "visibility": visibility,
        "mask": warp_labels(mask, r_from_c, crop),
        "ignore": _cut_optional(fields, "ignore", image, r_from_c, crop),
        "has_dense": np.float32(has_dense),
        "iuv": _cut_optional(fields if has_dense else {}, "iuv", image, r_from_c, crop),
        "normal": _cut_optional(fields if has_dense else {}, "normal", image, r_from_c, crop),
        "area": np.float32(np.count_nonzero(mask) / scale_of(r_from_c) ** 2),
        "picture_area": np.float32(np.count_nonzero(mask) / np.asarray(fields["window"])[2] ** 2),
        "record_from_crop": r_from_c.astype(np.float32),
        "image_id": np.int64(fields["image_id"]),
        "person_id": np.int64(fields["person_id"]),
    }


def decode_labels(fields: dict[str, object], name: str, image: np.ndarray) -> np.ndarray:
    """Return a record's label picture; raise InputError if it is not as large as its image."""
    labels = schema.decode_picture(fields[name], name)
    if labels.shape[:2] != image.shape[:2]:
        raise InputError(f"{schema.BY_NAME[name].key} is {labels.shape[:2]}, the picture {image.shape[:2]}")
    return labels


def _cut_optional(
    fields: dict[str, object], name: str, image: np.ndarray, r_from_c: np.ndarray, crop: CropConfig
) -> np.ndarray:
    """Return the levels of a label picture on the label grid, or zeros where the record lacks it."""
    if name in fields:
        return warp_labels(decode_labels(fields, name, image), r_from_c, crop)
    grid = crop.grid_height, crop.grid_width
    return np.zeros((*grid, 3), np.uint16) if schema.BY_NAME[name].encoding == "png16" else np.zeros(grid, np.uint8)


def _keypoints(fields: dict[str, object], r_from_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints `[17,2]` float32 in crop pixels and flags `[17]` int32, left and right exchanged by a mirror."""
    points = np.asarray(fields["keypoints_xy"], float)
    if not np.all(np.isfinite(points)):
        raise InputError("a keypoint is not finite")
    points = geometry.transform_points(np.linalg.inv(r_from_c), points).astype(np.float32)
    visibility = np.asarray(fields["visibility"], np.int32)
    if np.linalg.det(r_from_c[:2, :2]) < 0:
        return points[keypoints.FLIP], visibility[keypoints.FLIP]
    return points, visibility
