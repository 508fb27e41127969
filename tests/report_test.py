import contextlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from simpose_tf import report
from simpose_tf.progress import Progress
from simpose_tf.visualize import report_page
from tests.mains import run_main

ROW = {
    "domain": "sim",
    "metric": "uv_l2",
    "name": "UV <L2>",
    "better": "lower",
    "people": 7,
    "model": 0.25,
    "untrained": 0.4,
    "constant": None,
}


class Links(HTMLParser):
    """Collects what a page points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.targets |= {value for name, value in attrs if name in ("src", "href")}


@pytest.fixture
def run_folder(tmp_path) -> Path:
    """A training run's folder with curves, a sheet, an evaluation and predictions beside it."""
    model = tmp_path / "model"
    writer = tf.summary.create_file_writer(str(model / "summaries"))
    with writer.as_default():
        for step in (10, 20, 30):
            tf.summary.scalar("loss/loss", 3.0 / step, step=step)
            tf.summary.scalar("loss/uv", 1.0 / step, step=step)
    writer.close()
    run = {"command": ["python3", "train.py"], "commit": "abc", "dirty": True, "versions": {"tensorflow": "2.15.1"}}
    (model / "run.json").write_text(json.dumps(run))
    (tmp_path / "evaluation.json").write_text(json.dumps({"table": [ROW]}))
    previews = tmp_path / "predictions" / "previews"
    previews.mkdir(parents=True)
    picture = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
    picture.save(tmp_path / "sheet.png")
    for kind in ("overlay", "parts", "normals"):
        picture.save(previews / f"my photo_{kind}.jpg")
    return tmp_path


def arguments(folder: Path, **changes: str) -> list[str]:
    values = {
        "model_dir": folder / "model",
        "output": folder / "page" / "index.html",
        "sheets": folder / "sheet.png",
        "evaluations": folder / "evaluation.json",
        "predictions": folder / "predictions",
    } | changes
    return [f"--{name}={value}" for name, value in values.items()]


def test_page_shows_everything_and_all_its_links_lead_somewhere(run_folder, capsys):
    ended = run_main(report, arguments(run_folder), capsys)
    assert ended.status == 0, ended.stderr
    page = run_folder / "page" / "index.html"
    assert ended.stdout.strip() == str(page)
    text = page.read_text()
    targets = Links(text).targets
    assert len(targets) == 5  # curves, sheet, three drawings
    for target in targets:
        assert (page.parent / target.replace("%20", " ")).is_file(), target
    assert "UV &lt;L2&gt;" in text and "0.250" in text and "uncommitted changes" in text and "30 steps" in text


def test_last_pictures_of_the_run_are_shown(run_folder, capsys):
    with contextlib.closing(Progress(run_folder / "model" / "summaries", 30, 0.0, lambda _: None)) as progress:
        for step, level in ((10, 0), (30, 255)):
            progress.write_picture(step, "validation_sim", np.full((8, 8, 3), level, np.uint8))
    ended = run_main(report, arguments(run_folder), capsys)
    assert ended.status == 0, ended.stderr
    page = run_folder / "page" / "index.html"
    assert "index_validation_sim.jpg" in Links(page.read_text()).targets and "after step 30" in page.read_text()
    assert np.asarray(Image.open(page.parent / "index_validation_sim.jpg")).min() > 250


def test_best_number_of_a_row_is_marked():
    text = report_page.numbers([ROW, {**ROW, "better": "higher", "constant": 0.1}], ("model", "untrained", "constant"))
    assert re.findall(r'class="n best">([\d.]+)<', text) == ["0.250", "0.400"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"model_dir": "nowhere"}, "--model_dir"),
        ({"output": ""}, "--output"),
        ({"sheets": "absent.png"}, "--sheets"),
        ({"evaluations": "absent.json"}, "--evaluations"),
        ({"predictions": "absent"}, "--predictions"),
    ],
)
def test_what_is_missing_is_told_in_one_line(run_folder, capsys, change, line):
    ended = run_main(report, arguments(run_folder, **change), capsys)
    assert ended.status == 2 and line in ended.stderr and ended.stderr.count("\n") == 1
    assert not (run_folder / "page").exists()


def test_file_that_is_no_evaluation_is_named(run_folder, capsys):
    (run_folder / "evaluation.json").write_text("[1, 2]")
    ended = run_main(report, arguments(run_folder), capsys)
    assert ended.status == 2 and "evaluation.json" in ended.stderr


def test_folder_without_a_run_is_named(run_folder, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    ended = run_main(report, arguments(run_folder, model_dir=tmp_path / "empty"), capsys)
    assert ended.status == 2 and "no training run" in ended.stderr
