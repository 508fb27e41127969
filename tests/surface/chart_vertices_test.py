"""From (part, u, v) to the nearest vertex of the mesh."""

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.surface import chart_vertices
from simpose_tf.surface.reference import Reference, open_reference

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
