"""Facts about `simpose_tf.model.network`."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.model.network import HEADS, Network, normalize
from tests.batches import CROP
from tests.model.backbone_test import SMALL


@pytest.fixture(scope="module")
def network():
    tf.keras.utils.set_random_seed(0)
    return Network(SMALL, CROP)


@pytest.fixture(scope="module")
def images():
    return tf.constant(np.random.default_rng(0).integers(0, 256, (2, CROP.height, CROP.width, 3)), tf.uint8)


def test_maps_have_the_shapes_of_the_contract(network, images):
    shapes = {name: tuple(value.shape) for name, value in network(images).items()}
    assert shapes == {
        "heatmap": (2, 17, 9, 17),
        "offset": (2, 17, 9, 17, 2),
        "mask": (2, 17, 9),
        "part": (2, 17, 9, 24),
        "uv": (2, 17, 9, 24, 2),
        "normal": (2, 17, 9, 3),
    }


def test_coarser_labels_are_the_finer_ones_at_their_pixels(network, images):
    coarse, fine = network(images), network(images, label_stride=1)
    for name in HEADS:
        np.testing.assert_allclose(coarse[name], fine[name][:, ::4, ::4], atol=1e-4, err_msg=name)


def test_every_head_is_one_convolution_with_a_bias_of_its_own(network, images):
    before = network(images)
    for name, head in network.heads.items():
        head.bias.assign_add(tf.ones_like(head.bias))
        change = {other: float(tf.reduce_max(tf.abs(v - before[other]))) for other, v in network(images).items()}
        head.bias.assign_sub(tf.ones_like(head.bias))
        unit = CROP.radius if name == "offset" else 1.0  # offsets are learnt in radii, given in pixels
        assert change == pytest.approx({other: unit * (other == name) for other in HEADS}, abs=1e-4)


def test_integer_and_float_pictures_give_the_same(network, images):
    for a, b in zip(network(images).values(), network(tf.cast(images, tf.float32)).values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_normalize_preset():
    np.testing.assert_allclose(
        normalize(tf.constant([[123.675, 116.28 + 57.12, 103.53 - 57.375]])), [[0, 1, -1]], atol=1e-5
    )


def test_training_moves_the_moving_averages_and_inference_does_not(network, images):
    def moving():
        return [w.numpy() for w in network.non_trainable_weights]

    before = moving()
    network(images)
    assert all(np.array_equal(a, b) for a, b in zip(before, moving(), strict=True))
    network(images, training=True)
    assert not all(np.array_equal(a, b) for a, b in zip(before, moving(), strict=True))
