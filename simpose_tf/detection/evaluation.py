"""How well a detector finds people: COCO's box numbers of one class on the detector's records."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf
from object_detection.core.model import DetectionModel
from pycocotools import mask as coco_mask

from simpose_tf import geometry
from simpose_tf.data.recordfiles import RecordFiles
from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models
from simpose_tf.detection.records import BoxedPicture
from simpose_tf.errors import InputError
from simpose_tf.metrics import coco_people

Detect = Callable[[np.ndarray], "Detections"]
Answers = Sequence[tuple[BoxedPicture, "Detections"]]

_MATCH_IOU = 0.5


@dataclass(frozen=True)
class Detections:
    """What a detector finds in a picture.

    Attributes:
      boxes_yxyx: `[N, 4]` pixels of the picture.
      scores: `[N]` 0..1, the best first.
    """

    boxes_yxyx: np.ndarray
    scores: np.ndarray


def detect_function(model: DetectionModel) -> Detect:
    """Return a function from uint8 RGB `[H, W, 3]` to what a model finds, without a graph for every size."""

    @tf.function(reduce_retracing=True)
    def answers(image: tf.Tensor, shape: tf.Tensor) -> dict[str, tf.Tensor]:
        with models.mode(model, training=False):
            return model.postprocess(model.predict(image, shape), shape)

    def detect(image: np.ndarray) -> Detections:
        with models.mode(model, training=False):
            prepared, shape = model.preprocess(tf.cast(image[None], tf.float32))
        found = answers(prepared, shape)
        count = int(found["num_detections"][0])
        height, width = image.shape[:2]
        boxes = found["detection_boxes"][0, :count].numpy() * [height, width, height, width]
        return Detections(boxes, found["detection_scores"][0, :count].numpy())

    return detect


def evaluate(
    detect: Detect, found: RecordFiles, say: Callable[[int, int], None] = lambda done, count: None
) -> tuple[dict[str, float], Answers]:
    """Return the numbers of a detector on records, and its answers with their pictures; `say(done, count)` is called.

    Raises:
      InputError: a record is damaged.
    """
    answers = []
    for number in range(found.count):
        picture = detector_input.read(found, number)
        try:
            image = pixels(picture)
        except InputError as error:
            raise InputError(f"{found.name(number)}: {error}") from error
        answers.append((picture, detect(image)))
        say(number + 1, found.count)
    return box_numbers(answers), answers


def pixels(picture: BoxedPicture) -> np.ndarray:
    """Return a record's picture as uint8 RGB `[H, W, 3]`, as stored: labels know no turn of EXIF, nor does training.

    Raises:
      InputError: it is broken.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(picture.encoded, np.uint8), flags) if picture.encoded else None
    if decoded is None:
        raise InputError(f"the picture {picture.file_name!r} cannot be read")
    return decoded[..., ::-1]


def box_numbers(answers: Iterable[tuple[BoxedPicture, Detections]]) -> dict[str, float]:
    """Return COCO's box numbers for people: AP, AP50, AP75, by size, AR at 100 boxes; -1 where nobody is.

    `recall50` is the share of people with a box of IoU .5 among the first 100, whatever its score.
    """
    pictures, people, boxes = [], [], []
    for number, (picture, detections) in enumerate(answers, 1):
        pictures.append({"id": number, "height": picture.height, "width": picture.width})
        of_people = geometry.box_xywh_from_yxyx(picture.boxes_yxyx).tolist()
        for box, area, crowd in zip(of_people, picture.areas, picture.crowd, strict=True):
            label = {"id": len(people) + 1, "image_id": number, "iscrowd": int(crowd)}
            people.append(label | {"bbox": box, "area": float(area)})
        of_found = geometry.box_xywh_from_yxyx(detections.boxes_yxyx).tolist()
        for box, score in zip(of_found, detections.scores, strict=True):
            boxes.append({"image_id": number, "bbox": box, "score": float(score)})
    coco = coco_people.run("bbox", pictures, people, boxes)
    stats = dict(zip(coco_people.STATS["bbox"], map(float, coco.stats), strict=True))
    # recall: [T, K, A, M], at IoU .5, all sizes, 100 boxes
    recall = {"AR": stats["AR100"], "recall50": float(coco.eval["recall"][0, 0, 0, -1])}
    return {name: stats[name] for name in ("AP", "AP50", "AP75", "APs", "APm", "APl")} | recall


def shares_at(answers: Answers, scores: Sequence[float]) -> list[dict[str, float]]:
    """Return what a least score leaves, for each of `scores`: `score`, `recall` and `precision` at IoU .5.

    As in COCO's evaluation boxes are matched in the order of their scores, each to the best person who is still free;
    boxes on crowds count neither way. A share of nothing is 0.
    """
    people = sum(int(np.sum(~picture.crowd)) for picture, _ in answers)
    matched = [_matched(picture, detections) for picture, detections in answers]
    found = np.concatenate([detections.scores for _, detections in answers])
    right, counted = (np.concatenate([pair[k] for pair in matched]) for k in range(2))
    told = []
    for score in scores:
        hits, boxes = int(np.sum(right & (found >= score))), int(np.sum(counted & (found >= score)))
        told.append({"score": score, "recall": hits / max(people, 1), "precision": hits / max(boxes, 1)})
    return told


def _matched(picture: BoxedPicture, detections: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Return of each box bool `[N]` whether it is a person's, and whether it counts."""
    right, counted = np.zeros(len(detections.scores), bool), np.ones(len(detections.scores), bool)
    if not len(right) or not len(picture.boxes_yxyx):
        return right, counted
    boxes, people = (geometry.box_xywh_from_yxyx(b) for b in (detections.boxes_yxyx, picture.boxes_yxyx))
    overlap = np.array(coco_mask.iou(boxes, people, picture.crowd.astype(np.uint8)))
    free = ~picture.crowd
    for place in range(len(right)):
        best = int(np.argmax(np.where(free, overlap[place], -1)))
        if free[best] and overlap[place, best] >= _MATCH_IOU:
            right[place], free[best] = True, False
        else:
            counted[place] = not np.any(overlap[place, picture.crowd] >= _MATCH_IOU)
    return right, counted
