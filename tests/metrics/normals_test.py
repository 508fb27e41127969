"""Angles between normals, and their tally."""

import math

import numpy as np
import pytest

from simpose_tf.metrics.normals import AngleTally, angles_deg


def test_angles_preset() -> None:
    pred = np.array([[1.0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 2]])
    true = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [1, 1, 0], [0, 1, math.sqrt(3)]])
    np.testing.assert_allclose(angles_deg(pred, true), [0, 90, 180, 45, 30], atol=1e-9)


def test_small_angles_are_exact() -> None:
    tiny = 1e-9
    assert angles_deg(np.array([1, tiny, 0]), np.array([1.0, 0, 0])) == pytest.approx(math.degrees(tiny))


def test_tally_equals_numpy() -> None:
    angles = np.random.default_rng(0).uniform(0, 180, 5000)
    tally = AngleTally()
    for chunk in np.array_split(angles, 7):
        tally.add(chunk)
    assert tally.mean == pytest.approx(angles.mean())
    assert tally.median == pytest.approx(np.median(angles), abs=0.1)
    for limit in (11.25, 22.5, 30.0):
        assert tally.share_under(limit) == np.mean(angles < limit)


def test_tally_takes_both_ends() -> None:
    tally = AngleTally()
    tally.add(np.array([0.0, 180.0, 180.0]))
    assert (tally.count, tally.mean, tally.share_under(11.25)) == (3, 120.0, 1 / 3)
    assert tally.median == pytest.approx(180, abs=0.05)


def test_empty_tally_is_nan() -> None:
    assert math.isnan(AngleTally().mean)
    assert math.isnan(AngleTally().median)
