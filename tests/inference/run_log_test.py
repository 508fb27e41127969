"""run.jsonl: what counts as done, and what does not."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.inference.run_log import RunLog
from simpose_tf.inference.work import Work

SETTINGS = {"model": "abc", "flip": False, "range": (1, 2)}


@pytest.fixture
def items(tmp_path: Path) -> list[Work]:
    made = []
    for place in range(3):
        (tmp_path / f"p{place}.jpg").write_text("picture")
        box = np.array([[0.0, 0, 2, 3]])
        made.append(Work(str(tmp_path / f"p{place}.jpg"), f"p{place}", place, (2, 3), box, np.ones(1)))
    return made


def logged(folder: Path, items: list[Work]) -> RunLog:
    log = RunLog(folder, SETTINGS, False)
    for item in items:
        (folder / f"{item.name}.json").parent.mkdir(exist_ok=True)
        (folder / f"{item.name}.json").write_text("{}")
        log.add(item, people=item.image_id)
    return log


def test_what_is_noted_is_done_for_the_next_run(tmp_path: Path, items: list[Work]) -> None:
    logged(tmp_path / "out", items[:2])
    log = RunLog(tmp_path / "out", SETTINGS, False)
    assert [log.is_whole(item, [f"{item.name}.json"]) for item in items] == [True, True, False]
    assert log.facts(items[1])["people"] == 1
    assert log.changed == ()


def test_nothing_is_written_before_something_is_done(tmp_path: Path) -> None:
    RunLog(tmp_path / "out", SETTINGS, False)
    assert not (tmp_path / "out").exists()


def test_other_settings_or_redo_forget_all(tmp_path: Path, items: list[Work]) -> None:
    logged(tmp_path / "out", items)
    other = RunLog(tmp_path / "out", SETTINGS | {"model": "def", "nms": True}, False)
    assert other.changed == ("model", "nms")
    assert not any(other.has(item) for item in items)
    assert not any(RunLog(tmp_path / "out", SETTINGS, True).has(item) for item in items)
    other.add(items[0])
    assert len((tmp_path / "out" / "run.jsonl").read_text().splitlines()) == 2


def test_changed_picture_boxes_or_id_are_not_done(tmp_path: Path, items: list[Work]) -> None:
    logged(tmp_path / "out", items)
    Path(items[0].path).write_text("another")
    os.utime(items[1].path, (1, 1))
    moved = replace(items[2], boxes_yxyx=items[2].boxes_yxyx + 1)
    log = RunLog(tmp_path / "out", SETTINGS, False)
    assert [log.has(item) for item in [*items[:2], moved, replace(items[2], image_id=9), items[2]]] == [False] * 4 + [
        True
    ]


def test_lost_output_is_made_again(tmp_path: Path, items: list[Work]) -> None:
    logged(tmp_path / "out", items)
    (tmp_path / "out" / "p1.json").unlink()
    log = RunLog(tmp_path / "out", SETTINGS, False)
    assert [log.is_whole(item, [f"{item.name}.json"]) for item in items] == [True, False, True]
    assert not log.has(items[1])


@pytest.mark.parametrize("cut", range(2, 50, 7))
def test_half_a_line_of_a_killed_run_does_not_count(tmp_path: Path, items: list[Work], cut: int) -> None:
    logged(tmp_path / "out", items)
    path = tmp_path / "out" / "run.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    log = RunLog(tmp_path / "out", SETTINGS, False)
    assert [log.has(item) for item in items] == [True, True, False]
    log.add(items[2])
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 4


@pytest.mark.parametrize("content", ["", "nonsense\n", "[1]\n", '{"name": "p0"}\n', "\0\0"])
def test_a_log_that_is_none_means_that_nothing_is_done(tmp_path: Path, items: list[Work], content: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.jsonl").write_text(content)
    log = RunLog(tmp_path / "out", SETTINGS, False)
    assert not any(log.has(item) for item in items)


def test_parts_of_killed_runs_go_and_those_of_living_ones_stay(tmp_path: Path, items: list[Work]) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "out" / "previews").mkdir(parents=True)
    dead = [f".p0.json.{ended.pid}.part.json", f"previews/.p0_u.jpg.{ended.pid}.part.jpg"]
    kept = [f".p1.json.{os.getppid()}.part.json", ".hidden", "p.part.json", ".a.part"]
    for name in (*dead, *kept):
        (tmp_path / "out" / name).touch()
    logged(tmp_path / "out", items[:1])
    assert [(tmp_path / "out" / name).exists() for name in (*dead, *kept)] == [False] * 2 + [True] * 4
