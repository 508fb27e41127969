"""Object keypoint similarity, as COCO defines it."""

import numpy as np

from simpose_tf import keypoints


def oks(pred_xy: np.ndarray, true_xy: np.ndarray, visibility: np.ndarray, area: float) -> float:
    """Return the OKS of one person: the mean over labelled keypoints of exp(-d^2 / (2 area k^2)), k = 2 sigma.

    Equals `pycocotools.cocoeval.COCOeval.computeOks` for a person with a labelled keypoint; the measure does not
    change with the picture's scale.

    Args:
      pred_xy: `[17, 2]` pixels.
      true_xy: `[17, 2]` pixels, same frame.
      visibility: `[17]` COCO flags; keypoints with 0 do not count.
      area: the person's area in pixels of that frame.

    Returns:
      a value in [0, 1]; nan if no keypoint is labelled.
    """
    labelled = np.asarray(visibility) > keypoints.UNLABELLED
    return float(np.mean(similarities(pred_xy, true_xy, area)[labelled])) if labelled.any() else float("nan")


def similarities(pred_xy: np.ndarray, true_xy: np.ndarray, area: float) -> np.ndarray:
    """Return what each keypoint adds to the OKS: `[17]` exp(-d^2 / (2 area k^2)). Arguments as in `oks`."""
    squared = np.sum((np.asarray(pred_xy, float) - true_xy) ** 2, axis=-1)
    variance = (2 * keypoints.SIGMAS) ** 2 * (area + np.spacing(1))
    return np.exp(-squared / (2 * variance))
