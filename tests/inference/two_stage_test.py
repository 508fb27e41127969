"""Boxes to people: keypoints in the picture's frame, boxes' scores, and doubles, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.inference import two_stage
from simpose_tf.inference.scores import ScoreConfig

SCORE = ScoreConfig(keypoints=1.0, mask=0.0, part=0.0, uv=0.0, normal=0.0, box=1.0)


def people(crops: tf.Tensor) -> dict[str, tf.Tensor]:
    """Answer with keypoint k at (k, 2 k), score .5, and with what the crop's first channel holds."""
    count = tf.shape(crops)[0]
    k = tf.range(17, dtype=tf.float32)
    keypoints = tf.tile(tf.stack([k, 2 * k, 0 * k + 0.5], -1)[None], [count, 1, 1])
    return {"keypoints": keypoints, "score": tf.fill([count], 0.25), "mask": tf.cast(crops[..., 0], tf.float32)}


STAGE = two_stage.SecondStage(people, 40, 20, 1.0, SCORE)


def test_answers_come_back_into_the_picture() -> None:
    # The box (10, 30, 90, 50) of 80 x 20 becomes 80 x 40 about its middle (50, 40): (10, 20, 90, 60), 2 pixels each.
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 40:] = 200
    answer = two_stage.people_of_boxes(
        STAGE, tf.constant(image), tf.constant([[10.0, 30, 90, 50]]), tf.constant([0.36])
    )
    np.testing.assert_allclose(answer["windows"], [[10, 20, 90, 60]])
    k = np.arange(17)
    np.testing.assert_allclose(answer["keypoints"][0], np.stack([20 + 2 * k, 10 + 4 * k, 0 * k + 0.5], -1))
    np.testing.assert_allclose(answer["score"], [0.3])  # sqrt(.25 * .36)
    # Columns beside the edge take pixels to 2 on either side, weighed .25, .75, .75, .25 of 2: 200 / 8 from across it.
    np.testing.assert_allclose(answer["mask"][0, 7], [0] * 9 + [25, 175] + [200] * 9)


def test_of_two_equal_poses_the_better_stays() -> None:
    poses = tf.zeros((4, 17, 3)) + tf.constant([0.0, 0, 100, 300])[:, None, None]
    answer = {"keypoints": poses, "score": tf.constant([0.5, 0.6, 0.4, 0.9])}
    boxes = tf.tile(tf.constant([[0.0, 0, 30, 30]]), [4, 1])
    assert two_stage.distinct(answer, boxes, 0.5).numpy().tolist() == [1, 2, 3]
    assert two_stage.distinct(answer, boxes, 1.0).numpy().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("traced", [False, True])
def test_nobody_is_no_one_s_double(traced: bool) -> None:
    function = tf.function(two_stage.distinct) if traced else two_stage.distinct
    answer = {"keypoints": tf.zeros((0, 17, 3)), "score": tf.zeros(0)}
    assert function(answer, tf.zeros((0, 4)), 0.5).numpy().tolist() == []
