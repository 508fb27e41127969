"""Damaged records: told of once, counted, and too many of them stop the run."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

from absl import logging

from simpose_tf import files
from simpose_tf.errors import InputError


class Damage:
    """The damaged records that a run has met.

    Attributes:
      limit: how many different ones may be passed over.
    """

    def __init__(self, limit: int, path: Path | None = None, say: Callable[[str], None] = logging.warning) -> None:
        """Begin, or go on with what an earlier process of the run wrote.

        Args:
          limit: see above.
          path: JSON file, place -> cause, in which the count outlives the process; None keeps it in memory.
          say: takes one line for each damaged record.
        """
        self.limit, self._path, self._say = limit, path, say
        self._lock = threading.Lock()  # records are read by many threads
        self._causes: dict[str, str] = json.loads(path.read_text()) if path and path.exists() else {}

    @property
    def count(self) -> int:
        """Different damaged records met so far."""
        return len(self._causes)

    def knows(self, place: str) -> bool:
        """Return whether a record was met before and found damaged."""
        return place in self._causes

    def add(self, place: str, cause: str) -> None:
        """Count a record. Raises InputError with its place and cause if there are more than `limit`."""
        with self._lock:
            if place in self._causes:
                return
            if self.count >= self.limit:
                more = f"; {self.count} others are damaged, too: PipelineConfig.max_damaged" if self.limit else ""
                raise InputError(f"{place} is damaged: {cause}{more}")
            self._causes[place] = cause
            self._say(f"{place} is damaged and left out: {cause} ({self.count} of at most {self.limit})")
            if self._path:
                files.write_text(self._path, json.dumps(self._causes, indent=1) + "\n")
