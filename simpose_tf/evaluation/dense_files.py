"""uv and normals out of files: against pictures of labels, uv also against DensePose's points."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from simpose_tf.densepose import annotations as densepose_annotations
from simpose_tf.densepose import results as densepose_results
from simpose_tf.densepose.results import Detection
from simpose_tf.errors import InputError
from simpose_tf.evaluation import label_pictures
from simpose_tf.evaluation.coco_files import Truth, read_results, read_truth
from simpose_tf.evaluation.label_pictures import IUV, NORMALS, stem
from simpose_tf.evaluation.rows import Measured
from simpose_tf.metrics import gps, sizes
from simpose_tf.metrics.dense import NormalScores, UvScores
from simpose_tf.metrics.pairing import best_pairs

# A detection may be a person's if their boxes overlap so much. # not in the paper: what detectors call found
_LEAST_IOU = 0.5
# Positions of points are in 1/255 of the person's box (`gps.point_pixels`).
_POINT_SCALE = 255.0

# A person of the truth: its annotation, positions `[P,2]` in its box, 0..255, and true part, u, v `[P,3]`.
Labelled = tuple[dict, np.ndarray, np.ndarray]


def of_normals(annotations: str, results: str, labels: str | None) -> Measured:
    """Return the angles between normals in pictures: labels, and what `predict` wrote.

    A person's pixels are those of its mask with a true normal. Where people overlap, `predict` gives a pixel to one of
    them: its pictures hold nobody twice.

    Args:
      annotations: COCO annotations with masks.
      results: folder that `predict` wrote NAME_normals.png to, or its results.json.
      labels: folder of the true NAME_normals.png (and NAME_iuv.png, for the breakdown by part); None: `labels` beside
        the annotations.

    Raises:
      InputError: a file is missing, no such picture, or not as large as the annotations say.
    """
    truth = read_truth(annotations, ("segmentation",))
    true, pred = label_pictures.label_folder(annotations, labels), label_pictures.result_folder(results)
    pictures = label_pictures.with_people(truth)
    label_pictures.require_pictures(truth, true, NORMALS, "--labels")
    if not any((pred / f"{stem(truth, image)}{NORMALS}").is_file() for image in pictures):
        raise InputError(f"--results: none of the pictures' NAME{NORMALS} of simpose_tf.predict is in {pred}")
    scores = NormalScores()
    for image in pictures:
        _add_normals(scores, truth, image, (true, pred))
    on = f"{scores.people} people in {len(pictures)} pictures, {scores.pixels} pixels of theirs"
    return Measured(scores.values(), scores.details(), scores.people, on)


def _add_normals(scores: NormalScores, truth: Truth, image: int, folders: tuple[Path, Path]) -> None:
    """Add the people of a picture; `folders`: of the labels and of the predictions."""
    size = label_pictures.picture_size(truth, image)
    paths = [folder / f"{stem(truth, image)}{NORMALS}" for folder in folders]
    true = label_pictures.read_normals(paths[0], size, "--labels")
    found = paths[1].is_file()
    pred = label_pictures.read_normals(paths[1], size, "--results") if found else np.zeros_like(true)
    iuv = folders[0] / f"{stem(truth, image)}{IUV}"
    part = label_pictures.read_iuv(iuv, size, "--labels")[0] if iuv.is_file() else np.zeros(size, np.uint8)
    for person, mask in label_pictures.masks_of(truth, image):
        known = mask & np.any(true != 0, axis=-1)
        if known.any():
            scores.add(pred[known], true[known], part[known], sizes.size_name(person["area"]))


def of_uv(annotations: str, results: str, labels: str | None) -> Measured:
    """Return errors of part and (u, v) at labelled points of people.

    The points are DensePose's (`dp_x`, ...), or, where there are none or `labels` is given, all pixels of people in
    pictures of labels. Each person is compared with the detection whose box fits best, at least by an IoU of .5; nobody
    has the same one. The pixel of a point is found as in DensePose's evaluation.

    Args:
      annotations: DensePose-COCO annotations, or COCO annotations with masks.
      results: DensePose result list, .json or .npz, or what `predict` wrote (`coco_files.read_results`).
      labels: folder of the true NAME_iuv.png; None: `labels` beside the annotations.

    Raises:
      InputError: a file is missing or of another form.
    """
    truth = read_truth(annotations, ())
    with_points = any("dp_x" in person for person in truth.people)
    use_points = with_points and labels is None
    people = _points(truth) if use_points else _pixels(annotations, labels)
    detections: dict[int, list[Detection]] = {}
    for one in _detections(results, truth):
        detections.setdefault(one.image, []).append(one)
    scores, found = UvScores(), 0
    for image, mine in itertools.groupby(people, lambda labelled: labelled[0]["image_id"]):
        found += _add_uv(scores, list(mine), detections.get(image, []))
    what = "annotated points" if use_points else "pixels of theirs"
    on = f"{scores.people} people ({found} found), {scores.points} {what}"
    return Measured({**scores.values(), "people_found": float(found)}, scores.details(), scores.people, on)


def _points(truth: Truth) -> Iterator[Labelled]:
    """Yield the people with DensePose's points on parts, picture by picture."""
    content = {"images": list(truth.images.values()), "annotations": truth.people}
    pictures = densepose_annotations.parse_annotations(content, f"--annotations: {truth.path}").pictures
    points = {person.number: person.points for picture in pictures.values() for person in picture.people}
    for person in sorted(truth.people, key=lambda person: person["image_id"]):
        mine = points[person["id"]]
        if mine is not None and not person["iscrowd"] and (mine.part > 0).any():
            on = mine.part > 0
            yield person, mine.xy[on], np.column_stack([mine.part, mine.uv])[on]


def _pixels(annotations: str, labels: str | None) -> Iterator[Labelled]:
    """Yield the people of pictures of labels with all their pixels, picture by picture. Raises InputError."""
    truth = read_truth(annotations, ("segmentation",))
    folder = label_pictures.label_folder(annotations, labels)
    label_pictures.require_pictures(truth, folder, IUV, "--labels")
    for image in label_pictures.with_people(truth):
        size = label_pictures.picture_size(truth, image)
        part, uv = label_pictures.read_iuv(folder / f"{stem(truth, image)}{IUV}", size, "--labels")
        for person, mask in label_pictures.masks_of(truth, image):
            rows, columns = np.nonzero(mask & (part > 0))
            box = np.array(person["bbox"], float)
            if len(rows) and box[2:].min() > 0:
                centres = np.column_stack([columns, rows]) + 0.5
                iuv = np.column_stack([part[rows, columns], uv[rows, columns]])
                yield person, (centres - box[:2]) * _POINT_SCALE / box[2:], iuv


def _detections(path: str, truth: Truth) -> list[Detection]:
    """Return the detections of people. Raises InputError."""
    if str(path).endswith(".npz"):
        found = densepose_results.read_results(path)
        unknown = [one for one in found if one.image not in truth.images]
        if unknown:
            raise InputError(f"--results: {unknown[0].place}: no image of {truth.path} has this id")
        return found
    entries = read_results(path, truth, "uv_data")
    return densepose_results.parse_results(entries, f"--results: {path}")


def _add_uv(scores: UvScores, people: list[Labelled], detections: list[Detection]) -> int:
    """Add the people of a picture; return how many have a detection."""
    boxes = np.array([person["bbox"] for person, _, _ in people], float).reshape(-1, 4)
    found = np.array([one.box_xywh for one in detections]).reshape(-1, 4)
    overlap = coco_mask.iou(found, boxes, [0] * len(boxes)) if len(found) else np.zeros((0, len(boxes)))
    pairs = best_pairs(overlap, _LEAST_IOU)
    for (person, xy, true), box, pair in zip(people, boxes, pairs, strict=True):
        pred = _iuv_at(detections[pair], xy, box) if pair >= 0 else np.zeros_like(true)
        scores.add(pred, true, sizes.size_name(person["area"]))
    return int(np.sum(pairs >= 0))


def _iuv_at(detection: Detection, xy: np.ndarray, true_box: np.ndarray) -> np.ndarray:
    """Return part, u, v `[P,3]` of a detection at points of a person; 0 off its box. Raises InputError."""
    iuv = detection.iuv()
    pixels, inside = gps.point_pixels(xy, true_box, detection.box_xywh)
    inside &= np.all(pixels < [iuv.shape[1], iuv.shape[0]], axis=-1)
    values = np.zeros((len(xy), 3))
    x, y = pixels[inside].T
    values[inside] = iuv[y, x] / np.array([1.0, 255.0, 255.0])
    return values
