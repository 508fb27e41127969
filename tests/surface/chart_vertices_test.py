"""From (part, u, v) to the nearest vertex of the mesh."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from simpose_tf.errors import InputError
from simpose_tf.surface import chart_vertices
from simpose_tf.surface.chart_vertices import NOWHERE, ChartVertices
from simpose_tf.surface.distance_table import DistanceTable
from simpose_tf.surface.reference import Reference, open_reference

ENTRIES = np.float32([10, 20, 21, 30, 31, 32])  # of 4 vertices


def body(part, uv, vertex):
    return ChartVertices("body", np.array(part), np.array(uv, float), np.array(vertex), DistanceTable(ENTRIES, 4))


def random_body(rng, count=400, grid=6):
    part = np.concatenate([np.arange(1, 25), rng.integers(1, 25, count - 24)])
    return body(part, rng.integers(0, grid, (count, 2)) / (grid - 1), rng.integers(0, 4, count))


def slow_nearest(one, part, uv):
    """All distances, the first smallest."""
    found = []
    for p, place in zip(part, uv, strict=True):
        members = np.flatnonzero(one.part == p)
        found.append(members[np.argmin(cdist(one.uv[members], place[None])[:, 0])] if 1 <= p <= 24 else NOWHERE)
    return np.array(found)


@pytest.mark.parametrize("grid", [4, 1000])
def test_nearest_is_the_first_of_the_nearest(grid):
    rng = np.random.default_rng(grid)
    one = random_body(rng, grid=grid)
    part = rng.integers(0, 26, 3000)
    part[part == 25] = 0
    uv = np.where(rng.random((3000, 2)) < 0.5, rng.integers(0, 7, (3000, 2)) / 6, rng.random((3000, 2)))
    np.testing.assert_array_equal(one.nearest(part, uv), slow_nearest(one, part, uv))


def test_bytes_are_255ths_and_looked_up_again_the_same():
    rng = np.random.default_rng(0)
    one = random_body(rng)
    iuv = rng.integers(0, 256, (2000, 3)).astype(np.uint8)
    iuv[:, 0] %= 25
    expected = slow_nearest(one, iuv[:, 0], iuv[:, 1:] / 255.0)
    for _ in range(2):
        np.testing.assert_array_equal(one.nearest_of_bytes(iuv), expected)
        np.testing.assert_array_equal(one.nearest_of_bytes(iuv[::-1]), expected[::-1])


def test_distances_are_those_of_the_mesh_vertices():
    one = body([1, 1, 2, 2], np.zeros((4, 2)), [0, 2, 2, 3])
    np.testing.assert_array_equal(one.apart(np.array([0, 1, 3, NOWHERE, 1]), 2), np.float32([20, 0, 32, np.inf, 0]))
    assert one.apart(np.zeros((2, 1), int), np.zeros(3, int)).shape == (2, 3)


def test_a_part_without_vertices_is_told_when_it_is_asked_for():
    one = body([1, 2], np.zeros((2, 2)), [0, 1])
    assert one.nearest(np.array([1, 0]), np.zeros((2, 2))).tolist() == [0, NOWHERE]
    with pytest.raises(InputError, match=r"body: no vertices of part 7 \(right_upper_leg_back\)"):
        one.nearest(np.array([7]), np.zeros((1, 2)))


def test_a_reference_has_each_corner_once_and_finds_its_own_corners():
    reference = open_reference()
    count = len(reference.vertices)
    one = chart_vertices.of_reference(reference, DistanceTable(np.zeros(count * (count - 1) // 2, np.float32), count))
    assert set(one.vertex) == set(range(count)) and count < len(one.part) < 1.2 * count
    corners = np.random.default_rng(0).integers(0, reference.faces.size, 500)
    part, uv = np.repeat(reference.part, 3)[corners], reference.uv.reshape(-1, 2)[corners].astype(float)
    found = one.nearest(part.astype(int), uv)
    np.testing.assert_array_equal(one.part[found], part)
    np.testing.assert_array_equal(one.uv[found], uv)
    on_vertex = one.vertex[found] == reference.faces.ravel()[corners]
    assert on_vertex.mean() > 0.99  # but for vertices with the same uv in a chart


# Two charts on a strip of three triangles: part 1 is a square of two, part 2 a triangle.
STRIP = Reference(
    name="strip",
    vertices=np.float32([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [4, 1, 0]]),
    faces=np.int32([[0, 1, 2], [0, 2, 3], [1, 4, 2]]),
    part=np.uint8([1, 1, 2]),
    uv=np.float32([[[0, 0], [0.5, 0], [0.5, 0.5]], [[0, 0], [0.5, 0.5], [0, 0.5]], [[0, 0], [1, 0.5], [0, 1]]]),
    mirror=np.arange(5, dtype=np.int32),
)


def test_vertices_by_hand() -> None:
    part = np.array([[1, 1, 0], [2, 2, 2]])
    uv = np.array([[[0.1, 0.2], [0.4, 0.1], [0.5, 0.5]], [[0.1, 0.1], [0.7, 0.5], [0, 0.9]]])
    # The chart of part 2 holds vertices 1, 4 and 2 at (0, 0), (1, .5) and (0, 1).
    np.testing.assert_array_equal(chart_vertices.of_reference(STRIP).mesh_vertices(part, uv), [[0, 1, -1], [1, 4, 2]])


def test_of_equally_near_vertices_the_first_is_taken() -> None:
    lookup = chart_vertices.of_reference(STRIP).mesh_vertices
    np.testing.assert_array_equal(
        lookup(np.array([1, 1, 2]), np.array([[0.25, 0.25], [0.5, 0.25], [0, 0.5]])), [0, 1, 1]
    )


def test_lookup_equals_a_slow_loop_on_the_open_reference() -> None:
    reference, rng = open_reference(), np.random.default_rng(0)
    part, uv = rng.integers(1, 25, 60), rng.random((60, 2))
    found = chart_vertices.of_reference(reference).mesh_vertices(part, uv)
    for p, place, vertex in zip(part, uv, found, strict=True):
        faces = reference.part == p
        distance = np.linalg.norm(reference.uv[faces].reshape(-1, 2).astype(float) - place, axis=1)
        nearest = reference.faces[faces].ravel()[distance == distance.min()]
        assert vertex == nearest.min()


def test_a_vertexs_own_uv_gives_the_vertex() -> None:
    reference = open_reference()
    corners = np.arange(0, len(reference.faces), 97)
    part, uv = reference.part[corners], reference.uv[corners, 0]
    np.testing.assert_array_equal(
        chart_vertices.of_reference(reference).mesh_vertices(part, uv), reference.faces[corners, 0]
    )


def test_parts_that_are_not_there_are_told() -> None:
    with pytest.raises(InputError, match="strip: no vertices of part 3"):
        chart_vertices.of_reference(STRIP).mesh_vertices(np.array([1, 3]), np.zeros((2, 2)))


def test_distances_need_a_table() -> None:
    with pytest.raises(ValueError, match="made without distances"):
        chart_vertices.of_reference(STRIP).apart(np.array([0]), np.array([1]))
