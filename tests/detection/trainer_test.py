"""Facts about `simpose_tf.detection.trainer`."""

import dataclasses
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models, trainer
from tests.detection.small import CONFIG, ROOT, tiny_pipeline, write_records


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
    same = {id(v) for v in run.model.trainable_variables if np.array_equal(before[id(v)], v.numpy())}
    assert not same - learnt ^ (before.keys() - learnt)  # what is frozen, and nothing else that was not asked to learn
    # A level without people in its cells gives its normalisation no gradient in these few steps.
    moving = [v for v in run.model._feature_extractor.variables if "moving_mean" in v.name]
    assert moving and all(np.any(v.numpy()) for v in moving)  # which start at 0
    assert tf.keras.backend.learning_phase() == 0  # nothing else in the process is in training now
    kernels = {id(v) for v in run.model.trainable_variables if "kernel" in v.name}
    assert len(learnt & kernels) > 5 and not learnt & kernels & same


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
def test_gradients_of_two_replicas_are_the_mean_of_those_of_each_replicas_pictures():
    """The API divides by a replica's own matched boxes: with equal numbers of them it is the whole batch's gradient."""
    command = [sys.executable, "-m", "tests.detection.replica_gradients"]  # devices are cut before TensorFlow starts
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    step, gradient = np.array(json.loads(done.stdout.splitlines()[-1]))
    np.testing.assert_allclose(step, gradient, atol=2e-4 * np.abs(gradient).max())
    assert np.abs(gradient).max() > 0


@pytest.mark.slow
def test_a_few_pictures_can_be_learnt_by_heart(tmp_path, source):
    from simpose_tf.detection import evaluation

    rate = "cosine_decay_learning_rate { total_steps: 400 warmup_steps: 10 learning_rate_base: 0.05 }"
    optimizer = f"optimizer {{ momentum_optimizer {{ learning_rate {{ {rate} }} }} }}"
    more = f"train_config {{ num_steps: 400 {optimizer} }}"
    run = a_run(tmp_path, tf.distribute.get_strategy(), more)
    del run.pipeline.train_config.data_augmentation_options[:]
    run = dataclasses.replace(run, config=dataclasses.replace(CONFIG, checkpoint_every=1000))
    trainer.train(
        run, lambda step: detector_input.train_batches(source, run.model, run.pipeline, CONFIG, step), lambda _: None
    )
    numbers, _ = evaluation.evaluate(evaluation.detect_function(run.model), source.streams[1].found)
    assert numbers["AP"] > 0.9
