"""Facts about `simpose_tf.detection.stride8_extractor` and the start from ImageNet."""

import numpy as np
import pytest
import tensorflow as tf
from object_detection.models.keras_models import resnet_v1

from simpose_tf.detection import backbones
from simpose_tf.detection.stride8_extractor import Stride8Extractor, dilated_resnet101
from simpose_tf.errors import InputError

pytestmark = pytest.mark.slow  # ResNet-101 three times

OPTIONS = {"batchnorm_training": False, "weights": None, "include_top": False, "classes": None}


@pytest.fixture(scope="module")
def dilated():
    return dilated_resnet101(**OPTIONS)


def test_weights_have_the_names_and_shapes_of_the_undilated_network(dilated):
    plain = resnet_v1.resnet_v1_101(**OPTIONS)
    assert [(v.name, v.shape) for v in dilated.variables] == [(v.name, v.shape) for v in plain.variables]


def test_features_have_stride_8_and_1024_channels_and_lie_where_the_undilated_ones_do(dilated):
    features = tf.keras.Model(dilated.inputs, dilated.get_layer("conv4_block23_out").output)
    picture = np.zeros((1, 160, 256, 3), np.float32)
    assert features(picture).shape == (1, 20, 32, 1024)
    # Whichever feature is asked for, the pixels that it feels most lie around its place: 8 pixels a cell.
    for y, x in ((5, 9), (12, 20)):
        pixels = tf.Variable(np.random.default_rng(0).normal(size=picture.shape).astype(np.float32))
        with tf.GradientTape() as tape:
            asked = tf.reduce_sum(features(pixels)[0, y, x])
        felt = np.abs(tape.gradient(asked, pixels).numpy()[0]).sum(-1)
        rows, columns = np.indices(felt.shape)
        centre = [float((felt * place).sum() / felt.sum()) for place in (rows, columns)]
        np.testing.assert_allclose(centre, [8 * y + 4, 8 * x + 4], atol=16)


def test_another_stride_is_refused():
    with pytest.raises(ValueError, match="first_stage_features_stride is 16, not 8"):
        Stride8Extractor(True, 16)


def test_keras_weights_give_the_features_of_keras_network(dilated, tmp_path):
    tf.keras.utils.set_random_seed(0)
    keras = tf.keras.applications.ResNet101(weights=None, include_top=False)
    rng = np.random.default_rng(0)
    for layer in keras.layers:  # biases and statistics that are not 0 and 1
        if layer.weights and not isinstance(layer, tf.keras.layers.Conv2D):
            layer.set_weights([w + 0.1 * rng.uniform(size=w.shape) for w in layer.get_weights()])
        elif layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, bias + 0.1 * rng.normal(size=bias.shape)])
    path = tmp_path / "resnet101.h5"
    keras.save_weights(path)
    backbones._load_keras(dilated, str(path))
    picture = rng.normal(0, 50, (1, 64, 96, 3)).astype(np.float32)
    require_equal(keras, dilated, None, "conv1_relu", picture[..., ::-1], picture)  # Keras reads BGR
    # The API's first pooling lies a pixel beside Keras'. From there up to where the one strides and the other dilates:
    pooled = np.abs(rng.normal(size=(1, 16, 24, 64))).astype(np.float32)
    require_equal(keras, dilated, "pool1_pool", "conv3_block4_out", pooled, pooled)


def require_equal(one, other, start, end, of_one, of_other):
    def part(network):
        return tf.keras.Model(
            network.get_layer(start).output if start else network.inputs, network.get_layer(end).output
        )

    true = part(one)(of_one).numpy()
    np.testing.assert_allclose(part(other)(of_other), true, atol=2e-3 * np.abs(true).max())


def test_a_file_of_other_weights_is_told(dilated, tmp_path):
    path = tmp_path / "other.h5"
    tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,))]).save_weights(path)

    class Model:
        _feature_extractor = type("Extractor", (), {"classification_backbone": dilated})()

    with pytest.raises(InputError, match=r"--backbone_checkpoint: .* holds no weights of this network"):
        backbones.load_backbone(Model(), str(path))
