"""Table 2 on crops: what is known of a person, what was predicted, and the scores of many of them.

Everything lives on the pixels of the crop, H x W.
"""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf import charts
from simpose_tf.metrics.masks import mask_iou
from simpose_tf.metrics.normals import SHARE_LIMITS_DEG, AngleTally, angles_deg
from simpose_tf.metrics.oks import oks
from simpose_tf.metrics.uv import uv_errors


@dataclass(frozen=True)
class CropLabels:
    """The ground truth of one crop.

    Attributes:
      keypoints_xy: `[17,2]` crop pixels.
      visibility: `[17]` COCO flags.
      area: the mask's area in crop pixels.
      mask: bool `[H,W]`.
      valid: bool `[H,W]`, false where nothing is known.
      part: `[H,W]` 0..24, or None where the person has no dense labels; `uv` and `normal` then are None too.
      uv: `[H,W,2]`.
      normal: `[H,W,3]` unit, camera frame.
    """

    keypoints_xy: np.ndarray
    visibility: np.ndarray
    area: float
    mask: np.ndarray
    valid: np.ndarray
    part: np.ndarray | None = None
    uv: np.ndarray | None = None
    normal: np.ndarray | None = None


@dataclass(frozen=True)
class CropPrediction:
    """What was predicted for a crop.

    Attributes:
      keypoints_xy: `[17,2]` crop pixels.
      mask: bool `[H,W]`.
      part: `[H,W]` 1..24.
      uv_of_true_part: `[H,W,2]`; see `metrics.uv`.
      normal: `[H,W,3]` unit, camera frame.
    """

    keypoints_xy: np.ndarray
    mask: np.ndarray
    part: np.ndarray
    uv_of_true_part: np.ndarray
    normal: np.ndarray


@dataclass
class Scores:
    """The scores of many crops, added up. Masks and keypoints: mean over people; the rest: mean over pixels."""

    people: int = 0
    ious: list[float] = field(default_factory=list)
    oks: list[float] = field(default_factory=list)
    angles: AngleTally = field(default_factory=AngleTally)
    # By part, 0 unused: pixels, sum of uv errors, pixels whose part was right.
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1, np.int64))
    uv_total: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1))
    right_part: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1, np.int64))

    def add(self, predicted: CropPrediction, true: CropLabels) -> None:
        """Add a person; measures that are not defined for it (no labels) are left out."""
        self.people += 1
        iou = mask_iou(predicted.mask, true.mask, true.valid)
        similarity = oks(predicted.keypoints_xy, true.keypoints_xy, true.visibility, true.area)
        self.ious += [] if np.isnan(iou) else [iou]
        self.oks += [] if np.isnan(similarity) else [similarity]
        if true.part is not None:
            self._add_dense(predicted, true)

    def _add_dense(self, predicted: CropPrediction, true: CropLabels) -> None:
        """Add the pixels of a densely labelled person."""
        assert true.part is not None and true.uv is not None and true.normal is not None
        part = np.where(true.valid, true.part, 0)
        on_person = part > 0
        ids = part[on_person]
        size = charts.NUM_PARTS + 1
        self.pixels += np.bincount(ids, minlength=size)
        self.uv_total += np.bincount(ids, uv_errors(predicted.uv_of_true_part, true.uv, part), size)
        self.right_part += np.bincount(ids[predicted.part[on_person] == ids], minlength=size)
        # A pixel at the person's rim may carry a part and no normal.
        known = true.valid & np.any(true.normal != 0, axis=-1)
        self.angles.add(angles_deg(predicted.normal[known], true.normal[known]))

    @property
    def uv_l2(self) -> float:
        """Mean Euclidean uv error over pixels."""
        return float(self.uv_total.sum() / self.pixels.sum()) if self.pixels.sum() else float("nan")

    @property
    def part_accuracy(self) -> float:
        """Share of the people's pixels whose part was right."""
        return float(self.right_part.sum() / self.pixels.sum()) if self.pixels.sum() else float("nan")

    @property
    def mask_iou(self) -> float:
        """Mean over people."""
        return float(np.mean(self.ious)) if self.ious else float("nan")

    @property
    def mean_oks(self) -> float:
        """Mean over people with a labelled keypoint."""
        return float(np.mean(self.oks)) if self.oks else float("nan")

    def values(self) -> dict[str, float]:
        """Return the headline numbers, nan where nothing was labelled."""
        return {
            "uv_l2": self.uv_l2,
            "normal_add_deg": self.angles.mean,
            "mask_iou": self.mask_iou,
            "keypoint_oks": self.mean_oks,
            "part_accuracy": self.part_accuracy,
        }

    def details(self) -> dict[str, dict]:
        """Return breakdowns: the distribution of angles; uv error and part accuracy by part."""
        if not self.pixels.sum():
            return {}
        shares = {f"share_under_{limit:g}_deg": self.angles.share_under(limit) for limit in SHARE_LIMITS_DEG}
        seen = [p for p in range(1, charts.NUM_PARTS + 1) if self.pixels[p]]
        return {
            "normals": {"median_deg": self.angles.median, **shares},
            "uv_l2_by_part": {charts.PART_NAMES[p]: float(self.uv_total[p] / self.pixels[p]) for p in seen},
            "part_accuracy_by_part": {charts.PART_NAMES[p]: float(self.right_part[p] / self.pixels[p]) for p in seen},
        }
