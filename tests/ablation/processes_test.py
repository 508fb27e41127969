"""Facts about `simpose_tf.ablation.processes`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simpose_tf.ablation.processes import Launch, run_module
from simpose_tf.errors import InputError


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """Return a function that writes a module `stage` which the processes can run."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return lambda code: (tmp_path / "stage.py").write_text(code)


def test_lines_are_told_with_a_name_and_kept_and_cpu_time_is_counted(stage, tmp_path):
    stage("import sys\nprint('step 1', sys.argv[1])\nprint('noise', file=sys.stderr)\nfor i in range(10**6): pass\n")
    said = []
    seconds = run_module("stage", ["--x=2"], tmp_path / "log.txt", Launch(0, said.append).named("sim_050 seed 1"))
    assert said == ["sim_050 seed 1: step 1 --x=2"] and 0 < seconds < 60
    log = (tmp_path / "log.txt").read_text()
    assert log.startswith("$ python -m stage --x=2\n") and "step 1" in log and "noise" in log


def test_a_failed_stage_is_told_by_its_own_error_line(stage, tmp_path):
    stage("import sys\nprint('on')\nprint('error: no records', file=sys.stderr)\nprint('so')\nsys.exit(2)\n")
    with pytest.raises(InputError, match=r"stage ended with status 2: error: no records .*log\.txt"):
        run_module("stage", [], tmp_path / "log.txt", Launch(0, print))


def test_a_killed_stage_is_told(stage, tmp_path):
    stage("import os\nos.kill(os.getpid(), 9)\n")
    with pytest.raises(InputError, match=r"status -9: it said nothing"):
        run_module("stage", [], tmp_path / "log.txt", Launch(0, print))


def test_threads_are_limited(stage, tmp_path):
    stage("import os\nprint(os.environ.get('TF_NUM_INTRAOP_THREADS'))\n")
    said = []
    run_module("stage", [], tmp_path / "log.txt", Launch(3, said.append))
    assert said == ["3"]


def test_a_stage_does_not_outlive_its_killed_parent(stage, tmp_path):
    stage("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    code = (
        "from pathlib import Path; from simpose_tf.ablation.processes import Launch, run_module;"
        f"run_module('stage', [], Path({str(tmp_path / 'log.txt')!r}), Launch(0, lambda line: print(line, flush=True)))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < end, "the stage lives on"
        time.sleep(0.05)
