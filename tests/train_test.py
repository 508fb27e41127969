"""Facts about the mains `simpose_tf.train` and `simpose_tf.export`, run as a user runs them."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import configurables, export, progress
from simpose_tf.data import schema
from tests.data import synthetic

ROOT = Path(__file__).parent.parent
TINY = {
    "CropConfig.height": 65,
    "CropConfig.width": 33,
    "PipelineConfig.batch_size": 4,
    "BackboneConfig.depth": 10,
    "BackboneConfig.width": 0.125,
    "BackboneConfig.top_down_channels": 8,
    "ScheduleConfig.warmup_steps": 2,
    "TrainingConfig.checkpoint_every": 10,
    "MonitorConfig.evaluate_every": 0,
    "TrainingConfig.report_seconds": 0.0,
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("records"), np.random.default_rng(0)
    synthetic.write(folder / "sim-0.tfrecord", [synthetic.person(rng) for _ in range(6)])
    synthetic.write(folder / "real-0.tfrecord", [synthetic.person(rng, schema.REAL) for _ in range(4)])
    return folder


def command(model_dir, records, steps, **bindings):
    params = [f"--gin_param={k}={v}" for k, v in {**TINY, "TrainingConfig.steps": steps, **bindings}.items()]
    return [
        sys.executable, "-m", "simpose_tf.train", "--gin_file=gin_configs/quickstart.gin", f"--model_dir={model_dir}",
        f"--sim_records={records}/sim-*", f"--real_records={records}/real-*", *params,
    ]  # fmt: skip


def run(arguments):
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def kill_after_a_checkpoint(arguments, model_dir):
    """Start a program and end it with SIGKILL once it has written its first checkpoint."""
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 240
        while not (model_dir / "checkpoints" / "checkpoint").exists():
            assert process.poll() is None and time.monotonic() < end, "no checkpoint was written"
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory, records):
    """Return the folder of an uninterrupted run of 40 steps."""
    model_dir = tmp_path_factory.mktemp("whole")
    done = run(command(model_dir, records, 40))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "steps/s" in done.stdout and "left" in done.stdout
    return model_dir


def test_killed_run_goes_on_as_if_it_had_not_been(whole, records, tmp_path):
    kill_after_a_checkpoint(command(tmp_path, records, 40), tmp_path)
    done = run(command(tmp_path, records, 40))
    assert done.returncode == 0, done.stderr[-2000:]
    assert any(f"goes on after step {step};" in done.stdout for step in (10, 20, 30)), done.stdout
    expected, got = (progress.read_curves(folder / "summaries") for folder in (whole, tmp_path))
    for name in ("loss/loss", "loss/uv", "learning_rate"):
        assert got[name][0] == expected[name][0] == list(range(1, 41))
        np.testing.assert_allclose(got[name][1], expected[name][1], rtol=2e-3, err_msg=name)


def test_finished_run_says_so(whole, records):
    done = run(command(whole, records, 40))
    assert done.returncode == 0 and "trained for 40 steps already" in done.stdout


def test_run_folder_tells_how_it_was_made(whole, records):
    told = {name: json.loads((whole / f"{name}.json").read_text()) for name in ("run", "data", "settings")}
    assert told["run"]["versions"]["tensorflow"] == tf.__version__
    assert any(argument.startswith("--sim_records") for argument in told["run"]["command"])
    assert len(told["run"]["commit"]) in (0, 40) and isinstance(told["run"]["dirty"], bool)
    assert [f["name"] for f in told["data"]["sim"]] == ["sim-0.tfrecord"]
    assert told["settings"]["TrainingConfig.steps"] == 40
    assert "LossConfig.uv_weight = 0.25" in (whole / "config.gin").read_text()
    assert "LossConfig.uv_weight = 0.25" in (whole / "config_used.gin").read_text()


def test_bad_input_gets_one_line_and_leaves_nothing(records, tmp_path):
    model_dir = tmp_path / "run"
    done = run([*command(model_dir, records, 10), "--sim_records=nowhere/*.tfrecord"])
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "nowhere" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not model_dir.exists()


def test_untrained_network_can_be_exported_and_is_told_from_the_trained_one(whole, tmp_path):
    untrained = f"--checkpoint={whole}/initial/ckpt-0"
    done = run([sys.executable, "-m", "simpose_tf.export", f"--model_dir={whole}", f"--output={tmp_path}/m", untrained])
    assert done.returncode == 0, done.stderr[-2000:]
    about = json.loads((tmp_path / "m" / "assets.extra" / "simpose.json").read_text())
    assert about["crop"]["height"] == 65 and about["test_enlargement"] == 1.25 and about["checkpoint"] == "ckpt-0"

    crops = np.random.default_rng(1).integers(0, 256, (2, 65, 33, 3)).astype(np.uint8)
    served = tf.saved_model.load(str(tmp_path / "m")).signatures["maps"](crops=tf.constant(crops))
    configurables.load([str(whole / "config.gin")], None)
    for folder, same in ((whole / "initial", True), (whole / "checkpoints", False)):
        maps = export.restored_network(tf.train.latest_checkpoint(str(folder)))(crops, label_stride=1)
        assert np.allclose(maps["mask"], served["mask"], atol=1e-3) == same


def losses_of(model_dir):
    curves = progress.read_curves(model_dir / "summaries")
    return {name: curves[name] for name in ("loss/loss", "loss/uv", "loss/heatmap", "learning_rate")}


def require_equal_curves(model_dir, expected, rtol):
    for name, (steps, values) in losses_of(model_dir).items():
        assert steps == expected[name][0]
        np.testing.assert_allclose(values, expected[name][1], rtol=rtol, err_msg=name)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.mark.slow
def test_two_workers_have_the_losses_of_one_process_with_their_batch(records, tmp_path):
    # Synchronised statistics: those of the global batch, however many replicas share it.
    sync = {"BackboneConfig.normalization": '"sync_batch"', "TrainingConfig.average_decay": 0.9}
    done = run(command(tmp_path / "one", records, 6, **sync))
    assert done.returncode == 0, done.stderr[-2000:]
    shared = command(tmp_path / "two", records, 6, **sync, **{"PipelineConfig.batch_size": 2})
    hosts = [f"127.0.0.1:{port}" for port in free_ports(2)]
    workers = []
    for index in range(2):
        tf_config = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(tf_config)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        workers.append(subprocess.Popen(shared, cwd=ROOT, env=environment, **pipes))
    try:
        ended = [worker.communicate(timeout=400) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0], [errors[-1500:] for _, errors in ended]
    assert "trained for 6 steps" in ended[0][0] and "step" not in ended[1][0]
    require_equal_curves(tmp_path / "two", losses_of(tmp_path / "one"), rtol=2e-4)
    assert not [path.name for path in (tmp_path / "two").iterdir() if path.name.startswith(".worker")]


@pytest.mark.slow
def test_a_damaged_newest_checkpoint_costs_the_steps_since_the_one_before(whole, records, tmp_path):
    model_dir = shutil.copytree(whole, tmp_path / "run")
    data = model_dir / "checkpoints" / "ckpt-40.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-100])
    done = run(command(model_dir, records, 40))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "ckpt-40: damaged" in done.stdout and "goes on after step 30;" in done.stdout
    require_equal_curves(model_dir, losses_of(whole), rtol=2e-3)
    for path in (model_dir / "checkpoints").glob("ckpt-*.data-*"):
        path.write_bytes(b"")
    done = run(command(model_dir, records, 50))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "all checkpoints" in done.stderr and "are damaged" in done.stderr


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_leaves_its_checkpoints_whole(whole, records, tmp_path):
    model_dir = shutil.copytree(whole, tmp_path / "run")
    size = (model_dir / "checkpoints" / "ckpt-40.data-00000-of-00001").stat().st_size

    def limit():  # no file may grow to the size of a checkpoint
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    done = subprocess.run(
        command(model_dir, records, 50), cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert done.returncode == 2 and "the checkpoint of step 50 cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    done = run(command(model_dir, records, 50))
    assert done.returncode == 0 and "goes on after step 40;" in done.stdout, done.stderr[-2000:]
