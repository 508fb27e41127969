"""Facts about `simpose_tf.detection.trainer`."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models, trainer
from tests.detection.small import CONFIG, tiny_pipeline, write_records


@pytest.mark.parametrize(
    "name, told", [("localization_loss", "the term 'localization_loss'"), ("gradient_norm/all", "the gradient")]
)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_term_that_is_not_finite_is_named(name, told, value):
    terms = {"localization_loss": 1.0, "loss": 1.0, "gradient_norm/all": 2.0} | {name: value}
    with pytest.raises(trainer.NonFiniteLossError, match=f"step 7: {told} is {value}"):
        trainer.require_finite(terms, 7)


def test_finite_terms_pass():
    trainer.require_finite({"loss": 1.0, "gradient_norm/all": 0.0}, 1)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = write_records(tmp_path_factory.mktemp("records") / "sim-0.tfrecord", 4)
    return detector_input.source({"sim": detector_input.find(path, "--sim_records")}, CONFIG, 0)


def a_run(folder, strategy, *more):
    tf.keras.utils.set_random_seed(0)
    return trainer.build_run(tiny_pipeline(*more), CONFIG, strategy, folder)


@pytest.mark.slow
def test_frozen_variables_stay_and_others_learn(tmp_path, source):
    run = a_run(tmp_path, tf.distribute.get_strategy())
    learnt = {id(v) for v in models.learnt_variables(run.model, run.pipeline.train_config.freeze_variables)}
    before = {id(v): v.numpy() for v in run.model.trainable_variables}
    trainer.train(
        run, lambda step: detector_input.train_batches(source, run.model, run.pipeline, CONFIG, step), lambda _: None
    )
    assert 0 < len(learnt) < len(before)
    for variable in run.model.trainable_variables:
        assert np.array_equal(before[id(variable)], variable.numpy()) == (id(variable) not in learnt), variable.name


@pytest.mark.slow
def test_a_run_that_goes_on_has_the_weights_momenta_and_rate_of_its_checkpoint(tmp_path, source):
    run = a_run(tmp_path, tf.distribute.get_strategy())
    trainer.train(
        run, lambda step: detector_input.train_batches(source, run.model, run.pipeline, CONFIG, step), lambda _: None
    )
    later = a_run(tmp_path, tf.distribute.get_strategy())
    assert later.restore(lambda _: None) == 4
    pairs = [*zip(run.model.variables, later.model.variables, strict=True)]
    pairs += zip(run.optimizer.variables(), later.optimizer.variables(), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert float(later.learning_rate()) == float(run.learning_rate())


@pytest.mark.slow
def test_gradients_of_two_replicas_are_the_mean_of_those_of_each_replicas_pictures(tmp_path, source):
    """The API divides by a replica's own matched boxes: with equal numbers of them it is the whole batch's gradient."""
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    frozen = "model { ssd { freeze_batchnorm: true } }"  # statistics are each replica's own
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    two, one = a_run(tmp_path / "2", mirrored, frozen), a_run(tmp_path / "1", tf.distribute.get_strategy(), frozen)
    for variable, same in zip(two.model.variables, one.model.variables, strict=True):
        variable.assign(same.numpy())
    pipeline = tiny_pipeline(frozen)
    del pipeline.train_config.data_augmentation_options[:]
    stream = iter(detector_input.train_batches(source, one.model, pipeline, CONFIG))
    parts = [next(stream), next(stream)]
    expected = np.mean([_gradient(one, part) for part in parts], 0)
    values = mirrored.experimental_distribute_values_from_function(
        lambda context: parts[context.replica_id_in_sync_group]
    )
    before = np.concatenate([v.numpy().ravel() for v in models.learnt_variables(two.model, _frozen(two))])
    rate = float(two.learning_rate())
    clipped = min(1.0, pipeline.train_config.gradient_clipping_by_norm / np.linalg.norm(expected))
    trainer.step_function(two)(values)
    after = np.concatenate([v.numpy().ravel() for v in models.learnt_variables(two.model, _frozen(two))])
    # The first step of SGD with momentum: -rate * gradient.
    np.testing.assert_allclose((before - after) / rate, expected * clipped, atol=2e-4 * np.abs(expected).max())


def _frozen(run):
    return run.pipeline.train_config.freeze_variables


def _gradient(run, batch):
    with models.mode(run.model, training=True):
        learnt = models.learnt_variables(run.model, _frozen(run))
        with tf.GradientTape() as tape:
            loss = trainer.losses_of(run.model, batch)["loss"]
        return np.concatenate([g.numpy().ravel() for g in tape.gradient(loss, learnt)])


@pytest.mark.slow
def test_a_few_pictures_can_be_learnt_by_heart(tmp_path, source):
    from simpose_tf.detection import evaluation

    rate = "cosine_decay_learning_rate { total_steps: 150 warmup_steps: 10 learning_rate_base: 0.05 }"
    optimizer = f"optimizer {{ momentum_optimizer {{ learning_rate {{ {rate} }} }} }}"
    more = f"train_config {{ num_steps: 150 {optimizer} }}"
    run = a_run(tmp_path, tf.distribute.get_strategy(), more)
    del run.pipeline.train_config.data_augmentation_options[:]
    run = dataclasses.replace(run, config=dataclasses.replace(CONFIG, checkpoint_every=1000))
    trainer.train(
        run, lambda step: detector_input.train_batches(source, run.model, run.pipeline, CONFIG, step), lambda _: None
    )
    numbers, _ = evaluation.evaluate(evaluation.detect_function(run.model), source.streams[1].found)
    assert numbers["AP50"] > 0.9
