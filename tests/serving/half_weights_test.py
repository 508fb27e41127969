"""Weights of 16 bits: half the file, nearly the same answers."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from simpose_tf.model.network import Network
from simpose_tf.serving import half_weights
from tests.batches import CROP, random_batch
from tests.replica_steps import BACKBONE

SPEC = tf.TensorSpec((None, 3), tf.float32)


def test_kernels_are_rounded_to_16_bits_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    kernel, bias = tf.Variable(rng.normal(size=(3, 200)).astype(np.float32)), tf.Variable(rng.normal(size=200))
    bias = tf.cast(bias, tf.float32)
    halved = half_weights.halve(lambda x: {"sum": x @ kernel + bias, "again": x}, SPEC)
    x = rng.normal(size=(5, 3)).astype(np.float32)
    answer = halved(tf.constant(x))
    rounded = kernel.numpy().astype(np.float16).astype(np.float32)
    np.testing.assert_allclose(answer["sum"], x @ rounded + bias.numpy(), rtol=1e-5, atol=1e-6)
    assert np.abs(answer["sum"] - (x @ kernel.numpy() + bias.numpy())).max() > 1e-5
    np.testing.assert_array_equal(answer["again"], x)
    assert set(answer) == {"sum", "again"}


def test_a_network_is_half_as_large_and_answers_alike(tmp_path: Path) -> None:
    tf.keras.utils.set_random_seed(1)
    network = Network(BACKBONE, CROP)
    images = random_batch(np.random.default_rng(0), 4)["image"]
    network(images, training=True)
    spec = tf.TensorSpec((None, CROP.height, CROP.width, 3), tf.float32)

    def maps(crops: tf.Tensor) -> dict[str, tf.Tensor]:
        return network(crops, training=False, label_stride=1)

    whole, module = tf.Module(), tf.Module()
    whole.network, whole.maps = network, tf.function(maps, input_signature=[spec])
    module.maps = half_weights.halve(maps, spec)
    sizes = []
    for name, served in (("whole", whole), ("half", module)):
        tf.saved_model.save(served, str(tmp_path / name), signatures={"maps": served.maps})
        sizes.append(sum(f.stat().st_size for f in (tmp_path / name / "variables").iterdir()))
    weights = sum(4 * int(tf.size(v)) for v in network.variables)
    halved = sum(f.stat().st_size for f in (tmp_path / "half").rglob("*") if f.is_file())
    whole_size = sum(f.stat().st_size for f in (tmp_path / "whole").rglob("*") if f.is_file())
    assert whole_size - halved > 0.35 * weights, (whole_size, halved, weights)
    got = tf.saved_model.load(str(tmp_path / "half")).signatures["maps"](images)
    for name, expected in maps(images).items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got[name], expected, atol=5e-3 * scale, err_msg=name)
        assert np.abs(got[name] - expected).max() > 0, name
