"""Pictures with boxes, for TensorBoard."""

import cv2
import numpy as np

from simpose_tf.detection.evaluation import Detections, pixels
from simpose_tf.detection.records import BoxedPicture

_TRUE, _FOUND = (255, 255, 255), (255, 160, 0)
_WIDTH = 480


def draw_boxes(picture: BoxedPicture, found: Detections, least_score: float) -> np.ndarray:
    """Return a picture `_WIDTH` wide, uint8 RGB: labelled boxes white, found ones orange with their scores."""
    scale = _WIDTH / picture.width
    canvas = cv2.resize(np.ascontiguousarray(pixels(picture)), None, fx=scale, fy=scale)
    for box in picture.boxes_yxyx[~picture.crowd] * scale:
        _rectangle(canvas, box, _TRUE, 1)
    for box, score in zip(found.boxes_yxyx * scale, found.scores, strict=True):
        if score >= least_score:
            _rectangle(canvas, box, _FOUND, 2)
            place = int(box[1]) + 2, int(box[0]) + 14
            cv2.putText(canvas, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _FOUND, 1, cv2.LINE_AA)
    return canvas


def _rectangle(canvas: np.ndarray, box: np.ndarray, color: tuple[int, int, int], width: int) -> None:
    y0, x0, y1, x1 = (round(float(side)) for side in box)
    cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), color, width, cv2.LINE_AA)
