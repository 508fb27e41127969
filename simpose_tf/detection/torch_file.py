"""Reads the arrays of a PyTorch file of before version 1.6 without PyTorch; nothing in the file is run.

Such a file is a row of pickles (a magic number, a version, facts of the machine, the dictionary of tensors, the names
of the storages) and then each storage: its number of values as int64, its values. Newer ones are archives, which
`ptloader` reads.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from simpose_tf.errors import InputError

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": np.float32, "HalfStorage": np.float16, "LongStorage": np.int64, "IntStorage": np.int32}


class _Storage:
    """A storage that is filled after the pickles are read."""

    def __init__(self, dtype: type) -> None:
        self.dtype = dtype
        self.values = np.zeros(0, dtype)


class _Tensor:
    """A tensor of a storage: first value, shape, strides in values."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: Any) -> None:
        self._of = storage, offset, tuple(shape), tuple(strides)

    def array(self) -> np.ndarray:
        """Return a copy as an array. Raises ValueError if it reaches beyond its storage."""
        storage, offset, shape, strides = self._of
        last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
        if min((offset, *shape, *strides)) < 0 or last >= len(storage.values):
            raise ValueError("a tensor reaches beyond its storage")
        itemsize = storage.values.itemsize
        steps = [itemsize * stride for stride in strides]
        return np.lib.stride_tricks.as_strided(storage.values[offset:], shape, steps, writeable=False).copy()


class _Unpickler(pickle.Unpickler):
    """Knows dictionaries, tensors and storages, and refuses everything else."""

    storages: dict[str, _Storage]

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file stands for."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of weights")

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the storage of a name."""
        _, dtype, key, *_ = pid
        return self.storages.setdefault(key, _Storage(dtype))


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name. Raises InputError for what is no such file."""
    data = Path(path).read_bytes()
    try:
        return _read(io.BytesIO(data))
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: no PyTorch file of weights of the old kind ({error})") from error


def _read(stream: io.BytesIO) -> dict[str, np.ndarray]:
    storages: dict[str, _Storage] = {}

    def load() -> Any:
        unpickler = _Unpickler(stream)
        unpickler.storages = storages
        return unpickler.load()

    if load() != _MAGIC:
        raise ValueError("another magic number")
    load(), load()  # version, facts of the machine
    tensors = load()
    for key in load():
        storage = storages[key]
        count = int(np.frombuffer(stream.read(8), np.int64)[0])
        storage.values = np.frombuffer(stream.read(count * np.dtype(storage.dtype).itemsize), storage.dtype)
    return {name: tensor.array() for name, tensor in tensors.items()}
