"""A small network, and people to show it, for the tests of monitoring."""

import numpy as np
import tensorflow as tf

from simpose_tf.data import schema
from simpose_tf.losses import LossConfig
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.monitoring import people
from tests.batches import CROP
from tests.data import synthetic

LOSSES = LossConfig(4.0, 1.0, 2.0, 0.5, 0.25, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0)


def small_network(normalization: str = "batch") -> Network:
    """Return a network of 0.1 million weights for crops of 65 x 33; the same each time."""
    tf.keras.utils.set_random_seed(0)
    return Network(BackboneConfig(10, 8, False, 0.125, 16, 0.9, 1e-3, normalization), CROP)


def write_people(folder: object, count: int = 5) -> dict[str, str]:
    """Write records of both domains, and return their globs by option."""
    rng, globs = np.random.default_rng(0), {}
    for domain, name in enumerate(schema.DOMAIN_NAMES):
        for shard in range(2):
            crowd = [synthetic.person(rng, domain) for _ in range(count)]
            synthetic.write(folder / f"{name}-{shard}.tfrecord", crowd)
        globs[f"--val_{name}_records"] = f"{folder}/{name}-*"
    return globs


def fixed_people(folder: object, count: int = 4) -> people.FixedPeople:
    """Return people of both domains."""
    return people.read("validation", write_people(folder), CROP, 1.25, count)
