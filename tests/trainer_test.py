"""Facts about `simpose_tf.trainer` and `simpose_tf.progress`."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import losses, optimization, progress, trainer
from simpose_tf.data import schema
from simpose_tf.model.network import Network
from simpose_tf.train_step import read_means
from tests.batches import CROP, random_batch
from tests.replica_steps import BACKBONE, LOSSES

ONE_DEVICE = tf.distribute.OneDeviceStrategy("CPU:0")


def run_of(model_dir, steps=6, average_decay=0.0, rate=0.05, factor=10.0, precision="float32", accumulate=1):
    tf.keras.utils.set_random_seed(0)
    training = trainer.TrainingConfig(steps, 0.9, factor, average_decay, accumulate, precision, 2, 2, 0.0)
    schedule = trainer.ScheduleConfig(rate, 2, 0.5, 0.1)
    return trainer.build_run(lambda: Network(BACKBONE, CROP), (LOSSES, training, schedule), ONE_DEVICE, model_dir)


def batches(start):
    """Return an endless stream of random batches that is a function of the batch's number."""
    spec = {name: tf.TensorSpec(v.shape, v.dtype) for name, v in random_batch(np.random.default_rng(0), 2).items()}

    def endless():
        for number in range(start, start + 1000):
            yield random_batch(np.random.default_rng(number), 2)

    return tf.data.Dataset.from_generator(endless, output_signature=spec)


def replica_steps(*normalizations):
    command = [sys.executable, "-m", "tests.replica_steps", *normalizations]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def require_equal_steps(found):
    """Check that all ways to take a step have the losses and the gradient of the first one."""
    assert {case.split("-")[1] for case in found} == {"full", "gaps", "halved", "domains"}
    for case, ways in found.items():
        first, *others = ways.values()
        scale = np.abs(first["moved"]).max()
        assert scale > 0.1 and others
        for other in others:
            assert list(other["losses"]) == list(first["losses"])
            np.testing.assert_allclose(
                list(other["losses"].values()), list(first["losses"].values()), rtol=1e-5, err_msg=case
            )
            np.testing.assert_allclose(np.array(other["moved"]) / scale, np.array(first["moved"]) / scale, atol=2e-5)


def test_gradients_on_one_and_two_replicas_are_equal():
    require_equal_steps(replica_steps("sync_batch"))


@pytest.mark.slow
def test_gradients_of_a_batch_in_parts_are_those_of_the_whole():
    require_equal_steps(replica_steps("frozen"))


@pytest.mark.slow
def test_a_part_is_normalised_as_a_replica_is():
    require_equal_steps(replica_steps("batch"))


def test_means_of_an_unlabelled_task_are_zero_and_domains_are_told_apart():
    sums, counts = np.zeros((6, 2)), np.zeros((6, 2))
    sums[0], counts[0] = (6.0, 2.0), (4.0, 1.0)
    sums[4], counts[4] = (0.0, 3.0), (0.0, 6.0)
    told = {"sums": tf.constant(sums), "counts": tf.constant(counts), "gradient_norm/all": tf.constant(7.0)}
    means = read_means(told, LOSSES.weights())
    assert [means[name] for name in losses.TERMS] == [1.6, 0, 0, 0, 0.5, 0]
    assert means["loss"] == pytest.approx(4 * 1.6 + 0.25 * 0.5) and means["gradient_norm/all"] == 7
    assert (means["sum/real/heatmap"], means["count/sim/uv"], means["count/real/uv"]) == (6, 6, 0)


def test_a_step_tells_the_means_of_its_terms(tmp_path):
    run, batch = run_of(tmp_path), random_batch(np.random.default_rng(5), 3)
    batch |= {"domain": tf.constant([schema.SIM, schema.REAL, schema.SIM]), "has_dense": tf.ones(3)}
    # The same batch statistics; the step's own change of the weights comes after its losses.
    maps = run.model.network(batch["image"], training=True, domain=batch["domain"])
    terms = losses.all_terms(maps, batch, LOSSES, CROP.radius)
    means = read_means(run.step_function()(batch), LOSSES.weights())
    for name, (total, count) in terms.items():
        assert means[name] == pytest.approx(float(tf.reduce_sum(total) / tf.reduce_sum(count)), rel=1e-4), name
    assert means["loss"] == pytest.approx(sum(LOSSES.weights()[name] * means[name] for name in losses.TERMS))


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
    take_step = run.step_function()
    means = [read_means(take_step(crop), LOSSES.weights()) for _ in range(150)]
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


def test_a_gradient_that_is_not_finite_stops_the_run():
    means = dict.fromkeys([*losses.TERMS, "loss"], 1.0)
    trainer.require_finite({**means, "gradient_norm/all": 3.0}, 7)
    with pytest.raises(trainer.NonFiniteLossError, match="step 7: the gradient is inf"):
        trainer.require_finite({**means, "gradient_norm/all": float("inf")}, 7)
    trainer.require_finite({**means, "gradient_norm/all": float("inf")}, 7, has_loss_scale=True)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns_what_float32_does_and_keeps_float32_weights(tmp_path, precision):
    batch, means = random_batch(np.random.default_rng(6), 2), {}
    for name in ("float32", precision):
        run = run_of(tmp_path / name, rate=0.02, factor=1.0, precision=name)
        take_step = run.step_function()
        means[name] = [read_means(take_step(batch), LOSSES.weights()) for _ in range(4)]
        assert all(weight.dtype == tf.float32 for weight in run.model.network.weights)
    assert tf.keras.mixed_precision.global_policy().name == "float32"
    for name in losses.TERMS:
        assert means[precision][0][name] == pytest.approx(means["float32"][0][name], rel=0.05), name
    first, last = ([step[at]["loss"] for step in means.values()] for at in (0, -1))
    assert last[0] < first[0] and last[1] < first[1]
    assert last[1] == pytest.approx(last[0], rel=0.1)
    computed = run.model.network.features(batch["image"]).dtype
    assert computed == tf.as_dtype(precision.removeprefix("mixed_"))


def test_a_step_whose_gradient_overflows_float16_is_left_out_and_counted(tmp_path):
    run = run_of(tmp_path, precision="mixed_float16")
    before = [weight.numpy() for weight in run.model.network.trainable_variables]
    scale = float(run.model.optimizer.loss_scale)
    run.model.apply([tf.fill(w.shape, float("inf")) for w in before])
    for weight, value in zip(run.model.network.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert run.step() == 1 and float(run.model.optimizer.loss_scale) == scale / 2


def test_average_follows_the_formula_and_is_there_for_the_block_only(tmp_path):
    run = run_of(tmp_path, average_decay=0.5)
    (bias,) = [v for v in run.model.network.trainable_variables if v is run.model.network.heads["part"].bias]
    take_step, average = run.step_function(), bias.numpy()
    for step in range(4):
        take_step(random_batch(np.random.default_rng(step), 2))
        decay = min(0.5, (1 + step) / (10 + step))  # tensorflow-addons counts the steps taken before
        average = decay * average + (1 - decay) * bias.numpy()
    raw = [weight.numpy() for weight in run.model.network.trainable_variables]
    with run.averaged():
        np.testing.assert_allclose(bias, average, rtol=1e-4, atol=1e-6)
    assert np.abs(bias.numpy() - average).max() > 1e-5
    for weight, value in zip(run.model.network.trainable_variables, raw, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_config_refuses_a_precision_that_there_is_not():
    with pytest.raises(ValueError, match="precision is 'half'"):
        run_of(None, precision="half")
    assert "float32" in optimization.PRECISIONS


def test_later_points_of_a_curve_win(tmp_path):
    for values in ((1.0, 2.0, 3.0), (5.0,)):
        line = progress.Progress(tmp_path, 3, 0.0, lambda _: None)
        for offset, value in enumerate(values):
            line.add(offset + 1 if len(values) > 1 else 3, {"loss": value}, 0.1, 8)
        line.close()
    assert progress.read_curves(tmp_path)["loss/loss"] == ([1, 2, 3], [1.0, 2.0, 5.0])
