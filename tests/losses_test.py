"""Facts about `simpose_tf.losses`."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import losses
from simpose_tf.data import schema
from tests.batches import random_batch, random_maps

CONFIG = losses.LossConfig(4.0, 1.0, 2.0, 0.5, 0.25, 1.0, 0.0, 0.0, offset_bend=0.7, uv_bend=0.3, normal_bend=1.1)
WITH_POINTS = dataclasses.replace(CONFIG, point_part_weight=0.6, point_uv_weight=0.3)
RADIUS = 2.5


def slow_terms(maps, batch):
    """Return each crop's sum and count of every term by loops over crops, pixels and channels."""
    m = {name: np.asarray(v, np.float64) for name, v in maps.items()}
    b = {name: np.asarray(v, np.float64) for name, v in batch.items()}
    sums = {name: np.zeros((2, len(b["domain"]))) for name in WITH_POINTS.terms()}

    def add(name, weight, loss):
        sums[name][:, i] += weight * loss, weight

    for i, y, x in np.ndindex(b["mask"].shape):
        valid = b["valid"][i, y, x]
        dense = float(b["domain"][i] == schema.SIM) * b["has_dense"][i]
        part = int(b["part"][i, y, x])
        for k in range(17):
            weight = valid * b["keypoint_weight"][i, k]
            disk = b["heatmap"][i, y, x, k]
            add("heatmap", weight, entropy(m["heatmap"][i, y, x, k], disk))
            error = (m["offset"][i, y, x, k] - b["offset"][i, y, x, k]) / RADIUS
            add("offset", weight * disk, sum(huber(e, CONFIG.offset_bend) for e in error))
        add("mask", valid, entropy(m["mask"][i, y, x], b["mask"][i, y, x]))
        add("part", valid * dense, sum(entropy(m["part"][i, y, x, p], float(part == p + 1)) for p in range(24)))
        if part:
            error = m["uv"][i, y, x, part - 1] + 0.5 - b["uv"][i, y, x]
            add("uv", valid * dense, sum(huber(e, CONFIG.uv_bend) for e in error))
        if b["mask"][i, y, x] and np.any(b["normal"][i, y, x]):
            error = m["normal"][i, y, x] - b["normal"][i, y, x]
            add("normal", valid * dense, sum(huber(e, CONFIG.normal_bend) for e in error))
    for i, p in zip(*np.nonzero(b["point_part"]), strict=True):
        part, xy = int(b["point_part"][i, p]), b["point_xy"][i, p]
        logits, uv = (bilinear(m[name][i], xy) for name in ("part", "uv"))
        add("point_part", 1, sum(entropy(logits[q], float(part == q + 1)) for q in range(24)))
        error = uv[part - 1] + 0.5 - b["point_uv"][i, p]
        add("point_uv", 1, sum(huber(e, CONFIG.uv_bend) for e in error))
    return sums


def bilinear(values, xy):
    """Return a map at a place, by weights of all cells."""
    height, width = values.shape[:2]
    x, y = np.clip(xy, 0, [width - 1, height - 1])
    weight_x = np.maximum(0, 1 - np.abs(np.arange(width) - x))
    weight_y = np.maximum(0, 1 - np.abs(np.arange(height) - y))
    return np.einsum("y,x,yx...->...", weight_y, weight_x, values)


def entropy(logit, label):
    probability = 1 / (1 + np.exp(-logit))
    return -np.log(probability if label else 1 - probability)


def huber(error, bend):
    return error**2 / (2 * bend) if abs(error) < bend else abs(error) - bend / 2


@pytest.mark.parametrize("gaps", [True, False])
def test_terms_equal_slow_loops(gaps):
    rng = np.random.default_rng(3)
    batch, maps = random_batch(rng, 3, gaps=gaps), random_maps(rng, 3)
    expected = slow_terms(maps, batch)
    for name, (total, count) in losses.all_terms(maps, batch, WITH_POINTS, RADIUS).items():
        assert expected[name][1].sum() > 0
        np.testing.assert_array_equal(losses.all_counts(batch, WITH_POINTS)[name], count, err_msg=name)
        np.testing.assert_allclose(total, expected[name][0], rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(count, expected[name][1], rtol=1e-6, err_msg=name)


def test_smooth_l1_preset():
    np.testing.assert_allclose(losses.smooth_l1(tf.constant([0.0, 0.5, -1.0, 3.0]), 1.0), [0, 0.125, 0.5, 2.5])
    np.testing.assert_allclose(losses.smooth_l1(tf.constant([0.25, -2.0]), 0.5), [0.0625, 1.75])


def test_real_crops_bear_no_dense_loss_even_with_labels():
    rng = np.random.default_rng(4)
    batch = random_batch(rng, 2, gaps=False) | {"domain": tf.constant([schema.REAL] * 2)}
    terms = losses.all_terms(random_maps(rng, 2), batch, CONFIG, RADIUS)
    assert [name for name in losses.TERMS if not np.any(terms[name][1])] == ["part", "uv", "normal"]
    assert not any(np.any(terms[name][0]) for name in ("part", "uv", "normal"))


def gradients(terms_of, maps, batch):
    """Return the gradient of all sums with respect to each map."""
    with tf.GradientTape() as tape:
        tape.watch(maps)
        total = tf.add_n([tf.reduce_sum(total) for total, _ in terms_of(maps, batch, CONFIG, RADIUS).values()])
    return tape.gradient(total, maps)


def test_uv_gradient_reaches_the_true_part_only():
    rng = np.random.default_rng(5)
    batch, maps = random_batch(rng, 2, gaps=False), random_maps(rng, 2)
    gradient = np.abs(gradients(losses.all_terms, maps, batch)["uv"]).sum(-1)
    part = batch["part"].numpy()
    truth = np.arange(1, 25) == part[..., None]
    assert np.all(gradient[~truth] == 0) and np.all(gradient[truth] > 0)


def test_normal_gradient_stays_inside_the_mask():
    rng = np.random.default_rng(6)
    batch, maps = random_batch(rng, 2, gaps=False), random_maps(rng, 2)
    gradient = np.abs(gradients(losses.all_terms, maps, batch)["normal"]).sum(-1)
    assert np.array_equal(gradient > 0, batch["mask"].numpy() > 0)


def test_unlabelled_keypoints_get_no_gradient():
    rng = np.random.default_rng(7)
    batch, maps = random_batch(rng, 2), random_maps(rng, 2)
    gradient = gradients(losses.all_terms, maps, batch)
    unlabelled = batch["keypoint_weight"].numpy() == 0
    assert np.all(np.abs(gradient["heatmap"]).sum((1, 2))[unlabelled] == 0)
    assert np.all(np.abs(gradient["offset"]).sum((1, 2, 4))[unlabelled] == 0)
    assert np.abs(gradient["heatmap"]).sum() > 0


def test_where_nothing_is_known_nothing_is_learnt():
    rng = np.random.default_rng(9)
    batch, maps = random_batch(rng, 2), random_maps(rng, 2)
    batch |= {"domain": tf.constant([schema.REAL, schema.SIM]), "has_dense": tf.ones(2)}
    for name, gradient in gradients(losses.all_terms, maps, batch).items():
        unknown = gradient.numpy()[batch["valid"].numpy() == 0]
        assert len(unknown) and np.all(unknown == 0) and np.any(gradient), name


def test_perfect_maps_lose_nothing():
    rng = np.random.default_rng(8)
    batch = random_batch(rng, 2, gaps=False)
    parts = losses.true_parts(batch["part"])
    maps = {
        "heatmap": 200 * batch["heatmap"] - 100,
        "offset": batch["offset"],
        "mask": 200 * batch["mask"] - 100,
        "part": 200 * parts - 100,
        "uv": tf.repeat(batch["uv"][..., None, :] - 0.5, 24, -2),
        "normal": batch["normal"],
    }
    for name, (total, _) in losses.all_terms(maps, batch, CONFIG, RADIUS).items():
        assert np.all(total.numpy() < 1e-6), name


def test_points_have_a_term_only_where_they_have_a_weight():
    rng = np.random.default_rng(10)
    batch, maps = random_batch(rng, 2), random_maps(rng, 2)
    assert tuple(losses.all_terms(maps, batch, CONFIG, RADIUS)) == losses.TERMS
    assert tuple(losses.all_terms(maps, batch, WITH_POINTS, RADIUS)) == (*losses.TERMS, "point_part", "point_uv")


def test_points_teach_real_crops_too():
    rng = np.random.default_rng(11)
    batch = random_batch(rng, 2, gaps=False) | {"domain": tf.constant([schema.REAL] * 2)}
    maps = random_maps(rng, 2)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        terms = losses.all_terms(maps, batch, WITH_POINTS, RADIUS)
        total = tf.reduce_sum(terms["point_uv"][0])
    assert np.abs(tape.gradient(total, maps)["uv"]).sum() > 0 and not np.any(terms["uv"][1])


def test_config_refuses_a_bend_of_zero():
    with pytest.raises(ValueError, match="uv_bend"):
        losses.LossConfig(1, 1, 1, 1, 1, 1, 0, 0, offset_bend=1, uv_bend=0, normal_bend=1)
