"""Damaged records in the stream of batches: told of, counted, passed over or not."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import pipeline, recordfiles, schema
from simpose_tf.data.damage import Damage
from tests.data import synthetic
from tests.data.streams import AUGMENTATION, CROP, assert_equal, first, first_batches, stream, write_records


def example_with(change):
    """Return a record after `change(features)`."""
    example = tf.train.Example.FromString(schema.encode(synthetic.person(np.random.default_rng(3), size=(60, 60))))
    change(example.features.feature)
    return example.SerializeToString()


def break_image(features):
    features["image/encoded"].bytes_list.value[0] = b"no picture"


def cut_image(features):
    features["image/encoded"].bytes_list.value[0] = features["image/encoded"].bytes_list.value[0][:-20]


def lose_box(features):
    del features["person/box"]


def flatten_box(features):
    features["person/box"].float_list.value[:] = [5, 5, 5, 5]


HARMS = {
    break_image: "image/encoded: not a jpeg picture", cut_image: "image/encoded: not a jpeg picture",
    lose_box: "feature 'person/box' is missing", flatten_box: "the person's box has no area",
}  # fmt: skip


@pytest.fixture
def damaged(tmp_path):
    """Return a function that writes 6 sound records and, in their midst, damaged ones; it gives the glob."""

    def write(*records):
        rng = np.random.default_rng(9)
        sound = [schema.encode(synthetic.person(rng, size=(60, 60))) for _ in range(6)]
        with tf.io.TFRecordWriter(str(tmp_path / "sim-0.tfrecord")) as writer:
            for record in [*sound[:3], *records, *sound[3:]]:
                writer.write(record)
        return str(tmp_path / "sim-*")

    return write


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_damaged_record_is_counted_once_and_another_takes_its_place(damaged, harm):
    told = []
    counted = Damage(1, say=told.append)
    batches = first_batches((damaged(example_with(harm)), None), 4, counted=counted, max_damaged=1)
    assert counted.count == 1 and len(told) == 1 and HARMS[harm] in told[0] and "sim-0.tfrecord: record 3" in told[0]
    ids = np.concatenate([b["image_id"] for b in batches])
    assert len(ids) == 32 and len(set(ids)) == 6


def test_one_damaged_record_too_many_stops_the_run_with_its_cause(damaged):
    glob = damaged(example_with(break_image), example_with(lose_box))
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        first_batches((glob, None), 4, max_damaged=1)
    line = recordfiles.told(error.value)
    assert re.fullmatch(r"\S*sim-0\.tfrecord: record [34] is damaged: .*PipelineConfig\.max_damaged", line), line
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"record [34] is damaged"):
        first_batches((glob, None), 4, max_damaged=0)


def test_the_count_outlives_the_process(damaged, tmp_path):
    glob, path = damaged(example_with(break_image), example_with(lose_box)), tmp_path / "damaged.json"
    first_batches((glob, None), 4, counted=Damage(2, path), max_damaged=2)
    again = Damage(2, path)
    assert again.count == 2 and set(json.loads(path.read_text())) == {
        f"{glob[:-1]}0.tfrecord: record {i}" for i in (3, 4)
    }


def test_a_stream_with_damaged_records_is_resumed_at_the_same_crop(damaged, tmp_path_factory):
    _, real = write_records(tmp_path_factory.mktemp("sound"))
    glob = damaged(example_with(break_image), example_with(lose_box))
    config = {"max_damaged": 2, "sim_share": 0.5}
    whole = first(stream((glob, real), 1, **config), 8)
    for a, b in zip(first(stream((glob, real), 1, 5, **config), 3), whole[5:], strict=True):
        assert_equal(a, b)
    assert all(batch["domain"].sum() == 2 for batch in whole)


def test_a_wrong_checksum_costs_one_record(damaged, tmp_path):
    glob = damaged()
    path = tmp_path / "sim-0.tfrecord"
    bounds, data = recordfiles.find_bounds(str(path)), bytearray(path.read_bytes())
    data[bounds[2] + 100] ^= 1
    path.write_bytes(data)
    told = []
    batches = first_batches((glob, None), 3, counted=Damage(5, say=told.append), max_damaged=5)
    assert len(told) == 1 and "record 2 is damaged and left out: its checksum is wrong" in told[0]
    assert len(set(np.concatenate([b["image_id"] for b in batches]))) == 5


def test_a_damaged_length_and_a_cut_end_cost_one_record_each(damaged, tmp_path):
    glob = damaged()
    path = tmp_path / "sim-0.tfrecord"
    bounds, data = recordfiles.find_bounds(str(path)), bytearray(path.read_bytes())
    data[bounds[2] + 1] ^= 7
    path.write_bytes(data[:-9])
    told = []
    batches = first_batches((glob, None), 3, counted=Damage(5, say=told.append), max_damaged=5)
    assert len(told) == 2 and all("it is cut off, or its length is damaged" in line for line in told)
    assert len(set(np.concatenate([b["image_id"] for b in batches]))) == 4


def test_a_record_of_another_version_stops_the_run_whatever_the_limit(damaged):
    def age(features):
        features["version"].int64_list.value[:] = [1]

    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        first_batches((damaged(example_with(age)), None), 4, max_damaged=100)
    assert re.search(r"sim-0\.tfrecord: record 3: schema version 1, this program reads", recordfiles.told(error.value))


def test_a_record_of_the_other_domain_stops_the_run(damaged):
    def exchange(features):
        features["domain"].int64_list.value[:] = [schema.REAL]

    with pytest.raises(tf.errors.InvalidArgumentError, match="record 3 is real"):
        first_batches((damaged(example_with(exchange)), None), 4, max_damaged=100)


def test_evaluation_stops_at_a_damaged_record(damaged):
    with pytest.raises(tf.errors.InvalidArgumentError, match="record 3 is damaged: image/encoded: not a jpeg"):
        first(pipeline.eval_batches(damaged(example_with(break_image)), CROP, AUGMENTATION, 2), -1)


def test_records_without_a_sound_one_are_told(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "sim-0.tfrecord")) as writer:
        writer.write(example_with(break_image))
        writer.write(example_with(lose_box))
    with pytest.raises(tf.errors.InvalidArgumentError, match="all 2 sim records are damaged"):
        first_batches((str(tmp_path / "sim-*"), None), 1, max_damaged=9)
