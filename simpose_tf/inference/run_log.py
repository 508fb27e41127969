"""What a run of `simpose_tf.predict` has done, line by line, so that the same command goes on where it was.

run.jsonl in the output folder: the first line holds the settings that the outputs depend on, each further one a
picture or clip whose files are all written. A line that a killed run left half-written is passed over.
"""

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.inference.work import ClipWork, Work

NAME = "run.jsonl"

# The temporary files of `files.atomic_path`, with the number of the process.
_PART = re.compile(r"^\..+\.(\d+)\.part(\.\w+)?$")


class RunLog:
    """The lines of run.jsonl by NAME; threads may add some."""

    def __init__(self, output: Path, settings: dict[str, Any], redo: bool) -> None:
        """Read what a former run with the same settings has done; nothing is written yet.

        Args:
          output: folder.
          settings: JSON values that decide what the outputs look like.
          redo: take nothing as done.
        """
        self._path, self._settings, self._lock = output / NAME, json.loads(json.dumps(settings)), threading.Lock()
        stored = [] if redo else _lines(self._path)
        self.changed = _changed(stored[0] if stored else self._settings, self._settings)
        self._done = {} if self.changed else {line["name"]: line for line in stored[1:] if "name" in line}
        self._open = False

    def has(self, item: Work | ClipWork) -> bool:
        """Return whether an item is done, and is still the same file."""
        return item.name in self._done and self._done[item.name]["key"] == _key(item)

    def facts(self, item: Work | ClipWork) -> dict[str, Any]:
        """Return what is noted about an item that is done."""
        return self._done[item.name]

    def is_whole(self, item: Work | ClipWork, outputs: Sequence[str]) -> bool:
        """Return whether an item is done and its outputs are there; if they are not, it is no longer noted."""
        if not self.has(item):
            return False
        if all((self._path.parent / name).is_file() for name in outputs):
            return True
        del self._done[item.name]
        return False

    def add(self, item: Work | ClipWork, **facts: Any) -> None:
        """Note that all files of an item are written, with facts about it."""
        line = {"name": item.name, "key": _key(item), **facts}
        with self._lock:
            self._begin()
            self._done[item.name] = line
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")

    def _begin(self) -> None:
        """Write the lines that count, once, and clear away what killed runs have left."""
        if self._open:
            return
        lines = [self._settings, *self._done.values()]
        files.write_text(self._path, "".join(json.dumps(line) + "\n" for line in lines))
        for folder in (self._path.parent, self._path.parent / "previews"):
            _remove_parts(folder)
        self._open = True


def _key(item: Work | ClipWork) -> str:
    """Return what tells one input from another: its file's name, size and time, and what is asked of it."""
    stat = os.stat(item.path)
    facts = [Path(item.path).name, stat.st_size, stat.st_mtime_ns, item.asked()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a log."""
    lines = []
    if path.is_file():
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):  # cut off by a kill: that picture is done again
                line = json.loads(text)
                lines += [line] if isinstance(line, dict) else []
    return lines


def _changed(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the settings that differ."""
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))


def _remove_parts(folder: Path) -> None:
    """Remove unfinished files of processes that are no more."""
    for path in folder.glob(".*.part*"):
        found = _PART.match(path.name)
        if found and not _lives(int(found.group(1))):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
