"""Which devices a run uses: those of this machine, or of several by `TF_CONFIG`.

`TF_CONFIG` is TensorFlow's own way to tell a process of its cluster, the same for all but `task.index`:

    {"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}

Worker 0 is the chief: it alone writes checkpoints, curves and lines. All of them see the same `--model_dir`.
"""

import json
import os
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.errors import InputError


@dataclass(frozen=True)
class Place:
    """Where a process stands among the workers of a run.

    Attributes:
      index: 0 is the chief.
      count: of workers; 1 for a run on one machine.
    """

    index: int
    count: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes."""
        return self.index == 0


ALONE = Place(0, 1)


def place() -> Place:
    """Return this process's place by `TF_CONFIG`. Raises InputError if that is no cluster of workers."""
    return place_of(os.environ.get("TF_CONFIG"))


def place_of(tf_config: str | None) -> Place:
    """Return the place that a `TF_CONFIG` gives. Raises InputError if it is none among workers."""
    try:
        config = json.loads(tf_config or "{}")
        hosts, task = config.get("cluster", {}), config.get("task", {})
        if not hosts:
            return ALONE
        if set(hosts) != {"worker"} or task["type"] != "worker":
            raise InputError(f"TF_CONFIG: workers alone are asked for, not {', '.join(sorted(hosts))}")
        index, count = int(task["index"]), len(hosts["worker"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"TF_CONFIG: cluster and task cannot be read ({error!r})") from error
    if not 0 <= index < count:
        raise InputError(f"TF_CONFIG: there is no task {index} among {count} workers")
    return Place(index, count)


def strategy(place: Place) -> tf.distribute.Strategy:
    """Return the strategy over all devices of this machine, or, among several workers, of all of theirs.

    Called before any other work of TensorFlow: a cluster is joined at its start. Waits for the other workers.
    """
    return tf.distribute.MirroredStrategy() if place.count == 1 else tf.distribute.MultiWorkerMirroredStrategy()
