"""Mask IoU by hand and against pycocotools."""

import math

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from simpose_tf.metrics.masks import mask_iou


def test_mask_iou_preset() -> None:
    pred, true = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    pred[:2], true[1:3] = True, True  # 8 and 8 pixels, 4 in common: 4 / 12
    assert mask_iou(pred, true) == pytest.approx(1 / 3)


def test_mask_iou_counts_valid_pixels_only() -> None:
    pred, true, valid = np.ones((2, 4), bool), np.ones((2, 4), bool), np.ones((2, 4), bool)
    pred[0], valid[0, :2] = False, False  # 2 of the 6 valid pixels are missed
    assert mask_iou(pred, true, valid) == pytest.approx(4 / 6)


def test_two_empty_masks_have_no_iou() -> None:
    assert math.isnan(mask_iou(np.zeros((3, 3), bool), np.zeros((3, 3), bool)))
    assert mask_iou(np.zeros((3, 3), bool), np.ones((3, 3), bool)) == 0


def test_mask_iou_equals_pycocotools() -> None:
    rng = np.random.default_rng(0)
    pred, true = rng.random((2, 30, 20)) < 0.4
    encoded = [coco_mask.encode(np.asfortranarray(m.astype(np.uint8))) for m in (pred, true)]
    assert mask_iou(pred, true) == pytest.approx(float(coco_mask.iou(encoded[:1], encoded[1:], [0])[0, 0]))
