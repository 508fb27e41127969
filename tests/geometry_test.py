import numpy as np
import pytest

from simpose_tf import geometry

RNG = np.random.default_rng(0)


def test_rotation_about_turns_right_handed():
    quarter = geometry.rotation_about(np.array([0.0, 0, 1]), np.pi / 2)
    np.testing.assert_allclose(quarter @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_rotation_about_is_orthonormal_random():
    axis = RNG.normal(size=(20, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    r = geometry.rotation_about(axis, RNG.uniform(-7, 7, 20))
    np.testing.assert_allclose(r @ np.swapaxes(r, 1, 2), np.tile(np.eye(3), (20, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(r), 1)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", r, axis), axis, atol=1e-12)


@pytest.mark.parametrize("b", [[1.0, 0, 0], [-1.0, 0, 0], [0.3, -0.4, 2.0]])
def test_rotation_between_takes_a_to_b(b):
    a, b = np.array([1.0, 0, 0]), np.array(b)
    np.testing.assert_allclose(geometry.rotation_between(a, b) @ a, b / np.linalg.norm(b), atol=1e-9)


def test_look_at_sees_the_target_in_the_middle_with_up_on_top():
    matrix = geometry.look_at(np.array([1.0, 2, 3]), np.array([0.0, 1, -1]))
    target = geometry.transform_points(matrix, np.array([0.0, 1, -1]))
    np.testing.assert_allclose(target[:2], 0, atol=1e-12)
    assert target[2] == pytest.approx(np.sqrt(18))
    assert geometry.transform_points(matrix, np.array([0.0, 2, -1]))[1] < 0  # y down
    assert geometry.transform_points(matrix, np.array([1.0, 1, -1]))[0] > 0  # x right, looking along -z


def test_look_at_roll_turns_the_camera_clockwise():
    matrix = geometry.look_at(np.zeros(3), np.array([0.0, 0, -1]), np.radians(90))
    # A camera that lies on its right side sees the world's up on its left.
    np.testing.assert_allclose(geometry.transform_points(matrix, np.array([0.0, 1, -1])), [-1, 0, 1], atol=1e-12)


def test_boxes_round_trip():
    boxes = RNG.uniform(0, 9, (5, 4))
    np.testing.assert_allclose(geometry.box_yxyx_from_xywh(geometry.box_xywh_from_yxyx(boxes)), boxes)
    assert geometry.box_yxyx_from_xywh(np.array([1, 2, 3, 4])).tolist() == [2, 1, 6, 4]


def test_extend_box_keeps_the_centre_and_the_longer_side():
    wide = geometry.extend_box(np.array([10, 0, 20, 40.0]), aspect=2.0)
    assert wide.tolist() == [15 - 40, 0, 15 + 40, 40]
    tall = geometry.extend_box(np.array([0, 0, 40, 10.0]), aspect=2.0, enlargement=1.5)
    assert tall.tolist() == [-10, 5 - 15, 50, 5 + 15]


def test_crop_from_image_takes_the_box_to_the_crop():
    matrix = geometry.crop_from_image(np.array([10, 20, 110, 70.0]), 200, 150)
    corners = geometry.transform_points(matrix, np.array([[20, 10], [70, 110.0]]))
    np.testing.assert_allclose(corners, [[0, 0], [150, 200]])


def test_flip_normals_twice_is_identity():
    normals = RNG.normal(size=(4, 3))
    np.testing.assert_array_equal(geometry.flip_normals(geometry.flip_normals(normals)), normals)
    assert geometry.flip_normals(np.array([1.0, 2, 3])).tolist() == [-1, 2, 3]
