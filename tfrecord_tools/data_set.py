"""Where a data set's shards lie and what decides their bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpose_tf
from simpose_tf.data import schema


@dataclass(frozen=True)
class DataSet:
    """Where the shards go and what decides their bytes.

    Attributes:
      output: the folder.
      name: the shards' name, for example `train`.
      num_shards: number of files.
      settings: everything that decides the records besides the program's version, as plain JSON values.
      unit: what its tasks are, for lines on progress.
    """

    output: str
    name: str
    num_shards: int
    settings: Mapping[str, Any]
    unit: str = "inputs"

    def shard(self, index: int) -> Path:
        """Return the path of a shard."""
        return Path(self.output) / f"{self.name}-{index:05d}-of-{self.num_shards:05d}.tfrecord"

    def note(self, index: int) -> Path:
        """Return the path of the note about a finished shard."""
        return self._hidden(index, "note.json")

    def progress(self, index: int) -> Path:
        """Return the path where a worker says how far it is."""
        return self._hidden(index, "progress.json")

    def fault(self, index: int) -> Path:
        """Return the path where a worker leaves the line about bad input."""
        return self._hidden(index, "fault.json")

    @property
    def stopped(self) -> Path:
        """Path where a worker leaves the line about a fault of the machine, which stops them all."""
        return Path(self.output) / f".{self.name}.stopped.json"

    def _hidden(self, index: int, suffix: str) -> Path:
        shard = self.shard(index)
        return shard.with_name(f".{shard.stem}.{suffix}")

    @property
    def manifest(self) -> Path:
        """Path of the manifest."""
        return Path(self.output) / f"{self.name}.manifest.json"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides the bytes."""
        decides = [self.name, self.num_shards, simpose_tf.__version__, schema.VERSION, self.settings]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
