import numpy as np

from simpose_tf.surface import topology


def grid(n: int, hole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A square of n x n vertices in the plane z = 0, counter-clockwise; with a hole in its middle quad."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], 1)
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    if hole:
        corner = np.delete(corner, len(corner) // 2)
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + n + 1], 1), np.stack([corner, corner + n + 1, corner + n], 1)]
    )
    return vertices, faces


def test_sides_equal_a_slow_loop():
    faces = grid(4)[1]
    expected = {}
    for f, face in enumerate(faces.tolist()):
        for i in range(3):
            expected.setdefault(frozenset((face[i], face[(i + 1) % 3])), []).append((f, i))
    expected = {frozenset(pair) for pair in expected.values() if len(pair) == 2}
    sides = topology.sides_of(faces)
    found = {
        frozenset({(f, i), (g, j)})
        for f, g, i, j in zip(*(getattr(sides, k).tolist() for k in ("first", "second", "i", "j")), strict=True)
    }
    assert found == expected
    np.testing.assert_array_equal(faces[sides.first, sides.i], sides.ends[:, 0])
    np.testing.assert_array_equal(faces[sides.second, sides.j], sides.ends[:, 1])


def test_an_edge_of_three_faces_and_faces_turned_against_each_other_have_no_side():
    assert len(topology.sides_of(np.array([[0, 1, 2], [1, 0, 3], [1, 0, 4]])).first) == 0
    assert len(topology.sides_of(np.array([[0, 1, 2], [0, 1, 3]])).first) == 0
    assert len(topology.sides_of(np.array([[0, 1, 2], [1, 0, 3]])).first) == 1


def test_opening_along_a_path_doubles_its_inner_vertices():
    faces = grid(5)[1]
    sides = topology.sides_of(faces)
    path = {(10, 11), (11, 12)}  # from the left border to the middle
    whole = np.array([tuple(sorted(e)) not in path for e in sides.ends.tolist()])
    new, old = topology.open_along(faces, sides, whole)
    np.testing.assert_array_equal(old[new], faces)
    count = np.bincount(old, minlength=25)
    assert count[10] == 2 and count[11] == 2 and count[12] == 1 and count.sum() == 27
    assert topology.is_disc(new)
    assert len(topology.loops_of(new)[0]) == 16 + 4


def test_opening_along_all_sides_leaves_triangles():
    faces = grid(3)[1]
    sides = topology.sides_of(faces)
    nothing = np.zeros(len(sides.first), bool)
    assert len(topology.open_along(faces, sides, nothing)[1]) == 3 * len(faces)
    np.testing.assert_array_equal(np.unique(topology.pieces_of(len(faces), sides, nothing)), np.arange(len(faces)))
    assert topology.pieces_of(len(faces), sides, ~nothing).max() == 0


def test_a_square_is_a_disc_and_one_with_a_hole_is_not():
    assert topology.is_disc(grid(4)[1])
    holed = grid(4, hole=True)[1]
    assert not topology.is_disc(holed)
    assert [len(loop) for loop in topology.loops_of(holed)] == [12, 4]


def test_loops_run_with_the_faces():
    vertices, faces = grid(4)
    x, y = vertices[topology.loops_of(faces)[0], :2].T
    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2 == 1  # counter-clockwise around the area


def test_normals_edge_lengths_and_neighbours_of_one_triangle():
    vertices, faces = np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0], [9, 9, 9.0]]), np.array([[0, 1, 2]])
    np.testing.assert_allclose(topology.vertex_normals(vertices, faces), [[0, 0, 1]] * 3 + [[0, 0, 0]])
    np.testing.assert_allclose(topology.edge_lengths(vertices, faces), [3.5, 4, 4.5, 0])
    expected = [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(topology.neighbours_of(4, faces).toarray(), expected)
