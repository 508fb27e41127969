import numpy as np
import pytest

from simpose_tf.figures import unfolding
from simpose_tf.surface import distortion, harmonic
from simpose_tf.surface.reference import open_reference


def grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Points `[N, 2]` with whole coordinates, and triangles that are counter-clockwise."""
    y, x = np.divmod(np.arange(rows * columns), columns)
    first = np.flatnonzero((x < columns - 1) & (y < rows - 1))
    right, up = first + 1, first + columns
    faces = np.concatenate([np.stack([first, right, right + columns], 1), np.stack([first, right + columns, up], 1)])
    return np.stack([x, y], -1).astype(float), faces


def half_tube() -> tuple[np.ndarray, np.ndarray]:
    """Half a tube of 2 by pi dm, `[N, 3]` metres, faces outwards: it unrolls without distortion."""
    flat, faces = grid(21, 11)
    angle = np.pi * flat[:, 1] / 20
    return 0.1 * np.stack([flat[:, 0] / 5, np.sin(angle), np.cos(angle)], -1), faces[:, ::-1]


def sides_of(loop: np.ndarray, vertices: np.ndarray) -> list[unfolding.Side]:
    """The tube's straight long side at z = 0.1, as seen from above."""
    places = np.flatnonzero(np.isclose(vertices[loop, 2], 0.1))
    start = next(p for p in places if (p - 1) % len(loop) not in places)
    return [unfolding.Side(unfolding.stretch(start, (start + len(places) - 1) % len(loop), len(loop)), np.eye(3)[1])]


def test_half_a_tube_unrolls_to_a_rectangle(monkeypatch):
    monkeypatch.setattr(unfolding, "GROWTH", 1.0)
    vertices, faces = half_tube()
    loop = harmonic.boundary_loop(faces)
    end, start = (int(np.argmin(vertices @ to)) for to in ([1, 0, -1], [-1, 0, -1]))  # of the side, along -x
    uv = unfolding.unfold(vertices, faces, loop, sides_of(loop, vertices), (start, end, 0.0))
    expected = np.stack([1 - vertices[:, 0] / 0.2, np.arctan2(vertices[:, 1], vertices[:, 2]) / np.pi], -1)
    np.testing.assert_allclose(uv, expected, atol=1e-4)
    assert (harmonic.signed_areas(uv, faces) > 0).all()


def test_fingers_that_unroll_into_each_other_are_refused():
    reference = open_reference()
    hand = reference.part == 4
    corners = np.concatenate([reference.faces[hand][..., None], reference.uv[hand]], -1).reshape(-1, 3)
    places, faces = np.unique(corners, axis=0, return_inverse=True)
    vertices, faces = reference.vertices[places[:, 0].astype(int)].astype(float), faces.reshape(-1, 3)
    nearly_free = [unfolding.Side(np.arange(3), np.eye(3)[1])]
    with pytest.raises(ValueError, match="crosses itself"):
        unfolding.unfold(vertices, faces, harmonic.boundary_loop(faces), nearly_free, (0, 1, 0.0))


def test_crosses_itself_tells_an_eight_from_a_square():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    assert not unfolding.crosses_itself(square)
    assert not unfolding.crosses_itself(square[::-1])
    assert unfolding.crosses_itself(square[[0, 1, 3, 2]])
    comb = np.array([[0, 0], [4, 0], [4, 3], [3, 3], [3, 1], [2, 1], [2, 3], [0, 3.0]])
    assert not unfolding.crosses_itself(comb)
    assert unfolding.crosses_itself(np.where(np.arange(8)[:, None] == 5, [[3.5, 2.0]], comb))


def test_stretch_goes_around_the_loop():
    np.testing.assert_array_equal(unfolding.stretch(1, 3, 5), [1, 2, 3])
    np.testing.assert_array_equal(unfolding.stretch(3, 1, 5), [3, 4, 0, 1])
    np.testing.assert_array_equal(unfolding.stretch(2, 2, 5), [2])


def test_digits_reach_to_the_nearer_valley():
    # Three fingers with tips at heights 3, 3 and 2, at x = 3, 7 and 11.
    x = np.arange(13.0)
    y = np.array([-2, -1, 0, 3, 0, 0, 0, 3, 2, 1, 1, 2, 1.0])
    found = unfolding.digits_of(np.stack([x, y, 0 * x], -1), [3, 7, 11])
    # The first valley is at x = 5, sqrt(4 + 9) from both tips; before the first tip x = 1 is the first as far away.
    # The second one is at x = 9, sqrt(4 + 1) from the last tip; on the other side of the middle finger that is x = 6.
    assert found == [(1, 5), (6, 9)]


def test_relaxing_keeps_the_boundary_bends_angles_less_and_folds_nothing():
    flat, faces = grid(15, 15)
    hill = 0.6 * np.exp(-((flat - 7) ** 2).sum(1) / 8) / 1.0
    vertices = np.column_stack([flat / 14, hill])
    loop = harmonic.boundary_loop(faces)
    skewed = harmonic.convex_combination_map(harmonic.mean_value_weights(vertices, faces), loop, flat[loop] / 14)
    relaxed = unfolding.relax(vertices, faces, skewed, loop)
    np.testing.assert_array_equal(relaxed[loop], skewed[loop])
    part = np.ones(len(faces), int)
    before, after = (distortion.measure(vertices, faces, part, uv[faces]) for uv in (skewed, relaxed))
    assert after.folds[1] == 0 and after.stretch[1] < 0.9 * before.stretch[1]
