import numpy as np
import pytest

from simpose_tf import geometry
from simpose_tf.sim import cascades
from simpose_tf.sim.cascades import fit_cascades, light_from_world, practical_split
from simpose_tf.sim.frame import atlas_from_light
from simpose_tf.sim.scene import Camera

SIZE = 256


def camera(seed: int) -> Camera:
    rng = np.random.default_rng(seed)
    eye, target = np.array([0, rng.uniform(0.5, 3), 0]), np.array([0, rng.uniform(0.4, 1.4), -4.0])
    return Camera(geometry.intrinsics(800, 800, 60), geometry.look_at(eye, target, rng.uniform(-0.1, 0.1)), 800, 800)


def casters(seed: int, count: int = 8) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    places = np.stack([rng.uniform(-4, 4, count), np.ones(count), rng.uniform(-12, -1, count)], 1)
    return [place + rng.uniform(-1, 1, (50, 3)) * [0.4, 1, 0.4] for place in places]


def sun(elevation_deg: float, azimuth_deg: float) -> np.ndarray:
    e, a = np.radians([elevation_deg, azimuth_deg])
    return np.array([np.cos(e) * np.cos(a), np.sin(e), np.cos(e) * np.sin(a)])


def test_practical_split_lies_between_even_and_logarithmic():
    ends = practical_split(1.0, 16.0, 4)
    assert ends[-1] == pytest.approx(16) and np.all(np.diff(ends) > 0)
    for end, even, logarithmic in zip(ends, (4.75, 8.5, 12.25, 16), (2, 4, 8, 16), strict=True):
        assert logarithmic - 1e-9 <= end <= even + 1e-9


def test_light_frame_runs_away_from_the_sun():
    for to_sun in (sun(30, 40), sun(90, 0), sun(12, 200)):
        turn = light_from_world(to_sun)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(turn @ to_sun, [0, 0, -1], atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("to_sun", [sun(60, 30), sun(15, -100), sun(35, 170)])
def test_every_seen_point_in_a_shadow_finds_its_caster_in_its_map(seed, to_sun):
    """Points seen at a depth, and the caster's point between them and the sun, lie in the cascade of that depth."""
    view, things = camera(seed), casters(seed)
    maps = fit_cascades(view, to_sun, things, 4, SIZE)
    turn, checked = light_from_world(to_sun), 0
    for number, points in enumerate(things):
        for t in (0.0, 0.5, 1.0):  # on the caster itself, half way down, on the ground
            receivers = points - t * (points[:, 1:2] / to_sun[1]) * to_sun
            in_camera = geometry.transform_points(view.camera_from_world, receivers)
            xy = geometry.project(view.intrinsics, in_camera)
            seen = (in_camera[:, 2] > 0.3) & ((xy > 0) & (xy < 800)).all(1) & (t * points[:, 1] / to_sun[1] < 15)
            for receiver, caster, depth in zip(receivers[seen], points[seen], in_camera[seen, 2], strict=True):
                cascade = next(c for c in (*maps, maps[-1]) if depth <= c.end or c is maps[-1])
                scale, offset = atlas_from_light(cascade)
                window = cascades.window(cascade.tile, SIZE)
                at = (turn @ receiver) * scale + offset
                assert window[0] < at[0] < window[2] and window[1] < at[1] < window[3]
                assert number in cascade.casters
                assert 0 <= ((turn @ caster) * scale + offset)[2] <= at[2] + 1e-6
                checked += 1
    assert checked > 100


def test_near_maps_are_finer():
    maps = fit_cascades(camera(1), sun(50, 60), casters(1, 20), 4, SIZE)
    texels = [np.max(c.high[:2] - c.low[:2]) / SIZE for c in maps]
    assert len(maps) == 4 and texels[0] < 0.5 * texels[-1]


def test_corners_lie_on_whole_texels_and_tiles_differ():
    maps = fit_cascades(camera(2), sun(50, 60), casters(2), 4, SIZE)
    assert len({c.tile for c in maps}) == len(maps)
    for cascade in maps:
        steps = cascade.low[:2] / ((cascade.high[:2] - cascade.low[:2]) / SIZE)
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)


def test_who_stands_elsewhere_is_left_out():
    view = camera(3)
    near, far = np.array([[0.0, 0, -1.5], [0.2, 1.7, -1.4]]), np.array([[0.0, 0, -11.0], [0.2, 1.7, -11.1]])
    maps = fit_cascades(view, sun(80, 90), [near, far], 4, SIZE)
    assert maps[0].casters == (0,) and maps[-1].casters == (1,)


def test_nobody_casts_nothing():
    assert fit_cascades(camera(0), sun(45, 0), [], 4, SIZE) == ()
