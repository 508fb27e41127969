"""The first stage: which of a detector's boxes go on, and which SavedModels are detectors."""

import gc
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import detector
from simpose_tf.inference.detector import DetectionConfig
from tests.inference import savedmodels

ALL = DetectionConfig(box_score=0.0, max_people=100)


def answers(boxes: list, scores: list, classes: list) -> detector.Detect:
    """Return a detector that always answers the same."""
    answer = {"detection_boxes": boxes, "detection_scores": scores, "detection_classes": classes}
    return lambda _: {name: tf.constant([values], tf.float32) for name, values in answer.items()}


def find(detect: detector.Detect, size: tuple[int, int] = (100, 200), config: DetectionConfig = ALL) -> tuple:
    boxes, scores = detector.find_boxes(detect, tf.zeros((*size, 3), tf.uint8), config, 0.6)
    return boxes.numpy().tolist(), [round(float(score), 6) for score in scores]


def test_boxes_come_in_pixels_best_first() -> None:
    detect = answers([[0.1, 0.2, 0.5, 0.6], [0.5, 0.5, 1.0, 1.0]], [0.3, 0.8], [1, 1])
    boxes, scores = find(detect)
    np.testing.assert_allclose(boxes, [[50, 100, 100, 200], [10, 40, 50, 120]], rtol=1e-6)
    assert scores == [0.8, 0.3]


def test_only_people_who_are_sure_enough_stay() -> None:
    detect = answers([[0, 0, 1, 0.2], [0, 0.3, 1, 0.5], [0, 0.6, 1, 0.8]], [0.9, 0.5, 0.49], [18, 1, 1])
    assert find(detect, config=DetectionConfig(0.5, 100))[1] == [0.5]


def test_doubles_and_more_than_asked_for_go() -> None:
    # The second box has IoU 90 / 100 with the first, the third .5.
    detect = answers(
        [[0, 0, 1, 0.5], [0, 0, 0.9, 0.5], [0, 0, 0.5, 0.5], [0, 0.6, 1, 1]], [0.9, 0.8, 0.7, 0.6], [1] * 4
    )
    assert find(detect)[1] == [0.9, 0.7, 0.6]
    assert find(detect, config=DetectionConfig(0.0, 2))[1] == [0.9, 0.7]


def test_boxes_over_the_rim_are_cut_and_slivers_go() -> None:
    detect = answers([[-0.5, -0.5, 0.5, 0.5], [0.2, 0.3, 0.2, 0.9], [0.9, 0.999, 1.2, 1.4]], [0.9, 0.8, 0.7], [1] * 3)
    assert find(detect)[0] == [[0, 0, 50, 100]]


def test_a_picture_of_extreme_shape_is_padded_for_the_detector_only() -> None:
    seen = []

    def detect(images: tf.Tensor) -> dict[str, tf.Tensor]:
        seen.append(images.shape[1:3])
        return answers([[0.0, 0.25, 0.03, 0.5], [0.1, 0.6, 0.5, 0.9]], [0.9, 0.8], [1, 1])(images)

    # 3 rows become 1600 / 16 = 100: a share of .03 of them is the whole height; what lies below is nobody's.
    assert find(detect, (3, 1600)) == ([[0, 400, 3, 800]], [0.9])
    assert seen == [(100, 1600)]
    assert find(detect, (100, 200))[1] == [0.9, 0.8] and seen[1] == (100, 200)


def test_a_score_that_is_no_number_is_nobody_s() -> None:
    assert find(answers([[0, 0, 1, 1]], [float("nan")], [1])) == ([], [])
    assert find(answers([[0, 0, 1, 1]], [0.0], [1]))[1] == [0.0]


def test_large_pictures_are_shrunk_for_the_detector_only(tmp_path: Path) -> None:
    seen = []

    def detect(images: tf.Tensor) -> dict[str, tf.Tensor]:
        seen.append(tuple(images.shape))
        return answers([[0, 0, 1, 1]], [0.9], [1])(images)

    assert find(detect, (4000, 1000))[0] == [[0, 0, 4000, 1000]]
    assert find(detect, (1600, 3))[0] == [[0, 0, 1600, 3]]
    assert find(detect, (9000, 2))[0] == [[0, 0, 9000, 2]]
    assert seen == [(1, 1600, 400, 3), (1, 1600, 100, 3), (1, 1600, 100, 3)]  # padded to 1600 / 16


def test_a_detector_is_loaded_and_finds_what_is_painted(tmp_path: Path) -> None:
    loaded = detector.load(savedmodels.save_detector(tmp_path / "d"))
    image = np.zeros((50, 40, 3), np.uint8)
    image[10:30, 5:20, 2] = 250
    image[35:45, 8:32, 2] = 240
    boxes, scores = detector.find_boxes(loaded.detect, tf.constant(image), ALL, 0.6)
    np.testing.assert_allclose(boxes[:2], [[10, 5, 30, 20], [35, 8, 45, 32]], atol=1e-4)
    np.testing.assert_allclose(scores[:2], [0.9, 0.85], atol=1e-6)


def test_a_detector_s_function_keeps_its_weights(tmp_path: Path) -> None:
    detect = detector.load(savedmodels.save_detector(tmp_path / "d")).detect
    gc.collect()
    image = np.zeros((10, 10, 3), np.uint8)
    image[2:8, 2:8, 2] = 250
    traced = tf.function(lambda image: detector.find_boxes(detect, image, ALL, 0.6))
    assert float(traced(tf.constant(image))[1][0]) == pytest.approx(0.9)


def test_other_saved_models_are_no_detectors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--detector: no such folder"):
        detector.load(str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"--detector: .* is no SavedModel"):
        detector.load(str(tmp_path))
    echo = savedmodels.save(savedmodels.EchoModel(9, 5), tmp_path / "echo")
    with pytest.raises(InputError, match="is no detector: its serving_default must"):
        detector.load(echo)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "saved_model.pb").write_bytes(b"\x08broken")
    with pytest.raises(InputError, match="does not load"):
        detector.load(str(tmp_path / "broken"))


@pytest.mark.parametrize("bad", [(-0.1, 5), (1.1, 5), (0.5, 0)])
def test_settings_that_let_nobody_pass_raise(bad: tuple) -> None:
    with pytest.raises(ValueError, match="box_score"):
        DetectionConfig(*bad)
