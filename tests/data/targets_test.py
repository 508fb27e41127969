import numpy as np
import tensorflow as tf

from simpose_tf.data import crops, schema, targets
from tests.data import synthetic

CROP = crops.CropConfig(height=33, width=25, label_stride=4, disk_radius=60.0)


def slow_keypoint_targets(xy, visibility, crop):
    heatmap = np.zeros((crop.grid_height, crop.grid_width, 17), np.float32)
    offset = np.zeros((*heatmap.shape, 2), np.float32)
    for i in range(crop.grid_height):
        for j in range(crop.grid_width):
            for k in range(17):
                delta = xy[k] - np.array([crop.label_stride * j + 0.5, crop.label_stride * i + 0.5])
                if visibility[k] > 0 and np.hypot(*delta) <= 60 * crop.height / 353:
                    heatmap[i, j, k], offset[i, j, k] = 1, delta
    return heatmap, offset


def test_keypoint_targets_equal_a_slow_loop():
    rng = np.random.default_rng(0)
    xy = rng.uniform(-3, 30, (4, 17, 2)).astype(np.float32)
    visibility = rng.integers(0, 3, (4, 17)).astype(np.int32)
    got = targets.keypoint_targets(tf.constant(xy), tf.constant(visibility), CROP)
    for b in range(4):
        heatmap, offset = slow_keypoint_targets(xy[b], visibility[b], CROP)
        assert heatmap.any()
        np.testing.assert_array_equal(got["heatmap"][b], heatmap)
        np.testing.assert_allclose(got["offset"][b], offset, atol=1e-5)
    np.testing.assert_array_equal(got["keypoint_weight"], visibility > 0)


def test_grid_point_plus_offset_is_the_keypoint():
    xy = np.full((1, 17, 2), 12.25, np.float32)
    got = targets.keypoint_targets(tf.constant(xy), tf.fill([1, 17], 2), CROP)
    i, j, k = np.argwhere(got["heatmap"][0].numpy() > 0).T
    voted = np.stack([CROP.grid_x()[j], CROP.grid_y()[i]], -1) + got["offset"][0].numpy()[i, j, k]
    np.testing.assert_allclose(voted, 12.25, atol=1e-5)


def test_keypoints_outside_the_crop_lose_their_visibility_and_keep_it_inside():
    xy = tf.constant([[0.0, 0.0], [24.9, 32.9], [25.0, 5.0], [5.0, 33.0], [-0.1, 5.0]])
    hidden = targets.hide_outside(xy, tf.constant([1, 2, 2, 1, 2]), CROP)
    np.testing.assert_array_equal(hidden, [1, 2, 0, 0, 0])


def test_dense_targets_equal_the_decoder_in_numpy():
    serialized = schema.encode(synthetic.person(np.random.default_rng(3), size=(80, 80)))
    person, parsed = schema.decode(serialized), schema.parse(serialized)
    pictures = [schema.decode_picture(parsed[name], name) for name in ("iuv", "normal")]
    got = targets.dense_targets(*pictures)
    np.testing.assert_array_equal(got["part"], person.part)
    np.testing.assert_array_equal(got["uv"], np.stack([person.u, person.v], -1))
    np.testing.assert_allclose(got["normal"], person.normal, atol=1e-6)
    assert got["part"].dtype == tf.int32 and got["uv"].dtype == tf.float32


def test_ignored_cells_are_not_valid():
    ignore = np.zeros((1, 9, 7, 1), np.uint8)
    ignore[0, 2:4, 3] = 1
    zeros = tf.zeros([1, 9, 7, 3], tf.uint16)
    batch = {"mask": tf.zeros([1, 9, 7, 1], tf.uint8), "ignore": tf.constant(ignore), "iuv": zeros, "normal": zeros}
    np.testing.assert_array_equal(targets.from_levels(batch)["valid"], 1 - ignore[..., 0])
