"""How well a detector finds people: COCO's box numbers of one class on the detector's records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf
from object_detection.core.model import DetectionModel

from simpose_tf import geometry
from simpose_tf.data.recordfiles import RecordFiles
from simpose_tf.detection import input as detector_input
from simpose_tf.detection import models
from simpose_tf.detection.records import BoxedPicture
from simpose_tf.metrics import coco_people

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
