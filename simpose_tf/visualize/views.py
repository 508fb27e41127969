"""A view: which region of a picture is drawn where, so that every drawing lands on the same pixels."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class View:
    """A canvas of `height` x `width` pixels; canvas (x, y) = scale * (picture (x, y) - (x0, y0)).

    Both in continuous pixels, centres at +0.5.
    """

    x0: float
    y0: float
    scale: float
    height: int
    width: int

    def points(self, xy: np.ndarray) -> np.ndarray:
        """Return the canvas coordinates of picture points `[..., 2]`."""
        return (np.asarray(xy, float) - [self.x0, self.y0]) * self.scale

    def picture(self, image: np.ndarray) -> np.ndarray:
        """Return the canvas with a picture uint8 `[H,W,3]` on it: low-passed if it shrinks, black outside."""
        height, width = image.shape[:2]
        scale = np.full(2, self.scale)
        if self.scale < 1:
            size = np.maximum(np.round(np.array(image.shape[1::-1]) * scale), 1).astype(int)
            scale = scale * image.shape[1::-1] / size
            image = cv2.resize(image, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
        # The rim goes on outwards: bilinear weights would mix the black outside into it.
        canvas = self._warp(image, scale, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        if self._lies_within(height, width):
            return canvas
        inside = self._warp(np.ones(image.shape[:2], np.uint8), scale, cv2.INTER_NEAREST)
        return canvas * inside[..., None]

    def _lies_within(self, height: int, width: int) -> bool:
        """Return whether the middles of all canvas pixels lie in a picture of that size."""
        first = np.array([self.x0, self.y0]) + 0.5 / self.scale
        last = first + (np.array([self.width, self.height]) - 1) / self.scale
        return bool(np.all(first >= 0) and np.all(last <= [width, height]))

    def labels(self, values: np.ndarray) -> np.ndarray:
        """Return the canvas with a label map `[H,W]` or `[H,W,C]` on it, nearest pixel, 0 outside."""
        values = values.astype(np.uint8) if values.dtype == bool else values
        if self == whole(values):
            return values  # as it is, no copy
        return self._warp(values, np.full(2, self.scale), cv2.INTER_NEAREST)

    def _warp(
        self, values: np.ndarray, scale: np.ndarray, interpolation: int, border: int = cv2.BORDER_CONSTANT
    ) -> np.ndarray:
        """Warp by canvas + .5 = scale * (values + .5) - origin; OpenCV counts from pixel centres."""
        if self == whole(values, round(self.scale)):  # the same, but faster
            return cv2.resize(values, (self.width, self.height), interpolation=interpolation)
        shift = 0.5 * scale - 0.5 - self.scale * np.array([self.x0, self.y0])
        matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
        return cv2.warpAffine(values, matrix, (self.width, self.height), flags=interpolation, borderMode=border)


def fit(region_yxyx: np.ndarray, height: int, width: int) -> View:
    """Return the view that shows a region `[4]` as large as a canvas allows, in its middle."""
    ymin, xmin, ymax, xmax = (float(v) for v in region_yxyx)
    scale = min(height / max(ymax - ymin, 1e-6), width / max(xmax - xmin, 1e-6))
    x0 = (xmin + xmax) / 2 - width / 2 / scale
    y0 = (ymin + ymax) / 2 - height / 2 / scale
    return View(x0, y0, scale, height, width)


def whole(image: np.ndarray, scale: float = 1.0) -> View:
    """Return the view of a whole picture `[H,W,...]`, enlarged by `scale`."""
    height, width = max(round(image.shape[0] * scale), 1), max(round(image.shape[1] * scale), 1)
    return View(0.0, 0.0, scale, height, width)
