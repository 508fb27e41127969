"""The two-stage predictor: picture -> boxes -> crops -> network -> people in the picture (SimPose sec. 4.1)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import people, two_stage
from simpose_tf.inference.detector import Detect, DetectionConfig, find_boxes
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.nms import NmsConfig, box_nms
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.two_stage import People

# Crops at once where nobody says. On two cores 8 of 353 x 257 take no less time, each, than 4, and twice the memory.
_CPU_BATCH, _GPU_BATCH = 4, 16


def predict_people(
    model: ExportedModel,
    image: np.ndarray,
    boxes_yxyx: np.ndarray,
    batch_size: int,
    box_scores: np.ndarray | None = None,
) -> list[PredictedPerson]:
    """Predict the people in the given boxes of a picture.

    Args:
      model: from `exported.load`.
      image: uint8 RGB `[H,W,3]`.
      boxes_yxyx: `[N,4]` continuous pixels, with area; they may reach over the picture's rim.
      batch_size: crops that go through the network at once.
      box_scores: `[N]` in [0, 1]; None: 1.

    Returns:
      N people, in the order of the boxes.
    """
    if not len(boxes_yxyx):
        return []
    boxes = np.asarray(boxes_yxyx, float)
    box_scores = np.ones(len(boxes)) if box_scores is None else box_scores
    stage = replace(model.stage, people=in_batches(model.stage.people, batch_size))
    return people_of(two_stage.people_of_boxes(stage, tf.constant(image), boxes, box_scores), boxes)


def predict_distinct(
    model: ExportedModel, image: np.ndarray, boxes_yxyx: np.ndarray, batch_size: int, box_scores: np.ndarray
) -> list[PredictedPerson]:
    """Predict each person once: NMS of the boxes before the network, of the poses after it (G-RMI sec. 3.1, 3.2).

    Arguments as in `predict_people`; `model.nms` tells when two are one.

    Returns:
      those who stay, in the order of their boxes.

    Raises:
      InputError: the export does not tell when two are one.
    """
    limits = require_nms(model)
    if not len(boxes_yxyx):
        return []
    kept = np.sort(box_nms(boxes_yxyx, box_scores, limits.box_iou))
    boxes = np.asarray(boxes_yxyx, float)[kept]
    stage = replace(model.stage, people=in_batches(model.stage.people, batch_size))
    answer = two_stage.people_of_boxes(stage, tf.constant(image), boxes, box_scores[kept])
    stay = two_stage.distinct(answer, tf.constant(boxes), limits.oks).numpy()
    everybody = people_of(answer, boxes)
    return [everybody[place] for place in stay]


def find_people(
    model: ExportedModel, detect: Detect, config: DetectionConfig, batch_size: int
) -> Callable[[np.ndarray], list[PredictedPerson]]:
    """Return what finds the people of a picture uint8 RGB `[H,W,3]` and predicts each once.

    Args:
      model: from `exported.load`.
      detect: the first stage.
      config: which of its boxes go on; so many people are given at most, best box first.
      batch_size: crops that go through the network at once.

    Raises:
      InputError: the export does not tell when two are one.
    """
    limits = require_nms(model)

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    def boxes_of(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return find_boxes(detect, image, config, limits.box_iou)

    def people(image: np.ndarray) -> list[PredictedPerson]:
        boxes, box_scores = boxes_of(tf.constant(image))
        return predict_distinct(model, image, boxes.numpy(), batch_size, box_scores.numpy())

    return people


def require_nms(model: ExportedModel) -> NmsConfig:
    """Return when two people are one. Raises InputError if the export does not tell."""
    if model.nms is None:
        raise InputError(f"--model: {model.path!r} does not tell when two people are one (NmsConfig); export it anew")
    return model.nms


def batch_size_of(asked: int | None) -> int:
    """Return how many crops go through the network at once: what is asked for, or what suits the machine."""
    return asked or (_GPU_BATCH if tf.config.list_physical_devices("GPU") else _CPU_BATCH)


def in_batches(people: People, batch_size: int) -> People:
    """Return the second stage that sees at most `batch_size` crops at once."""

    def answer(crops: tf.Tensor) -> dict[str, tf.Tensor]:
        parts = [people(crops[start : start + batch_size]) for start in range(0, len(crops), batch_size)]
        return {name: tf.concat([part[name] for part in parts], 0) for name in parts[0]}

    return answer


def people_of(answer: dict[str, tf.Tensor], boxes_yxyx: np.ndarray) -> list[PredictedPerson]:
    """Return the people of `two_stage.people_of_boxes` as one object each."""
    return people.of_answer({name: np.asarray(values) for name, values in answer.items()}, boxes_yxyx)
