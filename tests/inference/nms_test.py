"""NMS of boxes and of poses: cases by hand, and slow loops."""

import numpy as np
import pytest

from simpose_tf import keypoints
from simpose_tf.inference import nms
from simpose_tf.metrics.oks import oks


def slow_nms(similarity: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """Suppress by the definition: go through all by score, ties by place; keep what is like none that was kept."""
    kept: list[int] = []
    for place in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if all(similarity[other, place] <= threshold for other in kept):
            kept.append(place)
    return kept


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    common = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def random_people(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return poses near a few places, areas, and scores with ties."""
    centres = rng.uniform(0, 100, (4, 17, 2))[rng.integers(0, 4, count)]
    poses = centres + rng.normal(size=(count, 17, 2)) * rng.uniform(0, 15, (count, 1, 1))
    return poses, rng.uniform(500, 4000, count), rng.integers(0, 5, count) / 5


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_box_nms_equals_slow_loop(threshold: float) -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 30):
        corner = rng.uniform(0, 20, (count, 2))
        boxes, scores = np.concatenate([corner, corner + rng.uniform(5, 30, (count, 2))], 1), rng.integers(0, 4, count)
        similarity = np.array([[slow_iou(a, b) for b in boxes] for a in boxes])
        assert nms.box_nms(boxes, scores, threshold).numpy().tolist() == slow_nms(similarity, scores, threshold)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_oks_nms_equals_slow_loop(threshold: float) -> None:
    rng = np.random.default_rng(1)
    for count in (1, 2, 25):
        poses, areas, scores = random_people(rng, count)
        everywhere = np.full(17, keypoints.VISIBLE)
        similarity = np.array(
            [
                [oks(poses[i], poses[j], everywhere, (areas[i] + areas[j]) / 2) for j in range(count)]
                for i in range(count)
            ]
        )
        kept = nms.oks_nms(poses, areas, scores, threshold).numpy().tolist()
        assert kept == slow_nms(similarity, scores, threshold)


def test_oks_at_the_threshold_stays_and_over_it_goes() -> None:
    # All keypoints but one agree: OKS = (16 + e) / 17, where the one is so far off that e = 0.
    pose = np.zeros((17, 2), np.float32)
    other = pose.copy()
    other[0] = 1e6
    poses, areas, scores = np.stack([pose, other]), np.float32([100.0, 100]), np.array([0.5, 0.9])
    exact = nms.pose_oks(poses, areas).numpy()[0, 1]
    assert exact == pytest.approx(16 / 17)
    assert nms.oks_nms(poses, areas, scores, exact).numpy().tolist() == [1, 0]
    assert nms.oks_nms(poses, areas, scores, np.nextafter(exact, np.float32(0))).numpy().tolist() == [1]


def test_one_keypoints_oks_by_hand() -> None:
    # A nose (sigma .026) off by .052 * sqrt(area), 900 on average: exp(-1/2); the rest agrees: (16 + .6065) / 17.
    pose = np.zeros((17, 2), np.float32)
    other = pose.copy()
    other[0, 0] = 0.052 * 30
    similar = nms.pose_oks(np.stack([pose, other]), np.float32([800, 1000])).numpy()
    np.testing.assert_allclose(similar, [[1, (16 + np.exp(-0.5)) / 17], [(16 + np.exp(-0.5)) / 17, 1]], rtol=1e-6)


def test_box_over_its_third_by_hand() -> None:
    # 10 x 10 and the same 5 further: 50 / 150 in common. The chain a-b-c: b goes, and c, like b only, stays.
    boxes = np.array([[0, 0, 10, 10], [0, 5, 10, 15], [0, 10, 10, 20]], float)
    assert nms.box_nms(boxes, np.array([0.9, 0.8, 0.7]), 0.33).numpy().tolist() == [0, 2]
    assert nms.box_nms(boxes, np.array([0.9, 0.8, 0.7]), 0.34).numpy().tolist() == [0, 1, 2]
    assert nms.box_nms(boxes, np.array([0.7, 0.9, 0.8]), 0.33).numpy().tolist() == [1]


def test_the_best_stay_where_only_so_many_may() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 50, 10, 60], [0, 90, 10, 99]], float)
    assert nms.box_nms(boxes, np.array([0.7, 0.8, 0.9]), 0.6, most=2).numpy().tolist() == [2, 1]


def test_of_equal_scores_the_first_stays() -> None:
    boxes = np.tile(np.array([[0.0, 0, 10, 10]]), (4, 1))
    assert nms.box_nms(boxes, np.ones(4), 0.6).numpy().tolist() == [0]
    poses = np.zeros((3, 17, 2))
    assert nms.oks_nms(poses, np.ones(3), np.array([0.5, 0.7, 0.7]), 0.5).numpy().tolist() == [1]


def test_nobody_stays_nobody_and_empty_boxes_are_like_none() -> None:
    assert nms.box_nms(np.zeros((0, 4)), np.zeros(0), 0.6).numpy().size == 0
    assert nms.oks_nms(np.zeros((0, 17, 2)), np.zeros(0), np.zeros(0), 0.5).numpy().size == 0
    assert nms.box_nms(np.zeros((2, 4)), np.ones(2), 0.6).numpy().tolist() == [0, 1]


@pytest.mark.parametrize("bad", [(-0.1, 0.5), (0.6, 1.1)])
def test_thresholds_outside_of_0_to_1_raise(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="thresholds"):
        nms.NmsConfig(*bad)
