import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import augmentation

CONFIG = augmentation.AugmentationConfig(
    min_enlargement=1.0,
    max_enlargement=1.5,
    max_rotation_deg=30.0,
    flip_probability=0.3,
    hue_jitter=0.4,
    saturation_jitter=0.5,
    brightness_jitter=0.25,
    test_enlargement=1.25,
)


def drawn(seed, count, config=CONFIG):
    dataset = tf.data.Dataset.range(count).map(lambda counter: augmentation.draw(seed, counter, config)).batch(count)
    return next(dataset.as_numpy_iterator())


def test_draws_fill_their_ranges():
    draws = drawn(0, 2000)
    ranges = {
        "enlargement": (1, 1.5),
        "angle_deg": (-30, 30),
        "hue": (-0.4, 0.4),
        "saturation": (1 / 1.5, 1.5),
        "brightness": (0.8, 1.25),
    }
    for name, (low, high) in ranges.items():
        near = 0.02 * (high - low)
        assert low <= draws[name].min() < low + near and high - near < draws[name].max() <= high, name
    assert draws["enlargement"].mean() == pytest.approx(1.25, abs=0.02)
    assert draws["flip"].mean() == pytest.approx(0.3, abs=0.05)


def test_a_draw_depends_on_seed_and_counter_alone():
    tf.random.set_seed(1)
    first = drawn(0, 5)
    tf.random.set_seed(2)
    again, other = drawn(0, 5), drawn(1, 5)
    assert len(set(first["hue"])) == 5
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert not set(first["hue"]) & set(other["hue"])


def test_draws_of_one_crop_are_independent():
    draws = drawn(3, 2000)
    correlations = np.corrcoef(np.stack(list(draws.values())).astype(float))
    assert np.abs(correlations - np.eye(6)).max() < 0.1


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_flip_probability_of_zero_and_one_is_never_and_always(probability):
    flips = drawn(0, 200, dataclasses.replace(CONFIG, flip_probability=probability))["flip"]
    assert (flips == probability).all()


@pytest.mark.parametrize(
    "change",
    [
        {"min_enlargement": 2.0},
        {"min_enlargement": 0.0},
        {"flip_probability": 1.1},
        {"hue_jitter": -0.1},
        {"max_rotation_deg": -1.0},
        {"max_rotation_deg": 181.0},
        {"test_enlargement": 0},
    ],
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match="must"):
        dataclasses.replace(CONFIG, **change)
