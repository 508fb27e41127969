"""Facts about `simpose_tf.data.variation`."""

import colorsys

import numpy as np
import pytest
import tensorflow_addons as tfa

from simpose_tf.data.variation import Variation, change_colors


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
