"""Table 2's scores of crops, worked out by hand."""

import dataclasses
import math

import numpy as np
import pytest

from simpose_tf.metrics.crops import CropLabels, CropPrediction, Scores
from simpose_tf.metrics.oks import oks

FRONT = np.array([0.0, 0.0, -1.0])


def two_pixel_person() -> CropLabels:
    """Return a 1 x 4 crop: two pixels of the person (parts 2 and 4), two of the wall."""
    return CropLabels(
        keypoints_xy=np.full((17, 2), 2.0),
        visibility=np.full(17, 2),
        area=2.0,
        mask=np.array([[True, True, False, False]]),
        valid=np.ones((1, 4), bool),
        part=np.array([[2, 4, 0, 0]]),
        uv=np.array([[[0.5, 0.5], [0.2, 0.1], [0, 0], [0, 0]]]),
        normal=np.stack([FRONT, FRONT, FRONT * 0, FRONT * 0])[None],
    )


def guess() -> CropPrediction:
    return CropPrediction(
        keypoints_xy=np.full((17, 2), 2.0),
        mask=np.array([[True, True, True, False]]),
        part=np.array([[2, 3, 1, 1]]),
        uv_of_true_part=np.array([[[0.5, 0.5], [0.2, 0.9], [1, 1], [1, 1]]]),
        normal=np.stack([FRONT, [1, 0, 0], FRONT, FRONT])[None],
    )


def test_scores_preset() -> None:
    scores = Scores()
    scores.add(guess(), two_pixel_person())
    assert scores.values() == pytest.approx(
        {"uv_l2": 0.4, "normal_add_deg": 45.0, "mask_iou": 2 / 3, "keypoint_oks": 1.0, "part_accuracy": 0.5}
    )
    assert scores.details()["uv_l2_by_part"] == pytest.approx({"torso_front": 0.0, "left_hand": 0.8})
    assert scores.details()["normals"]["share_under_30_deg"] == 0.5


def test_pixels_where_nothing_is_known_do_not_count() -> None:
    true = dataclasses.replace(two_pixel_person(), valid=np.array([[True, False, False, True]]))
    scores = Scores()
    scores.add(guess(), true)
    assert scores.values() == pytest.approx(
        {"uv_l2": 0.0, "normal_add_deg": 0.0, "mask_iou": 1.0, "keypoint_oks": 1.0, "part_accuracy": 1.0}
    )


def test_photographs_have_no_dense_scores() -> None:
    photo = dataclasses.replace(two_pixel_person(), part=None, uv=None, normal=None)
    scores = Scores()
    scores.add(guess(), photo)
    values = scores.values()
    assert [name for name, value in values.items() if math.isnan(value)] == [
        "uv_l2", "normal_add_deg", "part_accuracy"
    ]  # fmt: skip
    assert scores.details() == {}


def test_masks_and_keypoints_are_averaged_over_people_and_pixels_over_pixels() -> None:
    bad_keypoints = dataclasses.replace(guess(), keypoints_xy=np.full((17, 2), 3.0))
    wide = two_pixel_person()
    one_pixel = dataclasses.replace(wide, part=np.array([[0, 4, 0, 0]]), mask=np.array([[False, True, False, False]]))
    scores = Scores()
    scores.add(guess(), wide)
    scores.add(bad_keypoints, one_pixel)
    similarity = oks(bad_keypoints.keypoints_xy, wide.keypoints_xy, wide.visibility, 2.0)
    assert scores.mask_iou == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert scores.mean_oks == pytest.approx((1 + similarity) / 2)
    assert scores.uv_l2 == pytest.approx((0.0 + 0.8 + 0.8) / 3)
    assert scores.people == 2
