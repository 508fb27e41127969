"""Facts about `simpose_tf.progress`."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import progress as module
from simpose_tf.progress import Progress, domain_means, read_curves, read_pictures


def test_means_by_domain_weigh_steps_by_their_labels():
    steps = [
        {"loss": 1.0, "sum/sim/uv": 6.0, "count/sim/uv": 2.0, "sum/real/uv": 0.0, "count/real/uv": 0.0},
        {"loss": 1.0, "sum/sim/uv": 1.0, "count/sim/uv": 8.0, "sum/real/uv": 0.0, "count/real/uv": 0.0},
    ]
    assert domain_means(steps) == {"sim/uv": 0.7}
    assert domain_means([]) == {}


def test_curves_hold_losses_by_domain_and_other_values_but_no_sums(tmp_path):
    with contextlib.closing(Progress(tmp_path, 2, 0.0, lambda _: None)) as progress:
        for step, (total, count) in enumerate(((6.0, 2.0), (1.0, 8.0)), 1):
            outputs = {"loss": total, "sum/sim/uv": total, "count/sim/uv": count, "gradient_norm/all": 2.0 * step}
            progress.add(step, outputs, 0.1, 8)
    curves = read_curves(tmp_path)
    assert curves["loss/loss"] == ([1, 2], [6.0, 1.0])
    assert curves["loss_sim/uv"] == ([1, 2], [3.0, 0.125])
    assert curves["gradient_norm/all"] == ([1, 2], [2.0, 4.0])
    assert not [name for name in curves if name.startswith(("sum", "count"))]


class Clock:
    """Goes when it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        """Return the seconds that it shows."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let seconds pass."""
        self.now += seconds


def test_the_share_of_time_waiting_for_input_is_measured(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)

    def slow():
        for _ in range(4):
            clock.sleep(0.15)
            yield 1

    lines, stream = [], slow()
    with contextlib.closing(Progress(tmp_path, 4, 100.0, lines.append)) as progress:
        for step in range(1, 5):
            assert progress.draw(stream) == 1
            clock.sleep(0.05)
            with progress.timed(module.CHECKPOINT):
                clock.sleep(0.05)
            progress.add(step, {"loss": 1.0}, 0.1, 8)
    curves = read_curves(tmp_path)
    assert curves["time_share/input"][0] == [4]  # the first step builds graphs: it has no speed
    assert curves["time_share/input"][1][0] == pytest.approx(0.6)
    assert curves["time_share/checkpoint"][1][0] == pytest.approx(0.2)
    assert curves["steps_per_second"][1][0] == pytest.approx(4)  # three steps of .25 seconds
    assert curves["crops_per_second"][1][0] == pytest.approx(32)
    assert progress.shares()["input"] == pytest.approx(curves["time_share/input"][1][0], abs=1e-6)
    assert "input" in lines[-1] and "input" not in lines[0]


def test_a_worker_without_a_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(Progress(None, 1, 0.0, lambda _: None)) as progress:
        progress.add(1, {"loss": 1.0}, 0.1, 8)
        progress.write_picture(1, "people", np.zeros((4, 6, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_the_last_picture_of_each_name_is_read_and_curves_pass_over_pictures(tmp_path):
    with contextlib.closing(Progress(tmp_path, 9, 0.0, lambda _: None)) as progress:
        for step, level in ((1, 10), (5, 200)):
            progress.write_picture(step, "people", np.full((16, 32, 3), (level, 0, 0), np.uint8))
        progress.write(3, {"metric": 0.5})
    step, encoded = read_pictures(tmp_path)["people"]
    picture = tf.io.decode_jpeg(encoded).numpy()
    assert step == 5 and picture.shape == (16, 32, 3)
    assert abs(int(picture[8, 8, 0]) - 200) < 4 and picture[8, 8, 2] < 4
    assert read_curves(tmp_path) == {"metric": ([3], [0.5])}
