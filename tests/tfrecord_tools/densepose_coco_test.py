"""Facts about `tfrecord_tools.densepose_coco`."""

import numpy as np
import pytest
import tensorflow as tf
from pycocotools import mask as coco_mask

from simpose_tf.data import schema
from simpose_tf.data.coco import PeopleFilter
from simpose_tf.errors import InputError
from simpose_tf.evaluation.records import annotation
from tests.mains import run_main
from tests.tfrecord_tools.coco_files import WINDOW, Sample
from tfrecord_tools import densepose_coco
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.coco_person import Job
from tfrecord_tools.densepose_coco import convert


def half(lower):
    """Return the packed run lengths of one half of 256 x 256 pixels."""
    mask = np.zeros((256, 256), np.uint8, order="F")
    mask[(128 if lower else 0) : (256 if lower else 128)] = 1
    packed = coco_mask.encode(mask)
    return {"size": [256, 256], "counts": packed["counts"].decode()}


def annotate(label, count=5):
    """Give a person points on a diagonal of the box, and two coarse parts."""
    label["dp_x"] = np.linspace(20, 230, count).tolist()
    label["dp_y"] = np.linspace(30, 220, count).tolist()
    label["dp_I"] = [float(1 + k) for k in range(count)]
    label["dp_U"] = np.linspace(0, 1, count).tolist()
    label["dp_V"] = np.linspace(1, 0, count).tolist()
    label["dp_masks"] = [half(False), [], half(True), *[[] for _ in range(11)]]


@pytest.fixture
def sample(tmp_path):
    sample = Sample(tmp_path)
    for label in sample.data["annotations"][:4]:
        annotate(label)
    return sample


def run(sample, output, min_keypoints=1):
    sample.write()
    return convert(
        Job(str(sample.images), str(sample.file), str(output)), PeopleFilter(min_keypoints), WINDOW, BeamRun()
    )


def people_in(output):
    files = sorted(str(f) for f in output.glob("*.tfrecord"))
    return {p.person_id: p for p in (schema.decode(r.numpy()) for r in tf.data.TFRecordDataset(files))}


def test_points_lie_where_the_annotation_puts_them(sample, tmp_path):
    run(sample, tmp_path / "out")
    people = people_in(tmp_path / "out")
    assert sorted(people) == [100, 101, 102, 103, 104, 105]
    assert people[104].points is None and people[104].coarse is None
    for label in sample.data["annotations"][:4]:
        one = people[label["id"]]
        x0, y0, scale = one.window
        x, y, width, height = label["bbox"]
        picture = one.points[:, :2] / scale + [x0, y0]
        expected = [x + np.array(label["dp_x"]) * width / 255, y + np.array(label["dp_y"]) * height / 255]
        np.testing.assert_allclose(picture, np.transpose(expected), atol=1e-3)
        np.testing.assert_array_equal(one.points[:, 2], label["dp_I"])
        np.testing.assert_allclose(one.points[:, 3:], np.transpose([label["dp_U"], label["dp_V"]]), atol=1e-6)


def test_coarse_parts_fill_their_halves_of_the_box(sample, tmp_path):
    run(sample, tmp_path / "out")
    one = people_in(tmp_path / "out")[100]
    ymin, xmin, ymax, xmax = np.round(one.box_yxyx).astype(int)
    middle = (ymin + ymax) // 2
    assert set(np.unique(one.coarse)) == {0, 1, 3}
    assert np.all(one.coarse[ymin:middle, xmin:xmax] == 1) and np.all(one.coarse[middle:ymax, xmin:xmax] == 3)
    assert not one.coarse[:ymin].any() and not one.coarse[ymax:].any()


def test_people_with_points_need_no_keypoints_and_no_segmentation(sample, tmp_path):
    for label in sample.data["annotations"]:
        label["keypoints"] = [0] * 51
        del label["segmentation"]
    run(sample, tmp_path / "out", min_keypoints=3)
    people = people_in(tmp_path / "out")
    assert sorted(people) == [100, 101, 102, 103]
    one = people[101]
    assert np.array_equal(one.mask, one.coarse > 0)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"dp_U": [0.5]}, "have [5, 5, 5, 1, 5] entries"),
        ({"dp_I": [1, 2, 3, 4, 25]}, "dp_I must lie in 0..24"),
        ({"dp_x": [1, 2, 3, 4, "a"]}, "must be lists of numbers"),
        ({"dp_masks": [{"size": [10, 10], "counts": "0"}]}, "no masks of parts: dp_masks of [10, 10] pixels"),
        ({"dp_masks": "masks"}, "no masks of parts"),
    ],
)
def test_a_fault_of_one_person_is_named_and_the_others_stay(sample, tmp_path, change, line):
    sample.data["annotations"][1] |= change
    manifest = run(sample, tmp_path / "out")
    assert len(manifest["skipped"]) == 1
    assert manifest["skipped"][0].startswith("000.png: annotation 101: ") and line in manifest["skipped"][0]
    assert sorted(people_in(tmp_path / "out")) == [100, 102, 103, 104, 105]


def test_a_file_without_points_is_refused(sample, tmp_path):
    for label in sample.data["annotations"]:
        label.pop("dp_x", None)
    with pytest.raises(InputError, match="none of 6 annotations has DensePose's points"):
        run(sample, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_main_writes_what_convert_writes(sample, tmp_path, capsys):
    run(sample, tmp_path / "one")
    gin = f"--gin_param=WindowConfig.max_box_height={WINDOW.max_box_height}"
    where = [f"--images={sample.images}", f"--annotations={sample.file}", f"--output={tmp_path / 'two'}"]
    ended = run_main(densepose_coco, [*where, gin], capsys)
    assert ended.status == 0, ended.stderr
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert one == two


def test_evaluation_gets_back_what_the_annotations_say(sample, tmp_path):
    run(sample, tmp_path / "out")
    one = people_in(tmp_path / "out")[100]
    given = sample.data["annotations"][0]
    found = annotation(one, 1, 1)
    for key in ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V"):
        np.testing.assert_allclose(found[key], given[key], atol=0.01, err_msg=key)
    for here, there in zip(found["dp_masks"], given["dp_masks"], strict=True):
        assert bool(here) == bool(there)
        if there:
            # The record keeps whole pixels: a 256th of the box at the rim.
            assert np.mean(coco_mask.decode(here) != coco_mask.decode(there)) < 0.02
