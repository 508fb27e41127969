"""DensePose's `Pdist_matrix.pkl` -> the file that `distance_table.open_table` maps.

A pickle is a program. This reader runs none of it: it knows arrays of numbers, lists and dictionaries of them, and
refuses all else. The numbers of an array, 1.5 GB, stay in the file: their place is noted and they are copied in pieces.
"""

import codecs
import io
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.files import atomic_path
from simpose_tf.surface.distance_table import entries_before, table_header

KEY = "Pdist_matrix"
_LARGE = 1 << 20  # bytes; longer data stays in the file
_PIECE = 1 << 20  # numbers copied at once


@dataclass(frozen=True)
class _Span:
    """Bytes that were left in the file; `text`: as UTF-8 of the characters with their codes."""

    offset: int
    length: int
    text: bool = False


class _Array:
    """An array of the pickle, before or after it was told its type, shape and bytes."""

    dtype: np.dtype
    shape: tuple[int, ...]
    data: _Span | bytes

    def __init__(self, *_: Any) -> None:
        """Take what numpy's own constructor would."""

    def __setstate__(self, state: tuple) -> None:
        """Take (version, shape, dtype, column order, bytes), as numpy's arrays are told."""
        _, self.shape, self.dtype, columns_first, data = state
        self.data = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(self.dtype, np.dtype) or self.dtype.kind != "f":
            raise pickle.UnpicklingError(f"an array of {self.dtype}, not of floating-point numbers")
        if columns_first and sum(side > 1 for side in self.shape) > 1:
            raise pickle.UnpicklingError("an array in column order")


def _from_buffer(data: _Span | bytes | bytearray, dtype: np.dtype, shape: tuple[int, ...], order: str) -> _Array:
    """Return an array as newer pickles (protocol 5) store it."""
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", data))
    return array


def _encode(text: str | _Span, _encoding: str) -> bytes | _Span:
    """Return bytes that Python 3 stored as text, in pickles of protocol 2."""
    return text if isinstance(text, _Span) else text.encode("latin1")


def _known() -> dict[tuple[str, str], Callable]:
    """Return all that a pickle may name, by module and name: numpy of versions 1 and 2."""
    known: dict[tuple[str, str], Callable] = {("numpy", "ndarray"): _Array, ("numpy", "dtype"): np.dtype}
    known["_codecs", "encode"] = _encode
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.multiarray", "_reconstruct"] = _Array
        known[f"{core}.numeric", "_frombuffer"] = _from_buffer
    return known


class _Reader(pickle._Unpickler):
    """Python's own reader of pickles, with names restricted and large data left where it is."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, encoding="latin1")  # Python 2 wrote the official file
        self._stream = stream

    def find_class(self, module: str, name: str) -> Callable:
        """Return what a name stands for. Raises UnpicklingError for all but arrays."""
        found = _known().get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}; only arrays of numbers are read")
        return found

    def _load(self: Any, form: str, encoding: str | None = None) -> None:
        """Push the bytes, or text of an encoding, whose length comes next, or their place in the file if many."""
        (length,) = struct.unpack(form, self.read(struct.calcsize(form)))
        if length >= _LARGE and self._unframer.current_frame is None:
            self.append(_Span(self._stream.tell(), length, encoding == "utf-8"))
            self._stream.seek(length, io.SEEK_CUR)
        else:
            data = self.read(length)
            self.append(data.decode(encoding) if encoding else data)

    dispatch[pickle.BINSTRING[0]] = lambda self: self._load("<i", "latin1")
    dispatch[pickle.BINUNICODE[0]] = lambda self: self._load("<I", "utf-8")
    dispatch[pickle.BINUNICODE8[0]] = lambda self: self._load("<Q", "utf-8")
    dispatch[pickle.BINBYTES[0]] = lambda self: self._load("<I")
    dispatch[pickle.BINBYTES8[0]] = lambda self: self._load("<Q")
    dispatch[pickle.BYTEARRAY8[0]] = lambda self: self._load("<Q")


def convert(source: str | os.PathLike, output: str | os.PathLike) -> int:
    """Convert the official pickle to a mapped table of distances; memory does not grow with it.

    Args:
      source: a pickle of {"Pdist_matrix": lower triangle}: `[N (N - 1) / 2]`, with or without an axis of 1, or a list.
      output: the `.npy` file, whole or not there.

    Returns:
      N, the number of vertices.

    Raises:
      InputError: no such file, no such pickle, distances that are negative or not a number.
    """
    source = Path(source)
    with _opened(source) as stream:
        array = _stored(source, stream)
        size = array.size if isinstance(array, np.ndarray) else int(np.prod(array.shape))
        count = (1 + round((1 + 8 * size) ** 0.5)) // 2
        if not size or entries_before(count) != size:
            raise InputError(f"{source}: {size} distances are no lower triangle of a matrix")
        with atomic_path(output) as temporary, open(temporary, "wb") as target:
            target.write(table_header(count))
            for piece in _pieces(source, stream, array):
                if np.isnan(piece).any() or (piece < 0).any():
                    raise InputError(f"{source}: holds distances that are negative or not a number")
                target.write(piece.astype("<f4").tobytes())
                size -= len(piece)
            if size:
                raise InputError(f"{source}: its bytes do not fill the array that it names")
    return count


def _opened(path: Path) -> BinaryIO:
    """Open a file. Raises InputError if it is not there."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _stored(path: Path, stream: BinaryIO) -> _Array | np.ndarray:
    """Return the pickle's distances. Raises InputError if it holds none."""
    try:
        stored = _Reader(stream).load()
    except Exception as error:  # what bytes that are no pickle may lead to has no end
        told = "it ends too early" if isinstance(error, EOFError) else " ".join(str(error).split())
        raise InputError(f"{path}: no pickle of distances: {told or type(error).__name__}") from error
    found = stored.get(KEY) if isinstance(stored, dict) else stored
    if isinstance(found, _Array) and hasattr(found, "data"):
        have = found.data.length if isinstance(found.data, _Span) else len(found.data)
        is_text = isinstance(found.data, _Span) and found.data.text  # how many bytes that makes is seen when it is read
        if not is_text and have != found.dtype.itemsize * int(np.prod(found.shape)):
            raise InputError(f"{path}: {have} bytes do not fill an array {list(found.shape)} of {found.dtype}")
        if isinstance(found.data, _Span) and found.data.offset + have > path.stat().st_size:
            raise InputError(f"{path}: is cut off")
        return found
    if isinstance(found, list):
        try:
            return np.asarray(found, np.float64).ravel()
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: {KEY} is a list of other things than numbers") from error
    raise InputError(f"{path}: no array {KEY!r} in it")


def _pieces(path: Path, stream: BinaryIO, array: _Array | np.ndarray) -> Iterator[np.ndarray]:
    """Yield the numbers in order, some millions at a time."""
    if isinstance(array, np.ndarray):
        yield array
    elif isinstance(array.data, _Span) and array.data.text:
        yield from _pieces_of_text(path, stream, array.data, array.dtype)
    elif isinstance(array.data, _Span):
        stream.seek(array.data.offset)
        left = array.data.length // array.dtype.itemsize
        while left:
            piece = np.fromfile(stream, array.dtype, min(left, _PIECE))
            if not len(piece):
                raise InputError(f"{path}: is cut off")
            left -= len(piece)
            yield piece
    else:
        yield np.frombuffer(array.data, array.dtype)


def _pieces_of_text(path: Path, stream: BinaryIO, span: _Span, dtype: np.dtype) -> Iterator[np.ndarray]:
    """Yield the numbers of bytes that are stored as text."""
    stream.seek(span.offset)
    decoder, left, rest = codecs.getincrementaldecoder("utf-8")(), span.length, b""
    while left:
        stored = stream.read(min(left, _PIECE))
        if not stored:
            raise InputError(f"{path}: is cut off")
        left -= len(stored)
        try:
            data = rest + decoder.decode(stored, final=not left).encode("latin1")
        except UnicodeError as error:
            raise InputError(f"{path}: no pickle of distances: {error}") from error
        whole = len(data) - len(data) % dtype.itemsize
        rest = data[whole:]
        yield np.frombuffer(data[:whole], dtype)
