"""Masks: intersection over union."""

import numpy as np


def mask_iou(pred: np.ndarray, true: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Return the intersection over union of two masks.

    Args:
      pred: bool `[H,W]`.
      true: bool `[H,W]`.
      valid: bool `[H,W]`; where it is false, nothing is known and nothing counts. None: everywhere.

    Returns:
      a value in [0, 1]; nan if both masks are empty.
    """
    pred, true = np.asarray(pred, bool), np.asarray(true, bool)
    if valid is not None:
        pred, true = pred & np.asarray(valid, bool), true & np.asarray(valid, bool)
    union = np.sum(pred | true)
    return float(np.sum(pred & true) / union) if union else float("nan")
