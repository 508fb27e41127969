"""Say how far a run is, from what its workers leave in the output folder."""

import json
import threading
import time
from collections.abc import Sequence

from simpose_tf.app import say
from tfrecord_tools.data_set import DataSet

EVERY_SECONDS = 5.0


class Progress:
    """Print a line every few seconds while a block runs.

    Like `train: 1/4 shards, 37/120 images, 152 records, 2.9 images/s, 12.3 records/s, 0:31 left`. It looks at
    the output folder, so it works for every runner that shares it with the main.
    """

    def __init__(self, data_set: DataSet, num_tasks: int, missing: Sequence[int]) -> None:
        """Watch the shards `missing` of a data set of `num_tasks` tasks."""
        self._data_set = data_set
        self._missing = list(missing)
        self._kept = data_set.num_shards - len(self._missing)
        self._tasks = sum(len(range(i, num_tasks, data_set.num_shards)) for i in self._missing)
        self._start = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Progress":
        """Start to watch."""
        name = self._data_set.name
        if self._kept:
            say(f"{name}: {self._kept}/{self._data_set.num_shards} shards are there already")
        if self._missing:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End watching; after a good end say the last line."""
        self._ended.set()
        if self._missing:
            self._thread.join()
            if exception[0] is None:
                say(self.line())

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            say(self.line())

    def line(self) -> str:
        """Return the line about now."""
        shards, tasks, records = self._counts()
        seconds, unit = max(time.monotonic() - self._start, 1e-9), self._data_set.unit
        left = clock(seconds / tasks * (self._tasks - tasks)) if tasks else "?"
        return (
            f"{self._data_set.name}: {self._kept + shards}/{self._data_set.num_shards} shards, "
            f"{tasks}/{self._tasks} {unit}, {records} records, {tasks / seconds:.1f} {unit}/s, "
            f"{records / seconds:.1f} records/s, {left} left"
        )

    def _counts(self) -> tuple[int, int, int]:
        """Return finished shards, finished tasks and written records of this run."""
        shards = tasks = records = 0
        for index in self._missing:
            note, progress = self._data_set.note(index), self._data_set.progress(index)
            found = note if note.is_file() else progress
            try:
                counts = json.loads(found.read_text(encoding="utf-8"))
            except FileNotFoundError:  # not begun, or its worker has said nothing yet
                continue
            shards += found is note
            tasks += counts["tasks"]
            records += counts["records"]
        return shards, tasks, records


def clock(seconds: float) -> str:
    """Return seconds as h:mm:ss or m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
