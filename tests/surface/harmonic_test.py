import numpy as np
import pytest
import scipy.sparse as sp

from simpose_tf.surface import harmonic


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of n x n vertices, cut into triangles."""
    y, x = np.mgrid[:n, :n] / (n - 1)
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], -1)
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + n + 1], -1), np.stack([a, a + n + 1, a + n], -1)])
    return vertices, faces


def corners(loop: np.ndarray, n: int) -> list[tuple[int, tuple[float, float]]]:
    place = {int(v): k for k, v in enumerate(loop)}
    wanted = [(0, (0.0, 0.0)), (n - 1, (1.0, 0.0)), (n * n - 1, (1.0, 1.0)), (n * (n - 1), (0.0, 1.0))]
    return [(place[vertex], uv) for vertex, uv in wanted]


def test_boundary_loop_of_one_triangle():
    np.testing.assert_array_equal(harmonic.boundary_loop(np.array([[2, 0, 1]])), [0, 1, 2])


def test_boundary_loop_goes_around_the_grid_once_with_its_faces():
    _, faces = grid(4)
    np.testing.assert_array_equal(harmonic.boundary_loop(faces), [0, 1, 2, 3, 7, 11, 15, 14, 13, 12, 8, 4])


@pytest.mark.parametrize(
    "faces",
    [
        [[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]],  # a closed tetrahedron
        [[0, 1, 2], [3, 4, 5]],  # two pieces
        [[0, 1, 2], [0, 3, 4]],  # two triangles that touch at a vertex
        [[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [2, 0, 3], [2, 3, 5]],  # a tube
    ],
)
def test_boundary_loop_raises_on_what_is_no_disc(faces):
    with pytest.raises(ValueError, match="not a disc"):
        harmonic.boundary_loop(np.array(faces))


def test_mean_value_weights_of_a_regular_fan_are_equal():
    angle = np.arange(6) * np.pi / 3
    vertices = np.concatenate([[[0, 0, 0]], np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)])
    faces = np.array([[0, k + 1, (k + 1) % 6 + 1] for k in range(6)])
    row = harmonic.mean_value_weights(vertices, faces).toarray()[0]
    np.testing.assert_allclose(row, [0] + 6 * [2 * np.tan(np.pi / 6)])


def test_mean_value_map_of_a_flat_square_is_the_identity():
    vertices, faces = grid(7)
    rng = np.random.default_rng(0)
    inner = ((vertices[:, :2] > 0) & (vertices[:, :2] < 1)).all(1)
    vertices[inner, :2] += rng.uniform(-0.05, 0.05, (inner.sum(), 2))
    loop = harmonic.boundary_loop(faces)
    loop_uv = harmonic.loop_on_square(vertices, loop, corners(loop, 7))
    uv = harmonic.convex_combination_map(harmonic.mean_value_weights(vertices, faces), loop, loop_uv)
    np.testing.assert_allclose(uv, vertices[:, :2], atol=1e-12)


def test_convex_combination_map_equals_a_slow_loop():
    vertices, faces = grid(5)
    vertices[:, 2] = np.random.default_rng(1).uniform(0, 0.3, len(vertices))
    loop = harmonic.boundary_loop(faces)
    loop_uv = harmonic.loop_on_square(vertices, loop, corners(loop, 5))
    weights = harmonic.mean_value_weights(vertices, faces)
    slow, dense = np.zeros((25, 2)), weights.toarray()
    slow[loop] = loop_uv
    for _ in range(2000):
        for vertex in sorted(set(range(25)) - set(loop.tolist())):
            slow[vertex] = dense[vertex] @ slow / dense[vertex].sum()
    np.testing.assert_allclose(harmonic.convex_combination_map(weights, loop, loop_uv), slow, atol=1e-9)


def test_loop_on_square_goes_by_arc_length_and_scale():
    vertices, faces = grid(3)
    vertices[1, 0] = 0.2
    loop = harmonic.boundary_loop(faces)
    uv = harmonic.loop_on_square(vertices, loop, corners(loop, 3))
    np.testing.assert_allclose(uv[loop == 1], [[0.2, 0]])
    scale = np.ones(9)
    scale[0] = 0.5  # the edge from 0 to 1 counts 0.75, that from 1 to 2 counts 1
    uv = harmonic.loop_on_square(vertices, loop, corners(loop, 3), scale)
    np.testing.assert_allclose(uv[loop == 1], [[0.15 / 0.95, 0]])


def thimble(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The grid with its middle pulled out into a long finger."""
    vertices, faces = grid(n)
    radius = np.abs(vertices[:, :2] - 0.5).max(1)
    vertices[:, 2] = np.maximum(0, 0.3 - radius) * 12
    return vertices, faces


def test_even_map_does_not_fold_and_spreads_a_finger():
    vertices, faces = thimble(21)
    loop = harmonic.boundary_loop(faces)
    loop_uv = harmonic.loop_on_square(vertices, loop, corners(loop, 21))
    plain = harmonic.even_map(vertices, faces, loop, loop_uv, 0)
    even = harmonic.even_map(vertices, faces, loop, loop_uv, 20)
    harmonic.check_no_fold(even, faces, 1e-5)
    np.testing.assert_allclose(harmonic.signed_areas(even, faces).sum(), 1.0)
    before, after = (harmonic.area_distortion(vertices, faces, uv) for uv in (plain, even))
    assert after < 0.2 * before


def test_even_map_gives_less_room_where_the_scale_is_small():
    vertices, faces = thimble(21)
    loop = harmonic.boundary_loop(faces)
    loop_uv = harmonic.loop_on_square(vertices, loop, corners(loop, 21))
    scale = np.where(vertices[:, 2] > 0, 0.2, 1.0)
    finger = (vertices[faces][..., 2] > 0).all(1)
    shares = [
        harmonic.signed_areas(harmonic.even_map(vertices, faces, loop, loop_uv, 20, s), faces)[finger].sum()
        for s in (None, scale)
    ]
    assert shares[1] < 0.6 * shares[0]


def test_even_map_raises_on_a_face_with_all_corners_on_one_side():
    vertices, faces = grid(4)
    loop = harmonic.boundary_loop(faces)
    place = {int(v): k for k, v in enumerate(loop)}
    anchors = [(place[1], (0.0, 0.0)), (place[4], (0.0, 1.0)), (place[11], (1.0, 1.0)), (place[2], (1.0, 0.0))]
    with pytest.raises(ValueError, match="one side of the square"):
        loop_uv = harmonic.loop_on_square(vertices, loop[::-1], [(len(loop) - 1 - p, at) for p, at in anchors])
        harmonic.even_map(vertices, faces, loop[::-1], loop_uv, 3)


def test_stretch_of_a_scaled_square_is_the_scale():
    vertices, faces = grid(3)
    np.testing.assert_allclose(harmonic.stretch(3 * vertices, faces, vertices[:, :2]), 3.0)


def test_check_no_fold_raises_on_a_folded_and_on_a_flat_face():
    uv, faces = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]]), np.array([[0, 1, 2], [0, 2, 3]])
    harmonic.check_no_fold(uv, faces, 0.4)
    harmonic.check_no_fold(uv[:, ::-1], faces, 0.4)
    with pytest.raises(ValueError, match="1 of 2 faces"):
        harmonic.check_no_fold(np.array([[0, 0], [1, 0], [1, 1], [0.2, 0.9]]), np.array([[0, 1, 2], [0, 3, 2]]), 1e-9)
    with pytest.raises(ValueError, match="1 of 2 faces"):
        harmonic.check_no_fold(np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.5]]), faces, 1e-9)


def test_area_distortion_of_a_similarity_is_one():
    vertices, faces = grid(5)
    assert harmonic.area_distortion(vertices, faces, 0.1 * vertices[:, :2]) == pytest.approx(1.0)


def test_vertices_cut_off_from_the_boundary_go_to_its_mean():
    weights = sp.csr_matrix((np.ones(6), ([0, 1, 2, 3, 4, 3], [1, 2, 0, 0, 5, 1])), shape=(7, 7))
    weights = weights + sp.csr_matrix(([1.0], ([5], [4])), shape=(7, 7))  # 4 and 5 see only each other, 6 nothing
    loop_uv = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    uv = harmonic.convex_combination_map(weights, np.arange(3), loop_uv)
    np.testing.assert_allclose(uv[3], [0.5, 0.0], atol=1e-9)
    np.testing.assert_allclose(uv[4:], np.tile(loop_uv.mean(0), (3, 1)), atol=1e-3)


def test_neighbours_that_share_a_place_get_finite_uv():
    vertices, faces = grid(5)
    vertices[6] = vertices[7]
    loop = harmonic.boundary_loop(faces)
    with np.errstate(invalid="ignore"):
        weights = harmonic.mean_value_weights(vertices, faces)
    assert not np.isfinite(weights.data).all()
    uv = harmonic.convex_combination_map(weights, loop, vertices[loop, :2])
    assert np.isfinite(uv).all() and uv.min() >= 0 and uv.max() <= 1
