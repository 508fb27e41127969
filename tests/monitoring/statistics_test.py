"""Facts about `simpose_tf.monitoring.statistics`."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.model import normalization
from simpose_tf.monitoring import statistics
from simpose_tf.monitoring.statistics import CropMoments
from tests.batches import CROP
from tests.monitoring.small import small_network


def gaussian(mean, variance):
    return np.array([mean], float), np.array([variance], float)


@pytest.mark.parametrize(
    "other, kl",
    [((0.0, 1.0), 0.0), ((1.0, 1.0), 0.5), ((0.0, 4.0), 0.5625), ((2.0, 4.0), 0.5625 + 1.25)],
)
def test_symmetric_kl_preset(other, kl):
    one = gaussian(0.0, 1.0)
    assert statistics.symmetric_kl(one, gaussian(*other), 0.0) == pytest.approx(kl)
    assert statistics.symmetric_kl(gaussian(*other), one, 0.0) == pytest.approx(kl)


def test_symmetric_kl_is_the_integral_over_both_densities():
    rng, x = np.random.default_rng(0), np.linspace(-60, 60, 200001)
    for _ in range(5):
        means, variances = rng.normal(0, 2, 2), rng.uniform(0.3, 6, 2)
        p, q = (np.exp(-0.5 * (x - m) ** 2 / v) / np.sqrt(2 * np.pi * v) for m, v in zip(means, variances, strict=True))
        logs = -0.5 * (x - means[0]) ** 2 / variances[0] + 0.5 * (x - means[1]) ** 2 / variances[1]
        logs += 0.5 * np.log(variances[1] / variances[0])
        expected = 0.5 * np.sum((p - q) * logs) * (x[1] - x[0])
        one, other = (gaussian(m, v) for m, v in zip(means, variances, strict=True))
        assert statistics.symmetric_kl(one, other, 0.0) == pytest.approx(expected, rel=1e-4)


def test_channels_that_are_dead_in_both_domains_are_equal_and_count():
    one = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    other = np.array([0.0, 0.0]), np.array([0.0, 1.0])
    assert statistics.symmetric_kl(one, other, 1e-5) == pytest.approx(0.25, rel=1e-3)
    assert statistics.mean_gap(one, other, 1e-5) == pytest.approx(0.5, rel=1e-3)


def test_moments_of_crops_add_up_to_those_of_all_their_pixels():
    values = np.random.default_rng(1).normal(5, 2, (6, 7, 3, 4)) + np.arange(6)[:, None, None, None]
    moments = CropMoments(values.mean((1, 2)), values.var((1, 2)))
    for place, chosen in ((slice(None), values), (slice(0, None, 2), values[::2])):
        mean, variance = moments.of_all(place)
        np.testing.assert_allclose(mean, chosen.mean((0, 1, 2)), rtol=1e-6)
        np.testing.assert_allclose(variance, chosen.var((0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize("kind", ["batch", "domain_batch"])
def test_recorded_moments_are_those_that_the_layers_themselves_meet(kind):
    network = small_network(kind)
    layers = normalization.norm_layers(network.backbone)
    image = np.random.default_rng(2).uniform(0, 255, (3, CROP.height, CROP.width, 3)).astype(np.float32)
    domain = tf.zeros(3, tf.int32)
    recorded = {}
    with statistics.recorded(layers, recorded):
        watched = network(image, domain=domain)
    plain = network(image, domain=domain)
    np.testing.assert_array_equal(watched["part"], plain["part"])
    assert sorted(recorded) == list(range(len(layers))) and all("call" not in vars(layer) for layer in layers)
    # A step with batch statistics moves the averages by a tenth of the way to what the layers meet: only the first
    # layer meets the same as above, as deeper ones see inputs that were normalised otherwise.
    before = layers[0].moving_mean.numpy(), layers[0].moving_variance.numpy()
    network(image, training=True, domain=domain)
    mean, variance = CropMoments(*(m.numpy() for m in recorded[0])).of_all()
    count = 3 * recorded_pixels(network)
    np.testing.assert_allclose((layers[0].moving_mean - 0.9 * before[0]) / 0.1, mean, atol=1e-3)
    moved = (layers[0].moving_variance - 0.9 * before[1]) / 0.1
    assert np.allclose(moved, variance, rtol=1e-3) or np.allclose(moved, variance * count / (count - 1), rtol=1e-3)


def recorded_pixels(network):
    """Return the pixels in front of the first normalisation: behind the stem of stride 2."""
    return ((CROP.height + 1) // 2) * ((CROP.width + 1) // 2)


def test_each_layer_has_its_own_name():
    network = small_network()
    names = statistics.layer_names(network.backbone)
    assert len(set(names)) == len(names) == len(normalization.norm_layers(network.backbone))
    assert names[0] == "000_8ch"
