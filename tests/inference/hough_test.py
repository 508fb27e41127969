"""Hough voting against a slow loop, and the peaks that it gives."""

import math

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.inference import hough


def slow_votes(probability: np.ndarray, offset: np.ndarray, radius: float) -> np.ndarray:
    """Sum the formula of G-RMI as it stands: for every target pixel over every voting pixel."""
    batch, height, width, count = probability.shape
    votes = np.zeros(probability.shape)
    for b, i, j, k in np.ndindex(batch, height, width, count):
        x, y = j + 0.5 + offset[b, i, j, k, 0], i + 0.5 + offset[b, i, j, k, 1]
        for row, column in np.ndindex(height, width):
            kernel = max(0.0, 1 - abs(x - column - 0.5)) * max(0.0, 1 - abs(y - row - 0.5))
            votes[b, row, column, k] += probability[b, i, j, k] * kernel
    return votes / (math.pi * radius**2)


def perfect_maps(points: np.ndarray, height: int, width: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability `[1,H,W,K]` and offset of disks about `points` `[K, 2]`."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    offset = points - np.stack([x, y], -1)[:, :, None]
    inside = np.linalg.norm(offset, axis=-1) < radius
    return inside[None].astype(np.float32), (offset * inside[..., None])[None].astype(np.float32)


@pytest.mark.parametrize("spread", [0.7, 4.0, 1e12])
def test_votes_equal_slow_loop(spread: float) -> None:
    rng = np.random.default_rng(0)
    probability = rng.random((2, 7, 5, 3), np.float32)
    offset = (spread * rng.normal(size=(2, 7, 5, 3, 2))).astype(np.float32)
    votes = hough.hough_votes(tf.constant(probability), tf.constant(offset), 2.5)
    np.testing.assert_allclose(votes, slow_votes(probability, offset, 2.5), rtol=1e-5, atol=1e-7)


def test_pixels_under_the_least_share_of_their_maps_maximum_do_not_vote() -> None:
    rng = np.random.default_rng(1)
    # Maps of very different height: the limit is each map's own.
    probability = (rng.random((2, 7, 5, 3)) * np.array([1, 1e-3, 0])).astype(np.float32)
    offset = rng.normal(size=(2, 7, 5, 3, 2)).astype(np.float32)
    votes = hough.hough_votes(tf.constant(probability), tf.constant(offset), 2.5, least_share=0.3)
    voters = probability > 0.3 * probability.max((1, 2), keepdims=True)
    assert 0 < voters[..., 1].mean() < 1 and not voters[..., 2].any()
    np.testing.assert_allclose(votes, slow_votes(probability * voters, offset, 2.5), rtol=1e-5, atol=1e-8)


def test_votes_at_the_rim_are_kept_and_those_beyond_are_lost() -> None:
    # One pixel of 1 x 1: a vote d pixels off keeps the share 1 - d of itself along that axis, 0 from d = 1 on.
    for dx, dy, kept in ((0.25, 0.0, 0.75), (-0.25, -0.5, 0.375), (1.0, 0.0, 0.0), (0.0, -1.5, 0.0)):
        votes = hough.hough_votes(tf.ones((1, 1, 1, 1)), tf.constant([[[[[dx, dy]]]]]), 1 / math.sqrt(math.pi))
        assert float(votes[0, 0, 0, 0]) == pytest.approx(kept, abs=1e-6)


def test_one_vote_is_shared_by_four_pixels() -> None:
    probability, offset = np.zeros((1, 4, 4, 1), np.float32), np.zeros((1, 4, 4, 1, 2), np.float32)
    probability[0, 1, 1, 0], offset[0, 1, 1, 0] = 1.0, (0.25, 0.5)
    votes = hough.hough_votes(tf.constant(probability), tf.constant(offset), 1 / math.sqrt(math.pi)).numpy()
    expected = np.zeros((4, 4))
    expected[1, 1], expected[1, 2], expected[2, 1], expected[2, 2] = 0.375, 0.125, 0.375, 0.125
    np.testing.assert_allclose(votes[0, :, :, 0], expected, atol=1e-7)


def test_perfect_maps_give_exact_keypoints() -> None:
    points = np.array([[20.5, 30.5], [12.3, 40.9], [28.74, 15.26]])
    probability, offset = perfect_maps(points, 61, 45, 8.0)
    found = hough.peaks(hough.hough_votes(tf.constant(probability), tf.constant(offset), 8.0)).numpy()
    np.testing.assert_allclose(found[0, :, :2], points, atol=1e-4)
    # The first lies on a pixel's centre: all votes on one pixel, and 193 lattice points are nearer than 8.
    assert found[0, 0, 2] == pytest.approx(193 / (math.pi * 64), rel=1e-5)


def test_peak_at_corner_stays_in_the_crop() -> None:
    votes = np.zeros((1, 5, 4, 2), np.float32)
    votes[0, 0, 0, 0], votes[0, 4, 3, 1] = 0.5, 0.25
    np.testing.assert_allclose(hough.peaks(tf.constant(votes))[0], [[0.5, 0.5, 0.5], [3.5, 4.5, 0.25]])


def test_empty_map_has_score_zero_and_a_finite_place() -> None:
    found = hough.peaks(tf.zeros((1, 5, 4, 1))).numpy()
    assert np.isfinite(found).all()
    assert found[0, 0, 2] == 0
