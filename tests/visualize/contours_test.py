"""Iso-contours: where they lie, where they end, and their colours."""

import numpy as np
import pytest

from simpose_tf.visualize import contours
from simpose_tf.visualize.views import View, whole
from tests.dolls import doll


def test_contour_of_a_ramp_is_where_the_value_is() -> None:
    x = np.tile((np.arange(20) + 0.5) / 20, (6, 1))  # value = continuous x / 20
    lines = contours.iso_lines(np.full((6, 20), 3), x, (0.25, 0.5))
    assert [(line.part, line.level) for line in lines] == [(3, 0.25), (3, 0.5)]
    for line in lines:
        np.testing.assert_allclose(line.points[:, 0], 20 * line.level)
        assert (line.points[:, 1].min(), line.points[:, 1].max()) == (0.5, 5.5)


def test_no_line_crosses_a_border_between_parts() -> None:
    part = np.repeat([[1] * 8 + [2] * 8], 10, axis=0)
    y = np.tile(((np.arange(10) + 0.5) / 10)[:, None], (1, 16))
    lines = contours.iso_lines(part, y, (0.5,))
    assert [line.part for line in lines] == [1, 2]
    assert (lines[0].points[:, 0].min(), lines[0].points[:, 0].max()) == (0.5, 7.5)
    assert (lines[1].points[:, 0].min(), lines[1].points[:, 0].max()) == (8.5, 15.5)


def test_points_of_a_dolls_contours_lie_on_their_part_and_have_their_value() -> None:
    person = doll()
    assert person.part is not None and person.u is not None
    lines = contours.iso_lines(person.part, person.u)
    assert {line.part for line in lines} == set(np.unique(person.part)) - {0}
    for line in lines:
        # A point lies on an edge or diagonal between pixel centres of the part, and their u spans the level.
        low = np.floor(np.round(line.points - 0.5, 6)).astype(int)
        high = np.ceil(np.round(line.points - 0.5, 6)).astype(int)
        for (x0, y0), (x1, y1) in zip(low, high, strict=True):
            square = np.s_[y0 : y1 + 1, x0 : x1 + 1]
            u = person.u[square][person.part[square] == line.part]
            assert u.size >= min(person.part[square].size, 3)
            assert u.min() - 1e-6 <= line.level <= u.max() + 1e-6


def test_background_and_slivers_have_no_lines() -> None:
    sliver = np.zeros((5, 5), int)
    sliver[2] = 4
    assert contours.iso_lines(sliver, np.tile(np.linspace(0, 1, 5), (5, 1))) == []
    assert contours.iso_lines(np.zeros((5, 5), int), np.zeros((5, 5))) == []


def test_colors_run_from_blue_to_red() -> None:
    low, high = contours.value_colors(np.array([0.0, 1.0])).astype(int)
    assert low[2] > low[0] + 80
    assert high[0] > high[2] + 80
    assert len({tuple(c) for c in contours.value_colors(np.array(contours.LEVELS))}) == len(contours.LEVELS)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_drawn_line_lies_on_its_pixels(scale: float) -> None:
    x = np.tile((np.arange(20) + 0.5) / 20, (20, 1))
    view = whole(np.zeros((20, 20, 3)), scale)
    canvas = np.zeros((view.height, view.width, 3), np.uint8)
    contours.draw_contours(canvas, view, np.full((20, 20), 3), np.where(x < 0.55, x, 0.55))  # .1 to .5
    columns = np.flatnonzero(canvas.sum((0, 2)))
    # 0.1 to 0.5 of 20 pixels: x = 2, 4, ... 10; each line touches the pixel columns on its two sides.
    expected = sorted({int(scale * at) + side for at in (2, 4, 6, 8, 10) for side in (-1, 0)})
    assert set(expected) <= set(columns.tolist())
    assert np.abs(columns[:, None] - np.array(expected)).min(1).max() <= 1


def test_borders_are_drawn_between_parts_only() -> None:
    part = np.array([[1, 1, 2, 2], [1, 1, 2, 2]])
    canvas = np.zeros((2, 4, 3), np.uint8)
    contours.draw_borders(canvas, View(0, 0, 1.0, 2, 4), part.astype(np.uint8), (9, 9, 9))
    np.testing.assert_array_equal(canvas[..., 0], [[0, 0, 9, 0], [0, 0, 9, 0]])
