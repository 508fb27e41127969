"""Distortion of charts: maps whose distortion is known."""

import numpy as np
import pytest

from simpose_tf.surface import distortion
from simpose_tf.surface.reference import open_reference


def grid(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points `[N, 2]` of the unit square and counter-clockwise faces `[F, 3]`."""
    x, y = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    at = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    return np.stack([x.ravel(), y.ravel()], -1), np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])


def lifted(plane: np.ndarray) -> np.ndarray:
    return np.concatenate([plane, np.zeros((len(plane), 1))], 1)


def of_one_chart(space: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> dict[str, float]:
    """Return the measures of part 7."""
    found = distortion.measure(space, faces, np.full(len(faces), 7), uv[faces])
    return {name: float(values[7]) for name, values in vars(found).items()}


def test_the_identity_distorts_nothing_at_any_scale():
    uv, faces = grid(5, 4)
    found = of_one_chart(lifted(uv) * 0.3, faces, uv)
    for name in ("angle", "angle_max", "area_spread", "stretch", "stretch_max"):
        assert found[name] == pytest.approx(1, abs=1e-9), name
    assert found["angle_error"] == pytest.approx(0, abs=1e-5)
    assert (found["faces"], found["folds"]) == (40, 0)
    assert found["area"] == pytest.approx(0.09)


def test_an_anisotropic_scaling_has_its_ratio():
    uv, faces = grid(6, 6)
    found = of_one_chart(lifted(uv * [3, 1]), faces, uv)
    assert found["angle"] == pytest.approx(3)
    assert found["angle_max"] == pytest.approx(3)
    assert found["area_spread"] == pytest.approx(1)
    # sqrt((9 + 1) / 2) metres per unit, and one unit of uv for 3 square metres.
    assert found["stretch"] == pytest.approx(np.sqrt(5 / 3))
    assert found["stretch_max"] == pytest.approx(3 / np.sqrt(3))
    # Right triangles of sides 3 and 1 against sides 1 and 1: 45 degrees become 18.43 and 71.57.
    assert found["angle_error"] == pytest.approx(2 * (45 - np.degrees(np.arctan(1 / 3))) / 3)


def test_a_shear_has_the_singular_values_of_its_matrix():
    uv, faces = grid(3, 3)
    shear = np.array([[1.0, 0.7], [0.0, 1.0]])
    found = of_one_chart(lifted(uv @ shear.T), faces, uv)
    s1, s2 = np.linalg.svd(shear)[1]
    assert found["angle"] == pytest.approx(s1 / s2)
    assert found["stretch"] == pytest.approx(np.sqrt((s1**2 + s2**2) / 2))
    assert found["stretch_max"] == pytest.approx(s1)
    assert found["area_spread"] == pytest.approx(1)


def test_a_cylinder_unrolls_without_distortion():
    uv, faces = grid(200, 10)
    turn = np.pi * uv[:, 0]
    space = np.stack([np.cos(turn), np.sin(turn), np.pi * uv[:, 1]], -1)
    found = of_one_chart(space, faces, uv)
    assert found["angle_max"] == pytest.approx(1, abs=2e-4)
    assert found["stretch_max"] == pytest.approx(1, abs=2e-4)
    assert found["area_spread"] == pytest.approx(1, abs=2e-4)


def test_the_stereographic_map_keeps_angles_and_spreads_areas():
    uv, faces = grid(120, 120)
    x, y = (uv - 0.5).T * 2
    squared = x**2 + y**2
    space = np.stack([2 * x, 2 * y, squared - 1], -1) / (1 + squared)[:, None]
    found = of_one_chart(space, faces, uv)
    assert found["angle_max"] < 1.03
    assert found["angle_error"] < 0.3
    # One unit of the plane is 4 / (1 + r^2)^2 on the sphere.
    scale = (1 + (x**2 + y**2)) ** 2
    low, high = np.percentile(scale[faces].mean(1), [5, 95])
    assert found["area_spread"] == pytest.approx(high / low, rel=0.02)


def test_singular_values_random():
    rng = np.random.default_rng(3)
    uv, corners = rng.random((50, 3, 2)), rng.normal(size=(50, 3, 3))
    s1, s2 = distortion.singular_values(corners, uv)
    for f in range(50):
        # The affine map that takes the uv corners to those in space, by least squares.
        matrix = np.linalg.lstsq(np.c_[uv[f], np.ones(3)], corners[f], rcond=None)[0][:2]
        np.testing.assert_allclose([s1[f], s2[f]], np.linalg.svd(matrix)[1], rtol=1e-6)


def test_singular_values_are_the_largest_and_smallest_finite_difference():
    rng = np.random.default_rng(4)
    uv, corners = rng.random((1, 3, 2)), rng.normal(size=(1, 3, 3))
    barycentric_from_uv = np.linalg.inv(np.r_[uv[0].T, np.ones((1, 3))])
    turn = np.linspace(0, np.pi, 20001)
    steps = 1e-4 * np.stack([np.cos(turn), np.sin(turn)], -1)
    middle = uv[0].mean(0)
    moved = (np.c_[middle + steps, np.ones(len(turn))] - np.r_[middle, 1]) @ barycentric_from_uv.T @ corners[0]
    lengths = np.linalg.norm(moved, axis=1) / 1e-4
    s1, s2 = distortion.singular_values(corners, uv)
    assert s1[0] == pytest.approx(lengths.max(), rel=1e-6)
    assert s2[0] == pytest.approx(lengths.min(), rel=1e-6)


def test_angles_of_a_triangle_are_those_of_school():
    corners = np.array([[[0, 0, 0], [2, 0, 0], [0, 2 * np.sqrt(3), 0]]], float)
    np.testing.assert_allclose(distortion.corner_angles(corners), [[90, 60, 30]])


def test_folds_are_faces_turned_against_their_chart_or_flat():
    uv, faces = grid(4, 4)
    corners = uv[faces]
    corners[3] = corners[3][::-1]
    corners[8] = corners[8, :1]
    # Another chart may turn the other way as a whole.
    part = np.where(np.arange(len(faces)) < 16, 1, 2)
    corners[part == 2] = corners[part == 2][:, ::-1]
    assert np.flatnonzero(distortion.folded_faces(part, corners)).tolist() == [3, 8]
    corners[20] = np.nan
    assert np.flatnonzero(distortion.folded_faces(part, corners)).tolist() == [3, 8, 20]


def test_folds_are_counted_and_left_out_of_the_means():
    uv, faces = grid(4, 4)
    corners = uv[faces]
    corners[3] = corners[3][::-1]
    found = distortion.measure(lifted(uv), faces, np.full(len(faces), 7), corners)
    assert (found.faces[7], found.folds[7]) == (32, 1)
    assert found.angle_max[7] == pytest.approx(1)
    assert found.folds.sum() == 1


def test_known_folds_replace_the_found_ones():
    uv, faces = grid(2, 2)
    known = np.arange(len(faces)) < 3
    found = distortion.measure(lifted(uv), faces, np.full(len(faces), 7), uv[faces], known)
    assert found.folds[7] == 3


def test_a_part_without_faces_has_no_measures():
    uv, faces = grid(2, 2)
    found = distortion.measure(lifted(uv), faces, np.full(len(faces), 7), uv[faces])
    assert found.faces[8] == 0 and found.folds[8] == 0
    assert np.isnan(found.angle[8]) and np.isnan(found.stretch[0]) and np.isnan(found.area[8])


def test_a_face_without_area_in_space_spoils_no_mean():
    uv, faces = grid(2, 2)
    space = lifted(uv)
    faces = np.concatenate([faces, [[0, 1, 2]]])
    corners = np.concatenate([uv[faces[:-1]], [[[0, 0], [1, 0], [0, 1]]]])
    found = distortion.measure(space, faces, np.full(len(faces), 7), corners)
    assert found.faces[7] == 9
    assert found.angle_max[7] == pytest.approx(1)


def test_the_open_reference_has_no_folds_and_fills_its_charts():
    body = open_reference()
    found = distortion.measure(body.vertices, body.faces, body.part, body.uv)
    assert found.folds.sum() == 0
    assert found.faces.sum() == len(body.faces)
    assert 1.4 < np.nansum(found.area) < 2.5  # square metres of skin
    assert (found.angle[1:] >= 1).all() and (found.stretch[1:] >= 1).all()
