import numpy as np

from simpose_tf.figures.dressed import patches, thinning


def grid(n: int) -> tuple:
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    points = np.stack([x, y, 0 * x], -1).reshape(-1, 3) * 0.01
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate([np.stack([a, a + n, a + 1], -1), np.stack([a + 1, a + n, a + n + 1], -1)])
    return points, faces, np.full(len(faces), 2, np.uint8), (points[faces][..., :2] / (0.01 * n)).astype(np.float32)


def areas(uv: np.ndarray) -> np.ndarray:
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def test_a_flat_piece_loses_inner_vertices_only_and_keeps_its_area_and_border():
    points, faces, part, uv = grid(12)
    got, got_part, got_uv = thinning.thinned(points, faces, part, uv, np.full(len(points), 0.002))
    assert len(got) < 0.5 * len(faces) and len(got_part) == len(got_uv) == len(got)
    np.testing.assert_allclose(areas(points[got][..., :2]).sum(), areas(points[faces][..., :2]).sum())
    assert (areas(got_uv) > 0).all()
    border = [{tuple(sorted(e)) for e in patches.boundary_edges(f).tolist()} for f in (faces, got)]
    assert border[0] == border[1]


def test_corners_keep_the_chart_coordinates_of_their_vertices():
    points, faces, part, uv = grid(10)
    got, _, got_uv = thinning.thinned(points, faces, part, uv, np.full(len(points), 0.002))
    np.testing.assert_allclose(got_uv, points[got][..., :2] / 0.1, atol=1e-6)


def test_bumps_seams_and_forbidden_places_stay():
    points, faces, part, uv = grid(10)
    points = points.copy()
    points[55, 2] = 0.02
    part = np.where(points[faces][..., 0].mean(1) > 0.05, 3, 2).astype(np.uint8)
    tolerance = np.where(points[:, 1] > 0.06, 0.0, 0.002)
    got, _, _ = thinning.thinned(points, faces, part, uv, tolerance)
    kept = np.unique(got)
    assert 55 in kept and set(np.nonzero(tolerance == 0)[0]) <= set(kept)
    on_seam = set(np.unique(faces[part == 2])) & set(np.unique(faces[part == 3]))
    assert on_seam <= set(kept) and len(got) < len(faces)
