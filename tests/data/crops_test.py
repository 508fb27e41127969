import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import geometry, keypoints
from simpose_tf.data import crops, schema, targets
from tests.data import synthetic

CROP = crops.CropConfig(height=129, width=97, label_stride=4, disk_radius=25.0)
FULL = dataclasses.replace(CROP, label_stride=1)

# Boxes of a 240 x 230 record: larger than the crop, smaller, and over the picture's edge.
BOXES = [(20, 30, 225, 180), (100.3, 60.7, 160.1, 95.2), (-10, 120, 130, 250)]


def coordinates_crop(box, enlargement=1.25, crop=FULL):
    points = np.random.default_rng(2).uniform(10, 220, (17, 2))
    person = synthetic.coordinates_person((240, 230), box, points)
    # The picture as it is: JPEG would blur the pattern.
    cut = dict(crops.cut_crop(schema.parse(schema.encode(person)), tf.constant(enlargement), crop))
    cut["image"] = crops.warp_image(tf.constant(person.image), cut["record_from_crop"], crop)
    batch = targets.from_levels({name: value[None] for name, value in cut.items()})
    return person, {name: value[0].numpy() for name, value in batch.items()}


def record_coordinates(cut, crop):
    """Return the record coordinates `[Hl,Wl,2]` of the grid's points, by `record_from_crop`, and where that is inside
    the 240 x 230 record by more than a pixel's reach."""
    grid = np.stack(np.meshgrid(crop.grid_x(), crop.grid_y()), -1)
    points = geometry.transform_points(cut["record_from_crop"].astype(float), grid)
    return points, np.all((points > 4) & (points < np.array([226, 236])), -1)


@pytest.mark.parametrize("box", BOXES)
def test_image_shows_at_each_pixel_what_the_transform_says(box):
    _, cut = coordinates_crop(box)
    expected, inside = record_coordinates(cut, FULL)
    # A pixel's value is its left or upper edge (whole number), its centre lies half a pixel further.
    error = np.abs(cut["image"][..., :2] + 0.5 - expected)[inside]
    assert inside.mean() > 0.3
    assert error.max() < 0.15  # record pixels: a sampled triangle of broken width tilts a ramp that much


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("crop", [CROP, FULL], ids=["stride 4", "stride 1"])
def test_labels_are_those_of_the_record_pixel_under_the_grid_point(box, crop):
    _, cut = coordinates_crop(box, crop=crop)
    expected, inside = record_coordinates(cut, crop)
    error = np.abs(cut["uv"] * 255 - expected)[inside]
    assert error.max() < 0.5 + 5e-3  # the nearest pixel's centre; u is stored in 1/257 of a pixel
    assert error.max() > 0.3
    np.testing.assert_array_equal(cut["part"][inside], 2)
    np.testing.assert_allclose(cut["normal"][inside], np.tile([0.6, 0, -0.8], (inside.sum(), 1)), atol=2e-5)


@pytest.mark.parametrize("box", BOXES)
def test_keypoints_land_where_the_transform_says(box):
    person, cut = coordinates_crop(box)
    back = geometry.transform_points(cut["record_from_crop"].astype(float), cut["keypoints_xy"].astype(float))
    np.testing.assert_allclose(back, person.keypoints_xy, atol=1e-3)


def test_image_labels_and_keypoints_agree_at_the_keypoints():
    person, cut = coordinates_crop(BOXES[0], 1.0)
    x, y = np.floor(cut["keypoints_xy"]).astype(int).T
    inside = (x >= 0) & (x < FULL.width) & (y >= 0) & (y < FULL.height)
    scale = cut["record_from_crop"][0, 0]
    at_image = cut["image"][y[inside], x[inside], :2] + 0.5
    at_labels = cut["uv"][y[inside], x[inside]] * 255
    assert inside.sum() > 5
    # Within half a crop pixel of the keypoint; the image's filter tilts a little (above), the labels are up to half a
    # record pixel off.
    assert np.abs(at_image - person.keypoints_xy[inside]).max() <= 0.5 * scale + 0.15
    assert np.abs(at_labels - person.keypoints_xy[inside]).max() <= 0.5 * scale + 0.51


def test_record_from_crop_equals_the_geometry_in_numpy():
    rng = np.random.default_rng(0)
    for _ in range(20):
        box = np.concatenate([rng.uniform(-20, 100, 2), rng.uniform(110, 300, 2)])
        enlargement = rng.uniform(1, 1.5)
        extended = geometry.extend_box(box, CROP.aspect, enlargement)
        expected = np.linalg.inv(geometry.crop_from_image(extended, CROP.height, CROP.width))
        got = crops.record_from_crop(tf.constant(box, tf.float32), tf.constant(enlargement, tf.float32), CROP)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-4)


def test_a_box_without_area_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no area"):
        crops.record_from_crop(tf.constant([5.0, 5.0, 5.0, 5.0]), tf.constant(1.0), CROP)


def test_a_crop_at_the_records_own_scale_is_a_copy():
    image = np.random.default_rng(0).integers(0, 256, (140, 120, 3), np.uint8)
    matrix = tf.constant([[1, 0, 7], [0, 1, 5], [0, 0, 1]], tf.float32)
    np.testing.assert_allclose(crops.warp_image(image, matrix, CROP), image[5:134, 7:104], atol=1e-3)
    np.testing.assert_array_equal(crops.warp_labels(tf.constant(image), matrix, CROP), image[5:134:4, 7:104:4])


def test_outside_of_the_picture_is_black_and_without_labels():
    image = np.full((50, 40, 3), 200, np.uint8)
    matrix = tf.constant([[1, 0, -20], [0, 1, -30], [0, 0, 1]], tf.float32)
    warped = crops.warp_image(image, matrix, FULL).numpy()
    labels = crops.warp_labels(tf.constant(image), matrix, FULL).numpy()
    inside = np.zeros((129, 97), bool)
    inside[30:80, 20:60] = True
    for got in (warped, labels):
        np.testing.assert_allclose(got[inside], 200, atol=1e-3)
        np.testing.assert_array_equal(got[~inside], 0)


def test_stripes_finer_than_the_crop_turn_grey_instead_of_aliasing():
    stripes = np.zeros((500, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    # 3.86 record pixels per crop pixel: sampled without a low-pass they would beat at full contrast.
    matrix = crops.record_from_crop(tf.constant([1.0, 20.0, 499.0, 380.0]), tf.constant(1.0), CROP)
    warped = crops.warp_image(stripes, matrix, CROP).numpy()[5:-5, 5:-5]
    assert np.abs(warped - 127.5).max() < 3


def test_a_shrunk_image_equals_a_slow_triangle_filter():
    image = np.random.default_rng(3).integers(0, 256, (200, 160, 3), np.uint8)
    matrix = crops.record_from_crop(tf.constant([12.0, 20.0, 190.0, 150.0]), tf.constant(1.1), CROP)
    warped = crops.warp_image(image, matrix, CROP).numpy()
    scale, x0, y0 = float(matrix[0, 0]), float(matrix[0, 2]), float(matrix[1, 2])

    def weights(center, size):
        w = np.maximum(0, 1 - np.abs(np.arange(size) + 0.5 - center) / scale)
        return w / w.sum()

    for i, j in np.random.default_rng(4).integers(5, 90, (30, 2)):
        wy, wx = weights((i + 0.5) * scale + y0, 200), weights((j + 0.5) * scale + x0, 160)
        np.testing.assert_allclose(warped[i, j], np.einsum("y,x,yxc->c", wy, wx, image), atol=0.02)


def test_the_area_is_that_of_the_whole_mask_in_crop_pixels():
    person = synthetic.person(np.random.default_rng(8), size=(250, 220))
    cut = crops.cut_crop(schema.parse(schema.encode(person)), tf.constant(1.25), FULL)
    scale = float(cut["record_from_crop"][0, 0])
    np.testing.assert_allclose(cut["area"], person.mask.sum() / scale**2, rtol=1e-5)
    np.testing.assert_allclose(cut["area"], tf.reduce_sum(tf.cast(cut["mask"], tf.float32)), rtol=0.02)


def test_a_real_record_gives_zeros_for_what_it_lacks_and_keeps_what_is_ignored():
    person = synthetic.person(np.random.default_rng(8), schema.REAL)
    cut = crops.cut_crop(schema.parse(schema.encode(person)), tf.constant(1.5), CROP)
    assert cut["has_dense"] == 0 and not np.any(cut["iuv"]) and not np.any(cut["normal"])
    expected = crops.warp_labels(tf.constant(person.ignore[..., None].astype(np.uint8)), cut["record_from_crop"], CROP)
    assert np.any(expected)
    np.testing.assert_array_equal(cut["ignore"], expected)


def random_batch(seed=0):
    rng = np.random.default_rng(seed)
    people = [synthetic.person(rng, domain) for domain in (schema.SIM, schema.REAL, schema.SIM)]
    cut = [crops.cut_crop(schema.parse(schema.encode(p)), tf.constant(1.2), CROP) for p in people]
    return targets.from_levels({name: tf.stack([c[name] for c in cut]) for name in cut[0]})


def test_flip_twice_is_identity():
    batch = random_batch()
    yes = tf.constant([True, True, True])
    twice = crops.flip_crops(crops.flip_crops(batch, yes, CROP), yes, CROP)
    assert twice.keys() == batch.keys()
    for name, value in batch.items():
        # 1 - (1 - u) and W - (W - x) round; everything else is exact.
        atol = {"uv": 1e-7, "keypoints_xy": 2e-5, "record_from_crop": 2e-4}.get(name, 0)
        np.testing.assert_allclose(twice[name], value, rtol=0, atol=atol, err_msg=name)


def test_flip_touches_only_the_crops_it_is_asked_to():
    batch = random_batch()
    flipped = crops.flip_crops(batch, tf.constant([False, True, False]), CROP)
    for name, value in batch.items():
        np.testing.assert_array_equal(flipped[name][0], value[0], err_msg=name)
    assert not np.allclose(flipped["image"][1], batch["image"][1])


def test_flip_mirrors_picture_labels_and_keypoints_by_hand():
    batch = random_batch()
    flipped = crops.flip_crops(batch, tf.constant([True, True, True]), CROP)
    np.testing.assert_array_equal(flipped["image"], batch["image"][:, :, ::-1])
    np.testing.assert_array_equal(flipped["mask"], batch["mask"][:, :, ::-1])
    left, right = keypoints.NAMES.index("left_wrist"), keypoints.NAMES.index("right_wrist")
    np.testing.assert_allclose(flipped["keypoints_xy"][:, left, 0], 97 - batch["keypoints_xy"][:, right, 0], atol=1e-5)
    np.testing.assert_array_equal(flipped["keypoints_xy"][:, left, 1], batch["keypoints_xy"][:, right, 1])
    np.testing.assert_array_equal(flipped["visibility"][:, left], batch["visibility"][:, right])
    np.testing.assert_array_equal(flipped["normal"][..., 0], -batch["normal"][:, :, ::-1, 0])
    np.testing.assert_array_equal(flipped["normal"][..., 1:], batch["normal"][:, :, ::-1, 1:])
    # Torso: v turns; right hand side of the head (23) becomes 24 and u turns; upper arms change names only.
    before = {name: batch[name].numpy()[:, :, ::-1] for name in ("part", "uv")}
    part, uv = flipped["part"].numpy(), flipped["uv"].numpy()
    for old, new, turn_u, turn_v in [(2, 2, False, True), (23, 24, True, False), (15, 16, False, False)]:
        there = before["part"] == old
        assert there.any()
        np.testing.assert_array_equal(part[there], new)
        u, v = before["uv"][there].T
        np.testing.assert_array_equal(uv[there], np.stack([1 - u if turn_u else u, 1 - v if turn_v else v], -1))
    assert not part[before["part"] == 0].any() and not uv[before["part"] == 0].any()


def test_flipped_record_from_crop_takes_mirrored_keypoints_to_the_record():
    batch = random_batch()
    flipped = crops.flip_crops(batch, tf.constant([True, True, True]), CROP)
    for i in range(3):
        before = geometry.transform_points(batch["record_from_crop"][i].numpy(), batch["keypoints_xy"][i].numpy())
        after = geometry.transform_points(flipped["record_from_crop"][i].numpy(), flipped["keypoints_xy"][i].numpy())
        np.testing.assert_allclose(after[keypoints.FLIP], before, atol=1e-3)


@pytest.mark.parametrize("size", [(353, 257, 1), (353, 257, 8), (129, 97, 4)])
def test_the_label_grid_begins_and_ends_on_the_crops_first_and_last_pixel(size):
    crop = crops.CropConfig(*size, disk_radius=25.0)
    assert crop.grid_x()[0] == 0.5 and crop.grid_x()[-1] == crop.width - 0.5
    assert crop.grid_y()[0] == 0.5 and crop.grid_y()[-1] == crop.height - 0.5
    assert (len(crop.grid_y()), len(crop.grid_x())) == (crop.grid_height, crop.grid_width)


def test_radius_scales_with_the_height():
    assert crops.CropConfig(353, 257, 1, 25.0).radius == 25.0
    assert crops.CropConfig(129, 97, 1, 25.0).radius == pytest.approx(25 * 129 / 353)


@pytest.mark.parametrize("fields", [(129, 97, 5, 25.0), (1, 97, 1, 25.0), (129, 97, 0, 25.0), (129, 97, 4, 0.0)])
def test_crop_config_refuses_what_makes_no_grid(fields):
    with pytest.raises(ValueError, match="must"):
        crops.CropConfig(*fields)
