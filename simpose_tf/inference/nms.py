"""Non-maximum suppression: of several boxes or poses of one person the best stays (G-RMI sec. 3.1, 3.2)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf import keypoints


@dataclass(frozen=True)
class NmsConfig:
    """When two detections are one person.

    Attributes:
      box_iou: boxes with a greater IoU, before the network.
      oks: poses with a greater OKS, after it.
    """

    box_iou: float
    oks: float

    def __post_init__(self) -> None:
        """Raise ValueError for thresholds outside of 0..1."""
        if not (0 <= self.box_iou <= 1 and 0 <= self.oks <= 1):
            raise ValueError(f"thresholds must lie in 0..1: {self}")


def box_nms(boxes_yxyx: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the places int `[M]` of the boxes that stay, best score first.

    Args:
      boxes_yxyx: `[N,4]`.
      scores: `[N]`; of equal ones the earlier box is better.
      threshold: a box goes if its IoU with a better one that stays is greater.
    """
    boxes = np.asarray(boxes_yxyx, float).reshape(-1, 4)

    def similarity(best: int, others: np.ndarray) -> np.ndarray:
        return box_iou(boxes[best], boxes[others])

    return _greedy(similarity, scores, threshold)


def oks_nms(people: np.ndarray, areas: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the places int `[M]` of the poses that stay, best score first (G-RMI sec. 3.2).

    Args:
      people: `[N,17,2]` keypoints (x, y); all 17 count.
      areas: `[N]` of the people, in the square of the keypoints' unit; a pair takes the mean of both.
      scores: `[N]`; of equal ones the earlier pose is better.
      threshold: a pose goes if its OKS with a better one that stays is greater.
    """
    people, areas = np.asarray(people, float), np.asarray(areas, float)

    def similarity(best: int, others: np.ndarray) -> np.ndarray:
        return pose_oks(people[best], people[others], (areas[best] + areas[others]) / 2)

    return _greedy(similarity, scores, threshold)


def box_iou(box_yxyx: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the IoU `[N]` of a box `[4]` and others `[N,4]`; 0 where neither has an area."""
    low, high = np.maximum(box_yxyx[:2], others[:, :2]), np.minimum(box_yxyx[2:], others[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(box_yxyx[2:] - box_yxyx[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - common
    return np.divide(common, union, out=np.zeros(len(others)), where=union > 0)


def pose_oks(pose: np.ndarray, others: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Return the OKS `[N]` of a pose `[17,2]` and others `[N,17,2]`, for people of `areas` `[N]`.

    As `metrics.oks.oks` with every keypoint labelled: the mean of exp(-d^2 / (2 area k^2)), k = 2 sigma.
    """
    squared = np.sum((others - pose) ** 2, axis=-1)
    variance = (2 * keypoints.SIGMAS) ** 2 * (areas[:, None] + np.spacing(1))
    return np.mean(np.exp(-squared / (2 * variance)), axis=-1)


def _greedy(similarity: Callable[[int, np.ndarray], np.ndarray], scores: np.ndarray, threshold: float) -> np.ndarray:
    """Take the best of what is left, drop what is more similar to it than the threshold, and so on."""
    left = np.argsort(-np.asarray(scores, float), kind="stable")
    kept = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(int(best))
        left = left[similarity(best, left) <= threshold]
    return np.array(kept, int)
