import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.surface.distance_pickle import convert
from simpose_tf.surface.distance_table import open_table

SMALL = np.float32([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])[:, None]  # 4 vertices


def large():
    """More than a megabyte, so that it stays in the file."""
    return np.random.default_rng(0).random((800 * 799 // 2, 1)).astype(np.float32)


def by_python_2(array):
    """The bytes that Python 2 and its numpy wrote with protocol 2, as the official file was."""
    head = b"\x80\x02}q\x01U\x0cPdist_matrixq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04"
    head += b"K\x00\x85U\x01b\x87Rq\x05(K\x01J" + struct.pack("<i", len(array)) + b"K\x01\x86cnumpy\ndtype\nq\x06"
    head += b"U\x02f4K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
    return head + struct.pack("<i", array.nbytes) + array.tobytes() + b"tbs."


@pytest.mark.parametrize("array", [SMALL, large()], ids=["small", "large"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5, "python 2"])
def test_pickles_of_all_protocols_are_read(tmp_path, array, protocol):
    stored = {"Pdist_matrix": array}
    data = by_python_2(array) if protocol == "python 2" else pickle.dumps(stored, protocol)
    np.testing.assert_array_equal(pickle.loads(data, encoding="latin1")["Pdist_matrix"], array)
    (tmp_path / "d.pkl").write_bytes(data)
    count = convert(tmp_path / "d.pkl", tmp_path / "d.npy")
    table = open_table(tmp_path / "d.npy")
    assert table.count == count and count * (count - 1) // 2 == len(array)
    np.testing.assert_array_equal(table.entries, array.ravel())


@pytest.mark.parametrize(
    "value", [SMALL[:, 0], SMALL.tolist(), SMALL.astype(">f8"), SMALL[:, 0].astype(float).tolist()]
)
def test_other_shapes_types_and_lists_are_read(tmp_path, value):
    (tmp_path / "d.pkl").write_bytes(pickle.dumps({"Pdist_matrix": value}))
    assert convert(tmp_path / "d.pkl", tmp_path / "d.npy") == 4
    np.testing.assert_allclose(open_table(tmp_path / "d.npy").entries, SMALL[:, 0])


@pytest.mark.parametrize("protocol", [2, 4, "python 2"])
def test_large_data_stays_in_the_file(tmp_path, protocol):
    array = np.zeros((4000 * 3999 // 2, 1), np.float32)  # 32 MB
    data = by_python_2(array) if protocol == "python 2" else pickle.dumps({"Pdist_matrix": array}, protocol)
    (tmp_path / "d.pkl").write_bytes(data)
    del array, data
    tracemalloc.start()
    convert(tmp_path / "d.pkl", tmp_path / "d.npy")
    assert tracemalloc.get_traced_memory()[1] < 25e6
    tracemalloc.stop()


def test_large_data_that_is_stored_as_text_is_the_same(tmp_path):
    array = np.random.default_rng(0).random((1500 * 1499 // 2, 1), np.float32)  # 4.5 MB, many bytes of two characters
    data = pickle.dumps({"Pdist_matrix": array}, 2)
    (tmp_path / "d.pkl").write_bytes(data)
    assert convert(tmp_path / "d.pkl", tmp_path / "d.npy") == 1500
    np.testing.assert_array_equal(open_table(tmp_path / "d.npy").entries, array[:, 0])
    # A character of two bytes for one of one: a byte is missing, the file as long as before.
    place = data.index(b"\x3f", len(data) // 2)
    (tmp_path / "d.pkl").write_bytes(data[: place - 1] + b"\xc2\xbf" + data[place + 1 :])
    with pytest.raises(InputError, match=r"d\.pkl: "):
        convert(tmp_path / "d.pkl", tmp_path / "e.npy")
    assert not (tmp_path / "e.npy").exists()


class Harmful:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_a_pickle_runs_nothing(tmp_path):
    marker = tmp_path / "ran"
    (tmp_path / "d.pkl").write_bytes(pickle.dumps({"Pdist_matrix": Harmful(marker)}))
    with pytest.raises(InputError, match=r"it asks for \w+\.system; only arrays of numbers are read"):
        convert(tmp_path / "d.pkl", tmp_path / "d.npy")
    assert not marker.exists()


@pytest.mark.parametrize(
    "value, told",
    [
        ({"other": SMALL}, "no array 'Pdist_matrix'"),
        ({"Pdist_matrix": SMALL[:5]}, "5 distances are no lower triangle"),
        ({"Pdist_matrix": SMALL[:0]}, "0 distances are no lower triangle"),
        ({"Pdist_matrix": ["near", "far"]}, "other things than numbers"),
        ({"Pdist_matrix": np.array([None, 1.0, 2.0])}, "array of object"),
        ({"Pdist_matrix": np.float32([1, np.nan, 2])}, "negative or not a number"),
        ({"Pdist_matrix": np.float32([1, -1, 2])}, "negative or not a number"),
        ({"Pdist_matrix": np.asfortranarray(np.ones((3, 2)))}, "column order"),
    ],
)
def test_other_content_is_told_and_nothing_is_left(tmp_path, value, told):
    (tmp_path / "d.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(InputError, match=f"d.pkl: .*{told}"):
        convert(tmp_path / "d.pkl", tmp_path / "d.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["d.pkl"]


@pytest.mark.parametrize("data", [b"", b"text", by_python_2(large())[:-1000], by_python_2(SMALL)[:60]])
def test_broken_pickles_are_told(tmp_path, data):
    (tmp_path / "d.pkl").write_bytes(data)
    with pytest.raises(InputError, match=r"d\.pkl: (no pickle of distances|is cut off)"):
        convert(tmp_path / "d.pkl", tmp_path / "d.npy")
    with pytest.raises(InputError, match=r"none\.pkl"):
        convert(tmp_path / "none.pkl", tmp_path / "d.npy")
