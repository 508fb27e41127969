"""`predict --flip`, `predict --nms` and `evaluate --flip`: what they change, on a model whose answers are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf import evaluate, predict
from simpose_tf.inference import dumps
from tests.evaluate_test import HEIGHT, WIDTH, echoed_person, rows_of, write
from tests.inference import savedmodels
from tests.mains import run_main
from tests.predict_test import scene

NMS = {"box_iou": 0.6, "oks": 0.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with and one without thresholds for NMS, a picture of two people, and a detector's boxes in it."""
    path = tmp_path_factory.mktemp("options")
    savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), path / "model", nms=NMS)
    (path / "in").mkdir()
    Image.fromarray(np.concatenate([scene(120, 90)] * 2, 1)).save(path / "in" / "a.png")
    # The first person twice, at an IoU of (85 / 95) > .6, the better one last.
    boxes = [([5, 0, 90, 120], 0.5), ([90, 0, 90, 120], 0.25), ([0, 0, 90, 120], 0.75)]
    (path / "boxes.json").write_text(json.dumps([{"image": "a.png", "bbox": b, "score": s} for b, s in boxes]))
    return path


def predicted(folder: Path, output: Path, capsys: pytest.CaptureFixture, *options: str) -> list[dict]:
    """Return the people that `predict` finds."""
    files = [f"--model={folder / 'model'}", f"--input={folder / 'in' / 'a.png'}", f"--boxes={folder / 'boxes.json'}"]
    done = run_main(predict, [*files, f"--output={output}", *options], capsys)
    assert done.status == 0, done.stderr
    return json.loads((output / "a.json").read_text())["people"]


def test_nms_gives_each_person_once_with_the_better_box(folder: Path, tmp_path: Path, capsys) -> None:
    assert len(predicted(folder, tmp_path / "all", capsys)) == 3
    people = predicted(folder, tmp_path / "once", capsys, "--nms")
    assert [person["bbox"][0] for person in people] == [90, 0]  # in the order of the boxes


def test_flip_averages_with_the_mirror_image(folder: Path, tmp_path: Path, capsys) -> None:
    plain = predicted(folder, tmp_path / "plain", capsys)
    both = predicted(folder, tmp_path / "both", capsys, "--flip")
    normals = [dumps.read_normals(tmp_path / name / "a_normals.png") for name in ("plain", "both")]
    # The echo model reads x off the red: mirrored, the same red is -x, so the mean has x = 0. Red rises to the right.
    assert np.ptp(normals[0][0][normals[0][1]][:, 0]) > 0.8
    assert np.abs(normals[1][0][normals[1][1]][:, 0]).max() < 0.01
    np.testing.assert_array_equal(normals[0][1], normals[1][1])  # the mask is the blue, the same both ways
    # Keypoint k lies k crop pixels right of the middle, its mirror image's partner as far left.
    x = [np.reshape(one[2]["keypoints"], (17, 3))[:, 0] for one in (plain, both)]
    assert x[0][0] == pytest.approx(45 - 0.5, abs=0.01) and x[0][16] - x[0][0] > 30
    assert x[1][0] == pytest.approx(45 - 0.5, abs=0.01)  # the nose is its own partner


def test_evaluate_flip_measures_the_averaged_answers(folder: Path, tmp_path: Path, capsys) -> None:
    records = write(tmp_path / "sim.tfrecord", [echoed_person(shift) for shift in (0.0, 4.0)])
    found = {}
    for name in ("plain", "flip"):
        options = [f"--model={folder / 'model'}", f"--records={records}", f"--output={tmp_path / name}.json"]
        done = run_main(evaluate, [*options, *(["--flip"] if name == "flip" else [])], capsys)
        assert done.status == 0, done.stderr
        found[name] = rows_of(json.loads((tmp_path / f"{name}.json").read_text()), "sim")
    # Flipping takes away the normals' x (see above) and leaves the mask.
    assert found["plain"]["normal_add_deg"]["model"] < 4 < 8 < found["flip"]["normal_add_deg"]["model"]
    assert found["plain"]["mask_iou"]["model"] == pytest.approx(found["flip"]["mask_iou"]["model"], abs=0.02)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a detector, and pictures: three people of whom two are found, and nobody."""
    path = tmp_path_factory.mktemp("crowd")
    savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), path / "model", nms=NMS)
    savedmodels.save_detector(path / "detector")
    (path / "in").mkdir()
    image = np.zeros((100, 150, 3), np.uint8)
    for k in range(3):
        image[20:90, 50 * k + 10 : 50 * k + 40, 2] = 250 - 10 * k
    Image.fromarray(image).save(path / "in" / "a.png")
    Image.fromarray(np.zeros_like(image)).save(path / "in" / "nobody.png")
    return path


def detected(crowd: Path, output: Path, capsys: pytest.CaptureFixture, *options: str) -> list[list[dict]]:
    """Return the people of both pictures."""
    files = [f"--model={crowd / 'model'}", f"--input={crowd / 'in'}", f"--detector={crowd / 'detector'}"]
    done = run_main(predict, [*files, f"--output={output}", *options], capsys)
    assert done.status == 0, done.stderr
    return [json.loads((output / f"{name}.json").read_text())["people"] for name in ("a", "nobody")]


def test_people_are_found_by_the_detector(crowd: Path, tmp_path: Path, capsys) -> None:
    people, nobody = detected(crowd, tmp_path, capsys, "--box_score=0.3", "--max_people=5")
    np.testing.assert_allclose([p["bbox"] for p in people], [[10, 20, 30, 70], [60, 20, 30, 70]], atol=1e-3)
    assert nobody == [] and not dumps.read_normals(tmp_path / "nobody_normals.png")[1].any()


def test_least_score_and_number_of_people_are_obeyed(crowd: Path, tmp_path: Path, capsys) -> None:
    assert len(detected(crowd, tmp_path / "a", capsys, "--box_score=0.3", "--max_people=1")[0]) == 1
    assert len(detected(crowd, tmp_path / "b", capsys, "--box_score=0.88", "--max_people=9")[0]) == 1
    assert detected(crowd, tmp_path / "c", capsys, "--box_score=0.95", "--max_people=9") == [[], []]
    assert len(detected(crowd, tmp_path / "d", capsys, "--nodetect")[1]) == 1  # the picture is one person's box


def test_a_model_that_tells_no_limits_asks_for_them(crowd: Path, tmp_path: Path, capsys) -> None:
    files = [f"--model={crowd / 'model'}", f"--input={crowd / 'in'}", f"--output={tmp_path / 'o'}"]
    done = run_main(predict, [*files, f"--detector={crowd / 'detector'}"], capsys)
    assert done.status == 2 and "give --box_score and --max_people" in done.stderr
    done = run_main(predict, [*files, f"--detector={crowd / 'model'}"], capsys)
    assert done.status == 2 and "is no detector" in done.stderr
    done = run_main(predict, [*files, f"--detector={crowd / 'detector'}", "--boxes=x.json"], capsys)
    assert done.status == 2 and "--boxes and --detector" in done.stderr
    done = run_main(predict, [*files, "--box_score=0.5"], capsys)
    assert done.status == 2 and "--box_score: --model has no detector" in done.stderr
    done = run_main(predict, [*files, "--max_people=1", "--boxes=x.json"], capsys)
    assert done.status == 2 and "--max_people: --boxes says where people are" in done.stderr
    assert not (tmp_path / "o").exists() or not any((tmp_path / "o").iterdir())
