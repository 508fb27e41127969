"""Facts about `simpose_tf.monitoring.gradients`."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import losses
from simpose_tf.data import schema
from simpose_tf.monitoring import gradients
from tests.batches import CROP, random_batch
from tests.monitoring.small import LOSSES, small_network


@pytest.fixture(scope="module")
def network():
    return small_network("batch")


def slow_squares(network, features, batch):
    """Return squared norms by crop and task, one small gradient after the other: `[7, B]`."""
    weights, size = LOSSES.weights(), len(features)
    counts = {name: float(tf.reduce_sum(count)) for name, count in losses.all_counts(batch, LOSSES).items()}
    rows = np.zeros((len(losses.TERMS) + 1, size))
    for crop in range(size):
        one = {name: value[crop : crop + 1] for name, value in batch.items()}
        total = 0.0
        for place, name in enumerate(losses.TERMS):
            with tf.GradientTape() as tape:
                own = tf.constant(features[crop : crop + 1])
                tape.watch(own)
                value, _ = losses.all_terms(network.maps(own), one, LOSSES, CROP.radius)[name]
            gradient = tape.gradient(value, own).numpy() * (weights[name] / counts[name] if counts[name] else 0)
            rows[place, crop] = np.square(gradient).sum()
            total = total + gradient
        rows[-1, crop] = np.square(total).sum()
    return rows


@pytest.mark.parametrize("gaps", [True, False])
def test_squares_equal_a_slow_loop_over_crops_and_tasks(network, gaps):
    batch = random_batch(np.random.default_rng(3), 4, gaps=gaps)
    batch["domain"] = tf.constant([schema.SIM, schema.REAL, schema.SIM, schema.REAL], tf.int32)
    squares = gradients.feature_squares(network, batch, LOSSES).numpy()
    features = network.features(batch["image"], training=True, domain=batch["domain"]).numpy()
    rows = slow_squares(network, features, batch)
    by_domain = np.stack([rows[:, batch["domain"] == number].sum(1) for number in (schema.REAL, schema.SIM)], 1)
    np.testing.assert_allclose(squares, by_domain, rtol=1e-3)
    assert by_domain[:, schema.SIM].min() > 0


def test_a_look_changes_neither_weights_nor_moving_averages(network):
    before = [v.numpy() for v in network.variables]
    tf.function(gradients.feature_squares)(network, random_batch(np.random.default_rng(4), 2), LOSSES)
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_dense_tasks_have_no_share_where_all_crops_are_real(network):
    batch = random_batch(np.random.default_rng(5), 2, gaps=False)
    batch["domain"] = tf.zeros(2, tf.int32)
    shares = gradients.shares(gradients.feature_squares(network, batch, LOSSES).numpy(), losses.TERMS)
    assert [shares[f"gradient_share_task/{name}"] for name in ("part", "uv", "normal")] == [0, 0, 0]
    assert shares["gradient_share_domain/real"] == 1 and shares["gradient_share_domain/sim"] == 0


def test_shares_preset():
    squares = np.zeros((7, 2))
    squares[0] = 9, 16  # 5
    squares[4] = 0, 25  # 5
    squares[6] = 9, 1  # 3 and 1
    shares = gradients.shares(squares, losses.TERMS)
    assert shares["gradient_share_task/heatmap"] == shares["gradient_share_task/uv"] == 0.5
    assert (shares["gradient_share_domain/real"], shares["gradient_share_domain/sim"]) == (0.75, 0.25)
    assert sum(shares.values()) == pytest.approx(2)
    assert set(gradients.shares(np.zeros((7, 2)), losses.TERMS).values()) == {0.0}


def test_norms_are_those_of_numpy(network):
    rng = np.random.default_rng(6)
    values = [rng.normal(size=v.shape).astype(np.float32) for v in network.trainable_variables]
    norms = {name: float(v) for name, v in gradients.gradient_norms([tf.constant(v) for v in values], network).items()}
    of = {v.ref(): value for v, value in zip(network.trainable_variables, values, strict=True)}
    for name, head in network.heads.items():
        expected = np.sqrt(sum(np.square(of[v.ref()]).sum() for v in head.trainable_variables))
        assert norms[f"gradient_norm/{name}"] == pytest.approx(expected, rel=1e-4)
    backbone = np.sqrt(sum(np.square(of[v.ref()]).sum() for v in network.backbone.trainable_variables))
    assert norms["gradient_norm/backbone"] == pytest.approx(backbone, rel=1e-4)
    assert norms["gradient_norm/all"] == pytest.approx(np.sqrt(sum(np.square(v).sum() for v in values)), rel=1e-4)


@pytest.fixture(scope="module")
def replicas():
    program = [sys.executable, "-m", "tests.monitoring.replicas"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_squares_on_one_and_two_replicas_are_equal(replicas):
    assert np.min(np.array(replicas["1"]["squares"])[:, schema.SIM]) > 0
    np.testing.assert_allclose(replicas["2"]["squares"], replicas["1"]["squares"], rtol=1e-3)


@pytest.mark.slow
def test_answers_under_one_and_two_replicas_are_equal(replicas):
    np.testing.assert_allclose(replicas["2"]["keypoints"], replicas["1"]["keypoints"], atol=1e-2)
    np.testing.assert_allclose(replicas["2"]["mean"], replicas["1"]["mean"], atol=1e-4)
