"""COCO annotations and results out of files: the forms that are read, and one line for every fault."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.data import coco
from simpose_tf.errors import InputError
from simpose_tf.evaluation import coco_scores
from simpose_tf.evaluation.coco_files import read_results, read_truth

HEIGHT, WIDTH = 40, 30
KEYS = ("keypoints", "segmentation")


def mask() -> np.ndarray:
    shape = np.zeros((HEIGHT, WIDTH), bool)
    shape[5:35, 10:20] = True
    return shape


def annotations() -> dict:
    """Return two people in two pictures, and a dog."""
    points = np.column_stack([np.full(17, 12), np.arange(17) + 8, np.full(17, 2)]).ravel().tolist()
    person = {
        "category_id": 1, "iscrowd": 0, "bbox": [10, 5, 10, 30], "area": 300, "keypoints": points,
        "segmentation": coco.run_lengths(mask()),
    }  # fmt: skip
    return {
        "images": [{"id": n, "file_name": f"folder/{n}.png", "height": HEIGHT, "width": WIDTH} for n in (4, 7)],
        "annotations": [
            {"id": 1, "image_id": 4, **copy.deepcopy(person)},
            {"id": 2, "image_id": 7, **copy.deepcopy(person)},
            {"id": 3, "image_id": 7, "category_id": 18, "bbox": [0, 0, 1, 1], "area": 1},
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}],
    }


def result(**more) -> dict:
    known = {key: annotations()["annotations"][0][key] for key in KEYS}
    return {"image_id": 4, "category_id": 1, "score": 0.5, "bbox": [10, 5, 10, 30], **known, **more}


def write(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


@pytest.fixture
def truth_path(tmp_path: Path) -> str:
    return write(tmp_path / "truth.json", annotations())


def test_only_people_are_read_and_what_cocos_files_always_have_is_filled_in(tmp_path: Path) -> None:
    content = annotations()
    del content["annotations"][0]["iscrowd"]
    truth = read_truth(write(tmp_path / "truth.json", content), KEYS)
    assert [person["id"] for person in truth.people] == [1, 2]
    assert (truth.people[0]["iscrowd"], truth.people[0]["num_keypoints"]) == (0, 17)


def test_results_of_other_categories_and_unlabelled_ones(truth_path: str, tmp_path: Path) -> None:
    truth = read_truth(truth_path, KEYS)
    without = result()
    del without["category_id"]
    path = write(tmp_path / "results.json", [result(category_id=18, keypoints=[]), without, result(score=1)])
    assert len(read_results(path, truth, "keypoints")) == 2


def test_what_predict_wrote_is_read_as_folder_list_and_single_picture(truth_path: str, tmp_path: Path) -> None:
    # predict numbers pictures by their place; the annotations know them by their file names.
    one = {"image": "4.png", "image_id": 1, "height": HEIGHT, "width": WIDTH, "people": [result(image_id=1)]}
    two = {**one, "image": "7.png", "image_id": 2, "people": [result(image_id=2), result(image_id=2, score=0.1)]}
    folder = tmp_path / "predicted"
    write(folder / "4.json", one)
    write(folder / "7.json", two)
    listed = [{"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [0, 0, 1, 1], "uv_data": ""}]
    truth = read_truth(truth_path, KEYS)
    for path in (str(folder), write(folder / "results.json", listed)):
        assert [found["image_id"] for found in read_results(path, truth, "keypoints")] == [4, 7, 7]
    assert [found["image_id"] for found in read_results(str(folder / "7.json"), truth, "keypoints")] == [7, 7]


def test_exact_results_score_one_whatever_form_their_masks_have(truth_path: str, tmp_path: Path) -> None:
    polygon = [[10, 5, 20, 5, 20, 35, 10, 35]]
    counts = {"size": [HEIGHT, WIDTH], "counts": _counts(mask())}
    found = [result(segmentation=polygon), result(image_id=7, segmentation=counts)]
    path = write(tmp_path / "found.json", found)
    masks, points = coco_scores.of_masks(truth_path, path), coco_scores.of_keypoints(truth_path, path)
    assert masks.numbers["mean_iou"] == masks.numbers["AP"] == pytest.approx(1)
    assert points.numbers["mean_oks"] == points.numbers["AP"] == pytest.approx(1)
    assert points.details["by_size"] == {"small": {"people": 2, "mean_oks": 1.0}}
    assert points.on == "2 people in 2 pictures, 2 detections, 2 people found"


def _counts(shape: np.ndarray) -> list[int]:
    """Return run lengths along columns, zeros first."""
    flat = shape.ravel(order="F").astype(int)
    ends = np.flatnonzero(np.diff(flat)) + 1
    return np.diff([0, *ends, flat.size]).tolist()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"image_id": 99}, "entry 0: no image of .* has the id 99"),
        ({"score": float("nan")}, "entry 0: its score is nan, no finite number"),
        ({"score": "high"}, "entry 0: its score is 'high'"),
        ({"keypoints": [1.0] * 50}, "entry 0: its keypoints are not 51 numbers"),
        ({"keypoints": [float("inf")] * 51}, "entry 0: its keypoints are not 51 numbers"),
        ({"segmentation": {"size": [9, 9], "counts": "0"}}, r"run lengths are of size \[9, 9\]"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": "abc"}}, "run lengths"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [5]}}, "run lengths sum to 5"),
        ({"segmentation": [[1, 2]]}, "less than 3 points"),
        ({"segmentation": []}, "its segmentation is empty"),
    ],
)
def test_bad_results_are_told_with_their_place(truth_path: str, tmp_path: Path, change: dict, fault: str) -> None:
    truth = read_truth(truth_path, KEYS)
    path = write(tmp_path / "found.json", [result(**change)])
    key = "segmentation" if "segmentation" in change else "keypoints"
    with pytest.raises(InputError, match=f"^--results: .*found.json, .*{fault}"):
        read_results(path, truth, key)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"a": 1}, "neither a list of results nor a picture's json"),
        (["text"], "entry 0: is no object"),
        ([{"image_id": 4, "score": 1}], "entry 0: the key 'keypoints' is missing"),
    ],
)
def test_files_of_another_form_are_told(truth_path: str, tmp_path: Path, content: object, fault: str) -> None:
    with pytest.raises(InputError, match=f"^--results: .*{fault}"):
        read_results(write(tmp_path / "found.json", content), read_truth(truth_path, KEYS), "keypoints")


def test_files_that_are_none_are_told(truth_path: str, tmp_path: Path) -> None:
    truth = read_truth(truth_path, KEYS)
    (tmp_path / "text.json").write_text("no json")
    with pytest.raises(InputError, match=r"^--results: no such file"):
        read_results(str(tmp_path / "none.json"), truth, "keypoints")
    with pytest.raises(InputError, match=r"^--results: .*text.json: "):
        read_results(str(tmp_path / "text.json"), truth, "keypoints")
    with pytest.raises(InputError, match=r"^--annotations: .*text.json: not JSON"):
        read_truth(str(tmp_path / "text.json"), ())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no json of simpose_tf.predict in it"):
        read_results(str(tmp_path / "empty"), truth, "keypoints")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bbox": [1, 2, 3]}, "its box .* is not four numbers"),
        ({"area": None}, "its area None is no number"),
        ({"image_id": 99}, "no image has the id 99"),
        ({"id": 2}, "have the same id"),
        ({"iscrowd": 3}, "iscrowd is 3"),
        ({"keypoints": [1.0] * 3}, "not 51 numbers"),
        ({"keypoints": [1, 1, 5] * 17}, "a visibility of its keypoints"),
        ({"segmentation": None}, "its segmentation is empty"),
    ],
)
def test_bad_annotations_are_told(tmp_path: Path, change: dict, fault: str) -> None:
    content = annotations()
    content["annotations"][0] |= change
    with pytest.raises(InputError, match=f"^--annotations: .*truth.json: .*{fault}"):
        read_truth(write(tmp_path / "truth.json", content), KEYS)


def test_a_key_that_a_person_lacks_is_told(tmp_path: Path) -> None:
    content = annotations()
    del content["annotations"][1]["segmentation"]
    with pytest.raises(InputError, match="annotation 2: the key 'segmentation' is missing"):
        read_truth(write(tmp_path / "truth.json", content), KEYS)
