"""The best constant predictor: what one gets without looking at the picture. A network must beat it."""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf import charts, keypoints
from simpose_tf.metrics.crops import CropLabels, CropPrediction
from simpose_tf.metrics.masks import mask_iou

# Thresholds tried on the mean mask.
_THRESHOLDS = np.arange(1, 20) * 0.05


@dataclass(frozen=True)
class ConstantPredictor:
    """The same answer for every crop.

    Attributes:
      keypoints_xy: `[17,2]` mean place of the labelled keypoints, crop pixels.
      mask: bool `[H,W]`: the mean mask, cut at the threshold with the best mean IoU.
      threshold: that threshold.
      part: the most frequent part, 0 if no person had dense labels.
      normal: `[3]` mean normal, scaled to unit length; towards the camera if no person had dense labels.
      people: how many people it was fitted to.
    """

    keypoints_xy: np.ndarray
    mask: np.ndarray
    threshold: float
    part: int
    normal: np.ndarray
    people: int

    def predict(self) -> CropPrediction:
        """Return the prediction for any crop; u = v = 0.5."""
        shape = self.mask.shape
        return CropPrediction(
            keypoints_xy=self.keypoints_xy,
            mask=self.mask,
            part=np.full(shape, self.part, np.uint8),
            uv_of_true_part=np.full((*shape, 2), 0.5, np.float32),
            normal=np.broadcast_to(self.normal, (*shape, 3)),
        )


@dataclass
class Fit:
    """What the constant predictor needs to know of training crops of one size; masks are kept, packed to bits."""

    shape: tuple[int, int] = (0, 0)
    masks: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    keypoint_xy: np.ndarray = field(default_factory=lambda: np.zeros((keypoints.NUM_KEYPOINTS, 2)))
    keypoint_count: np.ndarray = field(default_factory=lambda: np.zeros(keypoints.NUM_KEYPOINTS))
    part_pixels: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1, np.int64))
    normal: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def add(self, person: CropLabels) -> None:
        """Take a person in."""
        self.shape = person.mask.shape[0], person.mask.shape[1]
        self.masks.append((np.packbits(person.mask), np.packbits(person.valid)))
        labelled = np.asarray(person.visibility) > keypoints.UNLABELLED
        self.keypoint_xy += person.keypoints_xy * labelled[:, None]
        self.keypoint_count += labelled
        if person.part is not None and person.normal is not None:
            self.part_pixels += np.bincount(person.part[person.part > 0], minlength=charts.NUM_PARTS + 1)
            self.normal += person.normal.sum((0, 1), dtype=float)

    def predictor(self) -> ConstantPredictor:
        """Return the best constant predictor of the people so far. Raises ValueError if there is none."""
        if not self.masks:
            raise ValueError("a constant predictor needs at least one training crop")
        count = self.keypoint_count[:, None]
        middle = [self.shape[1] / 2, self.shape[0] / 2]
        mean_xy = np.where(count > 0, self.keypoint_xy / np.maximum(count, 1), middle)
        mask, threshold = _best_mask(self.masks, self.shape)
        length = np.linalg.norm(self.normal)
        normal = self.normal / length if length > 0 else np.array([0.0, 0.0, -1.0])
        part = int(np.argmax(self.part_pixels))
        return ConstantPredictor(mean_xy, mask, threshold, part, normal, len(self.masks))


def _best_mask(masks: list[tuple[np.ndarray, np.ndarray]], shape: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Return the mean of packed (mask, valid) pairs cut at the threshold with the best mean IoU, and that."""

    def unpacked(bits: np.ndarray) -> np.ndarray:
        return np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)

    mean = sum(unpacked(mask).astype(np.int64) for mask, _ in masks) / len(masks)
    totals = np.zeros(len(_THRESHOLDS))
    for bits, valid_bits in masks:
        true, valid = unpacked(bits), unpacked(valid_bits)
        totals += np.nan_to_num([mask_iou(mean >= t, true, valid) for t in _THRESHOLDS])
    threshold = float(_THRESHOLDS[np.argmax(totals)])
    return np.asarray(mean >= threshold), threshold
