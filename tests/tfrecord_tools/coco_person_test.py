import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from pycocotools.coco import COCO

from simpose_tf.data import schema
from simpose_tf.data.coco import PeopleFilter
from simpose_tf.errors import InputError
from tests.tfrecord_tools.coco_files import HEIGHT, WIDTH, WINDOW, Sample, run_lengths
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.coco_person import Job, convert

ROOT = Path(__file__).resolve().parents[2]
COCO_SAMPLE = ROOT.parent / "shared" / "data" / "coco_sample"


@pytest.fixture
def sample(tmp_path):
    return Sample(tmp_path)


def run(sample, output, min_keypoints=1, **job):
    sample.write()
    what = Job(str(sample.images), str(sample.file), str(output), **job)
    return convert(what, PeopleFilter(min_keypoints), WINDOW, BeamRun())


def people_in(output):
    files = sorted(str(f) for f in Path(output).glob("*.tfrecord"))
    return {p.person_id: p for p in (schema.decode(r.numpy()) for r in tf.data.TFRecordDataset(files))}


def test_records_hold_the_people(sample, tmp_path):
    manifest = run(sample, tmp_path / "out")
    people = people_in(tmp_path / "out")
    assert sorted(people) == [100, 101, 102, 103, 104, 105]
    assert manifest["num_records"] == 6
    one = people[103]
    assert (one.domain, one.image_id, one.source) == (schema.REAL, 11, "person_keypoints_train.json")
    assert one.image_size == (HEIGHT, WIDTH)
    assert one.part is None
    assert one.normal is None
    assert one.ignore is None


def test_record_coordinates_lead_back_to_the_annotation(sample, tmp_path):
    run(sample, tmp_path / "out")
    for label in sample.data["annotations"]:
        one = people_in(tmp_path / "out")[label["id"]]
        x0, y0, scale = one.window
        assert scale == pytest.approx(1.0)  # the people are 60 pixels high
        stored = np.array(label["keypoints"]).reshape(17, 3)
        assert np.allclose(one.keypoints_xy / scale + [x0, y0], stored[:, :2] + 0.5, atol=1e-3)
        assert one.visibility.tolist() == stored[:, 2].tolist()
        x, y, w, h = label["bbox"]
        box = one.box_yxyx / scale + [y0, x0, y0, x0]
        assert np.allclose(box, [y, x, y + h, x + w], atol=1e-3)


def test_masks_are_those_of_pycocotools_and_lie_on_the_drawn_person(sample, tmp_path):
    run(sample, tmp_path / "out")
    oracle = COCO(str(sample.file))
    for one in people_in(tmp_path / "out").values():
        x0, y0, _ = one.window.astype(int)
        height, width = one.mask.shape
        partner = one.person_id + (1 if one.person_id % 2 == 0 else -1)
        own, other = (oracle.annToMask(oracle.anns[i]) > 0 for i in (one.person_id, partner))
        region = np.s_[y0 : y0 + height, x0 : x0 + width]
        assert np.array_equal(one.mask, own[region])
        assert np.array_equal(one.others, (other & ~own)[region])
        drawn = (one.image[..., 0] > 160) & (one.image[..., 2] < 120)
        assert (drawn & (one.mask | one.others)).sum() > 0.9 * (one.mask | one.others).sum()


def test_crowds_and_people_without_mask_are_ignored_pixels(sample, tmp_path):
    crowd = np.zeros((HEIGHT, WIDTH), np.uint8)
    crowd[5:25, 10:150] = 1
    sample.annotation(0).update(iscrowd=1, segmentation=run_lengths(crowd))
    sample.annotation(2)["segmentation"] = []
    run(sample, tmp_path / "out")
    people = people_in(tmp_path / "out")
    assert sorted(people) == [101, 103, 104, 105]
    x0, y0, _ = people[101].window.astype(int)
    height, width = people[101].mask.shape
    crowd_only = crowd[y0 : y0 + height, x0 : x0 + width] > 0
    assert np.array_equal(people[101].ignore, crowd_only & ~people[101].mask)
    assert not people[101].others.any()
    x0, y0, _ = people[103].window.astype(int)
    x, y, w, h = (int(v) for v in sample.annotation(2)["bbox"])
    boxed = np.zeros((HEIGHT, WIDTH), bool)
    boxed[y : y + h, x : x + w] = True
    height, width = people[103].mask.shape
    assert np.array_equal(people[103].ignore, boxed[y0 : y0 + height, x0 : x0 + width] & ~people[103].mask)


def test_tall_people_are_scaled_down(sample, tmp_path):
    folder = tmp_path / "small"
    small = {"crop_height": 353, "crop_width": 257, "max_enlargement": 1.5, "max_rotation_deg": 0}
    job = Job(str(sample.images), str(sample.file), str(folder))
    convert(job, PeopleFilter(1), type(WINDOW)(**small, max_box_height=30), BeamRun())
    one = people_in(folder)[100]
    assert one.window[2] == pytest.approx(0.5)
    assert one.box_yxyx[2] - one.box_yxyx[0] == pytest.approx(30)
    assert one.image.shape[0] == 45  # 1.5 x 30
    assert one.mask.mean() == pytest.approx(np.pi * 12 * 30 / (one.mask.size / 0.25), rel=0.1)


def test_too_few_keypoints_make_no_record_but_still_another_person(sample, tmp_path):
    sample.annotation(0)["keypoints"] = [50, 60, 2] * 3 + [0, 0, 0] * 14
    run(sample, tmp_path / "out", min_keypoints=4)
    people = people_in(tmp_path / "out")
    assert 100 not in people
    assert people[101].others.any()


def test_faults_are_named_counted_and_left_out(sample, tmp_path, capsys):
    sample.annotation(0)["bbox"] = [10, 10, 0, 20]
    sample.annotation(2)["segmentation"] = [[1, 1, 9, 9]]
    (sample.images / "002.png").write_bytes((sample.images / "002.png").read_bytes()[:3000])
    manifest = run(sample, tmp_path / "out")
    assert sorted(people_in(tmp_path / "out")) == [101, 103]
    lines = manifest["skipped"]
    assert len(lines) == 3
    assert lines[0].startswith("000.png: annotation 100: its box [10, 10, 0, 20] has no area")
    assert lines[1].startswith("001.png: annotation 102: its polygon 0 has less than 3 points")
    assert lines[2].startswith("002.png: no picture, or a broken one")
    printed = capsys.readouterr().out
    assert all(f"left out: {line}" in printed for line in lines)


def test_all_pictures_broken_is_an_error_and_leaves_nothing(sample, tmp_path):
    for path in sample.images.iterdir():
        path.write_text("no picture")
    with pytest.raises(InputError, match=r"not one record came out of 3 inputs; 3 faults, the first: 000.png"):
        run(sample, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_all_annotations_faulty_is_an_error_and_leaves_nothing(sample, tmp_path):
    for label in sample.data["annotations"]:
        label["bbox"] = [1, 1, 0, 0]
    with pytest.raises(
        InputError, match=r"none of 6 people has a mask .* 6 faults, the first: 000.png: annotation 100"
    ):
        run(sample, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_and_empty_folders_raise(sample, tmp_path):
    for images, line in [
        (tmp_path / "none", "--images: no such folder"),
        (tmp_path / "empty", "--images: no pictures"),
    ]:
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=line):
            convert(Job(str(images), str(sample.file), str(tmp_path / "out")), PeopleFilter(1), WINDOW, BeamRun())
    with pytest.raises(InputError, match="--annotations: no such file"):
        convert(Job(str(sample.images), "none.json", str(tmp_path / "out")), PeopleFilter(1), WINDOW, BeamRun())


def call(*options):
    """Run the main as a user does."""
    command = [sys.executable, "-m", "tfrecord_tools.coco_person", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)


def test_main_with_two_workers_writes_the_bytes_of_one(sample, tmp_path):
    run(sample, tmp_path / "one", num_shards=2)
    gin = [f"--gin_param=WindowConfig.max_box_height={WINDOW.max_box_height}", "--workers=2", "--num_shards=2"]
    where = [f"--images={sample.images}", f"--annotations={sample.file}", f"--output={tmp_path / 'two'}"]
    done = call(*where, *gin)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # none of Beam's and TensorFlow's notes
    assert "train: 2/2 shards, 3/3 inputs, 6 records" in done.stdout
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert sorted(one) == [*(f"train-0000{i}-of-00002.tfrecord" for i in (0, 1)), "train.manifest.json"]
    assert one == two


def test_main_answers_bad_input_with_one_line_and_status_2(sample, tmp_path):
    del sample.data["images"]
    sample.write()
    where = [f"--images={sample.images}", f"--annotations={sample.file}", f"--output={tmp_path / 'out'}"]
    done = call(*where)
    assert done.returncode == 2
    assert done.stderr == f"error: {sample.file}: not a COCO annotation file: the key 'images' is missing\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not COCO_SAMPLE.is_dir(), reason="needs the COCO sample beside the checkout")
def test_coco_sample_gives_118_people(tmp_path):
    for split, count in (("train", 94), ("val", 24)):
        annotations = COCO_SAMPLE / "annotations" / f"person_keypoints_{split}.json"
        job = Job(str(COCO_SAMPLE / "images"), str(annotations), str(tmp_path))
        manifest = convert(job, PeopleFilter(10), WINDOW, BeamRun())
        assert manifest["num_records"] == count
        assert manifest["skipped"] == []
        labels = {a["id"]: a for a in json.loads(annotations.read_text())["annotations"]}
        expected = [i for i, a in labels.items() if not a["iscrowd"] and a["num_keypoints"] >= 10]
        files = sorted(str(f) for f in tmp_path.glob(f"{split}-*.tfrecord"))
        people = [schema.decode(r.numpy()) for r in tf.data.TFRecordDataset(files)]
        assert sorted(p.person_id for p in people) == sorted(expected)
        for one in people:
            pixels = one.mask.sum() / one.window[2] ** 2
            assert pixels == pytest.approx(labels[one.person_id]["area"], rel=0.1, abs=60)


def test_drawn_sample_is_what_opencv_reads(sample):
    assert cv2.imread(str(sample.images / "000.png")).shape == (HEIGHT, WIDTH, 3)
