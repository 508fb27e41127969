import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.surface import places
from simpose_tf.surface.places import Places
from simpose_tf.surface.reference import Reference, open_reference

# Two charts on a strip of three triangles: part 1 is a square of two, part 2 a triangle.
STRIP = Reference(
    name="strip",
    vertices=np.float32([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [4, 1, 0]]),
    faces=np.int32([[0, 1, 2], [0, 2, 3], [1, 4, 2]]),
    part=np.uint8([1, 1, 2]),
    uv=np.float32([[[0, 0], [0.5, 0], [0.5, 0.5]], [[0, 0], [0.5, 0.5], [0, 0.5]], [[0, 0], [1, 0.5], [0, 1]]]),
    mirror=np.arange(5, dtype=np.int32),
)


def test_places_by_hand():
    found = places.places_of_iuv(STRIP, np.array([1, 1, 2]), np.array([[0.375, 0.125], [0.125, 0.375], [0.5, 0.5]]))
    np.testing.assert_array_equal(found.face, [0, 1, 2])
    np.testing.assert_allclose(found.weights[0], [0.25, 0.5, 0.25], atol=1e-12)
    np.testing.assert_allclose(places.positions(STRIP, found), [[1.5, 0.5, 0], [0.5, 1.5, 0], [3, 1, 0]], atol=1e-12)


def test_uv_outside_the_chart_gives_its_nearest_place():
    found = places.places_of_iuv(STRIP, np.array([1, 1, 2]), np.array([[0.9, 0.2], [1.0, 1.0], [0.0, 0.25]]))
    part, uv = places.iuv_of_places(STRIP, found)
    np.testing.assert_array_equal(part, [1, 1, 2])
    np.testing.assert_allclose(uv, [[0.5, 0.2], [0.5, 0.5], [0, 0.25]], atol=1e-12)


def test_positions_follow_another_shape():
    place = Places(np.array([2]), np.array([[0.5, 0.25, 0.25]]))
    shape = STRIP.vertices * np.float32([1, 3, 1])
    np.testing.assert_allclose(places.positions(STRIP, place, shape), [[2.5, 2.25, 0]])


def test_round_trip_over_random_places_is_exact():
    reference = open_reference()
    spots = places.random_places(reference, 100_000, np.random.default_rng(0))
    part, uv = places.iuv_of_places(reference, spots)
    again = places.places_of_iuv(reference, part, uv)
    gap = np.linalg.norm(places.positions(reference, again) - places.positions(reference, spots), axis=1)
    assert gap.max() < 1e-9
    part_again, uv_again = places.iuv_of_places(reference, again)
    np.testing.assert_array_equal(part_again, part)
    np.testing.assert_allclose(uv_again, uv, atol=1e-10)


def test_random_uv_agree_with_a_slow_loop():
    reference = open_reference()
    rng = np.random.default_rng(1)
    part, uv = rng.integers(1, 25, 40), rng.uniform(0.0, 1.0, (40, 2))
    found = places.iuv_of_places(reference, places.places_of_iuv(reference, part, uv))[1]
    for chart, asked, answer in zip(part, uv, found, strict=True):
        triangles = reference.uv[reference.part == chart].astype(float)
        assert abs(np.linalg.norm(asked - answer) - slow_distance(asked, triangles)) < 1e-7


def slow_distance(point, triangles):
    """Distance from a point to a set of triangles in the plane: 0 inside one, else that to the nearest edge."""
    nearest = np.inf
    for corners in triangles:
        sides = np.roll(corners, -1, 0) - corners
        turns = sides[:, 0] * (point - corners)[:, 1] - sides[:, 1] * (point - corners)[:, 0]
        if (turns >= 0).all() or (turns <= 0).all():
            return 0.0
        along = np.clip(((point - corners) * sides).sum(1) / (sides**2).sum(1), 0, 1)
        nearest = min(nearest, np.linalg.norm(corners + along[:, None] * sides - point, axis=1).min())
    return nearest


def test_random_places_are_spread_by_area():
    face = places.random_places(STRIP, 30_000, np.random.default_rng(0)).face
    np.testing.assert_allclose(np.bincount(face) / 30_000, [1 / 3, 1 / 3, 1 / 3], atol=0.02)


def test_faces_that_are_flat_in_the_chart_are_no_place():
    uv = STRIP.uv.copy()
    uv[0] = [[0, 0], [0.25, 0.25], [0.5, 0.5]]
    found = places.places_in_charts(STRIP.part, uv, np.array([1]), np.array([[0.2, 0.2]]))
    assert found.face[0] == 1 and np.isfinite(found.weights).all()


@pytest.mark.parametrize(("part", "message"), [(3, r"no faces of part 3 \(right_hand\)"), (0, "parts are 1..24")])
def test_a_part_without_faces_raises(part, message):
    with pytest.raises(InputError, match=message):
        places.places_of_iuv(STRIP, np.array([1, part]), np.zeros((2, 2)))


def test_uv_that_are_not_finite_raise():
    with pytest.raises(InputError, match="place 1 is not finite"):
        places.places_of_iuv(STRIP, np.array([1, 1]), np.array([[0, 0], [np.nan, 0]]))
