"""Part colours, blending, spotlight."""

import numpy as np

from simpose_tf import charts
from simpose_tf.visualize import parts


def test_every_part_has_its_own_color() -> None:
    colors = parts.color_parts(np.arange(25))
    assert len({tuple(c) for c in colors}) == 25
    assert not colors[0].any()
    for part in range(1, 25):
        if "right" in charts.PART_NAMES[part]:
            assert colors[part].astype(int).sum() < colors[charts.FLIP[part]].astype(int).sum()


def test_blend_preset() -> None:
    image = np.full((1, 2, 3), 100, np.uint8)
    blended = parts.blend(image, np.array([200, 0, 100]), np.array([[1, 0]]), 0.25)
    np.testing.assert_array_equal(blended, [[[125, 75, 100], [100, 100, 100]]])


def test_spotlight_leaves_the_person_alone() -> None:
    image = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)
    mask = np.zeros((4, 5), bool)
    mask[1:3] = True
    lit = parts.spotlight(image, mask)
    np.testing.assert_array_equal(lit[mask], image[mask])
    assert (lit[~mask].max(-1) == lit[~mask].min(-1)).all()
    assert lit[~mask].mean() < image[~mask].mean()


def test_bounds_are_the_least_rectangle() -> None:
    mask = np.zeros((6, 9), bool)
    assert parts.bounds(mask) == (slice(0, 0), slice(0, 0))
    mask[2, 3] = mask[4, 7] = True
    assert parts.bounds(mask) == (slice(2, 5), slice(3, 8))


def test_nothing_blends_with_nothing() -> None:
    assert parts.blend(np.zeros((0, 0, 3), np.uint8), np.zeros(3), np.zeros((0, 0)), 0.5).shape == (0, 0, 3)
