"""Facts about `simpose_tf.model.checkpoints`."""

import dataclasses
import re

import numpy as np
import pytest
import tensorflow as tf
from official.vision.modeling import backbones, classification_model

from simpose_tf.errors import InputError
from simpose_tf.model.checkpoints import load_backbone, load_network
from simpose_tf.model.network import Network
from tests.batches import CROP
from tests.model.backbone_test import SMALL

BOTTLENECK = dataclasses.replace(SMALL, depth=50, dilated=True, width=1.0)


def randomize(model, seed):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.uniform(0.01, 0.02, weight.shape))


def official_classifier(folder, backbone):
    """Return an official ImageNet classifier (of few classes), random, and the checkpoint that its trainer leaves."""
    model = classification_model.ClassificationModel(backbone, num_classes=5)
    randomize(model, 0)
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(model.trainable_variables)
    items = {"model": model, "optimizer": optimizer, **model.checkpoint_items}
    return model, tf.train.Checkpoint(**items).save(str(folder / "ckpt"))


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    return official_classifier(tmp_path_factory.mktemp("deep"), backbones.ResNet(50))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return official_classifier(tmp_path_factory.mktemp("small"), backbones.ResNet(18, depth_multiplier=SMALL.width))


@pytest.mark.parametrize(("stride", "kind"), [(8, "batch"), pytest.param(16, "frozen", marks=pytest.mark.slow)])
def test_official_classifier_fills_the_dilated_backbone(deep, stride, kind):
    classifier, official = deep
    network = Network(dataclasses.replace(BOTTLENECK, output_stride=stride, normalization=kind), CROP)
    heads = [v.numpy() for head in network.heads.values() for v in head.weights]
    load_backbone(network, official)
    mine = {w.ref(): w for layer in network.backbone.layers for w in layer.weights}
    assert len(mine) == len(classifier.backbone.weights)
    image = tf.random.uniform((1, CROP.height, CROP.width, 3))
    got, wanted = network.backbone.get_layer("official")(image), classifier.backbone(image)
    np.testing.assert_allclose(got["2"], wanted["2"], rtol=1e-6)  # later stages are dilated
    assert sorted(float(tf.reduce_sum(w)) for w in mine.values()) == sorted(
        float(tf.reduce_sum(w)) for w in classifier.backbone.weights
    )
    after = [v.numpy() for head in network.heads.values() for v in head.weights]
    assert all(np.array_equal(a, b) for a, b in zip(heads, after, strict=True))


def test_an_undilated_backbone_of_a_classifier_gives_the_classifiers_features(small):
    classifier, official = small
    network = Network(dataclasses.replace(SMALL, top_down_channels=8), CROP)
    load_backbone(network, official)
    image = tf.random.uniform((1, CROP.height, CROP.width, 3))
    got, wanted = network.backbone.get_layer("official")(image), classifier.backbone(image)
    for level, features in wanted.items():
        np.testing.assert_allclose(got[level], features, rtol=1e-5)


def test_domains_start_from_the_same_statistics(small):
    classifier, official = small
    network = Network(dataclasses.replace(SMALL, normalization="domain_batch"), CROP)
    load_backbone(network, official)
    first = classifier.backbone.layers[2]  # after the first convolution
    mine = network.backbone.get_layer("official").layers[2]
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(first, name))
        np.testing.assert_array_equal(getattr(mine, f"sim_{name}"), getattr(first, name))


@pytest.mark.parametrize("form", ["prefix", "index", "folder", "weights"])
def test_forms_of_a_path(form, tmp_path):
    source, target = (Network(SMALL, CROP) for _ in range(2))
    bare = source.backbone.get_layer("official")
    randomize(bare, 1)
    path = tf.train.Checkpoint(backbone=bare).save(str(tmp_path / "ckpt"))
    if form == "weights":
        bare.save_weights(str(tmp_path / "bare"))
    forms = {"prefix": path, "index": f"{path}.index", "folder": str(tmp_path), "weights": str(tmp_path / "bare")}
    load_backbone(target, forms[form])
    for a, b in zip(bare.weights, target.backbone.get_layer("official").weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kinds", [("batch", "domain_batch"), ("domain_batch", "batch")])
def test_a_network_takes_over_an_earlier_runs_photograph_maps(kinds, tmp_path):
    first, second = (Network(dataclasses.replace(SMALL, normalization=kind), CROP) for kind in kinds)
    randomize(first, 2)
    optimizer = tf.keras.optimizers.legacy.SGD(0.1, 0.9)
    path = tf.train.Checkpoint(network=first, optimizer=optimizer).save(str(tmp_path / "ckpt"))
    load_network(second, path)
    image = tf.random.uniform((2, CROP.height, CROP.width, 3), 0, 255)
    for name, maps in first(image).items():
        np.testing.assert_allclose(second(image)[name], maps, rtol=1e-4, atol=1e-5, err_msg=name)


def test_mirrored_variables_are_loaded_on_all_replicas(tmp_path):
    source = Network(SMALL, CROP)
    randomize(source, 3)
    path = tf.train.Checkpoint(network=source).save(str(tmp_path / "ckpt"))
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        target = Network(SMALL, CROP)
    load_network(target, path)
    for a, b in zip(source.weights, target.weights, strict=True):
        np.testing.assert_array_equal(a, strategy.experimental_local_results(b)[0])


def test_another_depth_is_named_with_place_and_shapes(deep):
    place = "layer_with_weights-2/_shortcut/kernel"
    with pytest.raises(InputError, match=rf"{place} is \[1, 1, 64, 256\] in the checkpoint; wanted \[1, 1, 64, 64\]"):
        load_backbone(Network(dataclasses.replace(SMALL, width=1.0), CROP), deep[1])


def test_the_first_difference_is_named_and_nothing_is_loaded(tmp_path):
    source = Network(dataclasses.replace(SMALL, width=0.25), CROP)
    path = tf.train.Checkpoint(network=source).save(str(tmp_path / "ckpt"))
    target = Network(SMALL, CROP)
    before = [w.numpy() for w in target.weights]
    place = "backbone/layer_with_weights-0/layer_with_weights-0/kernel"
    with pytest.raises(InputError, match=rf"--initial_checkpoint.*{place} is \[7, 7, 3, 16\].*wanted \[7, 7, 3, 8\]"):
        load_network(target, path)
    assert all(np.array_equal(a, b) for a, b in zip(before, target.weights, strict=True))


def test_what_only_one_side_has_is_named(tmp_path):
    plain, top_down = Network(SMALL, CROP), Network(dataclasses.replace(SMALL, top_down_channels=64), CROP)
    paths = [tf.train.Checkpoint(network=n).save(str(tmp_path / f"ckpt{i}")) for i, n in enumerate((plain, top_down))]
    with pytest.raises(InputError, match=r"backbone/layer_with_weights-\d/kernel is not in the checkpoint; wanted \["):
        load_network(top_down, paths[0])
    with pytest.raises(
        InputError, match=r"backbone/layer_with_weights-\d/kernel is \[.*\] in the checkpoint; the network has none"
    ):
        load_network(plain, paths[1])


def test_a_checkpoint_of_something_else_says_what_it_holds(tmp_path, small):
    with pytest.raises(InputError, match="it holds no network, but backbone, model, optimizer, save_counter"):
        load_network(Network(SMALL, CROP), small[1])
    path = tf.train.Checkpoint(step=tf.Variable(1)).save(str(tmp_path / "ckpt"))
    with pytest.raises(InputError, match="it holds no backbone, but save_counter, step"):
        load_backbone(Network(SMALL, CROP), path)


def test_missing_and_damaged_checkpoints_are_told(tmp_path):
    network = Network(SMALL, CROP)
    with pytest.raises(InputError, match=re.escape("no checkpoint of TensorFlow 2 at '/nowhere/ckpt-1'")):
        load_network(network, "/nowhere/ckpt-1")
    with pytest.raises(InputError, match="no checkpoint"):
        load_network(network, str(tmp_path))
    path = tf.train.Checkpoint(network=network).save(str(tmp_path / "ckpt"))
    data = tmp_path / "ckpt-1.data-00000-of-00001"
    whole = data.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"x" * len(whole)):
        data.write_bytes(damaged)
        with pytest.raises(InputError, match="not a whole one"):
            load_network(network, path)


def test_numbers_that_are_not_finite_are_told(tmp_path):
    network = Network(SMALL, CROP)
    network.heads["uv"].bias.assign(tf.fill([48], float("nan")))
    path = tf.train.Checkpoint(network=network).save(str(tmp_path / "ckpt"))
    with pytest.raises(InputError, match="not finite, in network/heads/uv/bias"):
        load_network(Network(SMALL, CROP), path)
