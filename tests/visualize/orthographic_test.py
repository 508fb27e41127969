"""Orthographic drawings: by hand, against rays, and against a slow loop."""

import time

import numpy as np
import pytest
import trimesh

from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize.orthographic import SIDES, Camera, camera_on, look_along, rasterise


def test_a_triangle_covers_the_pixels_whose_centres_it_holds():
    camera = Camera(look_along(*SIDES["front"]), 1.0, np.zeros(2), 4, 4)
    # In the picture (0, 0), (4, 0), (0, 4): y is up in space and down in the picture.
    raster = rasterise(camera, np.array([[0, 0, 5], [0, -4, 5], [4, 0, 5]]), np.array([[0, 1, 2]]))
    # Centres on the diagonal, x + y = 4, belong to it.
    assert (raster.face == 0).tolist() == [
        [True, True, True, True],
        [True, True, True, False],
        [True, True, False, False],
        [True, False, False, False],
    ]
    np.testing.assert_allclose(raster.weights[1, 0], [1 - 0.125 - 0.375, 0.375, 0.125])
    assert raster.depth[0, 0] == 5 and raster.depth[3, 3] == -np.inf
    np.testing.assert_allclose(raster.weights[3, 3], 0)


def test_the_nearer_face_is_seen_in_any_order():
    camera = Camera(look_along(*SIDES["front"]), 1.0, np.array([0, 4]), 4, 4)
    far, near = np.array([[0, 0, 1.0], [9, 0, 1], [0, 9, 1]]), np.array([[0, 0, 2.0], [9, 0, 2], [0, 9, 2]])
    for first, second, seen in ((far, near, 1), (near, far, 0)):
        raster = rasterise(camera, np.r_[first, second], np.arange(6).reshape(2, 3))
        assert (raster.face == seen).all()


def test_equal_depths_show_the_first_face():
    camera = Camera(look_along(*SIDES["front"]), 1.0, np.array([0, 4]), 4, 4)
    corners = np.array([[0, 0, 1.0], [9, 0, 1], [0, 9, 1]])
    raster = rasterise(camera, corners, np.array([[0, 1, 2], [0, 1, 2], [2, 1, 0]]))
    assert (raster.face == 0).all()


def test_left_and_right_of_each_side():
    """Put a point at the person's left, one in front and one on top, and see where they are drawn."""
    left, front, top = np.eye(3)[[0, 2, 1]]
    expected = {  # side: where x, z, y go: (right, down, nearer)
        "front": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
        "back": ((-1, 0, 0), (0, 0, -1), (0, -1, 0)),
        "left": ((0, 0, 1), (-1, 0, 0), (0, -1, 0)),
        "right": ((0, 0, -1), (1, 0, 0), (0, -1, 0)),
        "top": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    }
    for side, wanted in expected.items():
        axes = look_along(*SIDES[side])
        np.testing.assert_allclose(np.stack([left, front, top]) @ axes.T, wanted, atol=1e-12, err_msg=side)


def test_camera_on_holds_the_points_with_their_margin():
    points = np.random.default_rng(1).normal(size=(50, 3))
    camera = camera_on(points, look_along((1, 2, 3), (0, 1, 0)), 40.0, 0.25)
    seen = camera.project(points)[:, :2]
    assert seen.min() == pytest.approx(10, abs=0.51)
    assert np.abs(seen.max(0) - [camera.width - 10, camera.height - 10]).max() < 0.51


def test_rasterise_random():
    """Against a loop over faces and pixels, in several batches."""
    rng = np.random.default_rng(5)
    vertices, faces = rng.random((40, 3)), rng.integers(0, 40, (60, 3))
    camera = Camera(look_along(*SIDES["front"]), 31.0, np.array([-3, 28.0]), 25, 27)
    face, depth = np.full((25, 27), -1), np.full((25, 27), -np.inf)
    corners = camera.project(vertices)[faces]
    for f, (a, b, c) in enumerate(corners):
        matrix = np.stack([[*a[:2], 1], [*b[:2], 1], [*c[:2], 1]], 1)
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        for row in range(25):
            for column in range(27):
                weights = np.linalg.solve(matrix, [column + 0.5, row + 0.5, 1])
                z = weights @ [a[2], b[2], c[2]]
                if weights.min() >= 0 and z > depth[row, column]:
                    face[row, column], depth[row, column] = f, z
    raster = rasterise(camera, vertices, faces)
    np.testing.assert_array_equal(raster.face, face)
    np.testing.assert_allclose(raster.depth, depth, atol=1e-6)


@pytest.mark.parametrize("side", ["front", "left", "top"])
def test_body_as_embree_sees_it(side: str):
    body = open_reference()
    # Off the grid: no ray may run along the edges of the middle plane.
    vertices = body.vertices + np.array([0.00123, 0.00217, 0.00311])
    camera = camera_on(body.vertices, look_along(*SIDES[side]), 120.0, 0.01)
    raster = rasterise(camera, vertices, body.faces)
    row, column = np.nonzero(np.ones(raster.face.shape, bool))
    plane = (np.stack([column + 0.5, row + 0.5], 1) - camera.shift) / camera.scale
    origins = plane @ camera.axes[:2] + 5 * camera.axes[2]
    mesh = trimesh.Trimesh(vertices, body.faces, process=False)
    hit = mesh.ray.intersects_first(origins, np.tile(-camera.axes[2], (len(origins), 1))).reshape(raster.face.shape)
    assert ((hit >= 0) == raster.mask).mean() > 0.9995
    both = (hit >= 0) & raster.mask
    assert (hit == raster.face)[both].mean() > 0.999


def test_corner_values_are_interpolated():
    body = open_reference()
    vertices = body.vertices.astype(float)
    camera = camera_on(vertices, look_along(*SIDES["back"]), 100.0)
    raster = rasterise(camera, vertices, body.faces)
    place = raster.of_corners(vertices[body.faces])
    row, column = np.nonzero(raster.mask)
    seen = camera.project(place[row, column])
    np.testing.assert_allclose(seen[:, :2], np.stack([column, row], 1) + 0.5, atol=1e-3)
    np.testing.assert_allclose(seen[:, 2], raster.depth[row, column], atol=1e-5)
    assert not place[~raster.mask].any()


def test_a_mesh_off_the_picture_leaves_it_empty():
    camera = Camera(look_along(*SIDES["front"]), 1.0, np.array([100, 0]), 4, 4)
    raster = rasterise(camera, np.array([[0, 0, 1.0], [9, 0, 1], [0, 9, 1]]), np.array([[0, 1, 2]]))
    assert not raster.mask.any()


def test_thirty_thousand_faces_take_a_second():
    body = open_reference()
    camera = camera_on(body.vertices, look_along(*SIDES["front"]), 900 / 1.66)
    rasterise(camera, body.vertices, body.faces)
    started = time.process_time()
    rasterise(camera, body.vertices, body.faces)
    assert time.process_time() - started < 1.5
