"""Prediction on whole pictures: what a crop shows comes back to where it was."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simpose_tf import geometry, keypoints
from simpose_tf.errors import InputError
from simpose_tf.inference import detector, exported, people, predictor
from simpose_tf.inference.detector import DetectionConfig
from tests.inference import savedmodels

HEIGHT, WIDTH = 65, 49


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> exported.ExportedModel:
    folder = tmp_path_factory.mktemp("echo") / "model"
    settings = {"nms": {"box_iou": 0.6, "oks": 0.5}}
    return exported.load(savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), folder, **settings))


def coordinates_picture(height: int, width: int) -> np.ndarray:
    """Return a picture whose red is x and whose green is y (continuous, 0..200), all of it person."""
    red = 200 * (np.arange(width) + 0.5) / width
    green = 200 * (np.arange(height) + 0.5) / height
    grid = np.stack([*np.meshgrid(red, green), np.full((height, width), 255.0)], -1)
    return np.round(grid).astype(np.uint8)


def test_crop_size_and_enlargement_come_from_the_export(model: exported.ExportedModel) -> None:
    assert (model.stage.height, model.stage.width, model.stage.test_enlargement) == (HEIGHT, WIDTH, 1.25)


@pytest.mark.parametrize("size", [(150, 120), (40, 60), (700, 500)])
@pytest.mark.parametrize("box", [(0.2, 0.3, 0.8, 0.7), (0.013, 0.11, 0.731, 0.442), (-0.2, 0.5, 0.6, 1.3)])
def test_uv_is_pasted_back_exactly_where_it_was(model: exported.ExportedModel, size: tuple, box: tuple) -> None:
    image = coordinates_picture(*size)
    box_yxyx = np.array(box) * np.array([*size, *size])
    (person,) = predictor.predict_people(model, image, box_yxyx[None], 4)
    dense, owner = people.compose([person], size)
    window = geometry.extend_box(box_yxyx, HEIGHT / WIDTH, 1.25)
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    pixel = max(window[2] - window[0], HEIGHT) / HEIGHT  # the coarser of both grids, in picture pixels
    inside_y = (rows > max(window[0], 0) + pixel) & (rows < min(window[2], size[0]) - pixel)
    inside_x = (columns > max(window[1], 0) + pixel) & (columns < min(window[3], size[1]) - pixel)
    inside = np.outer(inside_y, inside_x)
    assert inside.sum() > 50
    assert (owner[inside] == 0).all()
    # u and v are red and green, both linear: right to the rounding of 8-bit colours, 1 of 255, and not a pixel's
    # width off. At part borders (red / 10) u comes from one side: up to half a crop pixel more.
    error = np.abs(dense.uv - image[..., :2] / 255.0)[inside]
    crop_pixel = 200 / 255 * np.array([pixel / size[1], pixel / size[0]])
    assert (error[:, 1] < 1.6 / 255).all()
    assert (error[:, 0] < 1.6 / 255 + 0.6 * crop_pixel[0]).all()
    assert error[:, 0].mean() < 0.8 / 255 + 0.15 * crop_pixel[0]


def test_nothing_is_found_off_the_window(model: exported.ExportedModel) -> None:
    image = coordinates_picture(100, 100)
    (person,) = predictor.predict_people(model, image, np.array([[30.0, 30, 60, 60]]), 1)
    _, owner = people.compose([person], (100, 100))
    window = geometry.extend_box(np.array([30.0, 30, 60, 60]), HEIGHT / WIDTH, 1.25)
    rows, columns = np.nonzero(owner == 0)
    assert (rows + 0.5 > window[0]).all() and (rows + 0.5 < window[2]).all()
    assert (columns + 0.5 > window[1]).all() and (columns + 0.5 < window[3]).all()
    assert (rows.min() - window[0], columns.min() - window[1]) < (1, 1)


def test_keypoints_come_back_in_picture_pixels(model: exported.ExportedModel) -> None:
    box = np.array([20.0, 10, 90, 50])  # middle (30, 55); 70 high, wider aspect: scale 70 * 1.25 / 65
    (person,) = predictor.predict_people(model, coordinates_picture(120, 80), box[None], 1)
    scale = 70 * 1.25 / HEIGHT
    np.testing.assert_allclose(person.keypoints[:, 0], 30 + scale * np.arange(17), atol=1e-3)
    np.testing.assert_allclose(person.keypoints[:, 1], 55, atol=1e-3)
    assert person.score == pytest.approx(person.keypoints[:, 2].mean(), abs=1e-6)


def test_batches_do_not_change_the_answers(model: exported.ExportedModel) -> None:
    boxes = np.array([[5.0 * i, 3.0 * i, 5 * i + 60, 3 * i + 40] for i in range(5)])
    image = coordinates_picture(100, 90)
    one, two = (predictor.predict_people(model, image, boxes, size) for size in (5, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-5)
        np.testing.assert_array_equal(a.crop.part, b.crop.part)


def test_no_boxes_give_nobody(model: exported.ExportedModel) -> None:
    assert predictor.predict_people(model, coordinates_picture(20, 20), np.zeros((0, 4)), 3) == []


@pytest.mark.parametrize(
    "box",
    [(50.3, 40.1, 50.8, 40.3), (10, 10, 11, 11), (-400, -300, 500, 600), (20, -500, 30, 500), (99.5, 79.5, 140, 130)],
)
def test_keypoints_of_odd_boxes_come_back_in_picture_pixels(model: exported.ExportedModel, box: tuple) -> None:
    # Half a pixel, one pixel, far larger than the picture, a line across it, over its corner. The echo model answers
    # with the crop's middle, k crop pixels further right.
    box_yxyx = np.array(box, float)
    (person,) = predictor.predict_people(model, coordinates_picture(100, 80), box_yxyx[None], 1)
    window = geometry.extend_box(box_yxyx, HEIGHT / WIDTH, 1.25)
    step = (window[2] - window[0]) / HEIGHT
    np.testing.assert_allclose(person.keypoints[:, 0], (box[1] + box[3]) / 2 + step * np.arange(17), atol=1e-3 * step)
    np.testing.assert_allclose(person.keypoints[:, 1], (box[0] + box[2]) / 2, atol=1e-3 * step)
    entry = people.densepose_entry(person, 1)
    assert entry["uv_shape"][1:] == [max(int(box[2] - box[0]), 1), max(int(box[3] - box[1]), 1)]


def test_distinct_people_are_given_once_in_the_order_of_their_boxes(model: exported.ExportedModel) -> None:
    # Box 1 is box 0 a pixel on (IoU .95), with a lower score; box 2 shares its keypoints with box 0 (same middle,
    # another width: IoU .5, but the crop's scale is that of the height, so the same pose); box 3 is far away.
    boxes = np.array([[20.0, 10, 80, 40], [21, 10, 81, 40], [20, 17.5, 80, 32.5], [120, 110, 180, 140]])
    scores = np.array([0.8, 0.7, 0.9, 0.5])
    found = predictor.predict_distinct(model, coordinates_picture(200, 150), boxes, 2, scores)
    assert [person.box_yxyx.tolist() for person in found] == [boxes[0].tolist(), boxes[3].tolist()]
    everybody = predictor.predict_people(model, coordinates_picture(200, 150), boxes, 2, scores)
    assert len(everybody) == 4
    assert predictor.predict_distinct(model, coordinates_picture(20, 20), boxes[:0], 2, scores[:0]) == []


def test_nms_without_thresholds_raises(model: exported.ExportedModel) -> None:
    with pytest.raises(InputError, match=r"--model: .* does not tell when two people are one"):
        predictor.predict_distinct(
            dataclasses.replace(model, nms=None), coordinates_picture(20, 20), np.zeros((1, 4)), 1, np.ones(1)
        )


def test_scores_of_boxes_are_weighed_in_where_the_model_says_so(model: exported.ExportedModel) -> None:
    boxes = np.array([[20.0, 10, 80, 40], [30, 20, 70, 50], [10, 10, 60, 50]])
    image, box_scores = coordinates_picture(100, 80), np.array([0.25, 1.0, 0.0])
    plain = predictor.predict_people(model, image, boxes, 2, box_scores)
    stage = dataclasses.replace(model.stage, score=dataclasses.replace(model.stage.score, box=1.0))
    weighed = dataclasses.replace(model, stage=stage)
    other_people = predictor.predict_people(weighed, image, boxes, 2, box_scores)
    for one, other, box_score in zip(plain, other_people, box_scores, strict=True):
        assert other.score == pytest.approx((one.score * box_score) ** 0.5)
        assert one.confidence is not None and one.confidence[0] == pytest.approx(one.score)


def test_flip_averaged_people_of_mirrored_pictures_are_mirrored(tmp_path: Path) -> None:
    path = savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), tmp_path / "m")
    model = exported.load(path, flip=True)
    image, box = coordinates_picture(90, 70), np.array([[10.0, 12, 80, 50]])
    (here,) = predictor.predict_people(model, image, box, 1)
    (there,) = predictor.predict_people(model, image[:, ::-1].copy(), box * [1, -1, 1, -1] + [0, 70, 0, 70], 1)
    mirrored, _ = keypoints.flip(there.keypoints[:, :2], np.zeros(17), 70)
    # The nose alone: this model's other keypoints have a second peak, as high, where their partner's mirror image is.
    np.testing.assert_allclose(here.keypoints[:1, :2], mirrored[:1], atol=1e-3)
    # The two crops differ by the rounding of 8-bit colours, 1 of about 128. Parts tie here, see flip_test for them.
    np.testing.assert_allclose(here.crop.mask, there.crop.mask[:, ::-1], atol=1e-6)
    mirrored_normal = geometry.flip_normals(there.crop.normal[:, ::-1])
    np.testing.assert_allclose(here.crop.normal, mirrored_normal, atol=0.02)


def painted(people: int) -> np.ndarray:
    """Return a picture with people side by side whom the echo detector finds."""
    image = np.zeros((120, 40 * people + 10, 3), np.uint8)
    for k in range(people):
        image[20:90, 40 * k + 10 : 40 * k + 40, 2] = 250 - 10 * k
    return image


@pytest.fixture(scope="module")
def detect(tmp_path_factory: pytest.TempPathFactory) -> detector.Detect:
    return detector.load(savedmodels.save_detector(tmp_path_factory.mktemp("detector") / "d")).detect


def test_people_are_found_where_the_detector_says(model: exported.ExportedModel, detect: detector.Detect) -> None:
    found = predictor.find_people(model, detect, DetectionConfig(0.5, 10), 2)(painted(4))
    # Of the four the third is no person to the detector.
    expected = [[20, 40 * k + 10, 90, 40 * k + 40] for k in (0, 1, 3)]
    np.testing.assert_allclose([person.box_yxyx for person in found], expected, atol=1e-3)
    np.testing.assert_allclose([person.keypoints[0, :2] for person in found], [[25 + 40 * k, 55] for k in (0, 1, 3)])


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (3, 700)])
def test_pictures_without_people_give_nobody(
    model: exported.ExportedModel, detect: detector.Detect, size: tuple[int, int]
) -> None:
    assert predictor.find_people(model, detect, DetectionConfig(0.5, 10), 2)(np.zeros((*size, 3), np.uint8)) == []


def test_only_the_best_boxes_go_on(model: exported.ExportedModel, detect: detector.Detect) -> None:
    found = predictor.find_people(model, detect, DetectionConfig(0.0, 2), 2)(painted(8))
    assert [person.box_yxyx[1] for person in found] == pytest.approx([10, 50], abs=1e-3)
