"""Facts about the main `simpose_tf.ablations`."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simpose_tf import ablations, configurables, run_folder, train
from simpose_tf.ablation.tables import METRICS, TABLES
from simpose_tf.data import schema
from tests.ablation.studies import CONSTANT, numbers_of
from tests.data import synthetic
from tests.mains import run_main

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "gin_configs" / "ablations"
TINY = {
    "TrainingConfig.steps": 6,
    "TrainingConfig.checkpoint_every": 2,
    "CropConfig.height": 65,
    "CropConfig.width": 33,
    "PipelineConfig.batch_size": 4,
    "BackboneConfig.depth": 10,
    "BackboneConfig.width": 0.125,
    "BackboneConfig.top_down_channels": 8,
    "ScheduleConfig.warmup_steps": 2,
}
PARAMS = [f"{key}={value}" for key, value in TINY.items()]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("records"), np.random.default_rng(0)
    for name, domain, count in (("sim", schema.SIM, 6), ("real", schema.REAL, 5)):
        synthetic.write(folder / f"{name}-train.tfrecord", [synthetic.person(rng, domain) for _ in range(count)])
        synthetic.write(folder / f"{name}-val.tfrecord", [synthetic.person(rng, domain) for _ in range(3)])
    return folder


def arguments(study, records, *more, **changes):
    values = {
        "gin_file": FOLDER / "quick.gin",
        "output": study,
        "sim_records": f"{records}/sim-train*",
        "real_records": f"{records}/real-train*",
        "val_sim": f"{records}/sim-val*",
        "val_real": f"{records}/real-val*",
        "seeds": 1,
        "table": "2",
    } | changes
    return [*(f"--{key}={value}" for key, value in values.items()), *(f"--gin_param={p}" for p in PARAMS), *more]


def settings_of(row, seed):
    configurables.load([str(FOLDER / "quick.gin"), str(FOLDER / f"{row}.gin")], PARAMS)
    return run_folder.flat_settings([configurables.get(cls) for cls in train.SETTINGS], seed=seed)


def finish(output, rows, seeds=2):
    """Leave in a folder what finished runs of some rows leave, with the paper's numbers."""
    printed = {row.name: (table, place) for table in TABLES for place, row in enumerate(table.rows)}
    for row in rows:
        table, place = printed[row]
        numbers = numbers_of({m: values[place] for m, values in table.paper.items()})
        for seed in range(seeds):
            result = {"row": row, "seed": seed, "settings": settings_of(row, seed), "numbers": numbers}
            result |= {"people": {"sim": 3, "real": 3}, "cpu_seconds": 36.0, "wall_seconds": 40.0, "commit": "abc"}
            folder = output / "runs" / row / f"seed-{seed}"
            folder.mkdir(parents=True)
            (folder / "result.json").write_text(json.dumps(result))
    lines = [
        {
            "domain": m.domain,
            "metric": m.key,
            "people": 3,
            "model": 0.5,
            "untrained": None,
            "constant": CONSTANT.get(m, 0.2),
        }
        for m in METRICS
    ]
    (output / "baselines").mkdir()
    (output / "baselines" / "evaluation.json").write_text(json.dumps({"table": lines}))


@pytest.fixture
def finished(tmp_path):
    finish(tmp_path / "study", [row.name for row in TABLES[0].rows])
    return tmp_path / "study"


def test_a_finished_study_trains_nothing_and_writes_everything(finished, records, capsys):
    ended = run_main(ablations, arguments(finished, records, seeds=2), capsys)
    assert ended.status == 0, ended.stderr
    assert "10 runs, 10 done already" in ended.stdout and ended.stdout.strip().endswith("index.html")
    names = {f"table2{suffix}" for suffix in (".md", ".csv", ".json", ".png")} | {"index.html"}
    assert names <= {path.name for path in finished.iterdir()}
    stored = json.loads((finished / "table2.json").read_text())
    assert [row["metrics"]["sim/uv_l2"]["mean"] for row in stored["rows"]] == [0.075, 0.075, 0.077, 0.082, 0.386]
    assert {finding["verdict"] for finding in stored["findings"]} == {"as in the paper"}
    told = stored["measured_on"]
    assert told["sim people, train"] == "6" and told["real people, held out"] == "3"
    assert told["runs"] == "10, each 6 steps of 4 crops of 65x33; 0.10 CPU hours in all"


def test_rows_with_equal_settings_are_trained_once(tmp_path, records, capsys):
    rows = [row.name for table in TABLES for row in table.rows if row.name not in ("uv_025", "normal_100")]
    finish(tmp_path / "study", rows, seeds=1)
    ended = run_main(ablations, arguments(tmp_path / "study", records, table="4,2,3"), capsys)
    assert ended.status == 0, ended.stderr
    assert "13 runs, 13 done already" in ended.stdout
    for number, row in ((3, "uv_025"), (4, "normal_100")):
        stored = json.loads((tmp_path / "study" / f"table{number}.json").read_text())
        shared = next(one for one in stored["rows"] if one["name"] == row)
        assert shared["metrics"]["sim/uv_l2"]["mean"] == 0.077  # of the row sim_050


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"table": "1"}, "--table: '1' is not of 2, 3, 4"),
        ({"output": ""}, "--output"),
        ({"val_real": "nowhere/*"}, "--val_real: no file matches"),
        ({"sim_records": ""}, "--sim_records: missing"),
        ({"val_sim": "{records}/real-val*"}, "--val_sim"),
        ({"gin_file": "absent.gin"}, "absent.gin"),
        ({"gin_param": "PipelineConfig.sim_share=0.5"}, "--gin_param: makes rows of table 2 equal"),
        ({"initial_checkpoint": "absent/ckpt-1"}, "--initial_checkpoint"),
        ({"rows": "{records}"}, "--rows"),
    ],
)
def test_bad_input_is_told_in_one_line_before_anything_is_written(tmp_path, records, capsys, change, line):
    change = {key: value.format(records=records) for key, value in change.items()}
    ended = run_main(ablations, arguments(tmp_path / "study", records, **change), capsys)
    assert ended.status == 2 and line in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr
    assert not (tmp_path / "study").exists()


def test_a_folder_with_runs_of_other_settings_or_records_is_refused(finished, records, tmp_path, capsys):
    assert run_main(ablations, arguments(finished, records, seeds=2), capsys).status == 0
    ended = run_main(ablations, arguments(finished, records, "--gin_param=TrainingConfig.momentum=0.5"), capsys)
    assert ended.status == 2 and "another TrainingConfig.momentum" in ended.stderr
    synthetic.write(tmp_path / "other.tfrecord", [synthetic.person(np.random.default_rng(9))])
    ended = run_main(ablations, arguments(finished, records, val_sim=tmp_path / "other.tfrecord"), capsys)
    assert ended.status == 2 and "another --val_sim" in ended.stderr


def test_a_damaged_result_is_named(finished, records, capsys):
    (finished / "runs" / "sim_075" / "seed-0" / "result.json").write_text("{")
    ended = run_main(ablations, arguments(finished, records), capsys)
    assert ended.status == 2 and "sim_075/seed-0/result.json is damaged" in ended.stderr


def test_two_runners_do_not_share_a_folder(finished, records, capsys):
    with (finished / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run_main(ablations, arguments(finished, records), capsys)
    assert ended.status == 2 and "another simpose_tf.ablations is at work" in ended.stderr


def start(command):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "simpose_tf.ablations", *command],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.slow
def test_a_killed_study_goes_on_and_ends_with_every_number(tmp_path, records):
    study = tmp_path / "study"
    command = arguments(study, records)
    first = start(command)
    end = time.monotonic() + 900
    while not (study / "runs" / "sim_075" / "seed-0" / "model" / "checkpoints" / "checkpoint").exists():
        assert first.poll() is None and time.monotonic() < end, first.stdout.read()
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    done = study / "runs" / "sim_100" / "seed-0" / "result.json"
    before = done.stat().st_mtime_ns
    second = start(command)
    told, _ = second.communicate(timeout=900)
    assert second.returncode == 0, told
    assert "5 runs, 1 done already" in told and done.stat().st_mtime_ns == before
    assert "sim_075 seed 0:" in told and "goes on after step" in told and "sim_100 seed 0:" not in told
    stored = json.loads((study / "table2.json").read_text())
    for row in stored["rows"]:
        for name, numbers in row["metrics"].items():
            assert numbers["mean"] is not None and np.isfinite(numbers["mean"]), (row["name"], name)
    assert all(value is not None for column in stored["baselines"].values() for value in column.values())
    # Without simulated crops nothing touches the heads of uv and normals but the start.
    assert stored["rows"][4]["metrics"]["sim/uv_l2"]["mean"] > 0.2
    assert not (study / "runs" / "sim_100" / "seed-0" / "model" / "checkpoints").exists()
    assert (study / "runs" / "sim_000" / "seed-0" / "saved_model" / "saved_model.pb").exists()
    third = start(command)
    told, _ = third.communicate(timeout=300)
    assert third.returncode == 0 and "5 runs, 5 done already" in told and "step" not in told
