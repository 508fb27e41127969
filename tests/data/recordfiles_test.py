import collections
import itertools

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import recordfiles, schema
from simpose_tf.errors import InputError
from tests.data import synthetic


def numbered(folder, counts):
    """Write files of numbered records (not people: the order is what is tested) and return them as found."""
    numbers, paths = itertools.count(), []
    for i, count in enumerate(counts):
        paths.append(str(folder / f"{i}.tfrecord"))
        with tf.io.TFRecordWriter(paths[-1]) as writer:
            for _ in range(count):
                writer.write(str(next(numbers)).encode())
    return recordfiles.RecordFiles(tuple(paths), sum(counts))


def take(dataset, count):
    return [int(value) for value in dataset.take(count).as_numpy_iterator()]


@pytest.fixture(scope="module")
def person_bytes():
    return schema.encode(synthetic.person(np.random.default_rng(0), size=(40, 40)))


def write_bytes_records(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def test_every_epoch_holds_every_record_once_and_differs(tmp_path):
    found = numbered(tmp_path, [5, 3, 9])
    order = take(recordfiles.stream(found, 4, 0, 0), 3 * 17)
    epochs = [order[i : i + 17] for i in (0, 17, 34)]
    assert all(sorted(epoch) == list(range(17)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert order[:17] != sorted(order[:17])


def test_skip_goes_on_exactly_where_the_stream_would_be(tmp_path):
    found = numbered(tmp_path, [5, 3, 9])
    whole = take(recordfiles.stream(found, 4, 11, 0), 80)
    for skip in (0, 1, 4, 16, 17, 18, 34, 50):
        assert take(recordfiles.stream(found, 4, 11, skip), 30) == whole[skip : skip + 30], skip


def test_the_order_depends_on_the_seed_and_not_on_the_global_one(tmp_path):
    found = numbered(tmp_path, [5, 3, 9])
    tf.random.set_seed(1)
    first = take(recordfiles.stream(found, 100, 0, 0), 17)
    tf.random.set_seed(2)
    assert take(recordfiles.stream(found, 100, 0, 0), 17) == first
    assert take(recordfiles.stream(found, 100, 1, 0), 17) != first


def test_a_buffer_over_all_records_makes_every_place_as_likely(tmp_path):
    found = numbered(tmp_path, [3, 3])
    order = take(recordfiles.stream(found, 6, 5, 0), 6 * 600)
    first = collections.Counter(order[::6])
    # 600 draws over 6 records: 100 +- 9.1 each.
    assert set(first) == set(range(6)) and max(abs(c - 100) for c in first.values()) < 45


def test_once_reads_file_by_file_in_order(tmp_path):
    assert take(recordfiles.once(numbered(tmp_path, [2, 4, 3])), -1) == list(range(9))


def test_find_counts_and_leaves_out_files_without_records(tmp_path, person_bytes):
    write_bytes_records(tmp_path / "a.tfrecord", [person_bytes] * 3)
    (tmp_path / "b.tfrecord").touch()
    write_bytes_records(tmp_path / "c.tfrecord", [person_bytes] * 2)
    found = recordfiles.find(str(tmp_path / "*"), "--x")
    assert found == recordfiles.RecordFiles((str(tmp_path / "a.tfrecord"), str(tmp_path / "c.tfrecord")), 5)


def test_find_names_what_is_wrong(tmp_path, person_bytes):
    with pytest.raises(InputError, match="--x: no file matches"):
        recordfiles.find(str(tmp_path / "*"), "--x")
    (tmp_path / "a.tfrecord").touch()
    with pytest.raises(InputError, match="--x: no record in the files"):
        recordfiles.find(str(tmp_path / "*"), "--x")
    write_bytes_records(tmp_path / "a.tfrecord", [person_bytes])
    with pytest.raises(InputError, match=r"--x: .*a\.tfrecord: record 0 is sim"):
        recordfiles.find(str(tmp_path / "*"), "--x", schema.REAL)
    write_bytes_records(tmp_path / "a.tfrecord", [b"\xff no Example"])
    with pytest.raises(InputError, match=r"a\.tfrecord: record 0: not a tf\.train\.Example"):
        recordfiles.find(str(tmp_path / "*"), "--x")
    example = tf.train.Example.FromString(person_bytes)
    example.features.feature["person/mask"].bytes_list.value[0] = b"no picture"
    write_bytes_records(tmp_path / "a.tfrecord", [example.SerializeToString()])
    with pytest.raises(InputError, match=r"a\.tfrecord: record 0: not a png8 picture"):
        recordfiles.find(str(tmp_path / "*"), "--x")


@pytest.mark.parametrize("keep", [3, 12, 1000, -1])
def test_a_file_that_is_cut_off_is_named(tmp_path, person_bytes, keep):
    path = tmp_path / "a.tfrecord"
    write_bytes_records(path, [person_bytes])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"a\.tfrecord: record 0 is cut off"):
        recordfiles.find(str(path), "--x")


def test_a_file_that_is_cut_off_later_is_named_with_the_record(tmp_path, person_bytes):
    path = tmp_path / "a.tfrecord"
    write_bytes_records(path, [person_bytes] * 3)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="record 2 is cut off"):
        recordfiles.find(str(path), "--x")


def test_a_picture_is_no_record_file_and_a_damaged_one_is_told(tmp_path, person_bytes):
    (tmp_path / "a.tfrecord").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(200)))
    with pytest.raises(InputError, match="no TFRecord file"):
        recordfiles.find(str(tmp_path / "a.tfrecord"), "--x")
    write_bytes_records(tmp_path / "b.tfrecord", [person_bytes])
    data = bytearray((tmp_path / "b.tfrecord").read_bytes())
    data[100] ^= 1
    (tmp_path / "b.tfrecord").write_bytes(data)
    with pytest.raises(InputError, match=r"b\.tfrecord: record 0 is damaged"):
        recordfiles.find(str(tmp_path / "b.tfrecord"), "--x")
