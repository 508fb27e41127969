"""Crops cut inside the graph: a slow loop, the crops of training, and the frames of boxes."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import geometry
from simpose_tf.data import crops
from simpose_tf.data.crops import CropConfig
from simpose_tf.inference import cutting


def cut(image: np.ndarray, window: list[float], height: int, width: int) -> np.ndarray:
    return cutting.cut_crops(tf.constant(image), tf.constant([window], tf.float64), height, width)[0].numpy()


def slow_cut(image: np.ndarray, window: list[float], height: int, width: int) -> np.ndarray:
    """Return float `[H,W,3]`: each pixel the mean of the picture under a triangle about it, 0 off the picture."""
    out = np.zeros((height, width, 3))
    weights = []
    for low, high, count, size in (
        (window[0], window[2], height, len(image)),
        (window[1], window[3], width, image.shape[1]),
    ):
        step = (high - low) / count
        middle = low + (np.arange(count) + 0.5) * step
        table = np.maximum(1 - np.abs(np.arange(size) + 0.5 - middle[:, None]) / max(step, 1), 0)
        table /= np.maximum(table.sum(1, keepdims=True), 1e-9)
        weights.append(table * ((middle >= 0) & (middle <= size))[:, None])
    for channel in range(3):
        out[..., channel] = weights[0] @ image[..., channel] @ weights[1].T
    return out


@pytest.mark.parametrize(
    "window",
    [
        [3.3, 4.1, 36.9, 21.7],  # about one to one
        [-20.0, -31.5, 55.0, 60.0],  # shrinks, over all rims
        [10.2, 12.9, 13.1, 14.4],  # enlarges
        [-90.0, -80.0, 150.0, 130.0],  # most of it off the picture
        [0.0, 0.0, 40.0, 30.0],  # the picture as it is
    ],
)
def test_crop_equals_slow_loop(window: list[float]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    got = cut(image, window, 33, 17)
    assert np.abs(got - slow_cut(image, window, 33, 17)).max() <= 0.51  # rounded to whole levels


def test_the_picture_s_own_pixels_are_its_crop() -> None:
    image = np.random.default_rng(1).integers(0, 256, (33, 17, 3)).astype(np.uint8)
    np.testing.assert_array_equal(cut(image, [0, 0, 33, 17], 33, 17), image)


def test_off_the_picture_is_black() -> None:
    image = np.full((20, 20, 3), 255, np.uint8)
    assert not cut(image, [40, 40, 80, 60], 9, 5).any()
    np.testing.assert_array_equal(cut(image, [-10, 0, 10, 10], 4, 2)[:, 0, 0], [0, 0, 255, 255])


@pytest.mark.parametrize("box", [(8.0, 10, 52, 40), (20, 20, 40, 30), (5.5, -10, 30, 20), (0, 0, 60, 50)])
def test_crops_are_those_of_training(box: tuple) -> None:
    y, x = np.mgrid[:60, :50]
    image = np.stack([127 + 120 * np.sin(x / 6), 127 + 120 * np.sin(y / 8), 2 * (x + y)], -1).astype(np.uint8)
    crop = CropConfig(65, 49, 1, 1.0)
    window = cutting.windows_of(tf.constant([box], tf.float64), 65 / 49, 1.25)[0].numpy().tolist()

    def both(picture: np.ndarray) -> list[np.ndarray]:
        record_from_crop = crops.record_from_crop(np.array(box), 1.25, crop)
        return [crops.warp_image(picture, record_from_crop, crop).astype(int), cut(picture, window, 65, 49).astype(int)]

    # But for the picture's rim, which OpenCV fades over one pixel, they differ by the rounding of fixed-point weights.
    inside = np.minimum(*both(np.full_like(image, 255))) == 255
    trained, own = both(image)
    difference = np.abs(trained - own)[inside]
    assert inside.mean() > 0.4
    assert difference.mean() < 1 and np.percentile(difference, 99) <= 4


def test_windows_equal_those_of_numpy() -> None:
    boxes = np.random.default_rng(2).uniform(-50, 50, (20, 4))
    boxes[:, 2:] = boxes[:, :2] + np.abs(boxes[:, 2:]) + 1
    got = cutting.windows_of(tf.constant(boxes), 353 / 257, 1.25)
    np.testing.assert_allclose(got, geometry.extend_box(boxes, 353 / 257, 1.25), rtol=1e-12)


def test_no_windows_give_no_crops() -> None:
    image, none = tf.zeros((5, 5, 3), tf.uint8), tf.zeros((0, 4), tf.float64)
    assert cutting.cut_crops(image, none, 9, 5).shape == (0, 9, 5, 3)
