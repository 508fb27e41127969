"""Table 2 on crops: what is known of a person, what was predicted, and the scores of many of them.

Everything lives on the pixels of the crop, H x W.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from simpose_tf.metrics import sizes
from simpose_tf.metrics.masks import mask_iou
from simpose_tf.metrics.normals import AngleTally, angles_deg
from simpose_tf.metrics.oks import oks
from simpose_tf.metrics.tallies import PartTally
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
      size: one of `sizes.NAMES`, of the person in its picture; None where that is not known.
    """

    keypoints_xy: np.ndarray
    visibility: np.ndarray
    area: float
    mask: np.ndarray
    valid: np.ndarray
    part: np.ndarray | None = None
    uv: np.ndarray | None = None
    normal: np.ndarray | None = None
    size: str | None = None


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
    uv: PartTally = field(default_factory=PartTally)
    right_part: PartTally = field(default_factory=PartTally)
    angle_by_part: PartTally = field(default_factory=PartTally)
    by_size: dict[str, "Scores"] = field(default_factory=dict)

    def add(self, predicted: CropPrediction, true: CropLabels) -> None:
        """Add a person; measures that are not defined for it (no labels) are left out."""
        self.people += 1
        iou = mask_iou(predicted.mask, true.mask, true.valid)
        similarity = oks(predicted.keypoints_xy, true.keypoints_xy, true.visibility, true.area)
        self.ious += [] if np.isnan(iou) else [iou]
        self.oks += [] if np.isnan(similarity) else [similarity]
        if true.part is not None:
            self._add_dense(predicted, true)
        if true.size is not None:
            self.by_size.setdefault(true.size, Scores()).add(predicted, replace(true, size=None))

    def _add_dense(self, predicted: CropPrediction, true: CropLabels) -> None:
        """Add the pixels of a densely labelled person."""
        assert true.part is not None and true.uv is not None and true.normal is not None
        part = np.where(true.valid, true.part, 0)
        on_person = part > 0
        ids = part[on_person]
        self.uv.add(ids, uv_errors(predicted.uv_of_true_part, true.uv, part))
        self.right_part.add(ids, predicted.part[on_person] == ids)
        # A pixel at the person's rim may carry a part and no normal.
        known = true.valid & np.any(true.normal != 0, axis=-1)
        angles = angles_deg(predicted.normal[known], true.normal[known])
        self.angles.add(angles)
        self.angle_by_part.add(part[known], angles)

    @property
    def uv_l2(self) -> float:
        """Mean Euclidean uv error over pixels."""
        return self.uv.mean

    @property
    def part_accuracy(self) -> float:
        """Share of the people's pixels whose part was right."""
        return self.right_part.mean

    @property
    def pixels(self) -> int:
        """How many pixels of people carry a part."""
        return int(self.uv.count.sum())

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
        """Return breakdowns: the distribution of angles; numbers by part (of densely labelled people) and by size."""
        by_size = {name: {"people": s.people, **s.values()} for name, s in sizes.ordered(self.by_size)}
        breakdown = {"by_size": by_size} if by_size else {}
        if not self.pixels:
            return breakdown
        return {
            "normals": self.angles.distribution(),
            "uv_l2_by_part": self.uv.by_part(),
            "part_accuracy_by_part": self.right_part.by_part(),
            "normal_add_deg_by_part": self.angle_by_part.by_part(),
            **breakdown,
        }
