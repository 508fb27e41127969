import colorsys
import dataclasses

import numpy as np
import pytest
import tensorflow_addons as tfa

from simpose_tf.data import augmentation
from simpose_tf.data.augmentation import Variation, change_colors

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
    draws = [augmentation.draw(seed, counter, config) for counter in range(count)]
    return {name: np.array([getattr(one, name) for one in draws]) for name in Variation._fields}


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
    first = drawn(0, 5)
    np.random.default_rng(0).random(3)
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


@pytest.mark.parametrize("seed", range(4))
def test_colors_change_as_tensorflow_addons_changes_them_random(seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (9, 7, 3)).astype(np.uint8)
    variation = Variation(1.0, hue=rng.uniform(-3, 3), saturation=rng.uniform(0, 2), brightness=rng.uniform(0.5, 2))
    expected = tfa.image.adjust_hsv_in_yiq(
        image.astype(np.float32), variation.hue, variation.saturation, variation.brightness
    )
    changed = change_colors(image, variation)
    assert changed.dtype == np.uint8
    np.testing.assert_allclose(changed, np.clip(expected, 0, 255), atol=1.01)  # rounded to whole levels


def test_a_plain_crop_keeps_its_colors():
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    assert change_colors(image, Variation(1.25)) is image


def test_brightness_scales_and_clips_and_grey_stays_grey():
    image = np.array([[[50, 50, 50], [220, 220, 220]]], np.uint8)
    changed = change_colors(image, Variation(1.0, hue=1.0, saturation=1.5, brightness=1.2))
    np.testing.assert_array_equal(changed, [[[60, 60, 60], [255, 255, 255]]])


def test_hue_turns_and_saturation_pales():
    red = np.array([[[180, 60, 60]]], np.uint8)
    turned = colorsys.rgb_to_hsv(*change_colors(red, Variation(1.0, hue=0.5))[0, 0] / 255)
    assert 0.02 < min(turned[0], 1 - turned[0]) < 0.2
    # Half the chroma about the same luma: .299 * 180 + .701 * 60 = 95.88.
    pale = change_colors(red, Variation(1.0, saturation=0.5))[0, 0]
    np.testing.assert_allclose(pale, [95.88 + 42.06, 95.88 - 17.94, 95.88 - 17.94], atol=1)


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
