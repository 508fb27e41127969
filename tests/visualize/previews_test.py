"""Previews: their size, and that they show what the large drawing would."""

import cv2
import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.visualize import previews
from simpose_tf.visualize.overlays import DrawnMaps
from tests.dolls import doll


def maps(scale: int = 1) -> DrawnMaps:
    """Return a doll's maps, each pixel `scale` times as large."""
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None and person.normal is not None
    every = np.where(person.mask, 0, -1), person.part, np.stack([person.u, person.v], -1), person.normal
    return DrawnMaps(*(values.repeat(scale, 0).repeat(scale, 1) for values in every))


def picture(scale: int = 1) -> np.ndarray:
    return doll().image.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((200, 100), (1000, 500)),  # 5 times
        ((501, 300), (501, 300)),  # twice were 1002
        ((800, 800), (800, 800)),
        ((1000, 10), (1000, 10)),
        ((1200, 900), (1000, 750)),
        ((600, 4000), (150, 1000)),
        ((1, 5000), (1, 1000)),
    ],
)
def test_all_previews_of_a_picture_have_one_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    image, part = np.zeros((*size, 3), np.uint8), np.ones(size, np.uint8)
    drawn = DrawnMaps(np.zeros(size, int), part, np.zeros((*size, 2)), np.zeros((*size, 3)))
    assert previews.draw_parts(image, drawn).shape == (*expected, 3)
    assert previews.draw_normals(image, drawn).shape == (*expected, 3)
    multiple = max(-(-1000 // max(size)), 1)  # what an overlay takes
    large = np.zeros((size[0] * multiple, size[1] * multiple, 3), np.uint8)
    assert previews.shrink(large, image).shape == (*expected, 3)


def test_drawing_that_is_smaller_is_not_enlarged() -> None:
    drawing = np.random.default_rng(0).integers(0, 255, (200, 100, 3), np.uint8)
    np.testing.assert_array_equal(previews.shrink(drawing, drawing), drawing)


def test_parts_are_coloured_on_a_grey_picture() -> None:
    drawn = previews.draw_parts(picture(), maps()).astype(int)
    part = cv2.resize(maps().part, drawn.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    image = cv2.resize(picture(), drawn.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    inner = cv2.erode((part == 2).astype(np.uint8), np.ones((5, 5))) > 0
    mixed = 0.85 * charts.PART_COLORS[2] + 0.15 * image
    assert inner.any()
    assert np.abs(drawn - mixed)[inner].max() <= 1
    off = part == 0
    off &= cv2.dilate((part > 0).astype(np.uint8), np.ones((5, 5))) == 0
    assert (drawn[off].max(-1) == drawn[off].min(-1)).all()
    np.testing.assert_allclose(drawn[off][:, 0], 0.3 * image[off].mean(-1), atol=1)


def test_normals_are_black_off_the_people() -> None:
    drawn = previews.draw_normals(picture(), maps())
    assert not drawn[0, 0].any()
    assert drawn[drawn.shape[0] // 2, drawn.shape[1] // 2, 2] > 200  # the belly faces us


def test_preview_of_a_large_picture_shows_the_same_as_the_large_drawing_shrunk() -> None:
    # 2400 x 2000: drawn on at 2000 of 2400 pixels, shrunk to 1000.
    large = np.array(previews.draw_normals(picture(10), maps(10)), int)
    small = cv2.resize(previews.draw_normals(picture(), maps()), large.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    assert np.abs(large - small).mean() < 2


def test_nobody_leaves_a_dark_grey_picture() -> None:
    image = picture()
    size = image.shape[:2]
    nobody = DrawnMaps(np.full(size, -1), np.zeros(size, np.uint8), np.zeros((*size, 2)), np.zeros((*size, 3)))
    drawn = previews.draw_parts(image, nobody)
    assert (drawn.max(-1) == drawn.min(-1)).all()
    assert not previews.draw_normals(image, nobody).any()
