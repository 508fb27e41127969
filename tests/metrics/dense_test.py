"""uv and normals of files, worked out by hand."""

import math

import numpy as np
import pytest

from simpose_tf.metrics.dense import NormalScores, UvScores

FRONT, RIGHT = [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]


def test_uv_errors_count_where_the_part_is_right() -> None:
    # Four points: exact; .3 off in u; right uv, wrong part; not found.
    true = np.array([[2, 0.5, 0.5], [2, 0.2, 0.1], [4, 0.6, 0.6], [4, 0.1, 0.1]])
    pred = np.array([[2, 0.5, 0.5], [2, 0.5, 0.1], [3, 0.6, 0.8], [0, 0.0, 0.0]])
    scores = UvScores()
    scores.add(pred, true, "large")
    expected = {"uv_l2": 0.15, "uv_l2_any_part": 0.5 / 3, "part_accuracy": 0.5, "found": 0.75}
    assert scores.values() == pytest.approx(expected)
    assert scores.details()["by_part"] == {
        "torso_front": pytest.approx({"uv_l2": 0.15, "part_accuracy": 1.0}),
        "left_hand": {"part_accuracy": 0.0},
    }
    assert scores.details()["by_size"]["large"] == pytest.approx({"people": 1, **expected})


def test_sizes_are_kept_apart_and_all_is_their_mean_over_points() -> None:
    scores = UvScores()
    point = np.array([[1.0, 0.0, 0.0]])
    scores.add(point + np.array([0, 0.4, 0]), point, "small")
    scores.add(np.repeat(point + np.array([0, 0, 0.1]), 3, 0), np.repeat(point, 3, 0), "large")
    assert scores.values()["uv_l2"] == pytest.approx((0.4 + 3 * 0.1) / 4)
    by_size = scores.details()["by_size"]
    assert list(by_size) == ["small", "large"]
    assert by_size["small"]["uv_l2"] == pytest.approx(0.4)
    assert by_size["large"]["uv_l2"] == pytest.approx(0.1)
    assert (scores.people, scores.points) == (2, 4)


def test_normals_count_where_there_is_one() -> None:
    true = np.array([FRONT, FRONT, FRONT, RIGHT])
    pred = np.array([FRONT, RIGHT, [0.0, 0, 0], [1.0, 1.0, 0.0]])  # 0, 90, not found, 45 degrees
    scores = NormalScores()
    scores.add(pred, true, np.array([1, 1, 1, 0]), "medium")
    values = scores.values()
    assert values["normal_add_deg"] == pytest.approx(45.0)
    assert values["median_deg"] == pytest.approx(45.0)
    assert values["share_under_11.25_deg"] == values["share_under_30_deg"] == pytest.approx(1 / 3)
    assert values["found"] == 0.75
    assert scores.details()["by_part"] == {"torso_back": {"normal_add_deg": pytest.approx(45.0)}}
    assert scores.details()["by_size"]["medium"]["people"] == 1


def test_nobody_is_nan() -> None:
    assert all(math.isnan(value) for value in UvScores().values().values())
    assert all(math.isnan(value) for value in NormalScores().values().values())
