"""Flat charts: where triangles are drawn and in which colour."""

import numpy as np
import pytest

from simpose_tf.surface.distortion import signed_uv_areas
from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import flat_charts
from simpose_tf.visualize.charted_mesh import ChartedMesh

WHITE = (255, 255, 255)


def lower_left(vertices: np.ndarray, **more: np.ndarray) -> ChartedMesh:
    """Return two triangles of part 7 that fill the square u < 0.5, v < 0.5 of their chart."""
    uv = np.array([[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    return ChartedMesh(vertices, faces, np.array([7, 7]), uv[faces], **more)


SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)


def test_u_grows_to_the_right_and_v_up():
    picture = flat_charts.chart_picture(lower_left(SQUARE), 7, 100)
    filled = (picture != 255).any(-1)
    inner = np.s_[8:46], np.s_[8:46]
    assert filled[54:92, 8:46].mean() > 0.95  # lower left: stretch 1 is nearly white
    assert not filled[inner].any()
    assert not filled[54:92, 54:92].any()


def test_stretch_of_equal_shares_is_one():
    np.testing.assert_allclose(flat_charts.face_stretch(lower_left(SQUARE), np.arange(2)), 1)


def test_stretch_of_a_larger_triangle_is_larger():
    kite = SQUARE.copy()
    kite[1] = [4, -3, 0]  # the first triangle grows, the second stays
    stretch = flat_charts.face_stretch(lower_left(kite), np.arange(2))
    assert stretch[0] > 1 > stretch[1]
    colors = flat_charts.stretch_colors(stretch).astype(int)
    assert colors[0, 0] > colors[0, 2] and colors[1, 2] > colors[1, 0]  # red, blue


def test_a_face_flat_in_its_chart_has_infinite_stretch_and_is_magenta():
    mesh = lower_left(SQUARE)
    mesh.uv[1] = [[0.8, 0.8], [0.9, 0.9], [0.95, 0.95]]
    assert flat_charts.face_stretch(mesh, np.arange(2))[1] == np.inf
    picture = flat_charts.chart_picture(mesh, 7, 100).astype(int)
    assert ((picture[..., 0] > 180) & (picture[..., 1] < 90) & (picture[..., 2] > 80)).any()


def test_colors_at_the_ends_and_in_the_middle():
    colors = flat_charts.stretch_colors(np.array([0.25, 1, 4, 99, 0]))
    np.testing.assert_array_equal(colors[0], colors[4])
    np.testing.assert_array_equal(colors[2], colors[3])
    assert colors[1].tolist() == [250, 250, 250]


def test_what_only_the_reference_covers_is_grey():
    body = open_reference()
    picture = flat_charts.chart_picture(lower_left(SQUARE, body=body), 7, 100)
    assert picture[20, 70].tolist() == [226, 228, 232]
    without = flat_charts.chart_picture(lower_left(SQUARE), 7, 100)
    assert tuple(without[20, 70]) == WHITE


def test_a_part_without_faces_is_an_empty_square():
    picture = flat_charts.chart_picture(lower_left(SQUARE), 8, 100)
    assert (picture[6:94, 6:94] == 255).all()
    assert (picture != 255).any()


def test_the_reference_covers_as_much_of_its_squares_as_its_uv_do():
    body = open_reference()
    mesh = ChartedMesh(body.vertices, body.faces, body.part, body.uv)
    for part in (1, 5, 24):
        covered = np.abs(signed_uv_areas(body.uv[body.part == part])).sum()
        shown = (flat_charts.chart_picture(mesh, part, 200)[7:193, 7:193] < 255).any(-1).mean()
        assert shown == pytest.approx(covered, abs=0.04)
    assert np.median(flat_charts.face_stretch(mesh, np.flatnonzero(body.part == 2))) == pytest.approx(1, abs=0.25)
