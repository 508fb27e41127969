"""TFRecord files as input: found, checked before work begins, read record by record in an order that a seed fixes.

Only where each record begins is kept in memory: a stream can start anywhere at once, the order is shuffled without a
buffer of records, and one damaged record costs no other.
"""

import functools
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
import numpy as np
import tensorflow as tf

from simpose_tf import files
from simpose_tf.data import schema
from simpose_tf.errors import InputError

# A TFRecord: uint64 length, uint32 CRC of it, the data, uint32 CRC of the data.
_HEADER, _FOOTER = 12, 4
# Files that are read in turn.
_INTERLEAVED = 16
# Where a length is damaged, the next record is looked for in so many bytes.
_SEARCHED_BYTES = 1 << 24


class DamagedRecordError(Exception):
    """A record that can't be read. The message is the cause, without the place."""


@dataclass(frozen=True, eq=False)
class RecordFiles:
    """The files of a glob and where their records are.

    Attributes:
      paths: the files.
      bounds: for each file int64 `[n + 1]`: record i lies in bytes bounds[i] to bounds[i + 1].
    """

    paths: tuple[str, ...]
    bounds: tuple[np.ndarray, ...]

    @functools.cached_property
    def counts(self) -> tuple[int, ...]:
        """Records in each file."""
        return tuple(len(bounds) - 1 for bounds in self.bounds)

    @functools.cached_property
    def count(self) -> int:
        """Records in all files."""
        return sum(self.counts)

    @functools.cached_property
    def _firsts(self) -> np.ndarray:
        return np.cumsum((0, *self.counts))

    def place(self, number: int) -> tuple[int, int]:
        """Return the file and the place in it of record `number`, counted through all files."""
        file = int(np.searchsorted(self._firsts, number, "right")) - 1
        return file, int(number - self._firsts[file])

    def name(self, number: int) -> str:
        """Return what messages call record `number`."""
        file, place = self.place(number)
        return f"{self.paths[file]}: record {place}"

    def read(self, number: int) -> bytes:
        """Return record `number`, counted through all files. Raises DamagedRecordError."""
        file, place = self.place(number)
        start, end = (int(at) for at in self.bounds[file][place : place + 2])
        with open(self.paths[file], "rb", buffering=0) as stream:
            return payload(os.pread(stream.fileno(), end - start, start), end - start)


def payload(stored: bytes, size: int) -> bytes:
    """Return the data of a stored TFRecord of `size` bytes. Raises DamagedRecordError unless both checksums fit."""
    if len(stored) < size or size < _HEADER + _FOOTER or _length_at(stored, 0) != size - _HEADER - _FOOTER:
        raise DamagedRecordError("it is cut off, or its length is damaged")
    data = stored[_HEADER:-_FOOTER]
    if _masked_crc(data) != struct.unpack("<I", stored[-_FOOTER:])[0]:
        raise DamagedRecordError("its checksum is wrong")
    return data


def _masked_crc(data: bytes) -> int:
    """Return TFRecord's checksum: CRC-32C, rotated by 15 bits, plus a constant."""
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _length_at(stored: bytes, at: int) -> int | None:
    """Return the length of the record whose header stands at `at`, or None if no sound header does."""
    header = stored[at : at + _HEADER]
    if len(header) < _HEADER or _masked_crc(header[:8]) != struct.unpack("<I", header[8:])[0]:
        return None
    return struct.unpack("<Q", header[:8])[0]


def find(pattern: str, what: str, domain: int | None = None, tolerant: bool = False) -> RecordFiles:
    """Return the record files of a glob; files without records are left out.

    Walks over the lengths of all records, and decodes the first one of each file.

    Args:
      pattern: the glob.
      what: the option that it comes from.
      domain: what the records must be, `schema.REAL` or `schema.SIM`, or None for either.
      tolerant: leave damaged records to whoever reads them; stretches that can't be read count as one record.

    Raises:
      InputError: no file matches, none holds a record, a file is no TFRecord file, of another schema or of the other
        domain, or, unless tolerant, cut off or damaged at its first record.
    """
    paths = files.match(pattern, what)
    bounds = [find_bounds(path, tolerant) for path in paths]
    kept = [i for i, ends in enumerate(bounds) if len(ends) > 1]
    if not kept:
        raise InputError(f"{what}: no record in the files of {pattern!r}")
    found = RecordFiles(tuple(paths[i] for i in kept), tuple(bounds[i] for i in kept))
    for first in np.cumsum((0, *found.counts[:-1])):
        check_record(found, int(first), what, domain, tolerant)
    return found


def read_person(found: RecordFiles, number: int) -> schema.Person:
    """Return record `number`, decoded. Raises InputError, which names it, for a damaged one."""
    try:
        return schema.decode(found.read(number), found.name(number))
    except (DamagedRecordError, ValueError) as error:
        raise InputError(f"{found.name(number)} is damaged: {error}") from error


def find_bounds(path: str, tolerant: bool = False) -> np.ndarray:
    """Return where the records of a TFRecord file begin, and where the last one ends, int64 `[n + 1]`.

    Raises InputError if it is none, or, unless tolerant, damaged or cut off.
    """
    size, bounds = Path(path).stat().st_size, [0]
    with Path(path).open("rb", buffering=0) as file:
        while bounds[-1] < size:
            length = _length_at(os.pread(file.fileno(), _HEADER, bounds[-1]), 0)
            end = None if length is None else bounds[-1] + _HEADER + length + _FOOTER
            if end is None or end > size:
                if not tolerant or (len(bounds) == 1 and _next_header(file.fileno(), 0, size) == size):
                    raise InputError(f"{path}: record {len(bounds) - 1} is cut off, or this is no TFRecord file")
                end = _next_header(file.fileno(), bounds[-1], size)
            bounds.append(end)
    return np.array(bounds, np.int64)


def _next_header(file: int, start: int, size: int) -> int:
    """Return where the next record begins after a damaged one at `start`, or `size` if none is found."""
    stored = os.pread(file, _SEARCHED_BYTES, start)
    for at in range(1, len(stored) - _HEADER):
        length = _length_at(stored, at)
        if length is not None and start + at + _HEADER + length + _FOOTER <= size:
            return start + at
    return size


def check_record(found: RecordFiles, number: int, what: str, domain: int | None, tolerant: bool = False) -> None:
    """Raise InputError unless a record is of this schema and of the domain and, unless tolerant, whole."""
    try:
        stored = schema.decode(found.read(number), found.name(number)).domain
    except schema.WrongRecordsError:
        raise
    except (InputError, DamagedRecordError, ValueError) as error:
        if tolerant:
            return
        text = str(error) if isinstance(error, InputError) else f"{found.name(number)} is damaged: {error}"
        raise InputError(text) from error
    check_domain(stored, domain, f"{what}: {found.name(number)}")


def check_domain(stored: object, domain: int | None, place: str) -> None:
    """Raise WrongRecordsError if a record's domain is not the one asked for (None: either)."""
    if domain is not None and stored != domain:
        raise schema.WrongRecordsError(f"{place} is {'sim' if stored == schema.SIM else 'real'}")


def told(error: tf.errors.OpError) -> str:
    """Return what an error met while reading records says, without the names of graph nodes."""
    lines = [re.sub(r"\{\{.*?\}\}\s*", "", line).strip() for line in str(error.message).splitlines()]
    noise = ("Graph execution", "Detected at", "<stack traces")
    line = next((line for line in lines if line and not line.startswith(noise)), "damaged")
    return re.sub(r"^\w+Error: ", "", line)


@dataclass(frozen=True)
class Stream:
    """An endless stream of record numbers in an order that its fields alone fix.

    Each epoch passes over every record once (`epoch_order`).

    Attributes:
      found: the files.
      shuffle_buffer: records in a run that is shuffled.
      key: of the random order: non-negative integers.
    """

    found: RecordFiles
    shuffle_buffer: int
    key: tuple[int, ...]

    def number(self, position: int) -> int:
        """Return the record at a position of the stream, 0, 1, ..."""
        epoch, place = divmod(position, self.found.count)
        return int(epoch_order(self.found.counts, self.shuffle_buffer, (*self.key, epoch))[place])


@functools.lru_cache(maxsize=4)  # an epoch of each domain, and the one before, to which late threads still ask
def epoch_order(counts: tuple[int, ...], shuffle_buffer: int, key: tuple[int, ...]) -> np.ndarray:
    """Return the numbers of all records, each once, int64 `[N]`: how one epoch passes over the files.

    Files in random order, one record from each of 16 in turn, then shuffled in runs of `shuffle_buffer` records: what
    is read within a while lies close together on disk.
    """
    rng = np.random.default_rng(key)
    rank = np.repeat(rng.permutation(len(counts)), counts)
    place = np.concatenate([np.arange(count) for count in counts])
    order = np.lexsort((rank, place, rank // _INTERLEAVED))
    for start in range(0, len(order), shuffle_buffer):
        rng.shuffle(order[start : start + shuffle_buffer])
    return order
