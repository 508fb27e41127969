"""Confidences and the scores made of them, by hand and against a slow loop."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.inference import decode, scores
from simpose_tf.inference.scores import CONFIDENCES, G_RMI, ScoreConfig
from tests.inference.decode_test import random_maps

ALL = ScoreConfig(keypoints=1.0, mask=2.0, part=0.5, uv=0.25, normal=1.0, box=0.0)


def slow_confidences(maps: dict[str, np.ndarray], decoded: dict[str, tf.Tensor], place: int) -> list[float]:
    """Return the confidences of one crop, pixel by pixel."""
    rows: list[list[float]] = []
    for i, j in np.argwhere(decoded["mask"][place].numpy() >= 0.5):
        logits = maps["part"][place, i, j].astype(float)
        u, v = decoded["uv"][place, i, j].numpy()
        rows.append(
            [
                float(decoded["mask"][place, i, j]),
                1 / np.exp(logits - logits.max()).sum(),
                math.hypot(u - 0.5, v - 0.5) / 0.3825978,
                min(np.linalg.norm(maps["normal"][place, i, j]), 1),
            ]
        )
    return [float(np.mean(decoded["keypoints"][place, :, 2])), *np.minimum(np.mean(rows, 0), 1)]


def test_confidences_equal_slow_loop() -> None:
    maps = random_maps(0)
    decoded = decode.decode_maps(maps, 3.0)
    for place in range(2):
        np.testing.assert_allclose(decoded["confidence"][place], slow_confidences(maps, decoded, place), rtol=1e-5)


def test_uv_that_fill_a_chart_are_sure_and_those_in_the_middle_are_not() -> None:
    # 200 x 200 places of the unit square: their mean distance from the middle is the unit of this confidence.
    grid = (np.stack(np.meshgrid(np.arange(200), np.arange(200)), -1) + 0.5) / 200
    maps = {"part": tf.zeros((1, 200, 200, 24)), "normal": tf.zeros((1, 200, 200, 3))}
    mask = tf.ones((1, 200, 200))
    for uv, expected in ((grid, 1.0), (0.5 + 0.1 * (grid - 0.5), 0.1), (np.full_like(grid, 0.5), 0.0)):
        values = scores.confidences(maps, tf.zeros((1, 17)), mask, tf.constant(uv[None], tf.float32))
        assert float(values[0, 3]) == pytest.approx(expected, abs=1e-4)


def test_empty_mask_gives_no_dense_confidence() -> None:
    maps = random_maps(1) | {"mask": np.full((2, 9, 7), -9, np.float32)}
    decoded = decode.decode_maps(maps, 3.0, ALL)
    np.testing.assert_array_equal(decoded["confidence"][:, 1:], 0)
    np.testing.assert_array_equal(decoded["score"], 0)


def test_grmi_score_is_the_mean_of_the_keypoints_scores_to_the_last_bit() -> None:
    decoded = decode.decode_maps(random_maps(2), 3.0, G_RMI)
    np.testing.assert_array_equal(decoded["score"], tf.reduce_mean(decoded["keypoints"][..., 2], -1))


def test_score_is_the_weighted_geometric_mean() -> None:
    values = np.array([[0.25, 0.5, 1, 0.81, 0.6]], np.float32)
    config = ScoreConfig(keypoints=1.0, mask=2.0, part=3.0, uv=0.0, normal=0.0, box=5.0)
    # (.25 * .5^2 * 1^3)^(1/6) = .0625^(1/6) = 2^(-4/6)
    assert float(scores.combine(tf.constant(values), config)[0]) == pytest.approx(2 ** (-4 / 6))


def test_box_is_weighed_in() -> None:
    config = ScoreConfig(keypoints=1.0, mask=0.0, part=0.0, uv=0.0, normal=0.0, box=3.0)
    # (.5 * .25^3)^(1/4) = 2^(-7/4)
    assert float(scores.with_box(0.5, 0.25, config)) == pytest.approx(2 ** (-7 / 4))
    assert scores.with_box(0.5, 0.25, G_RMI) == 0.5


@pytest.mark.parametrize("name", CONFIDENCES)
def test_a_zero_weight_leaves_a_confidence_out(name: str) -> None:
    values = np.random.default_rng(3).random((4, 5)).astype(np.float32)
    without = dataclasses.replace(ALL, **{name: 0.0})
    other = values.copy()
    other[:, CONFIDENCES.index(name)] = 0
    np.testing.assert_array_equal(
        scores.combine(tf.constant(values), without), scores.combine(tf.constant(other), without)
    )
    assert (scores.combine(tf.constant(other), ALL).numpy() == 0).all()


@pytest.mark.parametrize("weights", [{"keypoints": 0.0, "box": 1.0}, {"mask": -1.0}, {"mask": math.nan}])
def test_weights_without_a_score_raise(weights: dict) -> None:
    with pytest.raises(ValueError, match="weights"):
        dataclasses.replace(G_RMI, **weights)
