"""Facts about `simpose_tf.workers`."""

import json

import pytest
import tensorflow as tf

from simpose_tf import workers
from simpose_tf.errors import InputError


def config(count=3, index=1, kind="worker", **more):
    hosts = {"worker": [f"host{i}:2222" for i in range(count)], **more}
    return json.dumps({"cluster": hosts, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize("text", [None, "", "{}", '{"cluster": {}, "task": {}}'])
def test_a_process_without_a_cluster_is_alone(text):
    assert workers.place_of(text) == workers.ALONE
    assert workers.ALONE.is_chief and isinstance(workers.strategy(workers.ALONE), tf.distribute.MirroredStrategy)


def test_worker_0_is_the_chief():
    assert workers.place_of(config(3, 0)) == workers.Place(0, 3) and workers.place_of(config(3, 0)).is_chief
    assert workers.place_of(config(3, 2)) == workers.Place(2, 3) and not workers.place_of(config(3, 2)).is_chief


@pytest.mark.parametrize(
    "text",
    ["no json", "[]", config(index=3), config(index=-1), config(ps=["h:1"]), config(kind="ps"), config(index="x")],
)
def test_another_cluster_is_refused(text):
    with pytest.raises(InputError, match=r"^TF_CONFIG: "):
        workers.place_of(text)
