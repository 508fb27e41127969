"""People whose place and maps are known in closed form, for what surrounds the network."""

import numpy as np

from simpose_tf.inference.people import CropPeople, PredictedPerson


def find_disc(image: np.ndarray, boxes_yxyx: np.ndarray | None, scores: np.ndarray | None) -> list[PredictedPerson]:
    """Return a person where the picture is blue, whose part is 3 everywhere; nobody where it is blue nowhere.

    With boxes: the person of each box, whatever it shows.
    """
    if boxes_yxyx is None:
        blue = np.argwhere(image[..., 2] > 180)
        if not len(blue):
            return []
        boxes_yxyx, scores = np.concatenate([blue.min(0), blue.max(0) + 1])[None].astype(float), np.array([0.75])
    return [_person(image, box, float(score)) for box, score in zip(boxes_yxyx, scores, strict=True)]


def _person(image: np.ndarray, box: np.ndarray, score: float) -> PredictedPerson:
    middle = (box[1::-1] + box[:1:-1]) / 2
    spread = np.stack([np.linspace(-0.4, 0.4, 17) * (box[3] - box[1]), np.zeros(17)], -1)
    normal = np.zeros((*image.shape[:2], 3), np.float32)
    normal[..., 2] = -1
    crop = CropPeople(
        mask=(image[..., 2] > 180).astype(np.float32),
        part=np.full(image.shape[:2], 3, np.uint8),
        uv=np.full((*image.shape[:2], 2), 0.5, np.float32),
        normal=normal,
    )
    return PredictedPerson(box, score, np.concatenate([middle + spread, np.full((17, 1), 0.5)], 1), crop, np.eye(3))
