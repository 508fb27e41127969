"""results.json of a whole run, made of the files of its pictures and clips: one person at a time is in memory."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.inference.people import ENTRY_KEYS


def entries(pictures: Sequence[Path], clips: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the entries of the DensePose result list of all people.

    Args:
      pictures: NAME.json of each.
      clips: NAME.jsonl of each.
    """
    for path in pictures:
        yield from _entries(path.read_text(encoding="utf-8"))
    for path in clips:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield from _entries(line)


def _entries(text: str) -> Iterator[dict[str, Any]]:
    for person in json.loads(text)["people"]:
        yield {key: person[key] for key in ENTRY_KEYS}


def write(path: Path, listed: Iterable[dict[str, Any]]) -> int:
    """Write a list of entries as JSON, entry by entry; return how many there are."""
    count = 0
    with files.atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.write("[")
        for count, entry in enumerate(listed, 1):
            stream.write((", " if count > 1 else "") + json.dumps(entry))
        stream.write("]\n")
    return count
