"""The second stage on whole pictures: boxes -> crops -> network -> people in the picture (SimPose sec. 4.1)."""

import numpy as np
import tensorflow as tf

from simpose_tf import geometry
from simpose_tf.data import crops
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.nms import NmsConfig, box_nms, oks_nms
from simpose_tf.inference.people import CropPeople, PredictedPerson
from simpose_tf.inference.scores import with_box

# The export tells neither, and cutting a crop out needs neither.
_NO_LABELS = {"label_stride": 1, "disk_radius": 1.0}


def predict_people(
    model: ExportedModel,
    image: np.ndarray,
    boxes_yxyx: np.ndarray,
    batch_size: int,
    box_scores: np.ndarray | None = None,
) -> list[PredictedPerson]:
    """Predict the people in the given boxes of a picture.

    Boxes are extended to the crop's aspect, enlarged as the model asks, and cut out as in training.

    Args:
      model: from `exported.load`.
      image: uint8 RGB `[H,W,3]`.
      boxes_yxyx: `[N,4]` continuous pixels, with area; they may reach over the picture's rim.
      batch_size: crops that go through the network at once.
      box_scores: `[N]`, not negative; None: 1.

    Returns:
      N people, in the order of the boxes.
    """
    people: list[PredictedPerson] = []
    scores = np.ones(len(boxes_yxyx)) if box_scores is None else box_scores
    for start in range(0, len(boxes_yxyx), batch_size):
        boxes = np.asarray(boxes_yxyx[start : start + batch_size], float)
        answer = model.people(tf.constant(np.stack([_cut(model, image, box) for box in boxes])))
        found = {name: np.asarray(values) for name, values in answer.items()}
        found["score"] = [with_box(*pair, model.score) for pair in zip(found["score"], scores[start:], strict=False)]
        people += [_person(model, box, found, place) for place, box in enumerate(boxes)]
    return people


def predict_distinct(
    model: ExportedModel, image: np.ndarray, boxes_yxyx: np.ndarray, batch_size: int, box_scores: np.ndarray
) -> list[PredictedPerson]:
    """Predict each person once: NMS of the boxes before the network, of the poses after it (G-RMI sec. 3.1, 3.2).

    Arguments as in `predict_people`; `model.nms` tells when two are one. The area in the poses' OKS is that of the
    box, as is usual. # not in the paper, which names none.

    Returns:
      those who stay, in the order of their boxes.

    Raises:
      InputError: the export does not tell when two are one.
    """
    limits = require_nms(model)
    kept = np.sort(box_nms(boxes_yxyx, box_scores, limits.box_iou))
    people = predict_people(model, image, boxes_yxyx[kept], batch_size, box_scores[kept])
    poses = np.array([person.keypoints[:, :2] for person in people]).reshape(-1, 17, 2)
    areas = np.array([np.prod(person.box_yxyx[2:] - person.box_yxyx[:2]) for person in people])
    stay = oks_nms(poses, areas, np.array([person.score for person in people]), limits.oks)
    return [people[place] for place in np.sort(stay)]


def require_nms(model: ExportedModel) -> NmsConfig:
    """Return when two people are one. Raises InputError if the export does not tell."""
    if model.nms is None:
        raise InputError(f"--nms: {model.path!r} does not tell its thresholds; export the model anew")
    return model.nms


def _cut(model: ExportedModel, image: np.ndarray, box_yxyx: np.ndarray) -> np.ndarray:
    """Return the crop of a box, uint8 `[H,W,3]`."""
    crop = CropConfig(model.height, model.width, **_NO_LABELS)
    return crops.warp_image(image, crops.record_from_crop(box_yxyx, model.test_enlargement, crop), crop)


def _person(model: ExportedModel, box_yxyx: np.ndarray, answer: dict[str, np.ndarray], place: int) -> PredictedPerson:
    """Return the person of one crop, keypoints in the picture's frame."""
    window = geometry.extend_box(box_yxyx, model.height / model.width, model.test_enlargement)
    crop_from_image = geometry.crop_from_image(window, model.height, model.width)
    keypoints = answer["keypoints"][place].astype(float)
    keypoints[:, :2] = geometry.transform_points(np.linalg.inv(crop_from_image), keypoints[:, :2])
    return PredictedPerson(
        box_yxyx=box_yxyx,
        score=float(answer["score"][place]),
        keypoints=keypoints,
        crop=CropPeople(**{name: answer[name][place] for name in ("mask", "part", "uv", "normal")}),
        crop_from_image=crop_from_image,
        confidence=answer["confidence"][place].astype(float) if "confidence" in answer else None,
    )
