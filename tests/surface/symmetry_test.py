import dataclasses

import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.surface import places, symmetry
from simpose_tf.surface.reference import open_reference
from simpose_tf.surface.symmetry import Flip
from tests.surface import densepose_files

STEP = 1 / 255


@pytest.fixture(scope="module")
def spots():
    """Part and uv of 20,000 places all over the body."""
    reference = open_reference()
    return places.iuv_of_places(reference, places.random_places(reference, 20_000, np.random.default_rng(0)))


def tabled():
    cells = densepose_files.flip_tables()
    table = np.stack([np.stack(cells[key][0]) for key in ("U_transforms", "V_transforms")], -1).astype(np.float32)
    return dataclasses.replace(open_reference(), name="user", flip_table=table)


def test_mirror_vertices_of_the_open_body_are_its_own():
    reference = open_reference()
    np.testing.assert_array_equal(symmetry.mirror_vertices(reference.vertices), reference.mirror)


def test_mirror_vertices_by_hand():
    points = np.array([[1, 0, 0], [0, 1, 0], [-1.01, 0, 0.02], [2, 5, 0]])
    np.testing.assert_array_equal(symmetry.mirror_vertices(points), [2, 1, 0, 3])


def test_the_rule_names_the_mirror_image_on_the_open_body(spots):
    assert symmetry.flip_of(open_reference()).way == "rule"
    assert symmetry.flip_error(symmetry.flip_of(open_reference()), *spots).max() < 1e-5


def test_geometry_agrees_with_the_rule_where_both_hold(spots):
    part, uv = spots
    by_rule, by_geometry = (Flip(open_reference(), way)(part, uv[:, 0], uv[:, 1]) for way in ("rule", "geometry"))
    np.testing.assert_array_equal(by_rule[0], by_geometry[0])
    np.testing.assert_allclose(by_geometry[1:], by_rule[1:], atol=1e-4)


def test_geometry_names_the_mirror_image_where_the_charts_are_not_symmetric(spots):
    part, uv = spots
    reference = open_reference()
    bent = reference.uv.copy()  # the right hand's chart runs the other way in u, as official charts may
    bent[reference.part == 3, :, 0] = 1 - bent[reference.part == 3, :, 0]
    user = dataclasses.replace(reference, name="user", uv=bent)
    uv = np.where((part == 3)[:, None], np.stack([1 - uv[:, 0], uv[:, 1]], -1), uv)
    flip = symmetry.flip_of(user)
    assert flip.way == "geometry"
    assert symmetry.flip_error(flip, part, uv).max() < 1e-5
    assert symmetry.flip_error(Flip(user, "rule"), part, uv).max() > 0.02


def test_a_table_is_read_v_first_and_truncated_as_the_official_code_does():
    table = np.zeros((24, 256, 256, 2), np.float32)
    table[6, 100, 50] = [0.25, 0.75]  # part 7, v = 100 / 255, u = 50 / 255
    flip = symmetry.flip_of(dataclasses.replace(open_reference(), name="user", flip_table=table))
    part, u, v = flip(np.array([7, 7, 8]), np.array([50.9, 51.1, 50.5]) * STEP, np.array([100.1, 100.1, 100.5]) * STEP)
    np.testing.assert_array_equal(part, [8, 8, 7])
    np.testing.assert_array_equal(u, [0.25, 0, 0])
    np.testing.assert_array_equal(v, [0.75, 0, 0])


@pytest.mark.parametrize("way", ["rule", "geometry", "table"])
def test_flip_of_flip_is_the_place_itself(spots, way):
    part, uv = spots
    flip = Flip(tabled(), way)
    part_again, u, v = flip(*flip(part, uv[:, 0], uv[:, 1]))
    np.testing.assert_array_equal(part_again, part)
    bound = {"rule": 1e-12, "geometry": 1e-4, "table": 2 * STEP}[way]
    assert np.abs(np.stack([u, v], -1) - uv).max() <= bound


def test_a_table_names_the_mirror_image_within_its_resolution(spots):
    assert np.median(symmetry.flip_error(Flip(tabled(), "table"), *spots)) < 0.003


@pytest.mark.parametrize("way", ["rule", "geometry", "table"])
def test_background_and_shape_stay(way):
    part = np.array([[0, 3], [24, 0]])
    u, v = np.full((2, 2), 0.25), np.full((2, 2), 0.5)
    flipped, new_u, new_v = Flip(tabled(), way)(part, u, v)
    np.testing.assert_array_equal(flipped, charts.FLIP[part])
    assert new_u.shape == new_v.shape == (2, 2)
    assert (new_u[part == 0] == 0.25).all() and (new_v[part == 0] == 0.5).all()
    np.testing.assert_array_equal(u, 0.25)  # the caller's arrays stay as they are
