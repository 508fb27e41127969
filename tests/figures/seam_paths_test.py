import numpy as np
import pytest

from simpose_tf.figures.seam_paths import Seams


def sheet(n: int) -> Seams:
    """A flat sheet of n x n vertices at x >= 0, one metre between them."""
    y, x = np.mgrid[:n, :n].astype(float)
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], -1)
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    seams = Seams(points, np.stack([a, a + 1, a + n + 1, a + n], -1), np.tile([0.0, 0, 1], (n * n, 1)))
    for vertex in range(n * n):
        seams.marks[str(vertex)] = vertex
    return seams


def test_path_takes_diagonals_or_not():
    seams = sheet(4)
    seams.path("0", "15", np.ones(16))
    assert seams.edges == {(0, 5), (5, 10), (10, 15)}
    seams = sheet(4)
    seams.path("0", "15", np.ones(16), diagonals="none")
    around = (
        {(0, 1), (1, 2), (2, 3), (3, 7), (7, 11), (11, 15)},
        {(0, 4), (4, 8), (8, 12), (12, 13), (13, 14), (14, 15)},
    )
    assert seams.edges in around


def test_path_keeps_away_from_costly_vertices():
    seams = sheet(3)
    cost = np.ones(9)
    cost[4] = 20
    seams.path("3", "5", cost)
    assert 4 not in {v for edge in seams.edges for v in edge}


def test_paths_neither_touch_nor_cross():
    seams = sheet(5)
    seams.path("10", "14", np.ones(25))  # the middle row
    with pytest.raises(ValueError, match="no seam from 2 to 22"):
        seams.path("2", "22", np.ones(25))


def test_path_bars_diagonals_beside_a_seam_unless_told():
    seams = sheet(3)
    seams.path("0", "2", np.ones(9))
    seams.path("1", "8", np.ones(9))
    assert (1, 5) not in seams.edges and (1, 4) in seams.edges
    seams = sheet(3)
    seams.path("0", "2", np.ones(9))
    seams.path("1", "5", np.ones(9), diagonals="all")
    assert (1, 5) in seams.edges


def tube(around: int, along: int) -> Seams:
    """A tube about the y axis through x = 5, of radius 0.05, one ring each 2 cm."""
    angle, y = np.meshgrid(2 * np.pi * np.arange(around) / around, 0.02 * np.arange(along))
    points = np.stack([5 + 0.05 * np.cos(angle), y, 0.05 * np.sin(angle)], -1).reshape(-1, 3)
    row, column = (i.ravel() for i in np.mgrid[: along - 1, :around])
    right = (column + 1) % around
    quads = np.stack(
        [row * around + column, row * around + right, (row + 1) * around + right, (row + 1) * around + column], -1
    )
    return Seams(points, quads, np.zeros_like(points))


def test_ring_is_the_closed_row_nearest_to_the_plane():
    seams = tube(12, 9)
    directions = {"front": np.array([0.0, 0, 1]), "side": np.array([1.0, 0, 0])}
    seams.ring("ring", np.array([5.0, 0.085, 0.0]), np.array([0.0, 1.0, 0.0]), directions)
    assert {v for edge in seams.edges for v in edge} == set(range(48, 60))
    assert len(seams.edges) == 12
    assert seams.marks == {"ring.front": 51, "ring.side": 48}


def test_plane_path_follows_its_plane():
    seams = tube(12, 9)
    seams.marks |= {"low": 0, "high": 96}
    seams.plane_path("low", "high", np.array([0.0, 0.0, 1.0]))
    assert seams.edges == {(12 * k, 12 * k + 12) for k in range(8)}
