"""Decoding: every output of hand-made maps."""

import numpy as np
import tensorflow as tf

from simpose_tf.inference import decode


def random_maps(seed: int, batch: int = 2, height: int = 9, width: int = 7) -> dict[str, np.ndarray]:
    """Return maps of the network's shapes with normally distributed values."""
    rng = np.random.default_rng(seed)
    shapes = {
        "heatmap": (17,), "offset": (17, 2), "mask": (), "part": (24,), "uv": (24, 2), "normal": (3,)
    }  # fmt: skip
    return {name: rng.normal(size=(batch, height, width, *shape)).astype(np.float32) for name, shape in shapes.items()}


def test_part_is_one_plus_the_best_channel_and_uv_is_that_channel_plus_half() -> None:
    maps = random_maps(1)
    decoded = decode.decode_maps(maps, 3.0)
    for b, i, j in np.ndindex(2, 9, 7):
        channel = int(np.argmax(maps["part"][b, i, j]))
        assert decoded["part"][b, i, j] == channel + 1
        expected = np.clip(maps["uv"][b, i, j, channel] + np.float32(0.5), 0, 1)
        np.testing.assert_allclose(decoded["uv"][b, i, j], expected)


def test_normals_keep_their_direction_and_have_length_one() -> None:
    maps = random_maps(2)
    normal = decode.decode_maps(maps, 3.0)["normal"].numpy()
    np.testing.assert_allclose(np.linalg.norm(normal, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(np.cross(normal, maps["normal"]), 0, atol=1e-5)
    assert (np.sum(normal * maps["normal"], -1) > 0).all()


def test_zero_normal_faces_the_camera() -> None:
    np.testing.assert_array_equal(decode.unit_normals(tf.zeros((1, 3))), [[0, 0, -1]])


def test_score_is_the_mean_of_the_keypoints_scores() -> None:
    decoded = decode.decode_maps(random_maps(3), 3.0)
    np.testing.assert_allclose(decoded["score"], decoded["keypoints"].numpy()[..., 2].mean(-1), rtol=1e-6)


def test_mask_is_the_sigmoid_of_the_logits() -> None:
    maps = random_maps(4)
    np.testing.assert_allclose(decode.decode_maps(maps, 3.0)["mask"], 1 / (1 + np.exp(-maps["mask"])), rtol=1e-5)


def test_uv_at_parts_reads_the_given_channel_everywhere() -> None:
    uv = random_maps(5)["uv"]
    part = np.random.default_rng(5).integers(1, 25, (2, 9, 7)).astype(np.uint8)
    read = decode.uv_at_parts(tf.constant(uv), tf.constant(part)).numpy()
    for b, i, j in np.ndindex(2, 9, 7):
        expected = np.clip(uv[b, i, j, part[b, i, j] - 1] + np.float32(0.5), 0, 1)
        np.testing.assert_allclose(read[b, i, j], expected)


def test_traced_with_unknown_batch_equals_eager() -> None:
    maps = random_maps(6)
    signature = {name: tf.TensorSpec([None, *values.shape[1:]], tf.float32) for name, values in maps.items()}
    traced = tf.function(lambda m: decode.decode_maps(m, 3.0), input_signature=[signature])
    eager = decode.decode_maps({name: tf.constant(values) for name, values in maps.items()}, 3.0)
    for name, values in traced({name: tf.constant(values) for name, values in maps.items()}).items():
        np.testing.assert_allclose(values, eager[name], rtol=1e-5, atol=1e-6)
