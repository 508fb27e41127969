"""Facts about the person detector that comes with the package."""

import re
from pathlib import Path

import pytest
import tensorflow as tf

from simpose_tf import evaluate_detector
from simpose_tf.inference import detector, export_settings
from tests.mains import run_main
from tfrecord_tools import detector_coco

ROOT = Path(__file__).resolve().parents[2]
COCO_SAMPLE = ROOT.parent / "shared" / "data" / "coco_sample"


def test_it_is_small_and_answers_as_the_api_s_detectors_do():
    folder = Path(export_settings.detector_folder("small"))
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 20e6
    answer = detector.load("small").detect(tf.zeros((1, 90, 160, 3), tf.uint8))
    assert answer["detection_boxes"].shape == (1, 100, 4) and answer["detection_scores"].shape == (1, 100)
    assert set(answer["detection_classes"].numpy().ravel()) == {1}
    assert float(tf.reduce_max(answer["detection_scores"])) < 0.3  # black is nobody


def test_any_other_name_is_a_folder():
    assert export_settings.detector_folder("./small") == "./small" and export_settings.detector_folder(None) is None


@pytest.mark.slow
@pytest.mark.skipif(not COCO_SAMPLE.is_dir(), reason=f"no COCO sample at {COCO_SAMPLE}")
def test_it_finds_people_of_photographs_that_it_has_not_seen(tmp_path, capsys):
    labels = COCO_SAMPLE / "annotations" / "person_keypoints_val.json"
    arguments = [f"--images={COCO_SAMPLE / 'images'}", f"--annotations={labels}", f"--output={tmp_path}"]
    assert run_main(detector_coco, arguments, capsys).status == 0
    ended = run_main(evaluate_detector, ["--detector=small", f"--records={tmp_path}/val-*.tfrecord"], capsys)
    assert ended.status == 0, ended.stderr
    assert "18 pictures, 62 people" in ended.stdout
    numbers = dict(re.findall(r"(\w+) (-?[\d.]+)", ended.stdout.splitlines()[1]))
    assert float(numbers["AP50"]) >= 0.5 and float(numbers["recall50"]) >= 0.8
