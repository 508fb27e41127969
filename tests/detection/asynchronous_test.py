"""Facts about `simpose_tf.detection.asynchronous`."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from simpose_tf import progress, run_checkpoints
from simpose_tf.detection import asynchronous
from simpose_tf.errors import InputError
from tests.detection.small import ROOT, TINY, write_records


def tf_config(job, index=0, **hosts):
    return json.dumps({"cluster": hosts, "task": {"type": job, "index": index}})


def test_a_role_is_the_job_of_tf_config(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config("worker", 1, chief=["a:1"], worker=["b:1", "c:1"], ps=["d:1"]))
    assert asynchronous.role() == asynchronous.Role("worker", 2)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "no json",
        "[]",
        tf_config("worker", worker=["a:1"]),
        tf_config("evil", chief=["a:1"], worker=["b:1"], ps=[]),
    ],
)
def test_another_cluster_is_refused(text, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="TF_CONFIG: --parameter_server"):
        asynchronous.role()


QUICK = """train_config { num_steps: 300 optimizer { momentum_optimizer { learning_rate {
  constant_learning_rate { learning_rate: 0.008 }
} } } }"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.slow
def test_two_workers_and_a_parameter_server_train_and_leave_a_checkpoint(tmp_path):
    sim = write_records(tmp_path / "sim" / "train-0.tfrecord", 6)
    coco = write_records(tmp_path / "coco" / "train-0.tfrecord", 6, first=100)
    places = [f"127.0.0.1:{port}" for port in free_ports(4)]
    cluster = {"chief": places[:1], "ps": places[1:2], "worker": places[2:]}
    command = [sys.executable, "-m", "simpose_tf.train_detector", "--gin_file=gin_configs/detector_quickstart.gin"]
    command += ["--gin_param=DetectorConfig.report_seconds=0.1", "--gin_param=DetectorConfig.checkpoint_every=20"]
    command += [f"--pipeline_override={TINY}", f"--pipeline_override={QUICK}"]
    command += [
        f"--model_dir={tmp_path / 'run'}",
        f"--sim_records={sim}",
        f"--coco_records={coco}",
        "--parameter_server",
    ]

    def start(job, index):
        told = os.environ | {"TF_CONFIG": tf_config(job, index, **cluster), "TF_CPP_MIN_LOG_LEVEL": "3"}
        return subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    others = [start("ps", 0), start("worker", 0), start("worker", 1)]
    try:
        chief = start("chief", 0)
        stdout, stderr = chief.communicate(timeout=900)
        assert chief.returncode == 0, stderr[-2000:]
    finally:
        for process in others:
            process.kill()
            process.communicate()
    assert "step 300/300" in stdout
    assert [step for step, _ in run_checkpoints.numbered(tmp_path / "run" / "checkpoints")] == [300, 280, 260]
    steps, losses = progress.read_curves(tmp_path / "run" / "summaries")["loss/loss"]
    assert steps[-1] == 300 and np.mean(losses[-4:]) < 0.9 * np.mean(losses[:4])
