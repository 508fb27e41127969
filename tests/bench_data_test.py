"""Facts about `simpose_tf.bench_data`."""

import re

import numpy as np
import pytest

from simpose_tf import bench_data
from simpose_tf.data import schema
from tests.data import synthetic
from tests.mains import run_main


def numbers(lines):
    """Return what stands at the end of each line, by what stands before it."""
    found = [re.fullmatch(r"(.*?) +([\d.]+)", line) for line in lines]
    return {match[1]: float(match[2]) for match in found if match}


def test_table_is_of_the_medians_and_what_no_step_names_is_the_rest():
    medians = {"read": 1.0, "decode": 5.0, "warp": 1.5, "whole": 10.0}
    rows = numbers(bench_data.table(medians, ratio=2.1, device=0.5))
    assert rows == {
        "read": 1,
        "decode": 5,
        "warp": 1.5,
        "batches, threads, copies: the rest": 2.5,
        "the whole pipeline": 10,
        "the whole / the bare decode": 2.1,
        "targets, flipped labels (in the train step)": 0.5,
        "crops/s on one core": 100,
    }


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("records"), np.random.default_rng(0)
    for name, domain in (("real", schema.REAL), ("sim", schema.SIM)):
        synthetic.write(folder / f"{name}.tfrecord", [synthetic.person(rng, domain) for _ in range(8)])
    return [f"--{name}_records={folder}/{name}.tfrecord" for name in ("sim", "real")]


def test_main_tells_every_step_speed_and_memory(records, capsys, monkeypatch):
    monkeypatch.setattr(bench_data, "_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(bench_data, "_SAMPLE_SECONDS", 0.0)
    arguments = ["--gin_file=gin_configs/quickstart.gin", "--gin_param=PipelineConfig.sim_share=0.5"]
    ended = run_main(bench_data, [*arguments, *records, "--rounds=1", "--crops=200"], capsys)
    assert ended.status == 0, ended.stderr
    lines = ended.stdout.splitlines()
    rows = numbers(lines)
    for step in ("read", "parse", "decode", "warp the picture (enlarge, turn, flip)", "warp the labels"):
        assert rows[step] > 0, step
    assert rows["crops/s on one core"] == pytest.approx(1000 / rows["the whole pipeline"], rel=0.01)
    told = [re.fullmatch(r" *(\d+) crops: +(\d+) MiB resident", line) for line in lines]
    told = [match for match in told if match]
    assert [int(match[1]) for match in told] == [-(-20 * i // 16) * 16 for i in range(11)]
    assert all(50 < int(match[2]) < 20000 for match in told)


def test_bad_records_are_one_line(capsys, tmp_path):
    arguments = ["--gin_file=gin_configs/quickstart.gin", f"--sim_records={tmp_path}/none", "--real_records=x"]
    ended = run_main(bench_data, arguments, capsys)
    assert (ended.status, ended.stderr.count("\n")) == (2, 1)
