"""The demo as a whole, from nothing to the page: what the project promises of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from simpose_tf.inference import dumps

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """The demo's folder, after about a quarter of an hour on two cores."""
    output = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", ".ci/demo", str(output)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == str(output / "index.html")
    return output


def numbers(demo: Path, domain: str) -> dict[str, dict]:
    table = json.loads((demo / "evaluation" / f"{domain}.json").read_text())["table"]
    return {row["metric"]: row for row in table}


@pytest.mark.slow
def test_network_beats_the_best_constants_on_held_out_figures(demo):
    rows = numbers(demo, "sim")
    assert rows["uv_l2"]["people"] >= 100
    assert rows["uv_l2"]["model"] <= 0.75 * rows["uv_l2"]["constant"]
    assert rows["normal_add_deg"]["model"] <= 0.85 * rows["normal_add_deg"]["constant"]
    assert rows["mask_iou"]["model"] >= 0.55
    assert rows["keypoint_oks"]["model"] > rows["keypoint_oks"]["constant"]


@pytest.mark.slow
def test_real_people_are_measured_too(demo):
    rows = numbers(demo, "real")
    assert {"mask_iou", "keypoint_oks"} <= set(rows) and "uv_l2" not in rows
    assert all(rows[m]["model"] > rows[m]["untrained"] for m in ("mask_iou", "keypoint_oks"))


@pytest.mark.slow
def test_page_and_predictions_are_there(demo):
    text = (demo / "index.html").read_text()
    for name in ("zidane", "scene_000000", "simulated.png", "index_curves.png"):
        assert name in text
    for suffix in (".json", "_iuv.png", "_normals.png", "_overlay.jpg"):
        assert (demo / "predictions" / "photo" / f"zidane{suffix}").is_file()


@pytest.mark.slow
def test_the_detector_finds_both_people_of_the_photograph(demo):
    found = dumps.read_picture_json(demo / "predictions" / "photo" / "zidane.json").people
    labels = json.loads((ROOT / "tfrecord_tools" / "real_sample" / "person_keypoints_val.json").read_text())
    people = [a["bbox"] for a in labels["annotations"]]
    overlap = coco_mask.iou([list(person.detection.box_xywh) for person in found], people, [0] * len(people))
    # One stretches an arm across the other, which his box takes in; the detector's ends before it.
    assert len(people) == 2 and np.all(overlap.max(axis=0) >= [0.4, 0.6])
    assert len(set(overlap.argmax(axis=0))) == 2
    assert len(found) <= 2 * len(people)
