"""Print a step of two replicas, over its rate, and the mean gradient of their pictures: `[[...], [...]]`.

Each number is the inner product with one of a few fixed random directions.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models, trainer
from tests.detection.small import CONFIG, tiny_pipeline, write_records

DIRECTIONS = 12
FROZEN = "model { ssd { freeze_batchnorm: true } }"  # the statistics are each replica's own
_ONE = "learning_rate { constant_learning_rate { learning_rate: 1 } }"
RATE = f"train_config {{ optimizer {{ momentum_optimizer {{ {_ONE} }} }} }}"


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with tempfile.TemporaryDirectory() as folder:
        two, one = (a_run(strategy, Path(folder)) for strategy in (mirrored, tf.distribute.get_strategy()))
        for variable, same in zip(two.model.variables, one.model.variables, strict=True):
            variable.assign(same.numpy())
        parts = pictures(Path(folder), one)
        gradient = np.mean([gradient_of(one, part) for part in parts], 0)
        gradient *= min(1.0, one.pipeline.train_config.gradient_clipping_by_norm / np.linalg.norm(gradient))
        values = mirrored.experimental_distribute_values_from_function(lambda c: parts[c.replica_id_in_sync_group])
        before, rate = weights(two), float(two.learning_rate())
        trainer.step_function(two)(values)
    step = (before - weights(two)) / rate  # the first one of SGD with momentum: -rate * gradient
    directions = np.random.default_rng(0).normal(size=(DIRECTIONS, len(step)))
    print(json.dumps([(directions @ step).tolist(), (directions @ gradient).tolist()]))


def a_run(strategy, folder):
    tf.keras.utils.set_random_seed(0)
    return trainer.build_run(tiny_pipeline(FROZEN, RATE), CONFIG, strategy, folder)


def pictures(folder, run):
    """Return the batches of two replicas."""
    found = {"sim": detector_input.find(write_records(folder / "sim-0.tfrecord", 4), "--sim_records")}
    del run.pipeline.train_config.data_augmentation_options[:]
    source = detector_input.source(found, CONFIG, 0)
    stream = iter(detector_input.train_batches(source, run.model, run.pipeline, CONFIG))
    return [next(stream), next(stream)]


def learnt(run):
    return models.learnt_variables(run.model, run.pipeline.train_config.freeze_variables)


def weights(run):
    return np.concatenate([variable.numpy().ravel() for variable in learnt(run)]).astype(float)


def gradient_of(run, batch):
    with models.mode(run.model, training=True):
        with tf.GradientTape() as tape:
            loss = trainer.losses_of(run.model, batch)["loss"]
        found = tape.gradient(loss, learnt(run))
    return np.concatenate([one.numpy().ravel() for one in found]).astype(float)


if __name__ == "__main__":
    main()
