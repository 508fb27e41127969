"""The best constant predictor on training crops whose best answer is known."""

import numpy as np
import pytest

from simpose_tf.metrics import constant
from simpose_tf.metrics.crops import CropLabels, Scores
from simpose_tf.metrics.masks import mask_iou


def person(
    mask: np.ndarray, x: float = 1.0, visible: int = 2, normal: tuple | None = (0, 0, -1), part: int = 2
) -> CropLabels:
    dense = normal is not None
    inside = mask[..., None]
    return CropLabels(
        keypoints_xy=np.full((17, 2), x),
        visibility=np.full(17, visible),
        area=float(mask.sum()),
        mask=mask,
        valid=np.ones(mask.shape, bool),
        part=mask * part if dense else None,
        uv=np.where(inside, 0.5, 0.0).repeat(2, -1) if dense else None,
        normal=np.where(inside, normal, 0.0) if dense else None,
    )


def fit(people: list[CropLabels]) -> constant.ConstantPredictor:
    tally = constant.Fit()
    for someone in people:
        tally.add(someone)
    return tally.predictor()


def test_keypoints_are_the_mean_of_the_labelled_ones() -> None:
    mask = np.ones((4, 6), bool)
    fitted = fit([person(mask, 1.0), person(mask, 4.0), person(mask, 100.0, visible=0)])
    np.testing.assert_allclose(fitted.keypoints_xy, 2.5)
    assert fitted.people == 3


def test_keypoints_that_nobody_has_are_put_in_the_middle() -> None:
    fitted = fit([person(np.ones((4, 6), bool), visible=0)])
    np.testing.assert_allclose(fitted.keypoints_xy, np.tile([3.0, 2.0], (17, 1)))


def test_normal_is_the_mean_direction_over_all_pixels() -> None:
    one, three = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    one[0, 0], three[1] = True, True
    fitted = fit([person(one, normal=(1, 0, 0)), person(three, normal=(0, 0, -1)), person(one, normal=None)])
    np.testing.assert_allclose(fitted.normal, np.array([1, 0, -3]) / np.sqrt(10))


def test_part_is_the_most_frequent_one() -> None:
    small, large = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    small[0] = True
    assert fit([person(small, part=7), person(small, part=7), person(large, part=9)]).part == 9


def test_mask_has_the_best_mean_iou_of_all_thresholds() -> None:
    rng = np.random.default_rng(0)
    rows = np.arange(20)[:, None]
    masks = [np.broadcast_to((rows > a) & (rows < b), (20, 5)) for a, b in rng.integers([0, 11], [9, 20], (30, 2))]
    fitted = fit([person(m) for m in masks])
    mean = np.mean(masks, axis=0)
    scores = [np.mean([mask_iou(mean >= t, m) for m in masks]) for t in np.arange(1, 20) * 0.05]
    assert np.mean([mask_iou(fitted.mask, m) for m in masks]) == pytest.approx(max(scores))
    np.testing.assert_array_equal(fitted.mask, mean >= fitted.threshold)


def test_nobody_raises() -> None:
    with pytest.raises(ValueError, match="at least one training crop"):
        fit([])


def test_prediction_scores_as_it_should_on_its_own_training_crop() -> None:
    truth = person(np.ones((5, 4), bool))
    scores = Scores()
    scores.add(fit([truth]).predict(), truth)
    assert scores.values() == pytest.approx(
        {"uv_l2": 0, "normal_add_deg": 0, "mask_iou": 1, "keypoint_oks": 1, "part_accuracy": 1}
    )
