"""The window of a record: the part of a picture that is kept around one person, and its scale.

A record must hold every pixel that any training crop can ask for, and no more, or reading it costs too much.
The crop of a person is the box, extended to the crop's aspect a = height / width, times an enlargement e,
turned by up to some angle t. With h the height of the extended box, the crop reaches from its centre, along
one axis of the picture, at most

    e * h / 2 * max over |angle| <= t of max(cos + sin / a, cos / a + sin)

so a square of side `margin` * h about the box's centre holds every crop. For e = 1.5 and t = 0 that is 1.5 h;
for t = 40 degrees and a = 353 / 257 it is 1.855 h (the diagonal of the enlarged box, reached at 36 degrees).
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.geometry import extend_box


@dataclass(frozen=True)
class WindowConfig:
    """What the training crops may ask of a record.

    Attributes:
      crop_height: height of the network's crop; only the ratio to `crop_width` counts.
      crop_width: width of the network's crop.
      max_enlargement: the largest enlargement of the box in training.
      max_rotation_deg: the largest turn of the crop to either side.
      max_box_height: height in record pixels above which the extended box is scaled down to it.
    """

    crop_height: int
    crop_width: int
    max_enlargement: float
    max_rotation_deg: float
    max_box_height: float

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no window."""
        if min(self.crop_height, self.crop_width, self.max_box_height) <= 0 or self.max_enlargement < 1:
            raise ValueError("crop and box heights must be positive and max_enlargement at least 1")
        if not 0 <= self.max_rotation_deg <= 180:
            raise ValueError(f"max_rotation_deg is {self.max_rotation_deg}; it must be in 0..180")

    @property
    def aspect(self) -> float:
        """Height / width of the crop."""
        return self.crop_height / self.crop_width

    @property
    def margin(self) -> float:
        """Side of the window / height of the extended box (see the head of this module)."""
        limit = math.radians(self.max_rotation_deg)
        reach = [_reach(1, 1 / self.aspect, limit), _reach(1 / self.aspect, 1, limit)]
        return self.max_enlargement * max(reach)


def _reach(along: float, across: float, limit: float) -> float:
    """Return the maximum of along * |cos t| + across * |sin t| over |t| <= limit."""
    best = math.atan2(across, along)
    angle = best if limit >= best else limit
    return along * math.cos(angle) + across * math.sin(angle)


@dataclass(frozen=True)
class Window:
    """A rectangle of whole picture pixels and the scale at which it is kept.

    Attributes:
      y0, x0: the picture's pixel at the window's upper left corner.
      height, width: its size in picture pixels.
      scale: record pixels per picture pixel, at most 1; exact in float32, as it is stored.
    """

    y0: int
    x0: int
    height: int
    width: int
    scale: float

    @property
    def record_size(self) -> tuple[int, int]:
        """Height and width of the record's picture."""
        return round(self.height * self.scale), round(self.width * self.scale)

    @property
    def stored(self) -> np.ndarray:
        """float32 `[3]` (x0, y0, scale), as the record's `image/window`."""
        return np.array([self.x0, self.y0, self.scale], np.float32)

    def points(self, points_xy: np.ndarray) -> np.ndarray:
        """Take continuous picture coordinates `[..., 2]` (x, y) to record coordinates, float32."""
        return ((np.asarray(points_xy, float) - [self.x0, self.y0]) * self.scale).astype(np.float32)

    def box(self, box_yxyx: np.ndarray) -> np.ndarray:
        """Take a picture's box `[4]` to record coordinates, float32."""
        corner = np.array([self.y0, self.x0, self.y0, self.x0], float)
        return ((np.asarray(box_yxyx, float) - corner) * self.scale).astype(np.float32)


def window_around(box_yxyx: np.ndarray, image_size: tuple[int, int], config: WindowConfig) -> Window:
    """Return the window of a person.

    Args:
      box_yxyx: `[4]` the person's box in continuous picture pixels.
      image_size: height and width of the picture.
      config: what the window must hold.

    Raises:
      InputError: the box is not finite, has no area, lies off the picture, or vanishes at the record's scale.
    """
    box = np.asarray(box_yxyx, float)
    height, width = image_size
    if not np.all(np.isfinite(box)) or box[2] <= box[0] or box[3] <= box[1]:
        raise InputError(f"the box (ymin, xmin, ymax, xmax) = {box.tolist()} has no area")
    if box[0] >= height or box[1] >= width or box[2] <= 0 or box[3] <= 0:
        raise InputError(f"the box {box.tolist()} lies off the picture of {height} x {width} pixels")
    extended = extend_box(box, config.aspect)
    box_height = extended[2] - extended[0]
    half = config.margin * box_height / 2
    cy, cx = (extended[0] + extended[2]) / 2, (extended[1] + extended[3]) / 2
    y0, x0 = max(0, math.floor(cy - half)), max(0, math.floor(cx - half))
    y1, x1 = min(height, math.ceil(cy + half)), min(width, math.ceil(cx + half))
    scale = float(np.float32(min(1.0, config.max_box_height / box_height)))
    window = Window(y0, x0, y1 - y0, x1 - x0, scale)
    if min(window.record_size) < 1:
        raise InputError(f"the box {box.tolist()} leaves less than one pixel at the record's scale {scale:.4g}")
    return window


def cut_image(image: np.ndarray, window: Window) -> np.ndarray:
    """Cut a window out of a picture, each record pixel the mean over the area that it covers.

    Args:
      image: uint8 `[H,W,3]` (or `[H,W]`), the whole picture.
      window: from `window_around`; the coordinates of the result are exactly `window.points`.

    Returns:
      uint8 of `window.record_size`.
    """
    region = image[window.y0 : window.y0 + window.height, window.x0 : window.x0 + window.width]
    if window.scale == 1.0:
        return np.ascontiguousarray(region)
    # With a target size cv2 would stretch by (whole target / whole source), half a pixel off at the far edge;
    # with the scale itself it is exact, and the last row and column take the mean of what they have.
    return cv2.resize(region, None, fx=window.scale, fy=window.scale, interpolation=cv2.INTER_AREA)


def cut_labels(labels: np.ndarray, window: Window) -> np.ndarray:
    """Cut a window out of a label map `[H,W,...]`: the picture's pixel at each record pixel's centre."""
    rows, columns = window.record_size
    y = window.y0 + _nearest(rows, window.height, window.scale)
    x = window.x0 + _nearest(columns, window.width, window.scale)
    return np.ascontiguousarray(labels[y[:, None], x[None, :]])


def _nearest(count: int, limit: int, scale: float) -> np.ndarray:
    """Return int `[count]`: the source pixels that hold the centres of the target's pixels."""
    return np.minimum(((np.arange(count) + 0.5) / scale).astype(int), limit - 1)
