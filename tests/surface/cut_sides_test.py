from itertools import pairwise

import igl
import numpy as np
import pytest

from simpose_tf.surface.cut_sides import settle, side_of_cut
from simpose_tf.surface.cuts import cuts_of
from simpose_tf.surface.fitted import fitted_surface
from simpose_tf.surface.reference import open_reference


def grid(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces and the rim of `size` by `size` squares, each cut in two from (0, 0) to (1, 1)."""
    x, y = np.meshgrid(np.arange(size + 1), np.arange(size + 1))
    vertices = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1).astype(float)
    at = (np.arange(size)[:, None] * (size + 1) + np.arange(size)).ravel()
    lower = np.stack([at, at + 1, at + size + 2], 1)
    upper = np.stack([at, at + size + 2, at + size + 1], 1)
    rim = (vertices[:, :2].min(1) == 0) | (vertices[:, :2].max(1) == size)
    return vertices, np.concatenate([lower, upper]), rim


def wrong_faces(path: np.ndarray, faces: np.ndarray, side: np.ndarray) -> int:
    """How many faces beside the edges of a path lie on the wrong side of it."""
    edges = {(a, b) for a, b in pairwise(path.tolist())}
    count = 0
    for (a, b, c), wanted in zip(faces.tolist(), side.tolist(), strict=True):
        own = {(a, b), (b, c), (c, a)}
        count += bool(own & edges) and wanted < 0
        count += bool({(q, p) for p, q in own} & edges) and wanted > 0
    return count


def test_a_path_moves_over_to_the_line_between_the_sides():
    vertices, faces, rim = grid(6)
    middle = vertices[faces].mean(1)
    side = np.where(middle[:, 0] > 4.5, 0, np.where(middle[:, 1] > 3, 1, -1))
    straight = 2 * 7 + np.arange(4)
    path = settle(straight, faces, side, rim, np.zeros(len(rim), bool))
    assert path.tolist() == (3 * 7 + np.arange(5)).tolist()


def test_a_path_on_the_right_line_stays():
    vertices, faces, rim = grid(6)
    side = np.where(vertices[faces].mean(1)[:, 1] > 3, 1, -1)
    side[vertices[faces].mean(1)[:, 0] > 4] = 0
    path = 3 * 7 + np.arange(5)
    assert settle(path, faces, side, rim, np.zeros(len(rim), bool)).tolist() == path.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_a_path_stays_simple_along_edges_and_off_the_rim(seed):
    vertices, faces, rim = grid(10)
    random = np.random.default_rng(seed)
    middle = vertices[faces].mean(1)
    line = 5 + 2 * np.sin(middle[:, 0] + random.uniform(0, 6)) + random.normal(0, 0.3, len(middle))
    side = np.where(middle[:, 0] > 8, 0, np.where(middle[:, 1] > line, 1, -1))
    before = 5 * 11 + np.arange(9)
    path = settle(before, faces, side, rim, np.zeros(len(rim), bool))
    neighbours = {tuple(e) for e in igl.edges(faces).tolist()} | {tuple(e[::-1]) for e in igl.edges(faces).tolist()}
    assert len(set(path.tolist())) == len(path)
    assert all(edge in neighbours for edge in pairwise(path.tolist()))
    assert rim[path[0]] and not rim[path[1:]].any()
    assert wrong_faces(path, faces, side) <= 0.2 * wrong_faces(before, faces, side)


def test_faces_along_a_cut_lie_on_its_sides():
    fitted = fitted_surface(open_reference())
    for cut in cuts_of(fitted):
        side = side_of_cut(fitted, cut)
        start, end = fitted.vertices[cut.vertices[:-1]], fitted.vertices[cut.vertices[1:]]
        runs = {(int(a), int(b)) for a, b in zip(cut.vertices[:-3], cut.vertices[1:-2], strict=True)}
        left = [any(pair in runs for pair in ((a, b), (b, c), (c, a))) for a, b, c in fitted.faces.tolist()]
        right = [any(pair in runs for pair in ((b, a), (c, b), (a, c))) for a, b, c in fitted.faces.tolist()]
        one_way = np.array(left) & ~np.array(right)
        assert one_way.sum() > 0.8 * len(runs)
        assert (side[one_way] >= 0).mean() > 0.97 and (side[one_way] == 1).mean() > 0.9
        assert (side[np.array(right) & ~np.array(left)] <= 0).all()
        assert (side[fitted.part != cut.part] == 0).all()
        assert len(start) == len(end)


def test_a_path_is_not_led_on_far_from_the_cut():
    vertices, faces, rim = grid(6)
    side = np.where(vertices[faces].mean(1)[:, 1] > 3, 1, -1)
    path = settle(3 * 7 + np.arange(3), faces, side, rim, vertices[:, 0] > 3)
    assert path.tolist() == (3 * 7 + np.arange(4)).tolist()
