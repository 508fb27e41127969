"""TFRecord files as input: found, counted, checked before work begins, read in an order that a seed fixes."""

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from tensorflow.random.experimental import stateless_fold_in as fold_in
from tensorflow.random.experimental import stateless_shuffle

from simpose_tf import files
from simpose_tf.data import schema
from simpose_tf.errors import InputError

# A TFRecord: uint64 length, uint32 CRC of it, the data, uint32 CRC of the data.
_HEADER, _FOOTER = 12, 4


@dataclass(frozen=True)
class RecordFiles:
    """The files of a glob and how many records they hold."""

    paths: tuple[str, ...]
    count: int


def find(pattern: str, what: str, domain: int | None = None) -> RecordFiles:
    """Return the record files of a glob; files without records are left out.

    Walks over the lengths of all records, and decodes the first one of each file.

    Args:
      pattern: the glob.
      what: the option that it comes from.
      domain: what the records must be, `schema.REAL` or `schema.SIM`, or None for either.

    Raises:
      InputError: no file matches, none holds a record, a file is cut off, no TFRecord file, of another
        schema or of the other domain.
    """
    paths = files.match(pattern, what)
    counts = [count_records(path) for path in paths]
    if not sum(counts):
        raise InputError(f"{what}: no record in the files of {pattern!r}")
    for path, count in zip(paths, counts, strict=True):
        if count:
            check_first(path, what, domain)
    return RecordFiles(tuple(p for p, count in zip(paths, counts, strict=True) if count), sum(counts))


def count_records(path: str) -> int:
    """Return the number of records in a TFRecord file. Raises InputError if it is none, or cut off."""
    size, at, count = Path(path).stat().st_size, 0, 0
    with Path(path).open("rb", buffering=0) as file:
        while at < size:
            header = file.read(_HEADER)
            at += len(header) + _FOOTER + (struct.unpack("<Q", header[:8])[0] if len(header) == _HEADER else 0)
            if len(header) < _HEADER or at > size:
                raise InputError(f"{path}: record {count} is cut off, or this is no TFRecord file")
            file.seek(at, os.SEEK_SET)
            count += 1
    return count


def check_first(path: str, what: str, domain: int | None) -> None:
    """Raise InputError unless the file's first record is whole, of this schema and of the domain."""
    try:
        serialized = next(iter(tf.data.TFRecordDataset(path).take(1))).numpy()
    except tf.errors.DataLossError as error:
        raise InputError(f"{path}: record 0 is damaged, or this is no TFRecord file") from error
    try:
        found = schema.decode(serialized, f"{path}: record 0").domain
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: record 0: {error}") from error
    if domain is not None and found != domain:
        raise InputError(f"{what}: {path}: record 0 is {schema.DOMAIN_NAMES[found]}")


def told(error: tf.errors.OpError) -> str:
    """Return what an error met while reading records says, without the names of graph nodes."""
    lines = [re.sub(r"\{\{.*?\}\}\s*", "", line).strip() for line in str(error.message).splitlines()]
    noise = ("Graph execution", "Detected at", "<stack traces")
    return next((line for line in lines if line and not line.startswith(noise)), "damaged")


def stream(found: RecordFiles, shuffle_buffer: int, seed: int, skip: int) -> tf.data.Dataset:
    """Return an endless stream of serialised records in an order that the arguments alone fix.

    Each epoch passes over every record once: files in random order, interleaved, then shuffled in runs of
    `shuffle_buffer` records. `tf.data`'s own shuffle also depends on TensorFlow's global seed; this does not.

    Args:
      found: the files.
      shuffle_buffer: records in a run.
      seed: any integer.
      skip: records of the stream to leave out at its beginning; whole epochs of them cost nothing, the rest
        is read but not decoded.
    """
    first, rest = divmod(skip, found.count)

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([tf.constant(seed, tf.int64), number])
        records = _interleaved(stateless_shuffle(tf.constant(found.paths), key))
        runs = records.batch(shuffle_buffer).enumerate()
        shuffled = runs.map(lambda run, values: stateless_shuffle(values, fold_in(key, run)))
        return shuffled.unbatch().skip(tf.where(number == first, tf.constant(rest, tf.int64), 0))

    return tf.data.Dataset.range(first, tf.int64.max).flat_map(epoch)


def _interleaved(paths: tf.Tensor) -> tf.data.Dataset:
    """Return the records of files, one from each of up to 16 files in turn."""
    files_ = tf.data.Dataset.from_tensor_slices(paths)
    return files_.interleave(tf.data.TFRecordDataset, cycle_length=16, block_length=1)


def once(found: RecordFiles) -> tf.data.Dataset:
    """Return every serialised record once, file by file, in the order of the files."""
    return tf.data.TFRecordDataset(list(found.paths))
