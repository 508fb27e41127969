import dataclasses

import cv2
import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import charts, geometry, keypoints
from simpose_tf.data import crops, schema, targets
from simpose_tf.errors import InputError
from tests.data import synthetic

CROP = crops.CropConfig(height=129, width=97, label_stride=4, disk_radius=25.0)
FULL = dataclasses.replace(CROP, label_stride=1)

# Boxes of a 240 x 230 record: larger than the crop, smaller, and over the picture's edge.
BOXES = [(20, 30, 225, 180), (100.3, 60.7, 160.1, 95.2), (-10, 120, 130, 250)]


TURNS = [(0.0, False), (25.0, False), (-40.0, True), (0.0, True)]


def coordinates_crop(box, enlargement=1.25, crop=FULL, angle_deg=0.0, flip=False):
    points = np.random.default_rng(2).uniform(10, 220, (17, 2))
    person = synthetic.coordinates_person((240, 230), box, points)
    fields = schema.read(schema.encode(person))
    matrix = crops.record_from_crop(fields["box_yxyx"], enlargement, crop, angle_deg, flip)
    # The picture as it is: JPEG would blur the pattern.
    cut = crops.cut_crop(fields, matrix, crop, picture=person.image)
    return person, cut | {"uv": cut["iuv"][..., 1:] / 65535, "part": cut["iuv"][..., 0]}


def record_coordinates(cut, crop):
    """Return the record coordinates `[Hl,Wl,2]` of the grid's points, by `record_from_crop`, and where that is inside
    the 240 x 230 record by more than a pixel's reach."""
    grid = np.stack(np.meshgrid(crop.grid_x(), crop.grid_y()), -1)
    points = geometry.transform_points(cut["record_from_crop"].astype(float), grid)
    return points, np.all((points > 4) & (points < np.array([226, 236])), -1)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("box", BOXES)
def test_image_shows_at_each_pixel_what_the_transform_says(box, turn):
    _, cut = coordinates_crop(box, 1.25, FULL, *turn)
    expected, inside = record_coordinates(cut, FULL)
    # Whole levels would blur the comparison: OpenCV warps floats by the same rules.
    ramp = np.stack(np.meshgrid(np.arange(230) + 0.5, np.arange(240) + 0.5), -1).astype(np.float32)
    matrix = crops.record_from_crop(np.array(box), 1.25, FULL, *turn)
    error = np.abs(crops.warp_image(ramp, matrix, FULL) - expected)[inside]
    assert inside.mean() > 0.3
    assert error.max() < 0.1  # record pixels
    # The crop itself differs by what is cut off to whole levels, in the pattern and twice in the warp.
    assert np.abs(cut["image"][..., :2] + 0.5 - expected)[inside].max() < 0.1 + 0.5 + 0.5


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("crop", [CROP, FULL], ids=["stride 4", "stride 1"])
def test_labels_are_those_of_the_record_pixel_under_the_grid_point(box, crop, turn):
    _, cut = coordinates_crop(box, 1.25, crop, *turn)
    expected, inside = record_coordinates(cut, crop)
    error = np.abs(cut["uv"] * 255 - expected)[inside]
    assert error.max() < 0.5 + 5e-3  # the nearest pixel's centre; u is stored in 1/257 of a pixel
    assert error.max() > 0.3
    np.testing.assert_array_equal(cut["part"][inside], 2)
    normals = targets.dense_targets(np.zeros_like(cut["normal"]), cut["normal"])["normal"].numpy()
    np.testing.assert_allclose(normals[inside], np.tile([0.6, 0, -0.8], (inside.sum(), 1)), atol=2e-5)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("box", BOXES)
def test_keypoints_land_where_the_transform_says(box, turn):
    person, cut = coordinates_crop(box, 1.25, FULL, *turn)
    back = geometry.transform_points(cut["record_from_crop"].astype(float), cut["keypoints_xy"].astype(float))
    order = keypoints.FLIP if turn[1] else np.arange(17)  # in a mirror left is right
    np.testing.assert_allclose(back[order], person.keypoints_xy, atol=1e-3)


@pytest.mark.parametrize("turn", TURNS)
def test_image_labels_and_keypoints_agree_at_the_keypoints(turn):
    person, cut = coordinates_crop(BOXES[0], 1.0, FULL, *turn)
    x, y = np.floor(cut["keypoints_xy"]).astype(int).T
    inside = (x >= 1) & (x < FULL.width - 1) & (y >= 1) & (y < FULL.height - 1)
    scale = crops.scale_of(cut["record_from_crop"])
    at_image = cut["image"][y[inside], x[inside], :2] + 0.5
    at_labels = cut["uv"][y[inside], x[inside]] * 255
    truth = person.keypoints_xy[keypoints.FLIP if turn[1] else np.arange(17)][inside]
    assert inside.sum() > 5
    # Within half a crop pixel's diagonal of the keypoint; the image has whole levels, the labels whole record pixels.
    assert np.abs(at_image - truth).max() <= 0.71 * scale + 1.1
    assert np.abs(at_labels - truth).max() <= 0.71 * scale + 0.51


def test_record_from_crop_equals_the_geometry_of_boxes():
    rng = np.random.default_rng(0)
    for _ in range(20):
        box = np.concatenate([rng.uniform(-20, 100, 2), rng.uniform(110, 300, 2)])
        enlargement = rng.uniform(1, 1.5)
        extended = geometry.extend_box(box, CROP.aspect, enlargement)
        expected = np.linalg.inv(geometry.crop_from_image(extended, CROP.height, CROP.width))
        np.testing.assert_allclose(crops.record_from_crop(box, enlargement, CROP), expected, rtol=1e-9, atol=1e-9)


def test_a_turned_crop_keeps_its_middle_and_its_upper_edge_goes_right():
    box = np.array([10.0, 20.0, 139.0, 117.0])  # 129 x 97: the crop's own size
    matrix = crops.record_from_crop(box, 1.0, CROP, angle_deg=90.0)
    middle, upper = geometry.transform_points(matrix, np.array([[48.5, 64.5], [48.5, 0.0]]))
    np.testing.assert_allclose(middle, [68.5, 74.5])
    np.testing.assert_allclose(upper, [68.5 + 64.5, 74.5], atol=1e-9)
    assert crops.scale_of(matrix) == pytest.approx(1)


@pytest.mark.parametrize("box", [(5, 5, 5, 5), (9, 9, 5, 5), (0, 0, np.nan, 5), (0, 0, np.inf, 5)])
def test_a_box_without_area_is_refused(box):
    with pytest.raises(InputError, match="no area"):
        crops.record_from_crop(np.array(box, float), 1.0, CROP)


def test_a_crop_at_the_records_own_scale_is_a_copy():
    image = np.random.default_rng(0).integers(0, 256, (140, 120, 3), np.uint8)
    matrix = np.array([[1, 0, 7], [0, 1, 5], [0, 0, 1.0]])
    np.testing.assert_array_equal(crops.warp_image(image, matrix, CROP), image[5:134, 7:104])
    np.testing.assert_array_equal(crops.warp_labels(image, matrix, CROP), image[5:134:4, 7:104:4])


def test_outside_of_the_picture_is_black_and_without_labels():
    image = np.full((50, 40, 3), 200, np.uint8)
    matrix = np.array([[1, 0, -20], [0, 1, -30], [0, 0, 1.0]])
    inside = np.zeros((129, 97), bool)
    inside[30:80, 20:60] = True
    for got in (crops.warp_image(image, matrix, FULL), crops.warp_labels(image, matrix, FULL)):
        np.testing.assert_array_equal(got[inside], 200)
        np.testing.assert_array_equal(got[~inside], 0)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_a_crop_off_the_picture_is_black(scale):
    matrix = np.array([[scale, 0, 500], [0, scale, 10], [0, 0, 1.0]])
    assert not crops.warp_image(np.full((50, 40, 3), 200, np.uint8), matrix, CROP).any()


@pytest.mark.parametrize("angle_deg", [0.0, 20.0])
def test_stripes_finer_than_the_crop_turn_grey_instead_of_aliasing(angle_deg):
    stripes = np.zeros((500, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    # 3.86 record pixels per crop pixel: sampled without a low-pass they would beat at full contrast.
    matrix = crops.record_from_crop(np.array([1.0, 20.0, 499.0, 380.0]), 1.0, CROP, angle_deg)
    warped = crops.warp_image(stripes, matrix, CROP).astype(float)
    inside = crops.warp_labels(np.ones((500, 400), np.uint8), matrix, FULL) > 0
    inside = cv2.erode(inside.astype(np.uint8), np.ones((11, 11))) > 0
    assert inside.sum() > 5000
    assert np.abs(warped - 127.5)[inside].max() < 3


@pytest.mark.parametrize(("angle_deg", "flip"), TURNS)
def test_a_shrunk_image_equals_a_slow_filter(angle_deg, flip):
    rng = np.random.default_rng(3)
    image = cv2.resize(rng.integers(0, 256, (50, 40, 3), np.uint8), (160, 200), interpolation=cv2.INTER_LINEAR)
    matrix = crops.record_from_crop(np.array([12.0, 20.0, 190.0, 150.0]), 1.1, CROP, angle_deg, flip)
    warped, scale = crops.warp_image(image, matrix, CROP), crops.scale_of(matrix)

    def weights(center, size):  # of a triangle as wide as two crop pixels
        w = np.maximum(0, 1 - np.abs(np.arange(size) + 0.5 - center) / scale)
        return w / w.sum()

    errors = []
    for i, j in rng.integers(15, 80, (60, 2)):
        x, y = geometry.transform_points(matrix, np.array([j + 0.5, i + 0.5]))
        if 5 < x < 155 and 5 < y < 195:
            slow = np.einsum("y,x,yxc->c", weights(y, 200), weights(x, 160), image)
            errors.append(warped[i, j] - slow)
    # A Gaussian of the triangle's width: not the same to the level, but close and without bias.
    assert len(errors) > 30 and np.abs(errors).max() < 8 and np.abs(errors).mean() < 2
    assert np.abs(np.mean(errors, 0)).max() < 1


def test_the_area_is_that_of_the_whole_mask_in_crop_pixels():
    person = synthetic.person(np.random.default_rng(8), size=(250, 220))
    cut = random_cut(person, 1.25, crop=FULL)
    scale = crops.scale_of(cut["record_from_crop"])
    np.testing.assert_allclose(cut["area"], person.mask.sum() / scale**2, rtol=1e-5)
    np.testing.assert_allclose(cut["area"], np.count_nonzero(cut["mask"]), rtol=0.02)


def random_cut(person, enlargement, angle_deg=0.0, flip=False, crop=CROP):
    fields = schema.read(schema.encode(person))
    return crops.cut_crop(fields, crops.record_from_crop(fields["box_yxyx"], enlargement, crop, angle_deg, flip), crop)


def test_a_real_record_gives_zeros_for_what_it_lacks_and_keeps_what_is_ignored():
    person = synthetic.person(np.random.default_rng(8), schema.REAL)
    cut = random_cut(person, 1.5, -10.0)
    assert cut["has_dense"] == 0 and not np.any(cut["iuv"]) and not np.any(cut["normal"])
    expected = crops.warp_labels(person.ignore.astype(np.uint8), cut["record_from_crop"].astype(float), CROP)
    assert np.any(expected)
    np.testing.assert_array_equal(cut["ignore"], expected)


def test_other_people_in_a_record_change_nothing():
    person = synthetic.person(np.random.default_rng(8))
    beside = np.zeros(person.mask.shape, bool)
    beside[:, :60] = True
    alone, crowded = random_cut(person, 1.5), random_cut(dataclasses.replace(person, others=beside & ~person.mask), 1.5)
    for name in alone:
        np.testing.assert_array_equal(alone[name], crowded[name], err_msg=name)
    assert not crowded["ignore"].any()  # their pixels are background, not unknown


def test_a_label_picture_of_another_size_is_refused():
    fields = schema.read(schema.encode(synthetic.person(np.random.default_rng(8))))
    fields["mask"] = schema.read(schema.encode(synthetic.person(np.random.default_rng(8), size=(90, 90))))["mask"]
    with pytest.raises(InputError, match="person/mask is"):
        crops.cut_crop(fields, crops.record_from_crop(fields["box_yxyx"], 1.0, CROP), CROP)


@pytest.mark.parametrize("angle_deg", [0.0, 33.0])
def test_a_flipped_crop_is_the_mirror_image_of_one_turned_the_other_way(angle_deg):
    person = synthetic.person(np.random.default_rng(1))
    plain, flipped = random_cut(person, 1.2, -angle_deg), random_cut(person, 1.2, angle_deg, flip=True)
    centre = plain["record_from_crop"] @ [48.5, 64.5, 1]
    np.testing.assert_allclose(flipped["record_from_crop"] @ [48.5, 64.5, 1], centre, rtol=1e-5)
    if angle_deg == 0:
        assert np.abs(flipped["image"].astype(int) - plain["image"][:, ::-1]).max() <= 2
        for name in ("mask", "ignore", "iuv", "normal"):
            np.testing.assert_array_equal(flipped[name], plain[name][:, ::-1], err_msg=name)
        left, right = keypoints.NAMES.index("left_wrist"), keypoints.NAMES.index("right_wrist")
        np.testing.assert_allclose(
            flipped["keypoints_xy"][left], [97, 0] + plain["keypoints_xy"][right] * [-1, 1], atol=1e-4
        )
        assert flipped["visibility"][left] == plain["visibility"][right]
    # Turned or not: where the crop's x is counted from the other side, the same pixel of the record is seen.
    for point in ([10.0, 20.0], [70.0, 100.0]):
        turned = crops.record_from_crop(person.box_yxyx, 1.2, CROP, angle_deg)
        seen = geometry.transform_points(turned, np.array([97 - point[0], point[1]]))
        back = geometry.transform_points(flipped["record_from_crop"].astype(float), np.array(point))
        np.testing.assert_allclose(back, seen, atol=1e-3)


def test_flip_twice_is_identity():
    person = synthetic.person(np.random.default_rng(4))
    person = dataclasses.replace(person, box_yxyx=person.box_yxyx + np.float32(0.123))  # no grid point on an edge
    ymin, xmin, ymax, xmax = person.box_yxyx
    mirrored_record = dataclasses.replace(
        person,
        image=person.image[:, ::-1], mask=person.mask[:, ::-1], part=charts.FLIP[person.part[:, ::-1]].astype(np.uint8),
        u=np.where(charts.FLIP_U[person.part], 1 - person.u, person.u)[:, ::-1],
        v=np.where(charts.FLIP_V[person.part], 1 - person.v, person.v)[:, ::-1],
        normal=geometry.flip_normals(person.normal)[:, ::-1],
        keypoints_xy=((person.keypoints_xy * [-1, 1] + [250, 0])[keypoints.FLIP]).astype(np.float32),
        visibility=person.visibility[keypoints.FLIP],
        box_yxyx=np.float32([ymin, 250 - xmax, ymax, 250 - xmin]),
    )  # fmt: skip
    once, twice = random_cut(person, 1.2), random_cut(mirrored_record, 1.2, flip=True)
    one, two = (
        {
            k: np.asarray(v[0])
            for k, v in targets.expand({k: tf.constant(v)[None] for k, v in cut.items()}, CROP).items()
        }
        for cut in (once, twice)
    )
    for name in ("part", "mask", "visibility", "valid"):
        np.testing.assert_array_equal(two[name], one[name], err_msg=name)
    np.testing.assert_allclose(two["uv"], one["uv"], atol=2 / 65535)
    np.testing.assert_allclose(two["normal"], one["normal"], atol=4 / 65535)
    np.testing.assert_allclose(two["keypoints_xy"], one["keypoints_xy"], atol=1e-3)
    # JPEG's blocks lie elsewhere in the mirrored record.
    assert np.abs(two["image"] - one["image"]).mean() < 3


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


@pytest.mark.parametrize("flip", [False, True])
def test_annotated_points_follow_their_place_and_a_mirror_their_charts(flip):
    rng = np.random.default_rng(12)
    person = synthetic.person(rng)
    rows, columns = (values[::97] for values in np.nonzero(person.part))
    part = person.part[rows, columns]
    uv = np.stack([person.u[rows, columns], person.v[rows, columns]], -1)
    points = np.concatenate([np.stack([columns, rows], -1) + 0.5, part[:, None], uv], -1)
    off = [[1e4, 5, 3, 0.5, 0.5], [*points[0, :2], 0, 0, 0]]  # far off, and on no part
    fields = schema.read(schema.encode(dataclasses.replace(person, points=np.concatenate([points, off]))))
    matrix = crops.record_from_crop(fields["box_yxyx"], 1.5, CROP, 7.0, flip)
    found = crops.cut_crop(fields, matrix, CROP)["points"]
    assert found.shape == (crops.MAX_POINTS, 5) and np.count_nonzero(found[:, 2]) == len(points)
    back = geometry.transform_points(matrix, found[: len(points), :2].astype(float))
    np.testing.assert_allclose(back, points[:, :2], atol=1e-3)
    expected = np.asarray(charts.FLIP)[part] if flip else part
    np.testing.assert_array_equal(found[: len(points), 2], expected)
    for channel, turned in enumerate((charts.FLIP_U, charts.FLIP_V)):
        mirrored = np.where(np.asarray(turned)[part], 1 - uv[:, channel], uv[:, channel])
        np.testing.assert_allclose(found[: len(points), 3 + channel], mirrored if flip else uv[:, channel], atol=1e-6)


def test_more_points_than_a_batch_holds_are_cut_off_and_a_part_that_is_none_is_refused():
    person = synthetic.person(np.random.default_rng(13))
    middle = person.box_yxyx.reshape(2, 2).mean(0)[::-1]
    points = np.tile([*middle, 2, 0.5, 0.5], (300, 1))
    fields = schema.read(schema.encode(dataclasses.replace(person, points=points)))
    matrix = crops.record_from_crop(fields["box_yxyx"], 1.0, CROP)
    assert np.all(crops.cut_crop(fields, matrix, CROP)["points"][:, 2] == 2)
    with pytest.raises(InputError, match="annotated point"):
        crops.cut_crop(fields | {"points": points + np.array([0, 0, 30, 0, 0])}, matrix, CROP)
