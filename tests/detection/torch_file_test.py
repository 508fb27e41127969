"""Facts about `simpose_tf.detection.torch_file`: files are written here as PyTorch wrote them, without PyTorch."""

import collections
import io
import os
import pickle
import struct
import sys
import types

import numpy as np
import pytest

from simpose_tf.detection import torch_file
from simpose_tf.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """Stands for a storage where it is pickled."""

    def __init__(self, key, values):
        self.key, self.values = key, values


class Tensor:
    """Is pickled as a call of PyTorch's function."""

    def __init__(self, storage, offset, shape, strides):
        self.of = storage, offset, shape, strides, False, collections.OrderedDict()

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.of


@pytest.fixture
def torch_names(monkeypatch):
    """Let pickle find the names that PyTorch's files hold."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*_):
        raise AssertionError

    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", *["_rebuild_tensor_v2"] * 2
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def written(path, tensors, storages):
    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, Storage):
                return ("storage", sys.modules["torch"].FloatStorage, obj.key, "cpu", obj.values.size, None)
            return None

    stream = io.BytesIO()
    for value in (MAGIC, 1001, {"little_endian": True}, collections.OrderedDict(tensors), [s.key for s in storages]):
        Pickler(stream, 2).dump(value)
    for storage in storages:
        stream.write(struct.pack("<q", storage.values.size) + storage.values.tobytes())
    path.write_bytes(stream.getvalue())
    return path


def test_tensors_are_read_with_offset_and_strides(tmp_path, torch_names):
    one, other = (Storage(key, np.arange(n, dtype=np.float32)) for key, n in (("7", 12), ("3", 4)))
    tensors = {
        "a": Tensor(one, 0, (3, 4), (4, 1)),
        "turned": Tensor(one, 2, (2, 2), (1, 4)),
        "b": Tensor(other, 1, (3,), (1,)),
    }
    read = torch_file.read(written(tmp_path / "w.pth", tensors, [other, one]))
    np.testing.assert_array_equal(read["a"], np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(read["turned"], [[2, 6], [3, 7]])  # 2 + i + 4 j
    np.testing.assert_array_equal(read["b"], [1, 2, 3])


def test_a_tensor_beyond_its_storage_is_told(tmp_path, torch_names):
    storage = Storage("0", np.zeros(4, np.float32))
    with pytest.raises(InputError, match="reaches beyond"):
        torch_file.read(written(tmp_path / "w.pth", {"a": Tensor(storage, 0, (5,), (1,))}, [storage]))


def test_nothing_in_a_file_is_run(tmp_path, torch_names):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(InputError, match="mkdir is no part of a file of weights"):
        torch_file.read(written(tmp_path / "w.pth", {"a": Evil()}, []))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 an archive", pickle.dumps(5), pickle.dumps(MAGIC)])
def test_another_file_is_told(data, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"w\.pth: no PyTorch file"):
        torch_file.read(path)
