import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.surface.seams import moved_border

SIDE = 12  # vertices along each side of the sheet


def sheet() -> tuple[np.ndarray, np.ndarray]:
    """A square of unit cells; vertex (x, y) is number y * SIDE + x."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    points = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1).astype(float)
    a = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    first = np.stack([a, a + 1, a + SIDE + 1], 1)
    return points, np.concatenate([first, np.stack([a, a + SIDE + 1, a + SIDE], 1)])


POINTS, FACES = sheet()
MIDDLE = POINTS[FACES].mean(1)
UPPER_LOWER = np.where(MIDDLE[:, 1] < 5, 1, 2)


def at(x: int, y: int) -> int:
    return y * SIDE + x


def moved(part: np.ndarray, *through: tuple[int, int], between: tuple[int, int] = (1, 2)) -> np.ndarray:
    return moved_border(POINTS, FACES, part, between, [at(*place) for place in through], "x.json: seams[0]")


def test_a_border_from_rim_to_rim_is_moved_whole():
    np.testing.assert_array_equal(moved(UPPER_LOWER, (0, 7), (11, 7)), np.where(MIDDLE[:, 1] < 7, 1, 2))


def test_the_order_of_vertices_and_parts_does_not_matter():
    want = moved(UPPER_LOWER, (0, 7), (11, 7))
    np.testing.assert_array_equal(moved(UPPER_LOWER, (11, 7), (0, 7)), want)
    np.testing.assert_array_equal(moved(UPPER_LOWER, (0, 7), (11, 7), between=(2, 1)), want)


def test_between_vertices_of_the_old_border_only_that_stretch_moves():
    """Up along x = 3, along y = 7, down along x = 8."""
    want = np.where((MIDDLE[:, 1] < 5) | ((MIDDLE[:, 1] < 7) & (MIDDLE[:, 0] > 3) & (MIDDLE[:, 0] < 8)), 1, 2)
    got = moved(UPPER_LOWER, (3, 5), (3, 7), (8, 7), (8, 5))
    np.testing.assert_array_equal(got, want)


def test_an_end_inside_is_tied_to_the_old_end():
    """From the old end (0, 5) diagonally to (2, 7), and so on."""
    got = moved(UPPER_LOWER, (2, 7), (11, 7))
    changed = MIDDLE[got != UPPER_LOWER]
    assert set(got[got != UPPER_LOWER].tolist()) == {1}
    assert (changed[:, 1] < np.minimum(7, 5 + changed[:, 0]) + 1e-9).all()
    assert len(changed) == 2 * (9 * 2) + 4  # nine columns of two cells, and the triangle between


def test_of_two_stretches_the_nearer_one_moves():
    three = np.where((MIDDLE[:, 1] < 3) | (MIDDLE[:, 1] > 8), 1, 2)
    np.testing.assert_array_equal(
        moved(three, (0, 9), (11, 9)), np.where((MIDDLE[:, 1] < 3) | (MIDDLE[:, 1] > 9), 1, 2)
    )


def test_a_ring_is_laid_anew_through_its_vertices():
    inside = (MIDDLE[:, :2] > 4).all(1) & (MIDDLE[:, :2] < 7).all(1)
    part = np.where(inside, 2, 1)
    got = moved(part, (3, 3), (9, 3), (9, 9), (3, 9))
    want = (MIDDLE[:, :2] > 3).all(1) & (MIDDLE[:, :2] < 9).all(1)
    np.testing.assert_array_equal(got == 2, want)


def test_both_parts_stay_even_if_one_loses_most():
    got = moved(UPPER_LOWER, (0, 1), (11, 1))
    np.testing.assert_array_equal(got, np.where(MIDDLE[:, 1] < 1, 1, 2))


def test_faults_are_told_with_the_entry():
    apart = np.where(MIDDLE[:, 1] < 3, 1, np.where(MIDDLE[:, 1] < 6, 3, 2))
    with pytest.raises(InputError, match=r"seams\[0\]: torso_back and torso_front do not touch"):
        moved(apart, (0, 1), (11, 1))
    with pytest.raises(InputError, match=r"seams\[0\]: its vertices\[1\] lies on right_hand, not on torso_back and"):
        moved(apart, (0, 1), (5, 4))
    with pytest.raises(InputError, match=r"seams\[0\]: no way along edges inside the two parts from each"):
        moved(UPPER_LOWER, (0, 2), (11, 0))  # all around that corner is rim
