"""How well a detector finds people: COCO's box numbers of one class on the detector's records."""

import contextlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf
from object_detection.core.model import DetectionModel
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from simpose_tf.data.recordfiles import RecordFiles
from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models
from simpose_tf.detection.records import PERSON, BoxedPicture

# Of the twelve numbers of `COCOeval.summarize` for boxes: name -> place.
_NUMBERS = {"AP": 0, "AP50": 1, "AP75": 2, "APs": 3, "APm": 4, "APl": 5, "AR": 8}

Detect = Callable[[np.ndarray], "Detections"]


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


def evaluate(detect: Detect, found: RecordFiles) -> tuple[dict[str, float], list[tuple[BoxedPicture, Detections]]]:
    """Return the numbers of a detector on records, and its answers with their pictures.

    Raises:
      InputError: a record is damaged.
    """
    answers = []
    for number in range(found.count):
        picture = detector_input.read(found, number)
        answers.append((picture, detect(pixels(picture))))
    return box_numbers(answers), answers


def pixels(picture: BoxedPicture) -> np.ndarray:
    """Return a record's picture as uint8 RGB `[H, W, 3]`."""
    return cv2.imdecode(np.frombuffer(picture.encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def box_numbers(answers: Iterable[tuple[BoxedPicture, Detections]]) -> dict[str, float]:
    """Return COCO's box numbers for people: AP, AP50, AP75, by size, AR at 100 boxes; -1 where nobody is.

    `recall50` is the share of people with a box of IoU .5 among the first 100, whatever its score.
    """
    pictures, people, boxes = [], [], []
    for number, (picture, detections) in enumerate(answers, 1):
        pictures.append({"id": number, "height": picture.height, "width": picture.width})
        for box, area, crowd in zip(picture.boxes_yxyx, picture.areas, picture.crowd, strict=True):
            label = {"id": len(people) + 1, "image_id": number, "category_id": PERSON, "iscrowd": int(crowd)}
            people.append(label | {"bbox": _xywh(box), "area": float(area)})
        for box, score in zip(detections.boxes_yxyx, detections.scores, strict=True):
            boxes.append({"image_id": number, "category_id": PERSON, "bbox": _xywh(box), "score": float(score)})
    return _summary(pictures, people, boxes)


def _xywh(box: np.ndarray) -> list[float]:
    y0, x0, y1, x1 = (float(side) for side in box)
    return [x0, y0, x1 - x0, y1 - y0]


def _summary(pictures: list[dict], people: list[dict], boxes: list[dict]) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools talks
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": pictures,
            "annotations": people,
            "categories": [{"id": PERSON, "name": "person"}],
        }
        truth.createIndex()
        found = COCO()
        found.dataset = {**truth.dataset, "annotations": [_labelled(box, i) for i, box in enumerate(boxes, 1)]}
        found.createIndex()
        coco = COCOeval(truth, found, "bbox")
        coco.evaluate()
        coco.accumulate()
        coco.summarize()
    # recall: [T, K, A, M], at IoU .5, all sizes, 100 boxes
    numbers = {name: float(coco.stats[place]) for name, place in _NUMBERS.items()}
    return numbers | {"recall50": float(coco.eval["recall"][0, 0, 0, -1])}


def _labelled(box: dict, number: int) -> dict:
    """Return a detection as `COCO.loadRes` would hold it."""
    return box | {"id": number, "area": box["bbox"][2] * box["bbox"][3], "iscrowd": 0}
