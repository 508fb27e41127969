"""COCO annotations and results of people out of files, checked one by one before pycocotools sees them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simpose_tf import files
from simpose_tf.data import coco
from simpose_tf.densepose.annotations import is_number, read_json
from simpose_tf.errors import InputError
from simpose_tf.keypoints import NUM_KEYPOINTS

# What `predict` writes for all pictures; the other .json files of its folder are of one picture each.
RESULTS = "results.json"


@dataclass(frozen=True)
class Truth:
    """A COCO annotation file, people only.

    Attributes:
      path: of the file.
      images: COCO's images by id.
      people: their annotations; `iscrowd` and, where keypoints were asked for, `num_keypoints` are filled in.
      persons: ids of the category `person`; None where the file has no categories: all are people.
    """

    path: str
    images: dict[int, dict]
    people: list[dict]
    persons: list[int] | None

    @property
    def measured_on(self) -> str:
        """Tell how much there is."""
        pictures = len({person["image_id"] for person in self.people})
        return f"{len(self.people)} people in {pictures} pictures"


def read_truth(path: str, keys: Sequence[str], option: str = "--annotations") -> Truth:
    """Read COCO annotations.

    Args:
      path: of the json file.
      keys: what every person must have besides `id`, `image_id`, `bbox` and `area`: `keypoints`, `segmentation`.
      option: named in errors.

    Raises:
      InputError: no such file, no COCO file, or a person lacks something or has it in a wrong form.
    """
    place = f"{option}: {files.require_file(path, option)}"
    data = _told(lambda: coco.read_json(path), option)
    sized = ("height", "width") if "segmentation" in keys else ()
    listed = _told(lambda: coco.list_of(data, "images", ("id", *sized), path), option)
    labels = _told(lambda: coco.list_of(data, "annotations", ("id", "image_id"), path), option)
    # Without categories, everybody is a person.
    persons = _told(lambda: coco.person_categories(data, path), option) if "categories" in data else None
    images = {image["id"]: image for image in listed}
    people = [label for label in labels if persons is None or label.get("category_id", persons[0]) in persons]
    if len(images) < len(listed) or len({person["id"] for person in people}) < len(people):
        raise InputError(f"{place}: two images, or two annotations, have the same id")
    for person in people:
        if person["image_id"] not in images:
            raise InputError(f"{place}: annotation {person['id']}: no image has the id {person['image_id']}")
        if fault := _person_fault(person, images[person["image_id"]], keys):
            raise InputError(f"{place}: annotation {person['id']}: {fault}")
    return Truth(path, images, [_filled(person, keys) for person in people], persons)


def _told(read: Callable[[], Any], option: str) -> Any:
    """Call a reader that names the file in its errors, and let them name the option, too."""
    try:
        return read()
    except InputError as error:
        raise InputError(f"{option}: {error}") from error


def _person_fault(person: dict, image: dict, keys: Sequence[str]) -> str:
    """Return what is wrong with an annotation, or nothing."""
    for key in ("bbox", "area", *keys):
        if key not in person:
            return f"the key {key!r} is missing"
    if not _numbers(person["bbox"], 4):
        return f"its box {person['bbox']!r} is not four numbers"
    if not _numbers([person["area"]], 1):
        return f"its area {person['area']!r} is no number"
    if person.get("iscrowd", 0) not in (0, 1):
        return f"iscrowd is {person['iscrowd']!r}, not 0 or 1"
    return _labels_fault(person, image, keys) or _flags_fault(person, keys)


def _flags_fault(person: dict, keys: Sequence[str]) -> str:
    if "keypoints" in keys and not np.isin(person["keypoints"][2::3], (0, 1, 2)).all():
        return "a visibility of its keypoints is not 0, 1 or 2"
    return ""


def _labels_fault(entry: dict, image: dict, keys: Sequence[str]) -> str:
    """Return what is wrong with the keypoints or the segmentation of an annotation or a result, or nothing."""
    if "keypoints" in keys and not _numbers(entry["keypoints"], 3 * NUM_KEYPOINTS):
        return f"its keypoints are not {3 * NUM_KEYPOINTS} numbers"
    if "segmentation" in keys:
        if not entry["segmentation"]:
            return "its segmentation is empty"
        return coco.segmentation_fault(entry["segmentation"], image["height"], image["width"])
    return ""


def _numbers(values: object, count: int) -> bool:
    """Return whether this is a list of so many finite numbers."""
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(is_number(value) for value in values)


def _filled(person: dict, keys: Sequence[str]) -> dict:
    """Return an annotation with what COCO's files always have."""
    filled = {**person, "iscrowd": int(person.get("iscrowd", 0))}
    if "keypoints" in keys:
        filled.setdefault("num_keypoints", int(np.count_nonzero(person["keypoints"][2::3])))
    return filled


def read_results(path: str, truth: Truth, key: str, option: str = "--results") -> list[dict]:
    """Read detections of people that hold `key`: `keypoints` or `segmentation`.

    Args:
      path: a COCO result list; or what `predict` wrote: its folder, its results.json, or a picture's NAME.json.
      truth: which images there are. `predict`'s files name pictures: where the annotations know the name, their id
        counts, not the one that `predict` gave.
      key: what every result must have.
      option: named in errors.

    Returns:
      results of people; those of other categories are passed over.

    Raises:
      InputError: no such file, no such form, an unknown image, a score that is no number, ...
    """
    entries = _entries(path, truth, key, option)
    people = [(where, entry) for where, entry in entries if _is_person(entry, truth)]
    for where, entry in people:
        if fault := _result_fault(entry, truth, key):
            raise InputError(f"{option}: {where}: {fault}")
    return [entry for _, entry in people]


def _is_person(entry: object, truth: Truth) -> bool:
    """Return whether a result is of a person, or tells no category."""
    category = entry.get("category_id") if isinstance(entry, dict) else None
    return category is None or truth.persons is None or category in truth.persons


def _result_fault(entry: object, truth: Truth, key: str) -> str:
    """Return what is wrong with a result, or nothing."""
    if not isinstance(entry, dict):
        return "is no object"
    for needed in ("image_id", "score", key):
        if needed not in entry:
            return f"the key {needed!r} is missing"
    if not isinstance(entry["image_id"], int) or entry["image_id"] not in truth.images:
        return f"no image of {truth.path} has the id {entry['image_id']!r}"
    if not _numbers([entry["score"]], 1):
        return f"its score is {entry['score']!r}, no finite number"
    return _labels_fault(entry, truth.images[entry["image_id"]], (key,))


def _entries(path: str, truth: Truth, key: str, option: str) -> list[tuple[str, Any]]:
    """Return (place, entry) of all results of a file or folder."""
    if path and Path(path).is_dir():
        return _of_predict(Path(path), truth, option)
    content = read_json(str(files.require_file(path, option)), option)
    if isinstance(content, dict) and isinstance(content.get("people"), list):
        return _of_picture(Path(path), content, truth)
    if not isinstance(content, list):
        raise InputError(f"{option}: {path}: neither a list of results nor a picture's json of simpose_tf.predict")
    lacking = any(isinstance(entry, dict) and key not in entry for entry in content)
    if lacking and Path(path).name == RESULTS and _picture_files(Path(path).parent):
        return _of_predict(Path(path).parent, truth, option)
    return [(f"{path}, entry {place}", entry) for place, entry in enumerate(content)]


def _picture_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if path.name != RESULTS)


def _of_predict(folder: Path, truth: Truth, option: str) -> list[tuple[str, Any]]:
    """Return the entries of a folder that `predict` wrote."""
    entries = []
    for path in _picture_files(folder):
        content = read_json(path, option)
        if not isinstance(content, dict) or not isinstance(content.get("people"), list):
            raise InputError(f"{option}: {path}: no picture's json of simpose_tf.predict: it has no list 'people'")
        entries += _of_picture(path, content, truth)
    if not _picture_files(folder):
        raise InputError(f"{option}: {folder}: no json of simpose_tf.predict in it")
    return entries


def _of_picture(path: Path, content: dict, truth: Truth) -> list[tuple[str, Any]]:
    """Return the entries of one picture's json, with the image's id as the annotations have it."""
    named = [number for number, image in truth.images.items() if _file_name(image) == content.get("image", "")]
    known = {"image_id": named[0]} if len(named) == 1 else {}
    people = [{**person, **known} if isinstance(person, dict) else person for person in content["people"]]
    return [(f"{path}, person {place}", person) for place, person in enumerate(people)]


def _file_name(image: dict) -> str | None:
    """Return the name of an image's file without its folder, None where it has none."""
    return Path(str(image["file_name"])).name if "file_name" in image else None
