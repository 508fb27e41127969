"""What a run is to do: each picture and clip with the NAME of its outputs, its id, its size and its boxes."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.inference import boxes, video_files
from simpose_tf.inference.boxes import PictureBoxes
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.pictures import picture_size
from simpose_tf.inference.video_files import ClipFacts

R = TypeVar("R")

# Picture uint8 RGB, boxes `[N,4]` yxyx, their scores `[N]` -> people, at most N; boxes and scores None: find them.
Predict = Callable[[np.ndarray, np.ndarray | None, np.ndarray | None], list[PredictedPerson]]

# Files of the whole run: results.json, results.npz, run.jsonl, index.html.
_TAKEN = ("results", "run", "index")


@dataclass(frozen=True)
class Work:
    """One picture.

    Attributes:
      path: of its file.
      name: NAME of its outputs.
      image_id: in the results.
      size: (height, width), upright.
      boxes_yxyx: `[N,4]`, where its people are; None: they are to be found.
      scores: `[N]` of the boxes; None: they are to be found.
    """

    path: str
    name: str
    image_id: int
    size: tuple[int, int]
    boxes_yxyx: np.ndarray | None
    scores: np.ndarray | None

    def asked(self) -> list:
        """Return what is asked of the picture, besides the run's settings, as JSON has it."""
        given = [None if values is None else values.tolist() for values in (self.boxes_yxyx, self.scores)]
        return [self.image_id, *given]


@dataclass(frozen=True)
class ClipWork:
    """One clip: its file, the NAME of its outputs, what its header says, whether people are to be found in it."""

    path: str
    name: str
    facts: ClipFacts
    detect: bool

    def asked(self) -> list:
        """Return what is asked of the clip, besides the run's settings, as JSON has it."""
        return [self.detect]


@dataclass(frozen=True)
class Plan:
    """All pictures and clips that can be read, and one line for each that cannot."""

    pictures: list[Work]
    clips: list[ClipWork]
    skipped: list[str]


def plan(pictures: Sequence[str], clips: Sequence[str], boxes_file: str | None, detect: bool = False) -> Plan:
    """Return what is to be predicted.

    Args:
      pictures: their paths.
      clips: their paths.
      boxes_file: where the pictures' people are (`boxes.read_boxes`), or None.
      detect: without boxes the people are to be found; else each picture as a whole is one person's box.

    Raises:
      InputError: bad boxes, boxes for clips, or nothing that is readable.
    """
    if boxes_file and clips:
        raise InputError(f"--boxes is for pictures: {clips[0]!r} is a video; its frames as pictures can have boxes")
    given = boxes.read_boxes(boxes_file, pictures) if boxes_file else None
    ids = boxes.default_ids(pictures)
    names = output_names([*pictures, *clips])
    planned = Plan([], [], [])
    for path in pictures:
        size = _or_skip(picture_size, path, planned.skipped)
        if size is not None:
            found = given[path] if given else PictureBoxes(ids[path], np.array([[0.0, 0.0, *size]]))
            boxes.check_inside(found, size, path)
            planned.pictures.append(_work(path, names[path], size, found, detect and given is None))
    for path in clips:
        facts = _or_skip(video_files.clip_facts, path, planned.skipped)
        if facts is not None:
            planned.clips.append(ClipWork(path, names[path], facts, detect))
    require_one([*planned.pictures, *planned.clips], planned.skipped, "pictures and clips" if clips else "pictures")
    return planned


def _or_skip(read: Callable[[str], R], path: str, skipped: list[str]) -> R | None:
    """Return what is read of a file, or None if it cannot be: the fault is added to `skipped`."""
    try:
        return read(path)
    except InputError as error:
        skipped.append(str(error))
        return None


def require_one(good: Sequence, skipped: Sequence[str], kind: str = "pictures") -> None:
    """Raise InputError if nothing is good."""
    if not good:
        raise InputError(f"--input: none of {len(skipped)} {kind} is readable, the first: {skipped[0]}")


def _work(path: str, name: str, size: tuple[int, int], found: PictureBoxes, detect: bool) -> Work:
    given = (None, None) if detect else (found.boxes_yxyx, found.scores)
    return Work(path, name, found.image_id, size, *given)


def output_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the NAME of each input's outputs: its stem; where stems coincide with the suffix, or with its folders too.

    What is still the same then gets a number.
    """
    root = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    forms = (_stem, _file_name, lambda path: _flat(os.path.relpath(os.path.abspath(path), root)))
    names = {path: _stem(path) for path in paths}
    for form in forms[1:]:
        count = Counter(names.values())
        names = {path: form(path) if count[name] > 1 or name in _TAKEN else name for path, name in names.items()}
    return _numbered(names)


def _stem(path: str) -> str:
    return Path(path).stem


def _file_name(path: str) -> str:
    return Path(path).name.replace(".", "_")


def _flat(path: str) -> str:
    """Return a relative path as one file name."""
    return path.replace(os.sep, "_").replace(".", "_")


def _numbered(names: dict[str, str]) -> dict[str, str]:
    """Return the names, each once: later ones of the same get a number."""
    taken = set(_TAKEN)
    unique = {}
    for path, name in names.items():
        number = 2
        one = name
        while one in taken:
            one, number = f"{name}_{number}", number + 1
        taken.add(one)
        unique[path] = one
    return unique


def refuse_overwriting(output: Path, planned: Plan, outputs: Callable[[str], Iterable[str]]) -> None:
    """Raise InputError if an input lies where an output would be written.

    Args:
      output: folder.
      planned: the inputs.
      outputs: NAME -> names of a picture's files in that folder.
    """
    folder = output.resolve()
    items: list[Work | ClipWork] = [*planned.pictures, *planned.clips]
    inside = {Path(item.path).name for item in items if Path(item.path).resolve().parent == folder}
    written = {file for item in planned.pictures for file in outputs(item.name)} if inside else set()
    written |= {file for item in planned.clips for file in (f"{item.name}.mp4", f"{item.name}.jsonl")}
    if found := sorted(inside & written):
        raise InputError(
            f"--output: {found[0]!r} there is one of the inputs and would be overwritten; name another folder"
        )
