"""The One Euro filter: still points get steady, fast ones do not lag."""

import math

import numpy as np
import pytest

from simpose_tf.inference.smoothing import OneEuro

RATE, SIZE = 30.0, 200.0


def filtered(points: np.ndarray, seconds: float) -> np.ndarray:
    """Return points `[T,N,2]` through the filter, frame by frame."""
    smooth = OneEuro(seconds)
    return np.array([smooth(place / RATE, frame, SIZE) for place, frame in enumerate(points)])


def test_equals_the_published_formulas_as_a_slow_loop() -> None:
    track = np.cumsum(np.random.default_rng(0).normal(0, 3, (40, 1, 2)), axis=0)
    min_cutoff, value, speed = 1 / (2 * math.pi * 0.2), track[0, 0], np.zeros(2)
    expected = [value]
    for point in track[1:, 0]:
        te = 1 / RATE
        alpha = 1 / (1 + (1 / (2 * math.pi * 1.0)) / te)
        speed = alpha * (point - value) / te + (1 - alpha) * speed
        cutoff = min_cutoff + 6.0 * math.hypot(*speed) / SIZE
        alpha = 1 / (1 + (1 / (2 * math.pi * cutoff)) / te)
        value = alpha * point + (1 - alpha) * value
        expected.append(value)
    np.testing.assert_allclose(filtered(track, 0.2)[:, 0], expected, atol=1e-9)


@pytest.mark.parametrize(("seconds", "most"), [(0.1, 0.3), (0.3, 0.2), (1.0, 0.15)])
def test_who_stands_still_does_not_tremble(seconds: float, most: float) -> None:
    # Noise of 2 pixels: from frame to frame points jump by 2.26 (the mean of |difference of two normals|).
    noise = np.random.default_rng(1).normal(0, 2, (400, 17, 2))
    jumps = np.abs(np.diff(filtered(noise, seconds)[60:], axis=0)).mean()
    assert jumps < most * np.abs(np.diff(noise, axis=0)).mean()


@pytest.mark.parametrize("sizes_a_second", [1.0, 2.0, 4.0])
def test_who_moves_fast_lags_less_than_a_frame(sizes_a_second: float) -> None:
    x = sizes_a_second * SIZE * np.arange(90) / RATE
    track = np.stack([x, 0 * x], -1)[:, None] + np.random.default_rng(2).normal(0, 2, (90, 1, 2))
    behind = (x - filtered(track, 0.3)[:, 0, 0])[45:].mean()
    # The low-pass with the fixed time constant of .3 s would be nine frames behind.
    assert behind < sizes_a_second * SIZE / RATE


def test_points_of_a_person_do_not_mix() -> None:
    tracks = np.random.default_rng(3).normal(0, 5, (30, 2, 2))
    both = filtered(tracks, 0.3)
    for place in range(2):
        np.testing.assert_allclose(both[:, place], filtered(tracks[:, place : place + 1], 0.3)[:, 0], atol=1e-12)


def test_larger_people_in_larger_pictures_are_filtered_alike() -> None:
    track = np.random.default_rng(4).normal(0, 5, (30, 3, 2))
    one, ten = OneEuro(0.3), OneEuro(0.3)
    for place, frame in enumerate(track):
        np.testing.assert_allclose(ten(place / RATE, 10 * frame, 10 * SIZE), 10 * one(place / RATE, frame, SIZE))


def test_time_that_stands_still_starts_anew() -> None:
    smooth = OneEuro(0.3)
    smooth(1.0, np.zeros((1, 2)), SIZE)
    np.testing.assert_array_equal(smooth(1.0, np.full((1, 2), 9.0), SIZE), [[9, 9]])


def test_no_time_constant_raises() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        OneEuro(0.0)
