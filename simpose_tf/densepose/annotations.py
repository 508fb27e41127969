"""DensePose-COCO annotations: pictures, their people, and the points annotated on them."""

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.errors import InputError

POINT_KEYS = ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V")


@dataclass(frozen=True)
class Points:
    """The annotated points of a person.

    Attributes:
      xy: `[P, 2]` positions in the person's box, 0..255.
      part: `[P]` int64 0..24, 0 for what is on no part.
      uv: `[P, 2]` in [0, 1].
    """

    xy: np.ndarray
    part: np.ndarray
    uv: np.ndarray


@dataclass(frozen=True)
class TruePerson:
    """An annotated person.

    Attributes:
      number: the annotation's id.
      category: id of its category.
      box_xywh: `[4]` picture pixels.
      area: square pixels, as annotated.
      crowd: stands for several people.
      points: None for a person without the key `dp_x`, which is ignored; they may be none, which is not.
      outline: what the person's mask is made of: the annotation's `dp_masks` and `segmentation`, where it has them.
    """

    number: float
    category: Any
    box_xywh: np.ndarray
    area: float
    crowd: bool
    points: Points | None
    outline: dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """An annotated picture.

    Attributes:
      size: height, width; None where the file does not tell.
      people: in the file's order.
      unjudged: polygons x, y, x, y, ... of regions where nothing was annotated (PoseTrack's `ignore_regions_x`, `_y`).
    """

    size: tuple[int, int] | None
    people: list[TruePerson]
    unjudged: list[list[float]]


@dataclass(frozen=True)
class Annotations:
    """A file of annotations.

    Attributes:
      pictures: by id, in rising order.
      categories: their ids.
      has_dense: whether any annotation has a key of DensePose's (`dp_x`, `dp_masks`, ...).
    """

    pictures: dict[Any, Picture]
    categories: list[Any]
    has_dense: bool


def read_annotations(path: str | os.PathLike) -> Annotations:
    """Read DensePose-COCO annotations. Raises InputError for a file that is none, and names the annotation."""
    return parse_annotations(read_json(path, "--annotations"), str(path))


def read_json(path: str | os.PathLike, option: str) -> Any:
    """Return what a json file holds. Raises InputError, which names the option, if it is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError as error:
        raise InputError(f"{option}: {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{option}: {path}: no json file: {error}") from error


def parse_annotations(stored: Any, place: str) -> Annotations:
    """Return the annotations of a json value in COCO's form. Raises InputError, naming `place`, for another."""
    if not isinstance(stored, dict) or not all(isinstance(stored.get(k), list) for k in ("images", "annotations")):
        raise InputError(
            f"{place}: no COCO annotations: an object with the lists 'images' and 'annotations' is expected"
        )
    pictures = _pictures(stored["images"], place)
    numbers = set()
    for row, one in enumerate(stored["annotations"]):
        here = f"{place}: annotation {_name(one, row)}"
        person = _person(one, here)
        if person.number in numbers:
            raise InputError(f"{here}: a second one with this id")
        numbers.add(person.number)
        if one.get("image_id") in pictures:  # a file may list some of its pictures only
            pictures[one["image_id"]].people.append(person)
    kinds = stored.get("categories") or [{"id": one["category_id"]} for one in stored["annotations"]]
    try:
        categories = sorted({kind["id"] for kind in kinds})
    except (TypeError, KeyError) as error:
        raise InputError(f"{place}: 'categories' must be objects with an id") from error
    has_dense = any(key.startswith("dp_") for one in stored["annotations"] for key in one)
    return Annotations(pictures, categories, has_dense)


def _name(one: Any, row: int) -> str:
    """Return what to call an annotation: its id, else its place in the list."""
    return f"id {one['id']}" if isinstance(one, dict) and "id" in one else f"number {row} (from 0)"


def _pictures(images: list, place: str) -> dict[Any, Picture]:
    """Return the pictures, still without people, by rising id."""
    pictures = {}
    for row, image in enumerate(images):
        if not isinstance(image, dict) or not is_id(image.get("id")):
            raise InputError(f"{place}: image number {row} (from 0) has no id")
        size = (image["height"], image["width"]) if {"height", "width"} <= image.keys() else None
        if size and not all(isinstance(side, int) and side > 0 for side in size):
            raise InputError(f"{place}: image {image['id']}: height and width must be whole numbers of pixels")
        pictures[image["id"]] = Picture(size, [], _unjudged(image, f"{place}: image {image['id']}"))
    try:
        return {number: pictures[number] for number in sorted(pictures)}
    except TypeError as error:
        raise InputError(f"{place}: ids of images are numbers and text, mixed") from error


def _unjudged(image: dict, here: str) -> list[list[float]]:
    """Return the polygons of a picture's regions where nothing was annotated."""
    columns, rows = (image.get(key) or [] for key in ("ignore_regions_x", "ignore_regions_y"))
    if (columns or rows) and not {"height", "width"} <= image.keys():
        raise InputError(f"{here}: ignore_regions need its height and width")
    if not isinstance(columns, list) or not isinstance(rows, list) or not all(map(_is_outline, columns + rows)):
        raise InputError(f"{here}: ignore_regions_x and _y must be lists of lists of numbers")
    return [
        [value for point in zip(x, y, strict=False) for value in point] for x, y in zip(columns, rows, strict=False)
    ]


def _is_outline(values: Any) -> bool:
    """Return whether these can be the x, or the y, of a polygon."""
    return isinstance(values, list) and all(is_number(value) for value in values)


def _person(one: Any, here: str) -> TruePerson:
    """Return one annotation."""
    if not isinstance(one, dict):
        raise InputError(f"{here}: no object")
    missing = [key for key in ("id", "image_id", "category_id", "bbox", "area") if key not in one]
    if missing:
        raise InputError(f"{here}: no {', '.join(missing)}")
    if not is_number(one["id"]) or not is_number(one["area"]):
        raise InputError(f"{here}: id and area must be numbers")
    if not is_id(one["image_id"]) or not is_id(one["category_id"]):
        raise InputError(f"{here}: image_id and category_id must be numbers or text")
    if one.get("iscrowd", 0) not in (0, 1):
        raise InputError(f"{here}: iscrowd is {one['iscrowd']!r}, not 0 or 1")
    return TruePerson(
        number=one["id"],
        category=one["category_id"],
        box_xywh=box_of(one["bbox"], here),
        area=float(one["area"]),
        crowd=bool(one.get("iscrowd")),
        points=points_of(one, here) if "dp_x" in one else None,
        outline={key: one[key] for key in ("dp_masks", "segmentation") if key in one},
    )


def box_of(stored: Any, here: str) -> np.ndarray:
    """Return a box x, y, width, height `[4]` float64. Raises InputError, naming `here`, for what is none."""
    if not isinstance(stored, list | tuple) or len(stored) != 4 or not all(is_number(value) for value in stored):
        raise InputError(f"{here}: bbox must be four finite numbers x, y, width, height")
    box = np.array(stored, np.float64)
    if (box[2:] < 0).any():
        raise InputError(f"{here}: bbox has a negative width or height")
    return box


def is_number(value: Any) -> bool:
    """Return whether a json value is a number that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_id(value: Any) -> bool:
    """Return whether a json value can be the id of a picture or a category."""
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def points_of(one: dict, here: str) -> Points:
    """Return the points of an annotation that has `dp_x`. Raises InputError, naming `here`, for what are none."""
    missing = [key for key in POINT_KEYS if key not in one]
    if missing:
        raise InputError(f"{here}: dp_x without {', '.join(missing)}")
    try:
        x, y, part, u, v = (np.asarray(one[key], np.float64) for key in POINT_KEYS)
    except (TypeError, ValueError) as error:
        raise InputError(f"{here}: {', '.join(POINT_KEYS)} must be lists of numbers") from error
    if any(values.ndim != 1 for values in (x, y, part, u, v)):
        raise InputError(f"{here}: {', '.join(POINT_KEYS)} must be lists of numbers")
    if not len(x) == len(y) == len(part) == len(u) == len(v):
        counts = [len(values) for values in (x, y, part, u, v)]
        raise InputError(f"{here}: {', '.join(POINT_KEYS)} have {counts} entries")
    if not np.isfinite([x, y, part, u, v]).all():
        raise InputError(f"{here}: {', '.join(POINT_KEYS)} must be finite")
    if len(part) and (part.min() < 0 or part.max() > NUM_PARTS):
        raise InputError(f"{here}: dp_I must lie in 0..{NUM_PARTS}")
    whole = np.where(part == np.floor(part), part, 0).astype(np.int64)
    return Points(np.stack([x, y], -1), whole, np.stack([u, v], -1))
