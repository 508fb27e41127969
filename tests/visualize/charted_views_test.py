"""Pictures of charted meshes: colours where they belong."""

import cv2
import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import charted_views
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.orthographic import SIDES, look_along


@pytest.fixture(scope="module")
def body() -> ChartedMesh:
    reference = open_reference()
    far = np.where(reference.vertices[:, 1] > 1.0, 0.02, 0.0)
    layer = reference.part == 2
    return ChartedMesh(
        reference.vertices, reference.faces, reference.part, reference.uv, layer, None, far, body=reference
    )


@pytest.fixture(scope="module")
def front(body: ChartedMesh) -> charted_views.Shot:
    camera = charted_views.whole_camera(body, look_along(*SIDES["front"]), 300)
    return charted_views.shoot(camera, body.vertices, body.faces)


def pixel(shot: charted_views.Shot, point: list[float]) -> tuple[int, int]:
    x, y = shot.camera.project(np.array(point))[:2]
    return int(y), int(x)


def hue(color: np.ndarray) -> np.ndarray:
    return np.asarray(color, float) / np.linalg.norm(color)


def test_normals_of_a_sphere_point_outwards():
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, 41)[:-1], np.linspace(0.1, 3.04, 20))
    points = np.stack([np.sin(tilt) * np.cos(turn), np.cos(tilt), -np.sin(tilt) * np.sin(turn)], -1).reshape(-1, 3)
    at = np.arange(800).reshape(20, 40)
    a, b, c, d = at[:-1], np.roll(at, -1, 1)[:-1], np.roll(at, -1, 1)[1:], at[1:]
    faces = np.concatenate([np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)])
    normals = charted_views.vertex_normals(points, faces)
    inner = slice(40, -40)
    assert (normals * points).sum(1)[inner].min() > 0.99


def test_both_sides_of_a_face_are_lit_alike():
    corners, faces = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float), np.array([[0, 1, 2]])
    axes = look_along(*SIDES["front"])
    camera = charted_views.camera_on(corners, axes, 10.0)
    one, other = (charted_views.shoot(camera, corners, f).shade for f in (faces, faces[:, ::-1]))
    np.testing.assert_allclose(one, other)
    assert one.max() > 0.8 and one.min() == 0


def test_parts_have_their_colours_from_the_front(body, front):
    picture = charted_views.parts_picture(body, front)
    assert picture.shape == (*front.shade.shape, 3)
    around = cv2.dilate(front.raster.mask.astype(np.uint8), np.ones((7, 7))) > 0
    assert (picture[~around] == 255).all()
    # The torso's front, and the left thigh on the right of the picture.
    for point, part in (([0.03, 1.13, 0.2], 2), ([0.12, 0.7, 0.1], 10), ([-0.12, 0.7, 0.1], 9)):
        row, column = pixel(front, point)
        assert body.part[front.raster.face[row, column]] == part
        shown = np.median(picture[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3), axis=0)
        assert hue(shown) @ hue(charts.PART_COLORS[part]) > 0.97


def test_contours_of_u_lie_where_u_has_their_value(body, front):
    picture = charted_views.value_picture(body, front, 0).astype(int)
    colourful = (picture.max(-1) - picture.min(-1) > 90) & (body.part[np.maximum(front.raster.face, 0)] == 2)
    u = front.raster.of_corners(body.uv)[..., 0]
    inner = colourful & front.raster.mask & (np.abs(front.camera.project(np.zeros(3))[0] - np.arange(u.shape[1])) < 12)
    assert inner.sum() > 50
    assert np.abs(u[inner] * 10 - np.round(u[inner] * 10)).mean() < 0.17


def test_seams_are_dark_and_junctions_red(body, front):
    picture = charted_views.seams_picture(body, front).astype(int)
    # The middle of the face is a border of 23 and 24.
    row, column = pixel(front, [0.0, 1.56, 0.1])
    assert picture[row, column - 1 : column + 2].max(-1).min() < 70
    red = (picture[..., 0] > 150) & (picture[..., 1:].max(-1) < 90)
    assert red.any()


def test_distance_is_dark_where_it_is_large(body, front):
    picture = charted_views.distance_picture(body, front, 0.02)
    high, low = pixel(front, [0.0, 1.2, 0.1]), pixel(front, [0.12, 0.6, 0.1])
    assert hue(picture[high]) @ hue(charted_views.heat_colors(np.array(1.0))) > 0.999
    assert hue(picture[low]) @ hue(charted_views.heat_colors(np.array(0.0))) > 0.999


def test_no_distances_no_picture(body, front):
    bare = ChartedMesh(body.vertices, body.faces, body.part, body.uv)
    with pytest.raises(ValueError, match="no distances"):
        charted_views.distance_picture(bare, front, 0.02)
    with pytest.raises(ValueError, match="no layers"):
        charted_views.layers_picture(bare, front)


def test_layers_are_ochre(body, front):
    picture = charted_views.layers_picture(body, front)
    assert hue(picture[pixel(front, [0.0, 1.2, 0.1])]) @ hue(charted_views.LAYER) > 0.9999
    assert hue(picture[pixel(front, [0.12, 0.6, 0.1])]) @ hue(charted_views.CLAY) > 0.9999


def test_the_body_is_red_where_it_comes_out_of_the_mesh(body, front):
    def shown(forward: float) -> np.ndarray:
        moved = body.vertices + np.array([0, 0, forward], np.float32)
        inside = charted_views.shoot(front.camera, moved, body.faces)
        return charted_views.body_picture(front, inside)[pixel(front, [0.05, 1.2, 0.1])].astype(int)

    beneath, out = shown(-0.01), shown(0.01)
    assert beneath[2] > beneath[0] + 20  # blue
    assert out[0] > out[2] + 60  # red


def test_every_side_has_one_scale(body):
    scales = {charted_views.whole_camera(body, look_along(*SIDES[side]), 300).scale for side in SIDES}
    assert len(scales) == 1
    longest = np.ptp(body.vertices, axis=0).max()
    assert scales.pop() == pytest.approx(300 / longest)
