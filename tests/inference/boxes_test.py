"""Boxes from files, ours and COCO's, and how bad ones are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.inference import boxes

PICTURES = ["in/one.jpg", "in/two.png"]


def written(folder: Path, content: object) -> str:
    path = folder / "boxes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def coco(annotations: list[dict], **more: object) -> dict:
    images = [{"id": 40, "file_name": "one.jpg"}, {"id": 50, "file_name": "elsewhere.jpg"}]
    return {"images": images, "annotations": annotations, **more}


def test_list_by_name(tmp_path: Path) -> None:
    path = written(
        tmp_path, [{"image": "two.png", "bbox": [1, 2, 30, 40]}, {"image": "x/two.png", "bbox": [0, 0, 5, 6.5]}]
    )
    found = boxes.read_boxes(path, PICTURES)
    assert list(found) == PICTURES
    np.testing.assert_array_equal(found["in/two.png"].boxes_yxyx, [[2, 1, 42, 31], [0, 0, 6.5, 5]])
    assert found["in/one.jpg"].boxes_yxyx.shape == (0, 4)


def test_scores_of_boxes_are_read_and_are_1_where_missing(tmp_path: Path) -> None:
    entries = [{"image": "two.png", "bbox": [1, 2, 3, 4], "score": 0.25}, {"image": "two.png", "bbox": [1, 2, 3, 4]}]
    found = boxes.read_boxes(written(tmp_path, entries), PICTURES)
    np.testing.assert_array_equal(found["in/two.png"].scores, [0.25, 1])
    assert found["in/one.jpg"].scores.shape == (0,)
    np.testing.assert_array_equal(boxes.PictureBoxes(1, np.zeros((2, 4))).scores, [1, 1])


def test_list_by_number_names_the_file_of_that_number(tmp_path: Path) -> None:
    pictures = ["in/000000000139.jpg", "in/000000000285.jpg"]
    path = written(tmp_path, [{"image_id": 285, "bbox": [0, 0, 1, 1]}])
    found = boxes.read_boxes(path, pictures)
    assert [found[p].image_id for p in pictures] == [139, 285]
    assert [len(found[p].boxes_yxyx) for p in pictures] == [0, 1]


def test_coco_annotations_pass_over_other_pictures_crowds_and_things(tmp_path: Path) -> None:
    content = coco(
        [
            {"image_id": 40, "bbox": [1, 1, 2, 2], "category_id": 7},
            {"image_id": 40, "bbox": [1, 1, 3, 3], "category_id": 9},
            {"image_id": 40, "bbox": [1, 1, 4, 4], "category_id": 7, "iscrowd": 1},
            {"image_id": 50, "bbox": [1, 1, 5, 5], "category_id": 7},
        ],
        categories=[{"id": 7, "name": "person"}, {"id": 9, "name": "dog"}],
    )
    found = boxes.read_boxes(written(tmp_path, content), PICTURES)
    assert found["in/one.jpg"].image_id == 40
    np.testing.assert_array_equal(found["in/one.jpg"].boxes_yxyx, [[1, 1, 3, 3]])


def test_default_ids_are_numbers_of_names_or_places() -> None:
    assert boxes.default_ids(["a/0012.jpg", "a/7.jpg"]) == {"a/0012.jpg": 12, "a/7.jpg": 7}
    assert boxes.default_ids(["a/x.jpg", "a/7.jpg"]) == {"a/x.jpg": 1, "a/7.jpg": 2}
    assert boxes.default_ids(["a/07.jpg", "a/7.jpg"]) == {"a/07.jpg": 1, "a/7.jpg": 2}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "is not JSON"),
        ("3", "neither a list of boxes nor COCO"),
        ("[]", "has no box for any of the 2 pictures"),
        ({"images": []}, "the list 'annotations' is missing"),
        ([{"image": "three.jpg", "bbox": [0, 0, 1, 1]}], "entry 0: unknown picture 'three.jpg'"),
        ([{"image_id": 4, "bbox": [0, 0, 1, 1]}], "entry 0: unknown picture 4"),
        ([{"bbox": [0, 0, 1, 1]}], "entry 0: needs 'bbox' and 'image'"),
        ([{"image": "one.jpg"}], "must be four numbers"),
        ([{"image": "one.jpg", "bbox": [0, 0, 1]}], "must be four numbers"),
        ([{"image": "one.jpg", "bbox": [0, 0, "a", 1]}], "must be four numbers"),
        ("[{\"image\": \"one.jpg\", \"bbox\": [0, 0, NaN, 1]}]", "must be four numbers"),
        ([{"image": "one.jpg", "bbox": [5, 5, 0, 9]}], "has no area"),
        ([{"image": "one.jpg", "bbox": [5, 5, 3, 9], "score": -1}], "entry 0: 'score' must be a number"),
        ([{"image": "one.jpg", "bbox": [5, 5, 3, 9], "score": "a"}], "entry 0: 'score' must be a number"),
        ("[{\"image\": \"one.jpg\", \"bbox\": [5, 5, 3, 9], \"score\": NaN}]", "entry 0: 'score' must be a number"),
        (coco([{"image_id": 41, "bbox": [0, 0, 1, 1]}]), "annotation 0: of an image that the file does not list"),
        (coco([{"image_id": [40], "bbox": [0, 0, 1, 1]}]), "annotation 0: of an image that the file does not list"),
        (coco([{"image_id": 50, "bbox": [0, 0, 1, 1]}]), "has no box for any of the 2 pictures"),
        (coco([{"image_id": 40, "bbox": [0, 0, -3, 1]}]), "annotation 0: the box .* has no area"),
    ],
)  # fmt: skip
def test_bad_boxes_raise_with_the_place(tmp_path: Path, content: object, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        boxes.read_boxes(written(tmp_path, content), PICTURES)


def test_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        boxes.read_boxes(str(tmp_path / "none.json"), PICTURES)


def test_two_pictures_with_one_id_raise(tmp_path: Path) -> None:
    content = [{"image": name, "image_id": 3, "bbox": [0, 0, 1, 1]} for name in ("one.jpg", "two.png")]
    with pytest.raises(InputError, match="two pictures one image_id"):
        boxes.read_boxes(written(tmp_path, content), PICTURES)


def test_box_off_the_picture_raises() -> None:
    over_the_rim = boxes.PictureBoxes(1, np.array([[-5.0, -5, 3, 3]]))
    boxes.check_inside(over_the_rim, (10, 20), "a.jpg")
    off = boxes.PictureBoxes(1, np.array([[0.0, 20, 5, 30]]))
    with pytest.raises(InputError, match=r"\[20.0, 0.0, 10.0, 5.0\] lies outside a.jpg \(20 x 10 pixels\)"):
        boxes.check_inside(off, (10, 20), "a.jpg")


def test_box_that_would_fill_the_memory_raises() -> None:
    boxes.check_inside(boxes.PictureBoxes(1, np.zeros((0, 4))), (10, 20), "a.jpg")
    with pytest.raises(InputError, match=r"far larger than a.jpg"):
        boxes.check_inside(boxes.PictureBoxes(1, np.array([[0.0, 0, 9, 1e6]])), (10, 20), "a.jpg")
