"""Look at a network on one and on two replicas; a program, because logical devices are fixed once per process.

Prints a line of json: {"1": numbers, "2": numbers}.
"""

import json

import numpy as np
import tensorflow as tf

from simpose_tf.monitoring import gradients
from simpose_tf.monitoring.evaluation import LiveNetwork
from tests.batches import CROP, random_batch
from tests.monitoring.small import LOSSES, small_network


def looked_at(devices: list[str], batch: dict, crops: dict) -> dict[str, list]:
    """Return squares of gradients, keypoints and a layer's means."""
    strategy = tf.distribute.MirroredStrategy(devices)
    with strategy.scope():
        network = small_network("frozen")  # batch statistics would be each replica's own
    own = tf.data.Dataset.from_tensor_slices(batch).batch(4 // len(devices))
    stream = iter(strategy.distribute_datasets_from_function(lambda _: own))

    @tf.function
    def squares(part: object) -> tf.Tensor:
        return strategy.run(gradients.feature_squares, args=(network, part, LOSSES))

    of_all = strategy.experimental_local_results(squares(next(stream)))[0]
    answers = LiveNetwork(network, strategy, 2).ask(crops)
    return {
        "squares": of_all.numpy().tolist(),
        "keypoints": answers.maps["keypoints"][..., :2].tolist(),
        "mean": answers.moments[3].mean.tolist(),
    }


if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    rng = np.random.default_rng(1)
    batch = random_batch(rng, 4, gaps=False)
    batch["domain"] = tf.constant([0, 1, 1, 0], tf.int32)
    size = (3, CROP.height, CROP.width)
    crops = {
        "image": rng.integers(0, 256, (*size, 3)).astype(np.uint8),
        "part": rng.integers(0, 25, size).astype(np.uint8),
        "domain": np.ones(3, np.int32),
    }
    found = {n: looked_at([f"CPU:{i}" for i in range(n)], batch, crops) for n in (1, 2)}
    print(json.dumps(found))
