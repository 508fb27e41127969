"""OKS against pycocotools and by hand."""

import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from simpose_tf import keypoints
from simpose_tf.metrics.oks import oks


def coco_oks(pred_xy: np.ndarray, true_xy: np.ndarray, visibility: np.ndarray, area: float) -> float:
    """Ask pycocotools for the OKS of one detection and one person."""
    truth = {
        "id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": area, "bbox": [0, 0, 10, 10],
        "num_keypoints": int((visibility > 0).sum()),
        "keypoints": np.concatenate([true_xy, visibility[:, None]], 1).ravel().tolist(),
    }  # fmt: skip
    found = {"image_id": 1, "category_id": 1, "score": 0.5}
    found["keypoints"] = np.concatenate([pred_xy, np.ones((17, 1))], 1).ravel().tolist()
    coco = COCO()
    coco.dataset = {"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": [truth]}
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes([found]), "keypoints")
    evaluation._prepare()
    return float(evaluation.computeOks(1, 1)[0, 0])


@pytest.mark.parametrize("seed", range(8))
def test_oks_equals_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true_xy = rng.uniform(0, 200, (17, 2))
    pred_xy = true_xy + rng.normal(size=(17, 2)) * 10
    visibility = rng.integers(0, 3, 17)
    visibility[3] = 2
    area = float(rng.uniform(100, 20000))
    ours = oks(pred_xy, true_xy, visibility, area)
    assert ours == pytest.approx(coco_oks(pred_xy, true_xy, visibility, area), abs=1e-12)
    assert 0 < ours < 1


def test_oks_is_one_for_an_exact_match_and_ignores_unlabelled_keypoints() -> None:
    true_xy = np.arange(34.0).reshape(17, 2)
    visibility = np.full(17, 1)
    assert oks(true_xy, true_xy, visibility, 50.0) == 1.0
    far = true_xy.copy()
    far[4] += 1e6
    visibility[4] = 0
    assert oks(far, true_xy, visibility, 50.0) == 1.0


def test_one_sigma_off() -> None:
    # The nose is 2 sigma sqrt(area) = 0.052 * 100 px off: exp(-1/2); the 16 others are exact.
    true_xy = np.zeros((17, 2))
    pred_xy = true_xy.copy()
    pred_xy[0, 0] = 5.2
    assert keypoints.SIGMAS[0] == pytest.approx(0.026)
    expected = (16 + math.exp(-0.5)) / 17
    assert oks(pred_xy, true_xy, np.full(17, 2), 100.0**2) == pytest.approx(expected, abs=1e-12)


def test_oks_without_labels_is_nan() -> None:
    assert math.isnan(oks(np.zeros((17, 2)), np.zeros((17, 2)), np.zeros(17), 10.0))
