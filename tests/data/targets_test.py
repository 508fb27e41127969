import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import charts
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
    xy = np.array([[0.0, 0.0], [24.9, 32.9], [25.0, 5.0], [5.0, 33.0], [-0.1, 5.0]])
    hidden = targets.hide_outside(xy, np.array([1, 2, 2, 1, 2]), CROP)
    np.testing.assert_array_equal(hidden, [1, 2, 0, 0, 0])


def test_dense_targets_equal_the_decoder_in_numpy():
    serialized = schema.encode(synthetic.person(np.random.default_rng(3), size=(80, 80)))
    person, fields = schema.decode(serialized), schema.read(serialized)
    pictures = [tf.constant(schema.decode_picture(fields[name], name)) for name in ("iuv", "normal")]
    got = targets.dense_targets(*pictures)
    np.testing.assert_array_equal(got["part"], person.part)
    np.testing.assert_array_equal(got["uv"], np.stack([person.u, person.v], -1))
    np.testing.assert_allclose(got["normal"], person.normal, atol=1e-6)
    assert got["part"].dtype == tf.int32 and got["uv"].dtype == tf.float32


def levels(count=2, **changes):
    """Return an empty batch as the pipeline gives it, cut out upright at the record's own scale."""
    grid = (count, CROP.grid_height, CROP.grid_width)
    batch = {
        "image": np.zeros((count, CROP.height, CROP.width, 3), np.float32),
        "keypoints_xy": np.full((count, 17, 2), 10, np.float32), "visibility": np.zeros((count, 17), np.int32),
        "mask": np.zeros(grid, np.uint8), "ignore": np.zeros(grid, np.uint8),
        "iuv": np.zeros((*grid, 3), np.uint16), "normal": np.zeros((*grid, 3), np.uint16),
        "points": np.zeros((count, 3, 5), np.float32),
        "record_from_crop": np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
    }  # fmt: skip
    return {name: tf.constant(changes.get(name, value)) for name, value in batch.items()}


def turned(angle_deg, flip):
    box = np.array([0.0, 0.0, 33.0, 25.0])
    return crops.record_from_crop(box, 1.7, CROP, angle_deg, flip)[None].astype(np.float32)


def test_ignored_cells_are_not_valid():
    ignore = np.zeros((2, 9, 7), np.uint8)
    ignore[0, 2:4, 3] = 1
    np.testing.assert_array_equal(targets.expand(levels(ignore=ignore), CROP)["valid"], 1 - ignore)


def test_a_person_without_labelled_keypoints_has_a_mask_but_no_weight_in_heatmaps_and_offsets():
    visibility, mask = np.zeros((2, 17), np.int32), np.ones((2, 9, 7), np.uint8)
    visibility[1] = 2
    batch = targets.expand(levels(visibility=visibility, mask=mask), CROP)
    assert not batch["keypoint_weight"][0].numpy().any() and not batch["heatmap"][0].numpy().any()
    assert batch["keypoint_weight"][1].numpy().all() and batch["heatmap"][1].numpy().any()
    assert (batch["mask"].numpy() == 1).all() and (batch["valid"].numpy() == 1).all()


def test_a_complete_batch_passes_unchanged():
    batch = targets.expand(levels(), CROP)
    again = targets.expand(batch, CROP)
    assert again.keys() == batch.keys() and all(again[name] is batch[name] for name in batch)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("flip", [False, True])
def test_normals_turn_as_directions_in_the_picture_do(angle_deg, flip):
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(1, 9, 7, 3))
    normals = (normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32)
    matrix = turned(angle_deg, flip)
    zeros = {"part": tf.zeros((1, 9, 7), tf.int32), "uv": tf.zeros((1, 9, 7, 2))}
    got = targets.turn_labels({**zeros, "normal": tf.constant(normals)}, tf.constant(matrix))["normal"].numpy()
    # A short way along the normal, drawn in the record, ends in the crop where the crop's normal points.
    crop_from_record = np.linalg.inv(matrix[0].astype(float))
    scale = crops.scale_of(matrix[0])
    for i, j in np.ndindex(9, 7):
        moved = crop_from_record[:2, :2] @ normals[0, i, j, :2] * scale
        np.testing.assert_allclose(got[0, i, j], [*moved, normals[0, i, j, 2]], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(got, axis=-1), 1, atol=1e-5)


def test_a_crop_turned_clockwise_sees_what_pointed_right_pointing_up():
    normals = tf.constant(np.tile(np.float32([1, 0, 0]), (1, 9, 7, 1)))
    zeros = {"part": tf.zeros((1, 9, 7), tf.int32), "uv": tf.zeros((1, 9, 7, 2))}
    got = targets.turn_labels({**zeros, "normal": normals}, tf.constant(turned(90.0, False)))["normal"]
    np.testing.assert_allclose(got, np.tile([0, -1, 0], (1, 9, 7, 1)), atol=1e-6)


def test_parts_and_uv_follow_the_chart_rules_under_a_mirror_alone():
    part = np.arange(63, dtype=np.int32).reshape(1, 9, 7) % 25
    uv = np.random.default_rng(1).random((1, 9, 7, 2)).astype(np.float32)
    dense = {"part": tf.constant(part), "uv": tf.constant(uv), "normal": tf.zeros((1, 9, 7, 3))}
    upright = targets.turn_labels(dense, tf.constant(turned(25.0, False)))
    np.testing.assert_array_equal(upright["part"], part)
    np.testing.assert_array_equal(upright["uv"], uv)
    mirrored = targets.turn_labels(dense, tf.constant(turned(25.0, True)))
    expected = charts.flip_uv(part, uv[..., 0], uv[..., 1])
    np.testing.assert_array_equal(mirrored["part"], expected[0])
    np.testing.assert_array_equal(mirrored["uv"], np.stack(expected[1:], -1))
    # By hand: torso: v turns; the head's right half (23) becomes the left one and u turns; a hand's u turns, too.
    for old, new, turn_u, turn_v in [
        (2, 2, False, True),
        (23, 24, True, False),
        (15, 16, False, False),
        (3, 4, True, False),
    ]:
        there = part == old
        np.testing.assert_array_equal(mirrored["part"].numpy()[there], new)
        u, v = uv[there].T
        np.testing.assert_array_equal(
            mirrored["uv"].numpy()[there], np.stack([1 - u if turn_u else u, 1 - v if turn_v else v], -1)
        )


def test_mirrored_twice_is_the_same():
    rng = np.random.default_rng(2)
    dense = {
        "part": tf.constant(rng.integers(0, 25, (1, 9, 7)), tf.int32),
        "uv": tf.constant(rng.random((1, 9, 7, 2)), tf.float32),
        "normal": tf.constant(rng.normal(size=(1, 9, 7, 3)), tf.float32),
    }
    mirror = tf.constant(turned(0.0, True))
    twice = targets.turn_labels(targets.turn_labels(dense, mirror), mirror)
    for name, value in dense.items():
        np.testing.assert_allclose(twice[name], value, atol=1e-6, err_msg=name)


def test_points_are_told_in_cells_of_the_label_grid():
    points = np.zeros((2, 3, 5), np.float32)
    # Cell (row 1, column 2) of a grid of stride s lies at x = 2 s + .5, y = s + .5.
    points[1, 0] = [2 * CROP.label_stride + 0.5, CROP.label_stride + 0.5, 7, 0.25, 0.75]
    batch = targets.expand(levels(points=points), CROP)
    np.testing.assert_allclose(batch["point_xy"][1, 0], [2, 1])
    np.testing.assert_array_equal(batch["point_part"], [[0, 0, 0], [7, 0, 0]])
    np.testing.assert_allclose(batch["point_uv"][1, 0], [0.25, 0.75])
    assert "points" not in batch
