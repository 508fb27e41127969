"""Facts about `simpose_tf.trainer` and `simpose_tf.progress`."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import losses, progress, trainer
from simpose_tf.model.network import Network
from tests.batches import CROP, random_batch
from tests.replica_steps import BACKBONE, LOSSES

ONE_DEVICE = tf.distribute.OneDeviceStrategy("CPU:0")


def run_of(model_dir, steps=6, average_decay=0.0, weights=LOSSES, rate=0.05, factor=10.0):
    tf.keras.utils.set_random_seed(0)
    training = trainer.TrainingConfig(steps, 0.9, factor, average_decay, 2, 2, 0.0)
    schedule = trainer.ScheduleConfig(rate, 2, 0.5, 0.1)
    return trainer.build_run(lambda: Network(BACKBONE, CROP), (weights, training, schedule), ONE_DEVICE, model_dir)


def batches(start):
    """Return an endless stream of random batches that is a function of the batch's number."""
    spec = {name: tf.TensorSpec(v.shape, v.dtype) for name, v in random_batch(np.random.default_rng(0), 2).items()}

    def endless():
        for number in range(start, start + 1000):
            yield random_batch(np.random.default_rng(number), 2)

    return tf.data.Dataset.from_generator(endless, output_signature=spec)


@pytest.fixture(scope="module")
def replica_steps():
    done = subprocess.run([sys.executable, "-m", "tests.replica_steps"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", ["full", "gaps", "halved"])
def test_gradients_on_one_and_two_replicas_are_equal(replica_steps, case):
    one, two = replica_steps[case]["1"], replica_steps[case]["2"]
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-5)
    scale = np.abs(one["moved"]).max()
    assert scale > 0.1
    np.testing.assert_allclose(np.array(two["moved"]) / scale, np.array(one["moved"]) / scale, atol=2e-5)


def test_mean_shares_of_an_unlabelled_task_are_zero():
    shares = trainer.mean_shares({"a": (tf.constant(6.0), tf.constant(4.0)), "b": (tf.constant(0.0), tf.constant(0.0))})
    assert {name: float(v) for name, v in shares.items()} == {"a": 1.5, "b": 0.0}


def test_factor_reaches_exactly_three_heads(tmp_path):
    run = run_of(tmp_path, rate=1.0)
    network = run.model.network
    for variable in network.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    run.model.optimizer.iterations.assign(2)  # warm-up is over: the rate is 1
    run.model.apply([tf.ones_like(v) for v in network.trainable_variables])
    for name, head in network.heads.items():
        expected = -10.0 if name in ("heatmap", "offset", "mask") else -1.0
        assert np.all(head.kernel.numpy() == expected) and np.all(head.bias.numpy() == expected), name
    for variable in network.backbone.trainable_variables:
        assert np.all(variable.numpy() == -1.0)


def test_schedule_preset():
    schedule = trainer.Schedule(trainer.ScheduleConfig(0.2, 4, 0.5, 0.1), 100)
    rates = [float(schedule(step)) for step in (0, 1, 3, 4, 50, 75, 100)]
    np.testing.assert_allclose(rates, [0.05, 0.1, 0.2, 0.2, 0.2, 0.11, 0.02], rtol=1e-6)
    constant = trainer.Schedule(trainer.ScheduleConfig(0.005, 0, 1.0, 1.0), 240000)
    assert [float(constant(step)) for step in (0, 239999)] == pytest.approx([0.005, 0.005])


def test_resumed_run_equals_the_uninterrupted_one(tmp_path, average_decay=0.9):
    whole, first = (run_of(tmp_path / name, 6, average_decay) for name in ("whole", "cut"))
    for run in (whole, first):
        assert run.restore() == 0
    trainer.train(whole, batches, 2)

    def stop(line):
        if line.startswith("step 5/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.train(first, batches, 2, stop)
    again = run_of(tmp_path / "cut", 6, average_decay)
    assert again.restore() == 4
    trainer.train(again, batches, 2)
    curves = [progress.read_curves(tmp_path / name / "summaries") for name in ("whole", "cut")]
    assert curves[0]["loss/loss"][0] == [1, 2, 3, 4, 5, 6]
    for name in (*(f"loss/{term}" for term in losses.TERMS), "learning_rate"):
        assert curves[1][name][0] == curves[0][name][0]
        np.testing.assert_allclose(curves[1][name][1], curves[0][name][1], rtol=1e-4, err_msg=name)
    for a, b in zip(whole.model.network.weights, again.model.network.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_untrained_network_is_kept(tmp_path):
    run = run_of(tmp_path, 2)
    before = [v.numpy() for v in run.model.network.weights]
    run.restore()
    trainer.train(run, batches, 2)
    untrained = Network(BACKBONE, CROP)
    path = str(tmp_path / "initial" / "ckpt-0")
    tf.train.Checkpoint(network=untrained).restore(path).expect_partial().assert_existing_objects_matched()
    for a, b in zip(before, untrained.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_crop_can_be_learnt_by_heart(tmp_path):
    run = run_of(tmp_path, 150, rate=0.02, factor=1.0)
    crop = random_batch(np.random.default_rng(2), 1, gaps=False)
    # Labels that a grid of stride 8 can follow: the same on every pixel.
    crop["part"] = tf.fill(crop["part"].shape, 7)
    crop["mask"] = tf.ones_like(crop["mask"])
    crop["heatmap"] = tf.broadcast_to(crop["heatmap"][:, :1, :1], crop["heatmap"].shape)
    crop["offset"] = tf.zeros_like(crop["offset"])
    crop["uv"] = tf.fill(crop["uv"].shape, 0.9)
    crop["normal"] = tf.broadcast_to(tf.constant([0.6, 0.0, -0.8]), crop["normal"].shape)
    train = run.model.make_train_function()
    stream = iter(tf.data.Dataset.from_tensors(crop).repeat())
    means = [{name: float(v) for name, v in train(stream).items()} for _ in range(150)]
    for name in losses.TERMS:
        assert means[-1][name] < 0.05 * means[0][name], (name, means[0][name], means[-1][name])


def test_a_non_finite_term_stops_the_run_and_is_named(tmp_path):
    run = run_of(tmp_path, 6)
    run.restore()

    def poisoned(start):
        def poison(number, batch):
            bad = tf.where(number == 3, float("nan"), 1.0)
            return {**batch, "normal": batch["normal"] * bad}

        return batches(start).enumerate(start).map(poison)

    with pytest.raises(trainer.NonFiniteLossError, match=r"step 4: the term 'normal' is nan"):
        trainer.train(run, poisoned, 2)
    assert trainer.latest_checkpoint(tmp_path).endswith("ckpt-2")


def test_later_points_of_a_curve_win(tmp_path):
    for values in ((1.0, 2.0, 3.0), (5.0,)):
        line = progress.Progress(tmp_path, 3, 0.0, lambda _: None)
        for offset, value in enumerate(values):
            line.add(offset + 1 if len(values) > 1 else 3, {"loss": value}, 0.1, 8)
        line.close()
    assert progress.read_curves(tmp_path)["loss/loss"] == ([1, 2, 3], [1.0, 2.0, 5.0])
