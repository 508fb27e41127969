"""Facts about `simpose_tf.train_detector` and `simpose_tf.export_detector`: bad input, and a run that is killed."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from simpose_tf import export_detector, progress, run_checkpoints, train_detector
from tests.detection.small import ROOT, SIDE, TINY, boxed_picture, write_records
from tests.mains import run_main

GIN = f"--gin_file={ROOT / 'gin_configs' / 'detector_quickstart.gin'}"


@pytest.fixture
def sim(tmp_path):
    return write_records(tmp_path / "sim" / "train-0.tfrecord", 6)


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ([], "--gin_file"),
        ([GIN], "--sim_records: missing"),
        ([GIN, "--sim_share=0"], "--coco_records: missing"),
        ([GIN, "--sim_share=1", "--sim_records=nowhere*"], "--sim_records: no file matches 'nowhere*'"),
        ([GIN, "--sim_share=1.5"], "sim_share"),
        ([GIN, "--gin_param=DetectorConfig.pipeline='no.config'"], "DetectorConfig.pipeline: no such file"),
        ([GIN, "--pipeline_override=nonsense"], "--pipeline_override='nonsense'"),
        ([GIN, "--gin_param=DetectorConfig.sim_chair=1"], "sim_chair"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, fault, tmp_path, capsys):
    ended = run_main(train_detector, [*arguments, f"--model_dir={tmp_path / 'run'}"], capsys)
    assert ended.status == 2 and fault in ended.stderr and ended.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_the_model_dir_is_asked_for(sim, capsys):
    ended = run_main(train_detector, [GIN, "--sim_share=1", f"--sim_records={sim}"], capsys)
    assert ended.status == 2 and "--model_dir: name a folder" in ended.stderr


def test_a_folder_without_a_run_is_not_exported(tmp_path, capsys):
    ended = run_main(export_detector, [f"--model_dir={tmp_path}", f"--output={tmp_path / 'out'}"], capsys)
    assert ended.status == 2 and "holds no pipeline.config" in ended.stderr and not (tmp_path / "out").exists()


def command(folder, sim, *more, after=""):
    line = [sys.executable, "-m", "simpose_tf.train_detector", GIN, "--sim_share=1", f"--sim_records={sim}", *more]
    line += ["--gin_param=DetectorConfig.report_seconds=0.1", "--gin_param=DetectorConfig.checkpoint_every=3"]
    line += [f"--pipeline_override={TINY}", f"--model_dir={folder}", f"--val_records={sim}"]
    return [*line, f"--pipeline_override={after}"]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_its_export_finds_what_the_trained_model_finds(tmp_path, sim, capsys):
    folder, long = tmp_path / "run", "train_config { num_steps: 100000 }"
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command(folder, sim, after=long), cwd=ROOT, env=quiet, stdout=subprocess.DEVNULL)
    while len(run_checkpoints.numbered(folder / "checkpoints")) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    step = run_checkpoints.numbered(folder / "checkpoints")[0][0]
    last = f"train_config {{ num_steps: {step + 4} }}"
    done = subprocess.run(
        command(folder, sim, after=last),
        cwd=ROOT,
        env=quiet,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        f"goes on after step {step}; {step + 4} steps in all" in done.stdout
        and "validation on 6 pictures" in done.stdout
    )
    curves = progress.read_curves(folder / "summaries")
    assert curves["loss/loss"][0][-1] == step + 4 and "validation/AP50" in curves
    assert progress.read_pictures(folder / "summaries")["validation/0"][0] == step + 4

    picture = boxed_picture(0, SIDE)
    trained = _answers_of_the_run(folder, picture)
    for name, most in (("out", 1e-4), ("half", 0.02)):
        more = ["--float16"] if name == "half" else []
        ended = run_main(export_detector, [f"--model_dir={folder}", f"--output={tmp_path / name}", *more], capsys)
        assert ended.status == 0, ended.stderr
        np.save(tmp_path / "picture.npy", _pixels(picture))
        _run_in_a_process_with_tensorflow_only(tmp_path, name)
        found = np.load(tmp_path / "scores.npy")
        np.testing.assert_allclose(found, trained[: len(found)], atol=most)
        assert (found > 0).any()


def _pixels(picture):
    from simpose_tf.detection.evaluation import pixels

    return pixels(picture)


def _answers_of_the_run(folder, picture):
    from simpose_tf.detection import evaluation, inference

    model = inference.restored(folder, None, print)
    return evaluation.detect_function(model)(_pixels(picture)).scores


def _run_in_a_process_with_tensorflow_only(folder, name):
    program = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"served = tf.saved_model.load('{folder / name}').signatures['serving_default']\n"
        f"found = served(input_tensor=tf.constant(np.load('{folder / 'picture.npy'}')[None]))\n"
        "assert {'detection_boxes', 'detection_scores', 'detection_classes', 'num_detections'} <= set(found)\n"
        "count = int(found['num_detections'][0])\n"
        f"np.save('{folder / 'scores.npy'}', found['detection_scores'][0, :count])\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'object_detection', 'simpose_tf', 'official', 'tf_slim'}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
