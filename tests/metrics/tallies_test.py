"""Means by part, by hand and against a slow loop."""

import math

import numpy as np
import pytest

from simpose_tf.charts import PART_NAMES
from simpose_tf.metrics.tallies import PartTally


def test_means_preset() -> None:
    tally = PartTally()
    tally.add(np.array([1, 1, 24]), np.array([0.2, 0.4, 0.9]))
    assert tally.by_part() == pytest.approx({"torso_back": 0.3, "left_head": 0.9})
    assert tally.mean == pytest.approx(0.5)


def test_means_equal_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    parts, numbers = rng.integers(1, 25, 500), rng.random(500)
    tally = PartTally()
    for some in np.array_split(np.arange(500), 7):
        tally.add(parts[some], numbers[some])
    slow = {PART_NAMES[p]: np.mean([n for n, q in zip(numbers, parts, strict=True) if q == p]) for p in set(parts)}
    assert tally.by_part() == pytest.approx(slow)
    assert tally.mean == pytest.approx(numbers.mean())


def test_a_share_is_the_mean_of_bools_and_nothing_is_nan() -> None:
    tally = PartTally()
    assert math.isnan(tally.mean) and tally.by_part() == {}
    tally.add(np.array([3, 3, 3, 3]), np.array([True, False, False, False]))
    assert tally.mean == 0.25
