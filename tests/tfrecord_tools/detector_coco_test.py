"""Facts about `tfrecord_tools.detector_coco`."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import records
from tests.mains import run_main
from tests.tfrecord_tools.coco_files import HEIGHT, WIDTH, Sample
from tfrecord_tools import detector_coco


@pytest.fixture
def sample(tmp_path):
    return Sample(tmp_path)


def run(sample, output, capsys, *more):
    sample.write()
    arguments = [f"--images={sample.images}", f"--annotations={sample.file}", f"--output={output}", *more]
    return run_main(detector_coco, arguments, capsys)


def pictures_in(output):
    files = sorted(str(f) for f in Path(output).glob("*.tfrecord"))
    return {p.image_id: p for p in (records.decode(r.numpy()) for r in tf.data.TFRecordDataset(files))}


def test_records_hold_pictures_and_the_boxes_of_their_people(sample, tmp_path, capsys):
    ended = run(sample, tmp_path / "out", capsys)
    assert ended.status == 0 and "train: 3 pictures" in ended.stdout
    found = pictures_in(tmp_path / "out")
    assert sorted(found) == [10, 11, 12]
    one = found[11]
    assert (one.height, one.width, one.file_name) == (HEIGHT, WIDTH, "001.png")
    # Annotations 102 and 103: ellipses of radii 12 and 30 around (46, 60) and (106, 60).
    np.testing.assert_allclose(one.boxes_yxyx, [[30, 34, 90, 58], [30, 94, 90, 118]], atol=1e-4)
    np.testing.assert_allclose(one.areas, [np.pi * 12 * 30] * 2, rtol=0.05)
    assert not one.crowd.any()
    true = cv2.imread(str(sample.images / "001.png"))
    stored = cv2.imdecode(np.frombuffer(one.encoded, np.uint8), 1)
    # JPEG does not keep this noise, but its means over 8 x 8 pixels.
    means = [image.astype(float).reshape(HEIGHT // 8, 8, WIDTH // 8, 8, 3).mean((1, 3)) for image in (stored, true)]
    np.testing.assert_allclose(*means, atol=8)


def test_a_file_of_boxes_without_keypoints_is_read_and_other_categories_are_not(sample, tmp_path, capsys):
    for label in sample.data["annotations"]:
        del label["keypoints"]
    sample.data["categories"].append({"id": 2, "name": "dog"})
    sample.annotation(0)["category_id"] = 2
    assert run(sample, tmp_path / "out", capsys).status == 0
    assert len(pictures_in(tmp_path / "out")[10].boxes_yxyx) == 1


def test_a_crowd_is_marked(sample, tmp_path, capsys):
    mask = np.zeros((HEIGHT, WIDTH), int)
    mask[30:90, 34:58] = 1
    from tests.tfrecord_tools.coco_files import run_lengths

    sample.annotation(2).update(iscrowd=1, segmentation=run_lengths(mask))
    assert run(sample, tmp_path / "out", capsys).status == 0
    assert pictures_in(tmp_path / "out")[11].crowd.tolist() == [True, False]


def test_a_jpeg_is_kept_as_it_is(sample, tmp_path, capsys):
    picture = cv2.imread(str(sample.images / "000.png"))
    path = sample.images / "000.jpg"
    cv2.imwrite(str(path), picture)
    sample.data["images"][0]["file_name"] = "000.jpg"
    run(sample, tmp_path / "out", capsys)
    assert pictures_in(tmp_path / "out")[10].encoded == path.read_bytes()


def test_what_cannot_be_used_is_left_out_and_told(sample, tmp_path, capsys):
    (sample.images / "001.png").write_bytes(b"no picture")
    sample.annotation(0)["bbox"] = [5, 5, 0, 9]
    ended = run(sample, tmp_path / "out", capsys)
    assert ended.status == 0
    assert "left out: 001.png: no picture" in ended.stdout
    assert "left out: 000.png: annotation 100: its box [5, 5, 0, 9] has no area" in ended.stdout
    found = pictures_in(tmp_path / "out")
    assert sorted(found) == [10, 12] and len(found[10].boxes_yxyx) == 1


def test_pictures_without_people_become_records_without_boxes(sample, tmp_path, capsys):
    arguments = [f"--empty_images={sample.images}", f"--output={tmp_path / 'out'}"]
    ended = run_main(detector_coco, arguments, capsys)
    assert ended.status == 0 and "empty: 3 pictures" in ended.stdout
    assert [len(p.boxes_yxyx) for p in pictures_in(tmp_path / "out").values()] == [0, 0, 0]


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ([], "--annotations: name a COCO file"),
        (["--annotations=nowhere.json"], "--images"),
        (["--empty_images=nowhere"], "--empty_images: no such folder"),
    ],
)
def test_bad_input_is_one_line(arguments, fault, tmp_path, capsys):
    ended = run_main(detector_coco, [*arguments, f"--output={tmp_path / 'out'}"], capsys)
    assert ended.status == 2 and fault in ended.stderr and ended.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
