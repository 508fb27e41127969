import numpy as np

from simpose_tf.figures import cavities


def plate_with_a_pit() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A plate of 11 x 11 points with a pit three wide and ten deep; which points lie on its floor."""
    y, x = np.divmod(np.arange(121), 11)
    floor = (np.abs(x - 5) <= 1) & (np.abs(y - 5) <= 1)
    points = np.stack([x, y, np.where(floor, -10.0, 0.0)], -1)
    first = np.flatnonzero((x < 10) & (y < 10))
    faces = np.concatenate([np.stack([first, first + 1, first + 12], 1), np.stack([first, first + 12, first + 11], 1)])
    return points, faces, floor


def test_a_plate_sees_all_of_its_sky_and_a_deep_pit_little():
    points, faces, floor = plate_with_a_pit()
    up = np.tile([0.0, 0.0, 1.0], (len(points), 1))
    seen = cavities.sky_seen(points, up, points, faces)
    np.testing.assert_array_equal(seen[~floor], 1.0)
    # A disc as large as the opening seen from ten below fills sin^2 of half its angle.
    assert 0 < seen[60] < 0.15


def test_the_opening_of_a_pit_keeps_its_place_and_the_floor_a_quarter_of_its_depth():
    points, faces, floor = plate_with_a_pit()
    filled = cavities.filled(points, faces, floor)
    np.testing.assert_array_equal(filled[~floor], points[~floor])
    np.testing.assert_allclose(filled[floor, 2], -10 * cavities.DEPTH)
    np.testing.assert_allclose(filled[60, :2], [5, 5])


def test_nothing_inside_changes_nothing():
    points, faces, floor = plate_with_a_pit()
    np.testing.assert_array_equal(cavities.filled(points, faces, np.zeros_like(floor)), points)
