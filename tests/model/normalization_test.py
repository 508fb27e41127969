"""Facts about `simpose_tf.model.normalization`, and SimPose's Algorithm 2 by hand."""

import dataclasses
import threading

import numpy as np
import pytest
import tensorflow as tf
from official.vision.modeling import backbones

from simpose_tf.data import schema
from simpose_tf.model import normalization
from simpose_tf.model.backbone import build_backbone
from simpose_tf.model.network import Network
from simpose_tf.model.normalization import DomainBatchNormalization, crops_of, norm_layers
from tests.batches import CROP
from tests.model.backbone_test import SMALL, TOP_DOWN

# --- Algorithm 2 (SimPose sec. 4.3) by hand: features k, then the layers k + 1 to k + 3.

TOP = 40.0  # M: no feature is larger


def features(rng, kappa=2.0, sim_share=0.5, crops=64):
    """Return layer k's z, s, r `[B, 6, 5, 3]` and which crops are simulated `[B]`.

    On its own domain each of s and r has the mean kappa times its deviation, which are far from each other's; off its
    domain it is an outlier: of other mean and deviation.
    """
    is_sim = np.arange(crops) < sim_share * crops
    rng.shuffle(is_sim)

    def normal(deviation, ratio):
        return np.clip(rng.normal(ratio * deviation, deviation, (crops, 6, 5)), 0, TOP)

    def where(sim, real):
        return np.where(is_sim[:, None, None], sim, real)

    s = where(normal(0.2, kappa), normal(6.0, 3.0))
    r = where(normal(0.1, 1.0), normal(3.0, kappa))
    return np.stack([where(1.0, 0.0) * np.ones_like(s), s, r], -1).astype(np.float32), is_sim


def convolution(weights, bias, activation):
    """Return a 1x1 convolution; `weights[output][input]`."""
    layer = tf.keras.layers.Conv2D(len(bias), 1, activation=activation)
    layer.build((None, None, None, len(weights[0])))
    layer.set_weights([np.array(weights, np.float32).T[None, None], np.array(bias, np.float32)])
    return layer


def algorithm_2(masked, subtracted=(0, 0)):
    """Return conv-activation-BN-conv on z, s, r, with or without the mask, and its BN.

    `subtracted`: from s and from r, by the mask's biases.
    """
    # s AND z = ReLU(s + M z - M); r AND not z = ReLU(r - M z).
    mask = convolution([[TOP, 1, 0], [-TOP, 0, 1]], [-TOP - subtracted[0], -subtracted[1]], "relu")
    no_mask = convolution([[0, 1, 0], [0, 0, 1]], [0, 0], "relu")
    norm = tf.keras.layers.BatchNormalization(momentum=0.0, epsilon=1e-6)
    join = convolution([[1, 1]], [0], None)
    return tf.keras.Sequential([mask if masked else no_mask, norm, join]), norm


def per_domain(y, is_sim):
    """Return mean and deviation of y on simulated crops and on photographs: `[2, 2]`."""
    return np.array([[y[of].mean(), y[of].std()] for of in (is_sim, ~is_sim)])


@pytest.mark.parametrize("kappa", [1.5, 2.0, 4.0])
@pytest.mark.parametrize("sim_share", [0.25, 0.5, 0.75])
def test_algorithm_2_whitens_and_aligns_two_domains(kappa, sim_share):
    zsr, is_sim = features(np.random.default_rng(0), kappa, sim_share)
    y = algorithm_2(masked=True)[0](zsr, training=True).numpy()
    found = per_domain(y, is_sim)
    # What the account says; clipping at 0 moves kappa a little.
    s, r = zsr[..., 1][is_sim], zsr[..., 2][~is_sim]
    for (_, deviation), own, share in zip(found, (s, r), (sim_share, 1 - sim_share), strict=True):
        ratio = own.mean() / own.std()
        assert deviation == pytest.approx(1 / np.sqrt(share + share * (1 - share) * ratio**2), rel=1e-3)
    if sim_share == 0.5:
        np.testing.assert_allclose(found[:, 0], 0, atol=0.05)  # whitened
        np.testing.assert_allclose(found[0], found[1], atol=0.05)  # and aligned
    else:
        assert abs(found[0, 0] - found[1, 0]) < 0.5 * found[:, 1].max()


def test_batch_normalisation_without_the_mask_leaves_the_domains_apart():
    zsr, is_sim = features(np.random.default_rng(0))
    y = algorithm_2(masked=False)[0](zsr, training=True).numpy()
    assert y.mean() == pytest.approx(0, abs=1e-4)  # the mixture is centred,
    found = per_domain(y, is_sim)
    assert abs(found[0, 0] - found[1, 0]) > 2  # its two humps are far from each other,
    assert found[1, 1] > 10 * found[0, 1]  # and one is much wider


def test_the_masks_biases_and_learnt_scales_make_unequal_domains_of_unit_deviation():
    zsr, is_sim = features(np.random.default_rng(1), kappa=2.0)
    zsr[..., 2][~is_sim] += 9.0  # r's kappa is 5 now
    left = per_domain(algorithm_2(masked=True)[0](zsr, training=True).numpy(), is_sim)
    assert abs(left[0, 0] - left[1, 0]) > 0.2 * left[0, 1]
    network, norm = algorithm_2(masked=True, subtracted=(0, 9.0))
    network(zsr, training=True)
    deviations = zsr[..., 1][is_sim].std(), zsr[..., 2][~is_sim].std()
    norm.gamma.assign(np.sqrt(norm.moving_variance.numpy() + norm.epsilon) / deviations)
    found = per_domain(network(zsr, training=True).numpy(), is_sim)
    np.testing.assert_allclose(found, [[0, 1], [0, 1]], atol=0.05)


def test_photographs_alone_are_as_whitened_at_prediction_as_within_the_mixture():
    zsr, is_sim = features(np.random.default_rng(2))
    network = algorithm_2(masked=True)[0]
    y = network(zsr, training=True).numpy()  # its statistics are kept: the momentum is 0
    np.testing.assert_allclose(network(zsr[~is_sim], training=False), y[~is_sim], atol=1e-2)


def test_normalisation_per_domain_whitens_both_without_a_classifier():
    zsr, is_sim = features(np.random.default_rng(3))
    layer = DomainBatchNormalization(0.9, 1e-6)
    with crops_of(tf.constant(is_sim, tf.int32)):
        y = layer(zsr[..., 1:], training=True).numpy()
    for of in (is_sim, ~is_sim):
        np.testing.assert_allclose(y[of].mean((0, 1, 2)), 0, atol=1e-4)
        np.testing.assert_allclose(y[of].std((0, 1, 2)), 1, atol=1e-3)


# --- The layer per domain.


def random_activations(size=6):
    rng = np.random.default_rng(0)
    return tf.constant(rng.normal(1, 2, (size, 4, 3, 5)), tf.float32), tf.constant([1, 0, 0, 1, 0, 0][:size])


def randomized(layer):
    layer.build((None, 4, 3, 5))
    rng = np.random.default_rng(1)
    for variable in layer.weights:
        variable.assign(rng.uniform(0.5, 2, variable.shape))
    return layer


@pytest.mark.parametrize("training", [True, False])
def test_each_domain_is_normalised_as_plain_bn_would_alone(training):
    x, domain = random_activations()
    layer = randomized(DomainBatchNormalization(0.9, 1e-3))
    with crops_of(domain):
        before = {v.ref(): v.numpy() for v in layer.weights}
        y = layer(x, training=training)
    for number, prefix in ((schema.REAL, ""), (schema.SIM, "sim_")):
        plain = tf.keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, fused=False)
        plain.build((None, 4, 3, 5))
        for name in normalization.PLAIN_VARIABLES:
            getattr(plain, name).assign(before[getattr(layer, prefix + name).ref()])
        mine = domain == number
        np.testing.assert_allclose(y[mine], plain(x[mine], training=training), atol=1e-5)
        for name in normalization.PLAIN_VARIABLES:
            np.testing.assert_allclose(getattr(layer, prefix + name), getattr(plain, name), atol=1e-5, err_msg=name)


def test_gradients_per_domain_are_those_of_plain_bn():
    x, domain = random_activations()
    weight = tf.random.stateless_normal(x.shape, (1, 2))
    layer, plain = DomainBatchNormalization(0.9, 1e-3), tf.keras.layers.BatchNormalization(epsilon=1e-3, fused=False)
    with tf.GradientTape() as tape, crops_of(domain):
        tape.watch(x)
        loss = tf.reduce_sum(layer(x, training=True) * weight)
    got = tape.gradient(loss, x)
    for number in (schema.REAL, schema.SIM):
        mine = domain == number
        part = x[mine]
        with tf.GradientTape() as tape:
            tape.watch(part)
            loss = tf.reduce_sum(plain(part, training=True) * weight[mine])
        np.testing.assert_allclose(got[mine], tape.gradient(loss, part), atol=1e-4)


def test_a_batch_of_one_domain_leaves_the_other_ones_averages():
    x, _ = random_activations()
    layer = randomized(DomainBatchNormalization(0.9, 1e-3))
    before = {name: getattr(layer, name).numpy() for name in ("moving_mean", "sim_moving_mean")}
    with crops_of(tf.fill([6], schema.SIM)):
        y = layer(x, training=True)
    assert np.isfinite(y).all()
    np.testing.assert_array_equal(layer.moving_mean, before["moving_mean"])
    np.testing.assert_allclose(
        layer.sim_moving_mean, 0.9 * before["sim_moving_mean"] + 0.1 * tf.reduce_mean(x, [0, 1, 2]), atol=1e-5
    )


def test_crops_are_photographs_outside_of_the_block():
    x, _ = random_activations()
    layer = randomized(DomainBatchNormalization(0.9, 1e-3))
    with crops_of(tf.fill([6], schema.SIM)):
        as_sim = layer(x)
        with crops_of(None):
            inside = layer(x)
    np.testing.assert_array_equal(inside, layer(x))
    assert not np.allclose(as_sim, inside)


def test_threads_know_their_own_domains_only():
    x, _ = random_activations()
    layer = randomized(DomainBatchNormalization(0.9, 1e-3))
    found = []
    with crops_of(tf.fill([6], schema.SIM)):
        thread = threading.Thread(target=lambda: found.append(layer(x)))
        thread.start()
        thread.join()
    np.testing.assert_array_equal(found[0], layer(x))


def test_computation_is_float32_and_the_answer_of_the_inputs_type():
    x, domain = random_activations()
    layer = DomainBatchNormalization(0.9, 1e-3, dtype="mixed_bfloat16")
    with crops_of(domain):
        y = layer(tf.cast(x, tf.bfloat16), training=True)
    assert y.dtype == tf.bfloat16
    assert {v.dtype for v in layer.weights} == {tf.float32}


# --- Kinds of backbones.


@pytest.mark.parametrize("kind", normalization.KINDS)
def test_every_normalising_layer_is_of_the_kind(kind):
    layers = norm_layers(build_backbone(dataclasses.replace(TOP_DOWN, normalization=kind), 65, 33))
    # The first one, 2 in each of 8 blocks, 4 at their shortcuts, 3 laterals, the last one.
    assert len(layers) == 1 + 2 * 8 + 4 + 3 + 1
    assert {isinstance(layer, DomainBatchNormalization) for layer in layers} == {kind == "domain_batch"}
    assert {layer.trainable for layer in layers} == {kind != "frozen"}
    assert {layer.epsilon for layer in layers} == {1e-3}
    assert {layer.momentum for layer in layers} == {0.9}
    if kind != "domain_batch":
        assert {layer.synchronized for layer in layers} == {kind == "sync_batch"}


def test_the_dilated_resnet_normalises_per_domain_with_its_own_dilation():
    shape = tf.keras.layers.InputSpec(shape=(None, 33, 25, 3))
    plain = backbones.DilatedResNet(model_id=50, output_stride=8, input_specs=shape)
    split = normalization.with_kind(plain, "domain_batch")
    assert len(norm_layers(split)) == len(norm_layers(plain)) == 53
    rng = np.random.default_rng(0)
    for a, b in zip(norm_layers(plain), norm_layers(split), strict=True):
        for name in normalization.PLAIN_VARIABLES:
            getattr(a, name).assign(rng.uniform(0.5, 1, a.gamma.shape))
            getattr(b, name).assign(getattr(a, name))
    kernels = [[w for w in model.trainable_weights if w.shape.rank == 4] for model in (plain, split)]
    for a, b in zip(*kernels, strict=True):
        b.assign(a)
    image = tf.random.stateless_normal((2, 33, 25, 3), (0, 1))
    found, wanted = split(image), plain(image)
    for level in wanted:
        np.testing.assert_allclose(found[level], wanted[level], rtol=1e-3, atol=1e-5)


def test_frozen_statistics_scales_and_offsets_stay_in_training():
    network = Network(dataclasses.replace(SMALL, normalization="frozen"), CROP)
    frozen = {v.ref() for layer in norm_layers(network.backbone) for v in layer.weights}
    assert not frozen & {v.ref() for v in network.trainable_variables}
    image = tf.random.stateless_uniform((2, CROP.height, CROP.width, 3), (0, 1), 0, 255)
    trained, predicted = network(image, training=True), network(image)
    for name, maps in predicted.items():
        np.testing.assert_allclose(trained[name], maps, atol=1e-5, err_msg=name)


def test_networks_normalise_by_the_domains_they_are_told():
    network = Network(dataclasses.replace(SMALL, normalization="domain_batch"), CROP)
    image = tf.random.stateless_uniform((4, CROP.height, CROP.width, 3), (0, 1), 0, 255)
    domain = tf.constant([schema.SIM, schema.REAL, schema.REAL, schema.SIM])
    for _ in range(3):
        network(image, training=True, domain=domain)
    alone = network(image[:1], domain=domain[:1])["part"]
    np.testing.assert_allclose(network(image, domain=domain)["part"][:1], alone, atol=1e-4)
    as_photograph = network(image)["part"]
    assert not np.allclose(as_photograph[:1], alone, atol=1e-2)
    np.testing.assert_allclose(as_photograph[1:3], network(image, domain=domain)["part"][1:3], atol=1e-4)
    with pytest.raises(ValueError, match="the domain of each crop is missing"):
        network(image, training=True)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'batchy', not one of batch, sync_batch, domain_batch, frozen"):
        dataclasses.replace(SMALL, normalization="batchy")
