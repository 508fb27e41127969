"""The main that chooses a score: on a model that knows the truth, and its refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from simpose_tf import choose_score
from simpose_tf.rescoring.ranking import Detections
from simpose_tf.surface.distance_table import entries_before, table_header
from simpose_tf.surface.reference import open_reference
from tests.dolls import photographed
from tests.evaluate_test import HEIGHT, WIDTH, echoed_person, write
from tests.inference import savedmodels
from tests.mains import run_main

GIN = str(Path(__file__).parent.parent / "gin_configs" / "score_trial.gin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("choose")
    savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), path / "model")
    people = [echoed_person(shift) for shift in (0.0, 4.0, -7.5, 2.0)]
    write(path / "sim.tfrecord", people)
    write(path / "real.tfrecord", [photographed(p) for p in people[:1]])
    return path


def arguments(folder: Path, *more: str, records: str = "sim.tfrecord") -> list[str]:
    return [
        f"--model={folder / 'model'}", f"--records={folder / records}", f"--output={folder / 'out.json'}",
        f"--gin_file={GIN}", *more,
    ]  # fmt: skip


def test_exact_boxes_and_a_model_that_knows_the_truth_give_precision_one(folder: Path, capsys) -> None:
    exact = [f"--gin_param=TrialConfig.{name}=0.0" for name in ("missing", "shift", "stretch", "half", "false")]
    done = run_main(choose_score, arguments(folder, *exact), capsys)
    assert done.status == 0, done.stderr
    result = json.loads((folder / "out.json").read_text())
    assert (result["people"], result["detections"], len(result["candidates"])) == (4, 4, 31)
    for row in result["candidates"]:
        assert row["oks"] == 1.0 and row["mask_iou"] > 0.89  # the echo model's mask is the truth up to its pixels
    assert result["gain"] == 0.0 and result["sure"] is False
    assert "UNSURE" in done.stdout and "--gin_param=ScoreConfig.keypoints=1.0" in done.stdout


def test_gps_is_measured_on_the_open_reference(folder: Path, tmp_path: Path, capsys) -> None:
    # A table in which all vertices are at one place: a point counts 1 where the answer has any part.
    vertices = len(open_reference().vertices)
    with open(tmp_path / "zeros.npy", "wb") as stream:
        stream.write(table_header(vertices))
        stream.truncate(stream.tell() + 4 * int(entries_before(vertices)))
    exact = [f"--gin_param=TrialConfig.{name}=0.0" for name in ("missing", "shift", "stretch", "half", "false")]
    gps = ["--gps", f"--distances={tmp_path / 'zeros.npy'}"]
    done = run_main(choose_score, arguments(folder, *exact, *gps), capsys)
    assert done.status == 0, done.stderr
    for row in json.loads((folder / "out.json").read_text())["candidates"]:
        assert row["gps"] > 0.89  # the echo model's mask is the truth up to its pixels
    real = run_main(choose_score, arguments(folder, *gps, records="real.tfrecord"), capsys)
    assert real.status == 2 and "no person with the labels that are measured" in real.stderr


def test_photographs_count_too_and_seeds_decide_the_boxes(folder: Path, capsys) -> None:
    both = arguments(folder, f"--records={folder / 'real.tfrecord'}", "--gin_param=TrialConfig.false=2.0")
    results = []
    for seed in (0, 0, 1):
        assert run_main(choose_score, [*both, f"--seed={seed}"], capsys).status == 0
        results.append(json.loads((folder / "out.json").read_text()))
    assert results[0]["people"] == 5
    assert results[0] == results[1] != results[2]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (["--records=nothing-*.tfrecord"], "nothing-*"),
        (["--model=nothing"], "--model"),
        (["--gin_param=TrialConfig.half=2.0"], "are shares"),
        (["--gin_param=TrialConfig.quarter=2.0"], "quarter"),
        (["--output="], "--output"),
    ],
)
def test_bad_input_is_one_line(folder: Path, capsys, change: list[str], fault: str) -> None:
    done = run_main(choose_score, arguments(folder, *change), capsys)
    assert done.status == 2 and fault in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_told_lines_name_grmi_and_the_bindings_of_the_best() -> None:
    rng = np.random.default_rng(0)
    similarity = rng.random(200)
    values = np.stack([rng.random(200), similarity], 1)
    found = Detections(rng.integers(0, 80, 200), values, {"oks": similarity}, 80)
    names = ("keypoints", "mask")
    lines = choose_score.told(choose_score.study(found, names, rng), names)
    assert any("keypoints (G-RMI)" in line for line in lines)
    assert lines[-2].endswith(": sure")
    assert lines[-1] == "--gin_param=ScoreConfig.keypoints=0.0 --gin_param=ScoreConfig.mask=1.0"
