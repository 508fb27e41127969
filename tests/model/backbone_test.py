"""Facts about `simpose_tf.model.backbone`."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.model.backbone import BackboneConfig, build_backbone

PAPER = BackboneConfig(101, 8, True, 1.0, 0, 0.997, 1e-5, "batch")
SMALL = BackboneConfig(18, 8, False, 0.125, 0, 0.9, 1e-3, "batch")
TOP_DOWN = dataclasses.replace(SMALL, top_down_channels=16)


def test_paper_backbone_has_a_45x33_grid_for_353x257_crops():
    backbone = build_backbone(PAPER, 353, 257)
    assert backbone.output_shape == (None, 45, 33, 2048)
    assert 42_000_000 < backbone.count_params() < 43_500_000  # ResNet-101 without its classifier


def test_official_checkpoint_fills_the_backbone(tmp_path):
    first, second = (build_backbone(SMALL, 33, 25).get_layer("official") for _ in range(2))
    path = tf.train.Checkpoint(backbone=first).save(str(tmp_path / "ckpt"))
    tf.train.Checkpoint(backbone=second).restore(path).expect_partial().assert_existing_objects_matched()
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("config", [SMALL, TOP_DOWN, dataclasses.replace(SMALL, output_stride=16)])
def test_grid_has_a_cell_at_every_stride(config):
    height, width = (129 - 1) // config.output_stride + 1, (97 - 1) // config.output_stride + 1
    assert build_backbone(config, 129, 97).output_shape[1:3] == (height, width)


@pytest.mark.parametrize("config", [SMALL, TOP_DOWN])
def test_cells_are_centred_on_their_pixels(config):
    # With symmetric kernels the features of a turned crop are the turned features, but only on a centred grid.
    backbone = build_backbone(config, 129, 97)
    for weight in backbone.trainable_weights:
        if weight.shape.rank == 4:
            weight.assign((weight + tf.reverse(weight, [0, 1])) / 2)
    image = tf.constant(np.random.default_rng(0).normal(size=(1, 129, 97, 3)), tf.float32)
    straight, turned = backbone(image), backbone(tf.reverse(image, [1, 2]))
    np.testing.assert_allclose(turned, tf.reverse(straight, [1, 2]), atol=1e-4)


def test_strides_that_would_not_fit_are_refused():
    with pytest.raises(ValueError, match="130x97 is not 8"):
        build_backbone(SMALL, 130, 97)
    with pytest.raises(ValueError, match=r"33x25 is not 32"):
        build_backbone(TOP_DOWN, 33, 25)
    with pytest.raises(ValueError, match="output_stride is 4"):
        dataclasses.replace(SMALL, output_stride=4)
    with pytest.raises(ValueError, match="dilated"):
        dataclasses.replace(SMALL, dilated=True)
