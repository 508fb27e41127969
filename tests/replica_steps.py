"""Take a step on one and on two replicas; run as a program, because logical devices are fixed once per process.

Prints a line of json: {case: {"1": numbers, "2": numbers}}, numbers being the losses and the changes of all weights.
"""

import json

import numpy as np
import tensorflow as tf

from simpose_tf import losses, trainer
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from tests.batches import CROP, random_batch

BACKBONE = BackboneConfig(10, 8, False, 0.125, 16, 0.9, 1e-3, "sync_batch")
LOSSES = losses.LossConfig(4.0, 1.0, 2.0, 0.5, 0.25, 1.0, 1.0, 1.0, 1.0)
TRAINING = trainer.TrainingConfig(9, 0.0, 10.0, 0.0, 9, 1, 10.0)
SCHEDULE = trainer.ScheduleConfig(0.01, 0, 1.0, 1.0)
BATCH = 4


class Stepper:
    """A network on some devices whose first step can be taken again and again."""

    def __init__(self, devices: list[str]) -> None:
        """Build the network; it is the same on any devices."""
        tf.keras.utils.set_random_seed(0)
        self.strategy = tf.distribute.MirroredStrategy(devices)
        configs = LOSSES, TRAINING, SCHEDULE
        self.run = trainer.build_run(lambda: Network(BACKBONE, CROP), configs, self.strategy, None)
        self.train = self.run.model.make_train_function()
        self.variables = self.run.model.network.trainable_variables
        self.before = [v.numpy() for v in self.variables]

    def step(self, batch: dict) -> dict[str, list]:
        """Return the losses of a step on a batch, and how far it moves each weight per learning rate."""
        for variable, value in zip(self.variables, self.before, strict=True):
            variable.assign(value)
        own = BATCH // self.strategy.num_replicas_in_sync
        stream = tf.data.Dataset.from_tensor_slices(batch).batch(own, drop_remainder=True)
        means = self.train(iter(self.strategy.distribute_datasets_from_function(lambda _: stream)))
        moved = [(v.numpy() - b).ravel() for v, b in zip(self.variables, self.before, strict=True)]
        return {
            "losses": [float(v) for v in means.values()],
            "moved": (np.concatenate(moved) / SCHEDULE.learning_rate).tolist(),
        }


def cases() -> dict[str, dict]:
    """Return batches: all labels, labels with gaps, and dense labels in the first half alone."""
    rng = np.random.default_rng(1)
    halved = random_batch(rng, BATCH, gaps=False)
    halved["has_dense"] = tf.constant([1.0, 1.0, 0.0, 0.0])
    return {"full": random_batch(rng, BATCH, gaps=False), "gaps": random_batch(rng, BATCH), "halved": halved}


if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    steppers = {n: Stepper([f"CPU:{i}" for i in range(n)]) for n in (1, 2)}
    found = {name: {n: s.step(batch) for n, s in steppers.items()} for name, batch in cases().items()}
    print(json.dumps(found))
