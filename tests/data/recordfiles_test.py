import collections
import itertools

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import recordfiles, schema
from simpose_tf.errors import InputError
from tests.data import synthetic


def write_bytes_records(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def numbered(folder, counts):
    """Write files of numbered records (not people: the order is what is tested) and return them as found."""
    numbers, paths = itertools.count(), []
    for i, count in enumerate(counts):
        paths.append(str(folder / f"{i}.tfrecord"))
        write_bytes_records(paths[-1], [str(next(numbers)).encode() for _ in range(count)])
    return recordfiles.RecordFiles(tuple(paths), tuple(recordfiles.find_bounds(path) for path in paths))


def take(found, count, buffer=4, key=(0, 0)):
    records = recordfiles.Stream(found, buffer, key)
    return [int(found.read(records.number(position))) for position in range(count)]


@pytest.fixture(scope="module")
def person_bytes():
    return schema.encode(synthetic.person(np.random.default_rng(0), size=(40, 40)))


def test_every_epoch_holds_every_record_once_and_differs(tmp_path):
    found = numbered(tmp_path, [5, 3, 9])
    order = take(found, 3 * 17)
    epochs = [order[i : i + 17] for i in (0, 17, 34)]
    assert all(sorted(epoch) == list(range(17)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert order[:17] != sorted(order[:17])


def test_the_order_depends_on_the_key_alone(tmp_path):
    found = numbered(tmp_path, [5, 3, 9])
    first = take(found, 34, 100, (11, 0))
    recordfiles.epoch_order.cache_clear()
    tf.random.set_seed(3)
    assert take(found, 34, 100, (11, 0)) == first
    assert take(found, 34, 100, (12, 0)) != first and take(found, 34, 100, (11, 1)) != first


def test_a_buffer_over_all_records_makes_every_place_as_likely(tmp_path):
    found = numbered(tmp_path, [3, 3])
    first = collections.Counter(take(found, 6 * 600, 6, (5, 0))[::6])
    # 600 draws over 6 records: 100 +- 9.1 each.
    assert set(first) == set(range(6)) and max(abs(c - 100) for c in first.values()) < 45


def test_without_shuffling_files_are_read_in_turn_sixteen_at_a_time():
    order = recordfiles.epoch_order((3,) * 20, 1, (0,))
    files = (order // 3).reshape(-1)
    rounds = [files[i : i + 16] for i in (0, 16, 32)]
    assert len(set(rounds[0])) == 16 and all(list(r) == list(rounds[0]) for r in rounds)
    np.testing.assert_array_equal(order[:48] % 3, np.repeat([0, 1, 2], 16))
    assert set(files[48:]).isdisjoint(rounds[0]) and len(files[48:]) == 12


def test_records_are_read_by_number_as_tensorflow_reads_them(tmp_path):
    rng = np.random.default_rng(0)
    contents = [rng.bytes(size) for size in (0, 1, 17, 70000)]
    path = str(tmp_path / "a.tfrecord")
    write_bytes_records(path, contents)
    found = recordfiles.RecordFiles((path,), (recordfiles.find_bounds(path),))
    assert [found.read(i) for i in range(4)] == contents == list(tf.data.TFRecordDataset(path).as_numpy_iterator())


@pytest.mark.parametrize("byte", [0, 5, 9, 12, 40, -1])
def test_each_changed_byte_of_a_record_is_found(tmp_path, byte):
    path = tmp_path / "a.tfrecord"
    write_bytes_records(path, [b"x" * 50])
    bounds, data = recordfiles.find_bounds(str(path)), bytearray(path.read_bytes())
    data[byte] ^= 16
    path.write_bytes(data)
    with pytest.raises(recordfiles.DamagedRecordError):
        recordfiles.RecordFiles((str(path),), (bounds,)).read(0)


@pytest.mark.parametrize("harmed", [0, 1, 3])
def test_after_a_damaged_length_the_next_record_is_found(tmp_path, harmed):
    path = tmp_path / "a.tfrecord"
    write_bytes_records(path, [bytes([65 + i]) * 50 for i in range(4)])
    bounds, data = recordfiles.find_bounds(str(path)), bytearray(path.read_bytes())
    data[bounds[harmed] + 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"record {harmed} is cut off"):
        recordfiles.find_bounds(str(path))
    np.testing.assert_array_equal(recordfiles.find_bounds(str(path), tolerant=True), bounds)


def test_find_counts_and_leaves_out_files_without_records(tmp_path, person_bytes):
    write_bytes_records(tmp_path / "a.tfrecord", [person_bytes] * 3)
    (tmp_path / "b.tfrecord").touch()
    write_bytes_records(tmp_path / "c.tfrecord", [person_bytes] * 2)
    found = recordfiles.find(str(tmp_path / "*"), "--x")
    assert found.paths == (str(tmp_path / "a.tfrecord"), str(tmp_path / "c.tfrecord"))
    assert (found.counts, found.count, found.name(3)) == ((3, 2), 5, f"{tmp_path}/c.tfrecord: record 0")


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
    with pytest.raises(InputError, match=r"a\.tfrecord: record 0 is damaged: person/mask: not a png8 picture"):
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
    for tolerant in (False, True):
        with pytest.raises(InputError, match="no TFRecord file"):
            recordfiles.find(str(tmp_path / "a.tfrecord"), "--x", tolerant=tolerant)
    write_bytes_records(tmp_path / "b.tfrecord", [person_bytes])
    data = bytearray((tmp_path / "b.tfrecord").read_bytes())
    data[100] ^= 1
    (tmp_path / "b.tfrecord").write_bytes(data)
    with pytest.raises(InputError, match=r"b\.tfrecord: record 0 is damaged"):
        recordfiles.find(str(tmp_path / "b.tfrecord"), "--x")
