"""Flip averaging: what a mirror does to maps, and that mirrored pictures get mirrored people."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import charts, geometry, keypoints
from simpose_tf.inference import decode, flip
from tests.inference.decode_test import random_maps

WIDTH = 7  # of `random_maps`


def tensors(maps: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(values) for name, values in maps.items()}


def slow_mirror(maps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Mirror pixel by pixel with the leaves' own rules."""
    out = {name: np.zeros_like(values) for name, values in maps.items()}
    batch, height, width = maps["mask"].shape
    for b, i, j in np.ndindex(batch, height, width):
        here, there = (b, i, j), (b, i, width - 1 - j)
        out["mask"][here] = maps["mask"][there]
        out["normal"][here] = geometry.flip_normals(maps["normal"][there])
        for k in range(17):
            out["heatmap"][(*here, keypoints.FLIP[k])] = maps["heatmap"][(*there, k)]
            dx, dy = maps["offset"][(*there, k)]
            out["offset"][(*here, keypoints.FLIP[k])] = (-dx, dy)
        for p in range(1, 25):
            u, v = maps["uv"][(*there, p - 1)] + 0.5
            part, u, v = charts.flip_uv(np.array(p), u, v)
            out["part"][(*here, part - 1)] = maps["part"][(*there, p - 1)]
            out["uv"][(*here, part - 1)] = (u - 0.5, v - 0.5)
    return out


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x.astype(float)))


def test_mirror_equals_slow_loop() -> None:
    maps = random_maps(0)
    mirrored = flip.mirror_maps(tensors(maps))
    for name, expected in slow_mirror(maps).items():
        np.testing.assert_allclose(mirrored[name], expected, atol=1e-6, err_msg=name)


def test_mirroring_twice_changes_nothing() -> None:
    maps = random_maps(1)
    for name, values in flip.mirror_maps(flip.mirror_maps(tensors(maps))).items():
        np.testing.assert_array_equal(values, maps[name], err_msg=name)


def test_average_equals_slow_loop() -> None:
    maps, mirrored = random_maps(2), random_maps(3)
    other = slow_mirror(mirrored)
    average = {name: values.numpy() for name, values in flip.average_maps(tensors(maps), tensors(mirrored)).items()}
    for b, i, j in np.ndindex(2, 9, WIDTH):
        here = (b, i, j)
        near, far = sigmoid(maps["heatmap"][here]), sigmoid(other["heatmap"][here])
        np.testing.assert_allclose(sigmoid(average["heatmap"][here]), (near + far) / 2, atol=1e-6)
        expected = (near[:, None] * maps["offset"][here] + far[:, None] * other["offset"][here]) / (near + far)[:, None]
        np.testing.assert_allclose(average["offset"][here], expected, atol=1e-5)
        masks = sigmoid(maps["mask"][here]), sigmoid(other["mask"][here])
        assert sigmoid(average["mask"][here]) == pytest.approx(np.mean(masks), abs=1e-6)
        parts = [np.exp(m["part"][here]) / np.exp(m["part"][here]).sum() for m in (maps, other)]
        np.testing.assert_allclose(np.exp(average["part"][here]), np.mean(parts, 0), atol=1e-6)
        uv = parts[0][:, None] * maps["uv"][here] + parts[1][:, None] * other["uv"][here]
        np.testing.assert_allclose(average["uv"][here], uv / (parts[0] + parts[1])[:, None], atol=1e-5)
        np.testing.assert_allclose(
            average["normal"][here], (maps["normal"][here] + other["normal"][here]) / 2, atol=1e-6
        )


def test_average_of_a_symmetric_answer_is_itself() -> None:
    maps = random_maps(4)
    average = flip.average_maps(tensors(maps), flip.mirror_maps(tensors(maps)))
    for name in ("heatmap", "offset", "mask", "uv", "normal"):
        np.testing.assert_allclose(average[name], maps[name], atol=2e-5, err_msg=name)
    # Logits of parts come back up to a constant: as probabilities.
    np.testing.assert_allclose(tf.nn.softmax(average["part"]), tf.nn.softmax(maps["part"]), atol=1e-6)


def test_mirrored_pictures_give_exactly_mirrored_people() -> None:
    maps, mirrored = tensors(random_maps(5)), tensors(random_maps(6))
    here = decode.decode_maps(flip.average_maps(maps, mirrored), 3.0)
    there = decode.decode_maps(flip.average_maps(mirrored, maps), 3.0)  # the network saw the mirror image first
    turned = {name: np.asarray(there[name])[:, :, ::-1] for name in ("mask", "part", "uv", "normal")}
    part, u, v = charts.flip_uv(turned["part"], turned["uv"][..., 0], turned["uv"][..., 1])
    np.testing.assert_array_equal(here["part"], part)
    np.testing.assert_allclose(here["uv"], np.stack([u, v], -1), atol=1e-6)
    # To the last bit but one: vectorised functions round otherwise at the end of an array.
    np.testing.assert_allclose(here["mask"], turned["mask"], rtol=1e-6)
    np.testing.assert_allclose(here["normal"], geometry.flip_normals(turned["normal"]), atol=1e-6)
    xy, _ = keypoints.flip(there["keypoints"].numpy()[..., :2], np.zeros((2, 17)), WIDTH)
    np.testing.assert_allclose(here["keypoints"][..., :2], xy, atol=1e-4)
    np.testing.assert_allclose(here["keypoints"][..., 2], there["keypoints"].numpy()[:, keypoints.FLIP, 2], rtol=1e-4)
    np.testing.assert_allclose(here["score"], there["score"], rtol=1e-5)


def test_extreme_logits_stay_finite() -> None:
    maps = {name: 1e4 * values for name, values in random_maps(7).items()}
    for name, values in flip.average_maps(tensors(maps), tensors(maps)).items():
        assert np.isfinite(values).all(), name
