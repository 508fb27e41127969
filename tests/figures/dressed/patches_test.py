import numpy as np
import pytest

from simpose_tf.figures.dressed import patches
from simpose_tf.figures.dressed.patches import Patch


def grid(n: int = 12, tilt: float = 0.3) -> Patch:
    """Return a square in the xy plane, u = x, v = y, part 1 left of x = .5 and 2 right of it; field x + tilt y - .6."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    points = np.stack([x, y, 0 * x], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    a = (i * n + j).ravel()
    faces = np.concatenate([np.stack([a, a + n, a + n + 1], -1), np.stack([a, a + n + 1, a + 1], -1)])
    part = np.where(points[faces, 0].mean(1) < 0.5, 1, 2).astype(np.uint8)
    skin = np.stack([x.ravel(), 1 - x.ravel()], -1).astype(np.float32)
    field = points[:, 0] + tilt * points[:, 1] - 0.6
    return Patch(points, skin, {"cut": field}, faces, part, points[faces][..., :2].astype(np.float32))


def area(patch: Patch) -> np.ndarray:
    a, b, c = (patch.points[patch.faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)[:, 2] / 2


def test_clip_keeps_exactly_the_area_on_the_positive_side():
    got = patches.clip(grid(), "cut")
    assert area(got).min() > -1e-15  # nothing turned over
    assert area(got).sum() == pytest.approx(1 - (0.6 + 0.3) / 2)


def test_clip_puts_the_border_on_the_iso_line():
    got = patches.clip(grid(), "cut")
    edges = patches.boundary_edges(got.faces)
    cut = [v for v in np.unique(edges) if not np.isin(got.points[v, :2], [0, 1]).any()]
    assert len(cut) > 10
    np.testing.assert_allclose(got.fields["cut"][cut], 0, atol=1e-12)
    np.testing.assert_allclose(got.points[cut, 0] + 0.3 * got.points[cut, 1], 0.6, atol=1e-12)


def test_clip_interpolates_uv_and_weights_exactly():
    got = patches.clip(grid(), "cut")
    np.testing.assert_allclose(got.uv, got.points[got.faces][..., :2], atol=1e-6)
    np.testing.assert_allclose(got.skin[:, 0], got.points[:, 0], atol=1e-6)


def test_clip_leaves_one_border_without_cracks():
    got = patches.clip(grid(), "cut")
    edges = patches.boundary_edges(got.faces)
    assert (np.bincount(edges.ravel())[np.unique(edges)] == 2).all()


def test_two_clips_equal_their_intersection_and_all_or_nothing_is_kept():
    patch = grid()
    patch.fields["low"] = 0.41 - patch.points[:, 1]
    got = patches.clip(patches.clip(patch, "cut"), "low")
    want = 0.41 * 0.4 + 0.3 * 0.41**2 / 2
    assert area(got).sum() == pytest.approx(want)
    patch.fields["all"] = np.ones(len(patch.points))
    assert area(patches.clip(patch, "all")).sum() == pytest.approx(1)
    patch.fields["none"] = -np.ones(len(patch.points))
    assert len(patches.clip(patch, "none").faces) == 0


def test_hem_closes_the_border_inward_with_the_charts_of_its_faces():
    patch = grid()
    outward = np.tile([0.0, 0, 1], (len(patch.points), 1))
    got = patches.hem(patch, outward, 0.05)
    strip = got.faces[len(patch.faces) :]
    assert len(strip) == 2 * 4 * 11
    assert got.points[len(patch.points) :, 2] == pytest.approx(-0.05)
    inner = np.unique(patches.boundary_edges(got.faces))
    assert (inner >= len(patch.points)).all()
    a, b, c = (got.points[strip[:, k]] for k in range(3))
    away = (a + b + c)[:, :2] / 3 - 0.5
    assert (np.einsum("nc,nc->n", np.cross(b - a, c - a)[:, :2], away) > 0).all()  # the strip faces outward
    np.testing.assert_allclose(got.uv[len(patch.faces) :], got.points[strip][..., :2], atol=1e-6)


def test_drape_bridges_a_hollow_and_keeps_clear_of_a_bump():
    patch = grid(21)
    r = np.linalg.norm(patch.points[:, :2] - 0.5, axis=1)
    bump = 0.05 * np.exp(-((r / 0.15) ** 2))
    for sign in (1, -1):
        patch.points[:, 2] = sign * bump
        cloth, _ = patches.drape(patch, np.full(len(bump), 0.01))
        middle = cloth[np.argmin(r), 2]
        if sign > 0:
            assert middle > 0.05
        else:
            assert middle > -0.03  # the hollow was 0.05 deep
        assert (cloth[:, 2] - patch.points[:, 2]).min() > 0.0035


def test_wrinkles_are_bounded_and_follow_the_seed():
    points = np.random.default_rng(0).uniform(0, 1, (2000, 3))
    a, b = (patches.wrinkles(points, np.random.default_rng(4), 0.1) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert 0.2 < a.std() < 1.2 and np.abs(a).max() <= 2.0


def test_refining_keeps_area_border_and_charts_and_leaves_no_gaps():
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(7), np.arange(7), indexing="ij")
    points = np.stack([x, y, 0 * x], -1).reshape(-1, 3).astype(float)
    a = (np.arange(6)[:, None] * 7 + np.arange(6)).ravel()
    faces = np.concatenate([np.stack([a, a + 7, a + 1], -1), np.stack([a + 1, a + 7, a + 8], -1)])
    uv = (points[faces][..., :2] / 7).astype(np.float32)
    skin = np.stack([points[:, 0], 6 - points[:, 0]], -1) / 6
    flat = patches.Patch(points, skin, {"f": points[:, 1]}, faces, np.ones(len(faces), np.uint8), uv)
    split = rng.random(len(patches.edges_of(faces))) < 0.4  # faces with 0, 1, 2 and 3 split edges
    fine = patches.refine(flat, split)
    assert len(fine.points) == len(points) + split.sum()
    corner = fine.points[fine.faces]
    area = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2] / 2
    assert area.min() > 0 and area.sum() == pytest.approx(36)
    np.testing.assert_allclose(fine.uv, corner[..., :2] / 7, atol=1e-6)
    np.testing.assert_allclose(fine.fields["f"], fine.points[:, 1])
    np.testing.assert_allclose(fine.skin[:, 0], fine.points[:, 0] / 6, atol=1e-6)
    _, count = np.unique(
        np.sort(np.concatenate([fine.faces[:, [k, (k + 1) % 3]] for k in range(3)]), 1), axis=0, return_counts=True
    )
    assert (count == 1).sum() == 24 + split[
        [len(set(e)) == 2 and _on_rim(points[e]) for e in patches.edges_of(faces)]
    ].sum()


def _on_rim(ends: np.ndarray) -> bool:
    return any((ends[:, k] == v).all() for k in (0, 1) for v in (0, 6))


def test_rounded_refining_of_a_sphere_comes_nearer_to_it():
    from simpose_tf.figures.dressed import sheets

    points, faces = sheets.sphere(2)
    ball = patches.Patch(
        points,
        np.ones((len(points), 1)),
        {},
        faces,
        np.ones(len(faces), np.uint8),
        np.zeros((len(faces), 3, 2), np.float32),
    )
    every = np.ones(len(patches.edges_of(faces)), bool)
    off = [np.abs(np.linalg.norm(patches.refine(ball, every, share).points, axis=1) - 1).max() for share in (0.0, 0.75)]
    assert off[1] < 0.5 * off[0]
