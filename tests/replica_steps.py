"""Take a step on one and on two replicas, whole and in parts; a program, as logical devices are fixed once per process.

Takes names of `WAYS`, prints a line of json: {case: {way: numbers}}, numbers being the losses and the changes of all
weights. A way is the number of replicas and of the parts in which each takes its batch: `2x1`.
"""

import dataclasses
import json
import sys

import numpy as np
import tensorflow as tf

from simpose_tf import losses, trainer
from simpose_tf.data import schema
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.train_step import read_means
from tests.batches import CROP, random_batch

BACKBONE = BackboneConfig(10, 8, False, 0.125, 16, 0.9, 1e-3, "sync_batch")
LOSSES = losses.LossConfig(4.0, 1.0, 2.0, 0.5, 0.25, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0)
TRAINING = trainer.TrainingConfig(9, 0.0, 10.0, 0.0, 1, "float32", 9, 1, 10.0)
SCHEDULE = trainer.ScheduleConfig(0.01, 0, 1.0, 1.0)
BATCH = 4

# Replicas and parts. Synchronised statistics are those of the whole batch on any number of replicas, frozen ones in
# parts, too; where each replica has its own, a part is to a replica what a replica is to the batch.
WAYS = {"sync_batch": [(1, 1), (2, 1)], "frozen": [(1, 1), (1, 2), (2, 2)], "batch": [(2, 1), (1, 2)]}


class Stepper:
    """A network on some devices whose first step can be taken again and again."""

    def __init__(self, strategy: tf.distribute.Strategy, parts: int, normalization: str) -> None:
        """Build the network; it is the same under any strategy."""
        tf.keras.utils.set_random_seed(0)
        self.strategy = strategy
        configs = LOSSES, dataclasses.replace(TRAINING, accumulate=parts), SCHEDULE
        backbone = dataclasses.replace(BACKBONE, normalization=normalization)
        self.run = trainer.build_run(lambda: Network(backbone, CROP), configs, self.strategy, None)
        self.train = self.run.step_function()
        self.variables = self.run.model.network.trainable_variables
        self.before = [v.numpy() for v in self.variables]

    def step(self, batch: dict) -> dict[str, list]:
        """Return the losses of a step on a batch, and how far it moves each weight per learning rate."""
        for variable, value in zip(self.variables, self.before, strict=True):
            variable.assign(value)
        own = BATCH // self.strategy.num_replicas_in_sync
        stream = tf.data.Dataset.from_tensor_slices(batch).batch(own, drop_remainder=True)
        drawn = next(iter(self.strategy.distribute_datasets_from_function(lambda _: stream)))
        means = read_means(self.train(drawn), LOSSES.weights())
        moved = [(v.numpy() - b).ravel() for v, b in zip(self.variables, self.before, strict=True)]
        return {
            "losses": means,
            "moved": (np.concatenate(moved) / SCHEDULE.learning_rate).tolist(),
        }


def cases() -> dict[str, dict]:
    """Return batches: all labels; with gaps; dense labels in the first half alone; one domain in each half."""
    rng = np.random.default_rng(1)
    halved, domains = (random_batch(rng, BATCH, gaps=False) for _ in range(2))
    halved["has_dense"] = tf.constant([1.0, 1.0, 0.0, 0.0])
    domains["domain"] = tf.constant([schema.SIM] * 2 + [schema.REAL] * 2)
    full, gaps = random_batch(rng, BATCH, gaps=False), random_batch(rng, BATCH)
    return {"full": full, "gaps": gaps, "halved": halved, "domains": domains}


def main() -> None:
    """Take all steps and print what came out."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # One of each for all ways: the collectives of two that share devices would get in each other's way.
    strategies = {n: tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(n)]) for n in (1, 2)}
    found: dict = {}
    for normalization in sys.argv[1:]:
        for replicas, parts in WAYS[normalization]:
            stepper = Stepper(strategies[replicas], parts, normalization)
            for name, batch in cases().items():
                found.setdefault(f"{normalization}-{name}", {})[f"{replicas}x{parts}"] = stepper.step(batch)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
