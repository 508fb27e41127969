"""People of a COCO keypoint annotation file, checked one by one; masks; pictures in their stored frame.

What is wrong with the file as a whole raises InputError. What is wrong with one annotation or one picture is a
fault: a line that names it, kept beside what is left out, so that no data set breaks on one bad entry and none
shrinks in silence.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as rle_masks

from simpose_tf.errors import InputError
from simpose_tf.geometry import box_yxyx_from_xywh, clip_box
from simpose_tf.keypoints import NUM_KEYPOINTS

# A keypoint may lie this many pixels outside its picture before it is taken for a mistake.
OUTSIDE_PIXELS = 1.0

_TYPES = {"id": int, "image_id": int, "file_name": str, "height": int, "width": int}


@dataclass(frozen=True)
class PeopleFilter:
    """Which people of an annotation file become records.

    Attributes:
      min_keypoints: the smallest number of labelled keypoints.
    """

    min_keypoints: int


@dataclass(frozen=True)
class CocoPerson:
    """One annotation, as far as it is sound.

    Attributes:
      person_id: the annotation's id.
      crowd: a region of people who were not labelled one by one.
      box_yxyx: `[4]` continuous pixels, inside the picture; None if unusable.
      keypoints_xy: `[17, 2]` continuous pixels (pixel centres at +0.5), 0 where unlabelled; None if unusable.
      visibility: `[17]` COCO flags; None with the keypoints.
      segmentation: polygons or run lengths as COCO stores them; None if unusable or not there.
      fault: why it can't be a record, or empty.
    """

    person_id: int
    crowd: bool
    box_yxyx: np.ndarray | None
    keypoints_xy: np.ndarray | None
    visibility: np.ndarray | None
    segmentation: Any
    fault: str

    def becomes_record(self, people: PeopleFilter) -> bool:
        """Return whether this person is to be trained on."""
        if self.crowd or self.fault or self.visibility is None or self.segmentation is None:
            return False
        return int(np.sum(self.visibility > 0)) >= people.min_keypoints


@dataclass(frozen=True)
class CocoPicture:
    """A picture of the annotation file and everybody in it."""

    image_id: int
    path: str
    height: int
    width: int
    people: tuple[CocoPerson, ...]


def read_pictures(images: str | Path, annotations: str | Path, keypoints: bool = True) -> list[CocoPicture]:
    """Return the pictures of a COCO keypoint file that have annotations of people, by image id.

    Args:
      images: folder of the pictures.
      annotations: the json file.
      keypoints: whether people need them; without, files of boxes (`instances`) are read too.

    Raises:
      InputError: the file is not JSON or not COCO, or names pictures that are not there.
    """
    data = read_json(annotations)
    listed = list_of(data, "images", ("id", "file_name", "height", "width"), annotations)
    needed = ("id", "image_id", "bbox", "keypoints") if keypoints else ("id", "image_id", "bbox")
    labels = list_of(data, "annotations", needed, annotations)
    persons = person_categories(data, annotations)
    by_image: dict[int, list[dict]] = {image["id"]: [] for image in listed}
    if len(by_image) < len(listed):
        raise InputError(f"{annotations}: two images have the same id")
    for label in labels:
        if label.get("category_id", persons[0]) not in persons:
            continue
        if label["image_id"] not in by_image:
            raise InputError(f"{annotations}: annotation {label['id']}: no image has the id {label['image_id']}")
        by_image[label["image_id"]].append(label)
    used = sorted((image for image in listed if by_image[image["id"]]), key=lambda image: image["id"])
    _require_pictures(images, [image["file_name"] for image in used], annotations)
    return [_picture(Path(images), image, by_image[image["id"]], keypoints) for image in used]


def read_json(path: str | Path) -> dict:
    """Return a COCO annotation file as it is. Raises InputError for what is no JSON or no object."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # also bytes that are no text
        raise InputError(f"{path}: not JSON ({error})") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a COCO annotation file: the whole is no object but a {type(data).__name__}")
    return data


def list_of(data: dict, name: str, keys: Sequence[str], place: str | Path) -> list[dict]:
    """Return the list `name` of a COCO file; raise InputError for what is missing from it."""
    if name not in data:
        raise InputError(f"{place}: not a COCO annotation file: the key {name!r} is missing")
    if not isinstance(data[name], list) or not data[name]:
        raise InputError(f"{place}: {name!r} is no list, or an empty one")
    for number, entry in enumerate(data[name]):
        missing = [k for k in keys if k not in entry] if isinstance(entry, dict) else list(keys)
        if missing:
            raise InputError(f"{place}: {name}[{number}]: the key {missing[0]!r} is missing")
        for key in set(keys) & _TYPES.keys():
            if not isinstance(entry[key], _TYPES[key]):
                raise InputError(f"{place}: {name}[{number}]: {key!r} is {entry[key]!r}, no {_TYPES[key].__name__}")
    return data[name]


def person_categories(data: dict, place: str | Path) -> list[int]:
    """Return the ids of the category `person` of a COCO file; raise InputError if there is none."""
    categories = list_of(data, "categories", ("id", "name"), place)
    persons = [category["id"] for category in categories if category["name"] == "person"]
    if not persons:
        raise InputError(f"{place}: no category is named 'person'")
    return persons


def _require_pictures(folder: str | Path, names: Sequence[str], place: str | Path) -> None:
    missing = [name for name in names if not (Path(folder) / name).is_file()]
    if missing:
        raise InputError(f"{place}: {len(missing)} of {len(names)} pictures are not in {folder}, first {missing[0]!r}")


def _picture(folder: Path, image: dict, labels: Sequence[dict], needs_keypoints: bool) -> CocoPicture:
    height, width = int(image["height"]), int(image["width"])
    ordered = sorted(labels, key=lambda label: label["id"])
    people = tuple(_person(label, height, width, needs_keypoints) for label in ordered)
    return CocoPicture(int(image["id"]), str(folder / image["file_name"]), height, width, people)


def _person(label: dict, height: int, width: int, needs_keypoints: bool) -> CocoPerson:
    """Check one annotation; a crowd's box and keypoints are not looked at."""
    crowd = bool(label.get("iscrowd", 0))
    segmentation, mask_fault = _segmentation(label.get("segmentation"), height, width)
    box, box_fault = _box(label["bbox"], height, width)
    keypoints, visibility, keypoint_fault = None, None, ""
    if needs_keypoints:
        keypoints, visibility, keypoint_fault = _keypoints(label["keypoints"], height, width)
    fault = mask_fault if crowd else box_fault or keypoint_fault or mask_fault
    return CocoPerson(int(label["id"]), crowd, box, keypoints, visibility, segmentation, fault)


def _numbers(values: object) -> np.ndarray | None:
    """Return a flat list of finite numbers as float64, or None if it is no such thing."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and np.all(np.isfinite(array)) else None


def _box(bbox: object, height: int, width: int) -> tuple[np.ndarray | None, str]:
    xywh = _numbers(bbox)
    if xywh is None or len(xywh) != 4:
        return None, f"its box {bbox} is not four numbers"
    if min(xywh[2:]) <= 0:
        return None, f"its box {bbox} has no area"
    box = clip_box(box_yxyx_from_xywh(xywh), height, width)
    if box[2] <= box[0] or box[3] <= box[1]:
        return None, f"its box {bbox} lies off the picture of {width} x {height} pixels"
    return box, ""


def _keypoints(stored: object, height: int, width: int) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Return continuous coordinates, flags and a fault.

    COCO's keypoints are indices of pixels (whole numbers, 0..width - 1), its boxes and polygons continuous: + 0.5
    takes the first to the second (as detectron2 does).
    """
    values = _numbers(stored)
    if values is None or len(values) != 3 * NUM_KEYPOINTS:
        return None, None, f"its keypoints are not {3 * NUM_KEYPOINTS} numbers"
    triples = values.reshape(NUM_KEYPOINTS, 3)
    index_xy, visibility = triples[:, :2], triples[:, 2].astype(int)
    if not np.all(np.isin(triples[:, 2], (0, 1, 2))):
        return None, None, "a visibility of its keypoints is not 0, 1 or 2"
    last = np.array([width - 1, height - 1], float)
    beyond = np.maximum(-index_xy, index_xy - last).max(1)
    for k in np.flatnonzero((visibility > 0) & (beyond > OUTSIDE_PIXELS)):
        x, y = index_xy[k]
        return None, None, f"its keypoint {k} at ({x:g}, {y:g}) lies off the picture of {width} x {height} pixels"
    xy = np.where(visibility[:, None] > 0, np.clip(index_xy, 0, last) + 0.5, 0.0)
    return xy, visibility, ""


def _segmentation(stored: object, height: int, width: int) -> tuple[object, str]:
    """Return the usable part of a segmentation (None if there is none) and a fault."""
    if not stored:
        return None, ""
    fault = segmentation_fault(stored, height, width)
    if not fault and isinstance(stored, list):
        areas = [polygon_area(np.asarray(polygon, float).reshape(-1, 2)) for polygon in stored]
        fault = f"its polygon {areas.index(0)} has no area" if 0 in areas else ""
    if not fault and not rasterize(stored, height, width).any():
        fault = f"its {'polygons' if isinstance(stored, list) else 'run lengths'} cover no pixel"
    return (None, fault) if fault else (stored, "")


def segmentation_fault(stored: object, height: int, width: int) -> str:
    """Return what makes a segmentation of a picture unreadable, or nothing; it may well cover no pixel."""
    if isinstance(stored, dict):
        return _run_lengths_fault(stored, height, width)
    if not isinstance(stored, list):
        return "its segmentation is neither polygons nor run lengths"
    for number, polygon in enumerate(stored):
        points = _numbers(polygon)
        if points is None or len(points) < 6 or len(points) % 2:
            return f"its polygon {number} has less than 3 points"
    return ""


def _run_lengths_fault(stored: dict, height: int, width: int) -> str:
    if stored.get("size") != [height, width]:
        return f"its run lengths are of size {stored.get('size')}, the picture of {[height, width]}"
    counts = stored.get("counts")
    try:
        runs = counts if isinstance(counts, list) else _uncompressed(counts)
    except (TypeError, IndexError):
        return "its run lengths are neither a list nor COCO's text"
    if not all(isinstance(run, int) and run >= 0 for run in runs):
        return "its run lengths are not whole numbers from 0"
    if sum(runs) != height * width:  # pycocotools would fill the rest with whatever is in memory
        return f"its run lengths sum to {sum(runs)} instead of {height * width}"
    return ""


def _uncompressed(text: str) -> list[int]:
    """Return the run lengths in COCO's text: little-endian groups of 5 bits, from the 4th on the change to two before.

    Raises TypeError for what is no text, IndexError for a text that is cut off.
    """
    runs: list[int] = []
    place = 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            group = ord(text[place]) - 48
            value |= (group & 0x1F) << shift
            place, shift, more = place + 1, shift + 5, bool(group & 0x20)
        if group & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
    return runs


def polygon_area(points: np.ndarray) -> float:
    """Return the area of a polygon `[N, 2]` (shoelace formula)."""
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def rasterize(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Return the bool mask `[height, width]` of COCO polygons or run lengths (pycocotools' own rule)."""
    if isinstance(segmentation, list):
        encoded = rle_masks.merge(rle_masks.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        encoded = rle_masks.frPyObjects(segmentation, height, width)
    else:
        encoded = segmentation
    return rle_masks.decode(encoded).astype(bool)


def run_lengths(mask: np.ndarray) -> dict:
    """Return a mask `[H, W]` as COCO's run lengths, counts as text: what `rasterize` reads."""
    encoded = rle_masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def box_mask(box_yxyx: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the bool mask `[height, width]` of all pixels that a box touches."""
    mask = np.zeros((height, width), bool)
    ymin, xmin, ymax, xmax = box_yxyx
    mask[math.floor(ymin) : math.ceil(ymax), math.floor(xmin) : math.ceil(xmax)] = True
    return mask


def read_picture(path: str, height: int, width: int) -> np.ndarray:
    """Return a picture as uint8 RGB `[height, width, 3]`, in the frame in which it is stored.

    Grey, palette and CMYK pictures become RGB. A turn in the EXIF data is not applied: COCO's labels are in the
    stored frame.

    Raises:
      InputError: no picture, a broken one, or of another size or more than 8 bits.
    """
    name = Path(path).name
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith(("I", "F")):
                raise InputError(f"{name}: {picture.mode} pixels; only 8-bit pictures are read")
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{name}: no picture, or a broken one ({error})") from error
    if pixels.shape[:2] != (height, width):
        found = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise InputError(f"{name}: {found} pixels, but {width} x {height} in the annotations")
    return pixels
