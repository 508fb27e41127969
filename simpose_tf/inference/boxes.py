"""Boxes of people from a file: a list of ours, or COCO annotations."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simpose_tf import geometry
from simpose_tf.errors import InputError

# A box whose side is this many times the picture's is a mistake: its `uv_data` would fill the memory.
_LARGEST = 10


# File name, box, score.
NamedBox = tuple[str, np.ndarray, float]


class PictureBoxes(NamedTuple):
    """The boxes of one picture.

    Attributes:
      image_id: its id in the results.
      boxes_yxyx: `[N,4]` float64, continuous pixels.
      given_scores: `[N]` float64, not negative; None where no box has one.
    """

    image_id: int
    boxes_yxyx: np.ndarray
    given_scores: np.ndarray | None = None

    @property
    def scores(self) -> np.ndarray:
        """The scores `[N]`; 1 where none are given."""
        return np.ones(len(self.boxes_yxyx)) if self.given_scores is None else self.given_scores


def read_boxes(path: str, pictures: Sequence[str]) -> dict[str, PictureBoxes]:
    """Read the boxes of the given pictures.

    Either a list of `{"image": FILE NAME or "image_id": NUMBER, "bbox": [x, y, width, height]}` (a number means the
    picture whose name without suffix is that number, as COCO names its files), where a box of an unknown picture is
    an error, and a box may have a `score`, 1 if not; or COCO annotations, whose other pictures are passed over, as are crowds and what is no person.

    Args:
      path: a JSON file.
      pictures: paths of the pictures.

    Returns:
      picture path -> boxes, for every picture, in the given order; empty where the file has none.

    Raises:
      InputError: not JSON, other content, unknown pictures, no box at all, boxes without area.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--boxes: no such file: {path!r}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"--boxes: {path} is not JSON ({error})") from error
    listed, ids = _of_coco(content, path) if isinstance(content, dict) else _of_list(content, path, pictures)
    boxes: dict[str, list[tuple[np.ndarray, float]]] = {picture: [] for picture in pictures}
    by_name = _by_name(pictures)
    for name, box, score in listed:
        if name in by_name:
            boxes[by_name[name]].append((box, score))
    if not any(boxes.values()):
        raise InputError(f"--boxes: {path} has no box for any of the {len(pictures)} pictures")
    defaults = default_ids(pictures)
    number = {picture: ids.get(Path(picture).name, defaults[picture]) for picture in pictures}
    taken = [number[picture] for picture, found in boxes.items() if found]
    if len(taken) != len(set(taken)):
        raise InputError(f"--boxes: {path} gives two pictures one image_id; name it for each or for none")
    return {
        picture: PictureBoxes(
            number[picture],
            np.array([box for box, _ in found], float).reshape(-1, 4),
            np.array([score for _, score in found], float),
        )
        for picture, found in boxes.items()
    }


def default_ids(pictures: Sequence[str]) -> dict[str, int]:
    """Return each picture's id in the results: the number that its file is named by, or else its place, from 1."""
    stems = [Path(picture).stem for picture in pictures]
    numbers = [int(stem) for stem in stems if stem.isdecimal()]
    if len(numbers) == len(set(numbers)) == len(stems):
        return dict(zip(pictures, numbers, strict=True))
    return {picture: place for place, picture in enumerate(pictures, 1)}


def _by_name(pictures: Sequence[str]) -> dict[str, str]:
    """Return file name -> path. Raises InputError if two pictures share a name."""
    by_name: dict[str, str] = {}
    for picture in pictures:
        if by_name.setdefault(Path(picture).name, picture) != picture:
            raise InputError(f"--boxes: two pictures are named {Path(picture).name!r}: a box cannot tell them apart")
    return by_name


def _of_list(content: Any, path: str, pictures: Sequence[str]) -> tuple[list[NamedBox], dict[str, int]]:
    """Return (file name, box, score) of our own list, and the ids that it names: file name -> id."""
    if not isinstance(content, list):
        raise InputError(f"--boxes: {path} is neither a list of boxes nor COCO annotations")
    names = {Path(picture).name for picture in pictures}
    by_number = {int(Path(p).stem): Path(p).name for p in pictures if Path(p).stem.isdecimal()}
    boxes, ids = [], {}
    for place, entry in enumerate(content):
        where = f"--boxes: {path}, entry {place}"
        if not isinstance(entry, dict) or not {"image", "image_id"} & entry.keys():
            raise InputError(f"{where}: needs 'bbox' and 'image' or 'image_id'")
        if "image" in entry:
            name = Path(str(entry["image"])).name
        else:
            name = by_number.get(entry["image_id"], "") if isinstance(entry["image_id"], int) else ""
        if name not in names:
            raise InputError(f"{where}: unknown picture {entry.get('image', entry.get('image_id'))!r}")
        if isinstance(entry.get("image_id"), int):
            ids[name] = entry["image_id"]
        boxes.append((name, _box(entry.get("bbox"), where), _score(entry.get("score", 1.0), where)))
    return boxes, ids


def _of_coco(content: dict, path: str) -> tuple[list[NamedBox], dict[str, int]]:
    """Return (file name, box, score) of COCO annotations of people, and file name -> id."""
    for key in ("images", "annotations"):
        if not isinstance(content.get(key), list):
            raise InputError(f"--boxes: {path} is no COCO file: the list {key!r} is missing")
    try:
        name_of = {image["id"]: Path(image["file_name"]).name for image in content["images"]}
    except (KeyError, TypeError) as error:
        raise InputError(f"--boxes: {path}: an image without 'id' or 'file_name'") from error
    if not all(isinstance(number, int) for number in name_of):
        raise InputError(f"--boxes: {path}: an image whose 'id' is no whole number")
    person = _person_categories(content)
    boxes = []
    for place, annotation in enumerate(content["annotations"]):
        where = f"--boxes: {path}, annotation {place}"
        number = annotation.get("image_id") if isinstance(annotation, dict) else None
        if not isinstance(number, int) or number not in name_of:
            raise InputError(f"{where}: of an image that the file does not list")
        if annotation.get("iscrowd") or annotation.get("category_id", 1) not in person:
            continue
        boxes.append((name_of[number], _box(annotation.get("bbox"), where), 1.0))
    return boxes, {name: number for number, name in name_of.items()}


def _person_categories(content: dict) -> list:
    """Return the ids of the category `person`; COCO's 1 where the file names no categories."""
    stored = content.get("categories")
    categories = [c for c in stored if isinstance(c, dict)] if isinstance(stored, list) else []
    return [c.get("id") for c in categories if c.get("name") == "person"] if categories else [1]


def _box(bbox: Any, where: str) -> np.ndarray:
    """Return the yxyx box of a COCO `bbox`. Raises InputError if it is not one, or has no area."""
    try:
        values = np.array(bbox, float)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape != (4,) or not np.isfinite(values).all():
        raise InputError(f"{where}: 'bbox' must be four numbers x, y, width, height, not {bbox!r}")
    if min(values[2:]) <= 0:
        raise InputError(f"{where}: the box {bbox!r} has no area")
    return geometry.box_yxyx_from_xywh(values)


def _score(value: Any, where: str) -> float:
    """Return a box's score. Raises InputError if it is no number, or negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InputError(f"{where}: 'score' must be a number that is not negative, not {value!r}")
    return float(value)


def check_inside(boxes: PictureBoxes, size: tuple[int, int], picture: str) -> None:
    """Raise InputError if a box lies wholly outside its picture of `size` (height, width), or is far larger."""
    clipped = geometry.clip_box(boxes.boxes_yxyx, *size)
    outside = np.any(clipped[:, 2:] <= clipped[:, :2], axis=-1)
    if outside.any():
        box = geometry.box_xywh_from_yxyx(boxes.boxes_yxyx[np.argmax(outside)]).tolist()
        raise InputError(f"--boxes: the box {box} lies outside {picture} ({size[1]} x {size[0]} pixels)")
    sides = (boxes.boxes_yxyx[:, 2:] - boxes.boxes_yxyx[:, :2]).max(-1, initial=0)
    if np.any(sides > _LARGEST * max(size)):
        box = geometry.box_xywh_from_yxyx(boxes.boxes_yxyx[np.argmax(sides)]).tolist()
        raise InputError(f"--boxes: the box {box} is far larger than {picture} ({size[1]} x {size[0]} pixels)")
