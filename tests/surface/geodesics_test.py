import numpy as np
import pytest
import trimesh
from pygeodesic.geodesic import PyGeodesicAlgorithmExact

from simpose_tf.errors import InputError
from simpose_tf.surface import geodesics
from simpose_tf.surface.reference import open_reference

CUBE = trimesh.creation.box((1, 1, 1))


def flat_mesh(rng, count):
    """Random points of a square, triangulated."""
    from scipy.spatial import Delaunay

    points = np.concatenate([rng.uniform(0, 1, (count, 2)), [[0, 0], [1, 0], [1, 1], [0, 1]]])
    return np.column_stack([points, np.zeros(len(points))]), Delaunay(points).simplices


def exact_oracle(vertices, faces, sources):
    """Exact distances by pygeodesic, another implementation of MMP than the library's."""
    algorithm = PyGeodesicAlgorithmExact(vertices, faces)
    return np.stack([algorithm.geodesicDistances(np.array([s]), None)[0] for s in sources])


@pytest.mark.parametrize("method", geodesics.METHODS)
def test_opposite_corners_of_a_cube_are_root_five_apart(method):
    vertices = CUBE.vertices
    far = np.flatnonzero((vertices == -vertices[0]).all(1))[0]
    found = geodesics.distances(vertices, CUBE.faces, np.array([0]), method)[0]
    assert found[0] == 0
    assert found[far] == pytest.approx(np.sqrt(5), abs=1e-9)


def test_neighbours_and_a_line_across_one_edge_by_hand():
    vertices = np.array([[0, 0, 0], [2, 0, 0], [1, 1, 0], [1, 0, 1.0]])  # two triangles hinged at a right angle
    faces = np.array([[0, 1, 2], [1, 0, 3]])
    graph = geodesics.straight_line_graph(vertices, faces).toarray()
    root = np.sqrt(2)
    np.testing.assert_allclose(graph, [[0, 2, root, root], [2, 0, root, root], [root, root, 0, 2], [root, root, 2, 0]])


def test_no_line_leaves_its_cone():
    # The line from 0 to 3 would pass beside the edge 1-2: the way is round the corner 1.
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [3, -2, 0.0]])
    faces = np.array([[0, 1, 2], [2, 1, 3]])
    assert geodesics.straight_line_graph(vertices, faces)[0, 3] == 0
    expected = 1 + np.sqrt(8)
    for method in geodesics.METHODS:
        assert geodesics.distances(vertices, faces, np.array([0]), method)[0, 3] == pytest.approx(expected)


def test_on_a_flat_square_lines_are_straight():
    vertices, faces = flat_mesh(np.random.default_rng(0), 60)
    graph = geodesics.straight_line_graph(vertices, faces, crossings=100)
    expected = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    np.testing.assert_allclose(geodesics.graph_distances(graph, np.arange(len(vertices))), expected, atol=1e-9)


def test_sphere_distances_are_great_circles_within_a_thousandth():
    sphere = trimesh.creation.icosphere(4)
    sources = np.array([0, 100, 2000])
    truth = np.arccos(np.clip(sphere.vertices[sources] @ sphere.vertices.T, -1, 1))
    others = truth > 1e-6
    assert len(sphere.vertices) == 2562
    for method in geodesics.METHODS:
        found = geodesics.distances(sphere.vertices, sphere.faces, sources, method)
        assert np.abs(found[others] / truth[others] - 1).mean() < 0.001


def test_body_distances_are_never_short_and_within_a_percent():
    reference = open_reference()
    vertices, faces = reference.vertices.astype(float), reference.faces.astype(np.int64)
    sources = np.array([17, 12345])
    truth = exact_oracle(vertices, faces, sources)
    found = geodesics.distances(vertices, faces, sources)
    others = truth > 0
    ratio = found[others] / truth[others]
    assert ratio.min() > 1 - 1e-6
    assert ratio.mean() - 1 < 0.002  # asked for: .01
    assert np.percentile(ratio, 99) - 1 < 0.01


def test_distances_are_symmetric_and_keep_the_triangle_inequality():
    vertices, faces = flat_mesh(np.random.default_rng(1), 100)
    vertices[:, 2] = 0.3 * np.sin(7 * vertices[:, 0]) * np.cos(5 * vertices[:, 1])
    d = geodesics.distances(vertices, faces, np.arange(len(vertices)))
    np.testing.assert_allclose(d, d.T, atol=1e-12)
    for middle in range(len(d)):
        assert (d <= d[:, middle, None] + d[middle] + 1e-9).all()


@pytest.mark.parametrize("method", geodesics.METHODS)
def test_pieces_are_infinitely_far_apart(method):
    vertices = np.concatenate([CUBE.vertices, CUBE.vertices + 3, [[9, 9, 9]]])
    faces = np.concatenate([CUBE.faces, CUBE.faces + 8])
    found = geodesics.distances(vertices, faces, np.array([0, 9, 16]), method)
    reached = np.isfinite(found)
    np.testing.assert_array_equal(reached[0], np.arange(17) < 8)
    np.testing.assert_array_equal(reached[1], (np.arange(17) >= 8) & (np.arange(17) < 16))
    np.testing.assert_array_equal(reached[2], np.arange(17) == 16)
    assert found[0, 0] == found[2, 16] == 0


def test_lines_stop_where_three_faces_meet_and_paths_go_on_along_edges():
    vertices = np.array([[0, 0, 0], [0, 0, 2], [1, 0, 1], [-1, 0, 1], [0, 1, 1.0]])
    faces = np.array([[0, 1, 2], [1, 0, 3], [0, 1, 4]])  # three fins on one edge
    found = geodesics.distances(vertices, faces, np.array([2]))[0]
    np.testing.assert_allclose(found, np.sqrt([2, 2, 0, 8, 8]))


def test_lines_pass_to_the_vertices_of_faces_without_area():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [1, 1, 0.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [3, 2, 2]])
    found = geodesics.distances(vertices, faces, np.array([3]))[0]
    np.testing.assert_allclose(found, [np.sqrt(2), 1, np.sqrt(2), 0])


def test_unknown_methods_and_sources_and_vertices_that_are_not_finite_raise():
    with pytest.raises(InputError, match="'heat': choose one of graph, exact"):
        geodesics.distances(CUBE.vertices, CUBE.faces, np.array([0]), "heat")
    broken = np.where(np.arange(8)[:, None] == 5, np.nan, CUBE.vertices)
    for method in geodesics.METHODS:
        with pytest.raises(InputError, match=r"no vertex 8: the mesh has vertices 0\.\.7"):
            geodesics.distances(CUBE.vertices, CUBE.faces, np.array([0, 8]), method)
        with pytest.raises(InputError, match="vertex 5 is not finite"):
            geodesics.distances(broken, CUBE.faces, np.array([0]), method)
