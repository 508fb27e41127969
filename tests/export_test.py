"""Facts about `simpose_tf.export`."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import configurables, export, trainer
from simpose_tf.errors import InputError
from simpose_tf.inference import flip
from simpose_tf.inference.decode import decode_maps
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.model.network import Network
from simpose_tf.serving.signatures import ServedNetwork
from tests.batches import CROP, random_batch
from tests.replica_steps import BACKBONE
from tests.trainer_test import batches, run_of


@pytest.fixture(scope="module")
def network():
    tf.keras.utils.set_random_seed(1)
    network = Network(BACKBONE, CROP)
    network(random_batch(np.random.default_rng(0), 4)["image"], training=True)  # moving averages of some kind
    return network


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    output = tmp_path_factory.mktemp("saved") / "model"
    export.save(ServedNetwork(network), output, {"a": 1})
    return output


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(2).integers(0, 256, (3, CROP.height, CROP.width, 3)).astype(np.uint8)


def test_saved_maps_equal_keras(network, saved, crops):
    got = tf.saved_model.load(str(saved)).signatures["maps"](crops=tf.constant(crops))
    for name, expected in network(crops, training=False, label_stride=1).items():
        np.testing.assert_allclose(got[name], expected, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("signature", ["crops", "serving_default"])
def test_saved_people_equal_keras(network, saved, crops, signature):
    got = tf.saved_model.load(str(saved)).signatures[signature](crops=tf.constant(crops))
    expected = decode_maps(network(crops, training=False, label_stride=1), CROP.radius)
    assert set(got) == set(expected)
    for name, value in expected.items():
        if name == "part":
            assert np.mean(np.asarray(got[name]) == np.asarray(value)) > 0.999
        elif name == "uv":  # where the part is the same
            same = np.asarray(got["part"]) == np.asarray(expected["part"])
            np.testing.assert_allclose(got[name].numpy()[same], value.numpy()[same], atol=1e-4)
        else:
            np.testing.assert_allclose(got[name], value, atol=1e-3, err_msg=name)


def test_saved_flip_is_the_average_of_both_views(network, saved, crops):
    signatures = tf.saved_model.load(str(saved)).signatures
    views = [network(c, training=False, label_stride=1) for c in (crops, crops[:, :, ::-1])]
    expected = flip.average_maps(*views)
    for name, got in signatures["maps_flip"](crops=tf.constant(crops)).items():
        np.testing.assert_allclose(got, expected[name], atol=1e-4, err_msg=name)
    people = decode_maps(expected, CROP.radius)
    got = signatures["crops_flip"](crops=tf.constant(crops))
    for name in ("keypoints", "mask", "score", "confidence"):
        np.testing.assert_allclose(got[name], people[name], atol=1e-3, err_msg=name)


def test_saved_score_is_the_one_that_was_asked_for(network, crops, tmp_path):
    config = ScoreConfig(keypoints=0.0, mask=1.0, part=1.0, uv=0.0, normal=0.0, box=0.0)
    export.save(ServedNetwork(network, config), tmp_path / "m", {})
    got = tf.saved_model.load(str(tmp_path / "m")).signatures["crops"](crops=tf.constant(crops))
    confidence = got["confidence"].numpy()
    np.testing.assert_allclose(got["score"], np.sqrt(confidence[:, 1] * confidence[:, 2]), rtol=1e-5)


def test_answer_for_a_crop_does_not_depend_on_the_others(saved, crops):
    serve = tf.saved_model.load(str(saved)).signatures["maps"]
    together, alone = serve(crops=tf.constant(crops)), serve(crops=tf.constant(crops[1:2]))
    for name, value in alone.items():
        np.testing.assert_allclose(together[name][1:2], value, atol=1e-4, err_msg=name)


def test_readers_learn_the_crop_size_from_the_signature(saved):
    spec = tf.saved_model.load(str(saved)).signatures["crops"].structured_input_signature[1]["crops"]
    assert spec.shape.as_list() == [None, CROP.height, CROP.width, 3] and spec.dtype == tf.uint8


def test_a_saved_model_is_replaced_and_other_folders_are_not(network, saved, tmp_path):
    assert json.loads((saved / "assets.extra" / "simpose.json").read_text()) == {"a": 1}
    assert export.checked_output(str(saved)) == saved
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is no SavedModel"):
        export.checked_output(str(tmp_path))


def test_averaged_weights_are_exported(tmp_path):
    run = run_of(tmp_path, 4, average_decay=0.5)
    run.restore()
    before = run.model.network.heads["part"].bias.numpy()
    trainer.train(run, batches, 2)
    configurables.load(
        [str(Path(__file__).parent.parent / "gin_configs" / "quickstart.gin")], gin_params(average_decay=0.5)
    )
    averaged = export.restored_network(trainer.latest_checkpoint(tmp_path)).heads["part"].bias.numpy()
    configurables.load(
        [str(Path(__file__).parent.parent / "gin_configs" / "quickstart.gin")], gin_params(average_decay=0.0)
    )
    last = export.restored_network(trainer.latest_checkpoint(tmp_path)).heads["part"].bias.numpy()
    np.testing.assert_array_equal(last, run.model.network.heads["part"].bias.numpy())
    slot = run.model.optimizer.get_slot(run.model.network.heads["part"].bias, "average")
    np.testing.assert_array_equal(averaged, slot.numpy())
    assert np.abs(averaged - last).max() > 1e-6 and np.abs(averaged - before).max() > 1e-6


def gin_params(average_decay):
    """Return bindings of the network of `run_of`."""
    bound = {
        "CropConfig.height": CROP.height,
        "CropConfig.width": CROP.width,
        "BackboneConfig.depth": BACKBONE.depth,
        "BackboneConfig.width": BACKBONE.width,
        "BackboneConfig.top_down_channels": BACKBONE.top_down_channels,
        "TrainingConfig.average_decay": average_decay,
    }
    return [f"{name} = {value}" for name, value in bound.items()]


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tf.train.Checkpoint(network=Network(BACKBONE, CROP)).save(str(tmp_path / "ckpt"))
    configurables.load([str(Path(__file__).parent.parent / "gin_configs" / "quickstart.gin")], None)
    with pytest.raises(InputError, match="holds another network"):
        export.restored_network(path)
    with pytest.raises(InputError, match="no checkpoint at"):
        export.restored_network(str(tmp_path / "nothing"))
