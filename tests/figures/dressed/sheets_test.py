import numpy as np
import pytest

from simpose_tf.figures.dressed import sheets
from simpose_tf.figures.dressed.patches import Patch


def test_hull_radius_of_a_square():
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0.3, 0.2]], float)
    directions = np.array([[1, 0], [0, -1], [np.sqrt(0.5), np.sqrt(0.5)]])
    np.testing.assert_allclose(sheets.hull_radius(square, np.array([0.5, 0]), directions), [0.5, 1, np.sqrt(0.5)])


def test_slice_radii_of_a_cylinder():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.concatenate(
        [np.stack([np.sin(angle), 0 * angle + y, np.cos(angle)], -1) for y in np.arange(0, 1, 0.01)]
    )
    radii = sheets.slice_radii(points, np.array([0.2, 0.7]), np.zeros(2), np.linspace(-3, 3, 9))
    np.testing.assert_allclose(radii, 1, atol=1e-3)


def test_tube_faces_outward_and_closes():
    angles = np.arange(24) * (2 * np.pi / 24)
    points, faces = sheets.tube(np.array([1.0, 0.5, 0.0]), np.zeros(2), angles, np.ones((3, 24)))
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal, middle = np.cross(b - a, c - a), (a + b + c) / 3 * [1, 0, 1]
    assert (np.einsum("nc,nc->n", normal, middle) > 0).all()
    assert len(faces) == 2 * 2 * 24
    _, open_faces = sheets.tube(np.array([1.0, 0.0]), np.zeros(2), np.linspace(1, 5, 24), np.ones((2, 24)))
    assert len(open_faces) == 2 * 23


def test_sphere_is_closed_unit_and_faces_outward():
    points, faces = sheets.sphere(3)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    assert len(points) - 1.5 * len(faces) + len(faces) == 2
    a, b, c = (points[faces[:, k]] for k in range(3))
    assert (np.einsum("nc,nc->n", np.cross(b - a, c - a), a + b + c) > 0).all()


def test_charted_takes_part_uv_and_weights_of_the_closest_point():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2, 1, 0]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 5], [1, 5, 2]])
    part = np.array([3, 3, 7, 7], np.uint8)
    uv = points[faces][..., :2] - np.where(part == 7, 1, 0)[:, None, None] * [1, 0]
    skin = np.eye(6, dtype=np.float32)
    body = Patch(points, skin, {}, faces, part, uv.astype(np.float32))
    above = np.array(
        [[0.2, 0.2, 0.1], [0.6, 0.2, 0.1], [0.4, 0.6, 0.1], [1.3, 0.3, 0.1], [1.6, 0.3, 0.1], [0.9, 0.8, 0.1]]
    )
    got = sheets.charted(above, np.array([[0, 1, 2], [3, 4, 5]]), body)
    assert got.part.tolist() == [3, 7]
    np.testing.assert_allclose(got.uv[0], above[:3, :2], atol=1e-6)
    np.testing.assert_allclose(got.uv[1], [[0.3, 0.3], [0.6, 0.3], [0.0, 0.8]], atol=1e-6)  # the seam's own side
    np.testing.assert_allclose(got.skin @ points, above * [1, 1, 0], atol=1e-6)
    only = sheets.charted(above, np.array([[0, 1, 2], [3, 4, 5]]), body, part == 7)
    assert only.part.tolist() == [7, 7] and only.uv[0] == pytest.approx(
        np.array([[0, 0.2], [0, 0.2], [0, 0.6]]), abs=1e-6
    )
