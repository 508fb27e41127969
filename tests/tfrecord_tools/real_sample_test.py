import json
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.data.coco import _person, box_mask, rasterize
from simpose_tf.keypoints import NAMES
from tfrecord_tools import fetch_photos

FOLDER = Path(fetch_photos.__file__).parent / "real_sample"
PEOPLE = {"train": 5, "val": 2}


def load(split):
    return json.loads((FOLDER / f"person_keypoints_{split}.json").read_text())


@pytest.mark.parametrize("split", PEOPLE)
def test_labels_are_sound(split):
    data = load(split)
    images = {image["id"]: image for image in data["images"]}
    assert data["categories"][0]["keypoints"] == list(NAMES)
    people = [label for label in data["annotations"] if not label["iscrowd"]]
    assert len(people) == PEOPLE[split]
    for label in data["annotations"]:
        image = images[label["image_id"]]
        assert _person(label, image["height"], image["width"], True).fault == ""
        assert label["num_keypoints"] == sum(v > 0 for v in label["keypoints"][2::3])


@pytest.mark.parametrize("split", PEOPLE)
def test_box_area_and_mask_agree(split):
    data = load(split)
    images = {image["id"]: image for image in data["images"]}
    for label in data["annotations"]:
        height, width = images[label["image_id"]]["height"], images[label["image_id"]]["width"]
        mask = rasterize(label["segmentation"], height, width)
        assert mask.sum() == pytest.approx(label["area"], rel=0.01)
        ys, xs = np.nonzero(mask)
        x, y, w, h = label["bbox"]
        assert np.abs([xs.min() - x, ys.min() - y, xs.max() + 1 - x - w, ys.max() + 1 - y - h]).max() <= 1.5
        assert not (mask & ~box_mask(np.array([y - 1, x - 1, y + h + 1, x + w + 1]).clip(0), height, width)).any()


@pytest.mark.parametrize("split", PEOPLE)
def test_visible_keypoints_lie_on_the_mask(split):
    data = load(split)
    images = {image["id"]: image for image in data["images"]}
    for label in data["annotations"]:
        image = images[label["image_id"]]
        mask = rasterize(label["segmentation"], image["height"], image["width"])
        for name, (x, y, v) in zip(NAMES, np.reshape(label["keypoints"], (17, 3)), strict=True):
            assert v != 2 or mask[y, x], (label["id"], name)


def test_photographs_of_the_labels_are_fetched():
    fetched = {(photo.folder, Path(photo.member).name) for photo in fetch_photos.PHOTOS}
    for split in PEOPLE:
        for image in load(split)["images"]:
            assert (f"{split}_images", image["file_name"]) in fetched
