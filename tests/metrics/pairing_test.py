"""Pairs of detections and people, by hand and against a slow loop."""

import numpy as np

from simpose_tf.metrics.pairing import best_pairs


def test_the_most_similar_pair_comes_first() -> None:
    # Detection 1 is best for both people; person 1 gets it (.9), person 0 what is left (.5).
    similarity = np.array([[0.5, 0.6], [0.8, 0.9]])
    assert best_pairs(similarity).tolist() == [0, 1]


def test_people_without_a_similar_detection_get_none() -> None:
    assert best_pairs(np.array([[0.0, 0.4], [np.nan, 0.3]])).tolist() == [-1, 0]
    assert best_pairs(np.array([[0.3, 0.49]]), least=0.5).tolist() == [-1, -1]
    assert best_pairs(np.array([[0.5]]), least=0.5).tolist() == [0]
    assert best_pairs(np.zeros((0, 2))).tolist() == [-1, -1]
    assert best_pairs(np.zeros((3, 0))).tolist() == []


def test_of_equal_pairs_the_first_detection_wins() -> None:
    assert best_pairs(np.full((3, 2), 0.7)).tolist() == [0, 1]


def test_pairs_equal_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        left = rng.random((rng.integers(0, 6), rng.integers(0, 6))).round(1)
        expected, found = np.full(left.shape[1], -1), best_pairs(left, 0.2)
        while left.size and left.max() >= 0.2:
            detection, person = np.argwhere(left == left.max())[0]
            expected[person] = detection
            left[detection], left[:, person] = -1, -1
        np.testing.assert_array_equal(found, expected)
