import numpy as np

from simpose_tf.surface import convex
from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.harmonic import signed_areas
from simpose_tf.surface.topology import loops_of
from tests.surface.topology_test import grid


def plane(n: int, bend: bool = False) -> Fitted:
    """A flat chart; bent, an L without its upper right quarter."""
    vertices, faces = grid(n)
    if bend:
        faces = faces[~(vertices[faces].mean(1)[:, :2] > 0.5).all(1)]
    return Fitted(vertices, faces, np.ones(len(faces), int), vertices[faces][..., :2])


def test_a_crumpled_map_is_unfolded_near_where_it_was():
    chart = convex.rounded(plane(13), 1, 1.0)
    vertices, faces = grid(10)
    uv = vertices[:, :2].copy()
    middle = np.abs(uv - 0.5).max(1) < 0.2
    uv[middle] = 1 - uv[middle]
    loop = loops_of(faces)[0]
    safe = convex.safe_map(uv, vertices, faces, chart, loop, uv[loop], 1.0)
    assert signed_areas(safe, faces).min() > 0
    assert np.abs(safe - vertices[:, :2]).max() < 0.15


def test_charts_that_are_not_convex_are_rounded_too():
    for sign in (1.0, -1.0):
        chart = plane(13, bend=True)
        uv = chart.uv if sign > 0 else chart.uv[..., ::-1]
        flipped = Fitted(chart.vertices, chart.faces, chart.part, uv)
        found = convex.rounded(flipped, 1, sign)
        assert (sign * signed_areas(found.disc, found.faces)).min() > 0
        np.testing.assert_allclose(np.linalg.norm(found.disc[loops_of(found.faces)[0]], axis=1), 1)
    assert (
        convex.rounded(
            Fitted(*(grid(4, hole=True)), np.ones(16, int), grid(4, hole=True)[0][grid(4, hole=True)[1]][..., :2]),
            1,
            1.0,
        )
        is None
    )


def test_pull_goes_where_wanted_unless_that_folds():
    vertices, faces = grid(6)
    uv = vertices[:, :2]
    near = uv + np.random.default_rng(0).uniform(-0.02, 0.02, uv.shape)
    np.testing.assert_allclose(convex.pull(uv, near, faces, np.full(len(faces), 1e-4), 1.0), near, atol=1e-4)
    wild = uv + np.random.default_rng(0).uniform(-0.5, 0.5, uv.shape)
    assert signed_areas(convex.pull(uv, wild, faces, np.full(len(faces), 1e-4), 1.0), faces).min() >= 0.99e-4


def test_spread_keeps_order_and_distance():
    angle = np.array([0.1, 0.1, 0.1, 2.0, 1.9, 4.0])
    found = convex._spread(angle)
    steps = np.mod(np.diff(np.append(found, found[0])), 2 * np.pi)
    assert steps.min() > 0 and steps.sum() < 2 * np.pi + 1e-9
    np.testing.assert_allclose(found, angle, atol=0.06)
