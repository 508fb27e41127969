"""From a picture and boxes to people in the picture (SimPose sec. 4.1).

TensorFlow only, traceable: part of the exported graph, and what `predictor` calls: both give the same people.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.inference import cutting, nms, scores
from simpose_tf.inference.scores import ScoreConfig

# Crops uint8 `[N,H,W,3]` -> `decode.decode_maps`.
People = Callable[[tf.Tensor], dict[str, tf.Tensor]]


@dataclass(frozen=True)
class SecondStage:
    """The second stage as its users see it.

    Attributes:
      people: crops uint8 `[N,H,W,3]` -> what `decode.decode_maps` returns.
      height: H of the crops, pixels.
      width: W of the crops, pixels.
      test_enlargement: how far boxes are enlarged.
      score: how people's scores are made.
    """

    people: People
    height: int
    width: int
    test_enlargement: float
    score: ScoreConfig


def people_of_boxes(
    stage: SecondStage, image: tf.Tensor, boxes_yxyx: tf.Tensor, box_scores: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Predict the people in the given boxes of a picture.

    Boxes are extended to the crop's aspect, enlarged as the stage asks, and cut out as in training.

    Args:
      stage: the second stage.
      image: uint8 `[h,w,3]` RGB.
      boxes_yxyx: `[N,4]` continuous pixels, with area; they may reach over the picture's rim.
      box_scores: `[N]` in [0, 1].

    Returns:
      what `decode.decode_maps` does, but `keypoints` float64 `[N,17,3]` in picture pixels and `score` with the box's
      weighed in; and `windows` float64 `[N,4]` yxyx, what of the picture the crops show.
    """
    boxes = tf.cast(boxes_yxyx, tf.float64)
    windows = cutting.windows_of(boxes, stage.height / stage.width, stage.test_enlargement)
    answer = dict(stage.people(cutting.cut_crops(image, windows, stage.height, stage.width)))
    keypoints = tf.cast(answer["keypoints"], tf.float64)
    step = (windows[:, 2:] - windows[:, :2]) / [stage.height, stage.width]
    xy = windows[:, None, 1::-1] + step[:, None, ::-1] * keypoints[..., :2]
    answer["keypoints"] = tf.concat([xy, keypoints[..., 2:]], -1)
    answer["score"] = scores.with_box(answer["score"], box_scores, stage.score)
    return answer | {"windows": windows}


def distinct(answer: dict[str, tf.Tensor], boxes_yxyx: tf.Tensor, oks: float) -> tf.Tensor:
    """Return the places int32 `[M]`, rising, of people who are no other's double (G-RMI sec. 3.2).

    The area in the poses' OKS is that of the box, as is usual. # not in the paper, which names none.

    Args:
      answer: of `people_of_boxes`.
      boxes_yxyx: `[N,4]`.
      oks: of two poses with a greater OKS the better one stays.
    """
    areas = tf.reduce_prod(boxes_yxyx[:, 2:] - boxes_yxyx[:, :2], -1)
    return tf.sort(nms.oks_nms(answer["keypoints"][..., :2], areas, answer["score"], oks))
