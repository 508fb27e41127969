"""Facts about `simpose_tf.monitoring.monitor`: what a run's event files hold."""

import contextlib

import cv2
import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import progress as progress_module
from simpose_tf.monitoring.monitor import Monitor, MonitorConfig, Watched
from simpose_tf.monitoring.statistics import layer_names
from simpose_tf.progress import Progress, read_curves, read_pictures
from tests.batches import random_batch
from tests.monitoring.small import LOSSES, fixed_people, small_network

ONE_DEVICE = tf.distribute.OneDeviceStrategy("CPU:0")
EVERY = MonitorConfig(gradients_every=2, evaluate_every=3, people=3, pictures=1, batch_size=3)


class Averages:
    """Stands for the optimiser's averages: notes when they are looked at."""

    def __init__(self):
        self.looks = 0

    @contextlib.contextmanager
    def __call__(self):
        self.looks += 1
        yield


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Return folder, network, averages and lines of a run of 7 steps that was stopped after 4 and went on."""
    folder = tmp_path_factory.mktemp("run")
    network, found, averages, lines = small_network(), fixed_people(tmp_path_factory.mktemp("people")), Averages(), []
    batch = random_batch(np.random.default_rng(0), 2, gaps=False)
    for first, last in ((0, 4), (4, 7)):
        with contextlib.closing(Progress(folder, 7, 0.0, lines.append)) as progress:
            monitor = Monitor(EVERY, Watched(network, LOSSES, ONE_DEVICE, averages), progress, found)
            monitor.start(first)
            for step in range(first + 1, last + 1):
                monitor.before_step(step, batch)
                progress.add(step, {"loss": 1.0}, 0.1, 2)
                monitor.after_step(step)
    return folder, network, averages, lines


def test_shares_are_written_every_so_many_steps_and_add_up(looked):
    curves = read_curves(looked[0])
    tasks = [name for name in curves if name.startswith("gradient_share_task/")]
    assert len(tasks) == 6 and {tuple(curves[name][0]) for name in tasks} == {(1, 3, 5, 7)}
    np.testing.assert_allclose(sum(np.array(curves[name][1]) for name in tasks), 1, rtol=1e-5)
    assert curves["gradient_share_domain/sim"][1] == [1.0] * 4


def test_metrics_are_written_before_the_first_step_every_so_many_steps_and_at_the_end(looked):
    folder, _, averages, lines = looked
    curves = read_curves(folder)
    for name in ("uv_l2", "normal_add_deg", "mask_iou", "keypoint_oks", "part_accuracy"):
        assert curves[f"validation_sim/{name}"][0] == [0, 3, 6, 7]
        assert np.all(np.isfinite(curves[f"validation_sim/{name}"][1]))
    assert curves["validation_real/mask_iou"][0] == [0, 3, 6, 7]
    assert "validation_real/uv_l2" not in curves
    assert averages.looks == 4
    assert sum("validation_sim: uv_l2" in line for line in lines) == 4


def test_distances_are_written_for_each_layer_and_on_average(looked):
    folder, network, *_ = looked
    curves = read_curves(folder)
    names = layer_names(network.backbone)
    for kind in ("kl", "gap"):
        layers = np.array([curves[f"bn_distance_{kind}/{name}"][1] for name in names])
        np.testing.assert_allclose(layers.mean(0), curves[f"bn_distance/{kind}"][1], rtol=1e-4)
        assert layers.min() >= 0 and layers.max() > 0 and f"bn_distance/{kind}_within" in curves


def test_pictures_are_jpegs_of_the_last_look(looked):
    pictures = read_pictures(looked[0])
    assert set(pictures) == {"validation_sim", "validation_real", "bn_distance"}
    for step, encoded in pictures.values():
        assert step == 7 and encoded.startswith(b"\xff\xd8")
        assert cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).std() > 5


def test_tensorboard_reads_curves_and_pictures_of_both_starts_as_one_run(looked):
    from tensorboard.backend.event_processing import event_accumulator

    events = event_accumulator.EventAccumulator(str(looked[0]), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {"validation_sim", "validation_sim/uv_l2", "gradient_share_task/uv", "time_share/input"} <= set(tags)
    assert [event.step for event in events.Tensors("validation_sim")] == [0, 3, 6, 7]
    width, height, encoded = tf.make_ndarray(events.Tensors("validation_sim")[0].tensor_proto)
    shape = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR).shape
    assert shape == (int(height), int(width), 3)


def test_the_time_that_looking_takes_is_counted(tmp_path):
    network, found = small_network(), fixed_people(tmp_path)
    with contextlib.closing(Progress(tmp_path / "run", 2, 0.0, lambda _: None)) as progress:
        progress.add(1, {"loss": 1.0}, 0.1, 2)
        monitor = Monitor(MonitorConfig(0, 2, 1, 0, 1), Watched(network, LOSSES, ONE_DEVICE), progress, found)
        monitor.after_step(2)
        progress.add(2, {"loss": 1.0}, 0.1, 2)
    (_, share) = read_curves(tmp_path / "run")[f"time_share/{progress_module.MONITORING}"]
    assert share[0] > 0.9
    assert progress.shares()[progress_module.MONITORING] == pytest.approx(share[0], abs=1e-3)
    assert not read_pictures(tmp_path / "run").keys() & {"validation_sim", "validation_real"}


def test_nothing_is_looked_at_where_nothing_is_asked_for(tmp_path):
    network = small_network()
    with contextlib.closing(Progress(tmp_path, 1, 0.0, lambda _: None)) as progress:
        monitor = Monitor(MonitorConfig(0, 0, 1, 1, 1), Watched(network, LOSSES, ONE_DEVICE), progress)
        monitor.start(0)
        monitor.before_step(1, {})
        monitor.after_step(1)
    assert not read_curves(tmp_path)


@pytest.mark.parametrize("values", [(-1, 1, 1, 1, 1), (1, -1, 1, 1, 1), (1, 1, 0, 1, 1), (1, 1, 1, 1, 0)])
def test_settings_out_of_range_are_told(values):
    with pytest.raises(ValueError, match="at least"):
        MonitorConfig(*values)
