import cv2
import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.sim import environment
from simpose_tf.sim.environment import Environment

RANGES = ((12.0, 80.0), (0.3, 2.5), (0.35, 0.8))


def random_normals(rng: np.random.Generator, count: int) -> np.ndarray:
    normals = rng.standard_normal((count, 3))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def slow_irradiance(panorama: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Sum the light over a panorama's pixels with the cosine of each, over pi."""
    height, width = panorama.shape[:2]
    total = np.zeros(3)
    for row in range(height):
        low, high = np.pi * row / height, np.pi * (row + 1) / height
        angle = (np.cos(low) - np.cos(high)) * 2 * np.pi / width
        polar = (low + high) / 2
        for column in range(width):
            azimuth = 2 * np.pi * ((column + 0.5) / width - 0.5)
            d = np.array([np.sin(polar) * np.sin(azimuth), np.cos(polar), -np.sin(polar) * np.cos(azimuth)])
            total += panorama[row, column] * max(d @ normal, 0) * angle
    return total / np.pi


def test_panorama_looks_ahead_in_its_middle_and_up_in_its_first_row():
    d = environment.directions(64, 128)
    np.testing.assert_allclose(d[32, 64], [0, 0, -1], atol=0.06)
    np.testing.assert_allclose(d[32, 96], [1, 0, 0], atol=0.06)
    np.testing.assert_allclose(d[32, 32], [-1, 0, 0], atol=0.06)
    np.testing.assert_allclose(d[0, 17], [0, 1, 0], atol=0.06)
    np.testing.assert_allclose(environment.solid_angles(64, 128).sum() * 128, 4 * np.pi)


def test_harmonics_are_orthonormal():
    basis = environment.harmonics(environment.directions(256, 512)).reshape(-1, 9)
    angles = np.repeat(environment.solid_angles(256, 512), 512)
    np.testing.assert_allclose(basis.T @ (basis * angles[:, None]), np.eye(9), atol=1e-3)


def test_even_light_gives_a_white_surface_its_own_brightness():
    irradiance = environment.irradiance_of(np.full((32, 64, 3), 0.7, np.float32))
    normals = random_normals(np.random.default_rng(0), 50)
    np.testing.assert_allclose(environment.irradiance_at(irradiance, normals), 0.7, rtol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_irradiance_equals_the_cosine_integral(seed):
    """Within 3 % of the mean for smooth light: harmonics of order 2 hold 99 % (Ramamoorthi and Hanrahan 2001)."""
    rng = np.random.default_rng(seed)
    panorama = cv2.resize(rng.uniform(0.2, 1, (3, 6, 3)).astype(np.float32), (32, 16), interpolation=cv2.INTER_LINEAR)
    irradiance = environment.irradiance_of(panorama)
    for normal in random_normals(rng, 6):
        expected = slow_irradiance(panorama, normal)
        np.testing.assert_allclose(environment.irradiance_at(irradiance, normal), expected, atol=0.03 * panorama.mean())


def test_procedural_light_is_exposed_and_the_same_for_the_same_seed():
    for seed in range(40):
        first, again = (environment.procedural_sky(np.random.default_rng(seed), *RANGES) for _ in range(2))
        np.testing.assert_array_equal(first.panorama, again.panorama)
        np.testing.assert_array_equal(first.sun_color, again.sun_color)
        assert np.isfinite(first.panorama).all() and first.panorama.min() >= 0
        sides = np.array([[0.0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])
        level = environment.irradiance_at(first.irradiance, sides).mean() + 0.5 * first.sun_color.mean()
        assert 0.8 < level < 1.45
        assert np.linalg.norm(first.to_sun) == pytest.approx(1) and np.sin(np.radians(11.9)) < first.to_sun[1]


def test_procedural_light_varies():
    around = [environment.procedural_sky(np.random.default_rng(seed), *RANGES) for seed in range(60)]
    suns = np.array([light.sun_color.mean() for light in around])
    assert 5 < (suns == 0).sum() < 40 and suns.max() > 0.7  # overcast, and bright sun
    blue = [light.panorama[5:20].mean((0, 1)) for light in around]
    assert max(b[2] / b[0] for b in blue) > 1.4 and min(b[2] / b[0] for b in blue) < 1.1


def test_turning_turns_panorama_sun_and_irradiance_alike():
    rng = np.random.default_rng(3)
    light = environment.procedural_sky(rng, *RANGES)
    yaw = np.pi / 2  # a whole number of columns
    turned = environment.turned(light, yaw)
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    np.testing.assert_allclose(turn @ [0, 0, -1], [1, 0, 0], atol=1e-12)  # ahead comes to +x
    np.testing.assert_allclose(turned.to_sun, turn @ light.to_sun, atol=1e-12)
    normals = random_normals(rng, 20)
    np.testing.assert_allclose(
        environment.irradiance_at(turned.irradiance, normals @ turn.T),
        environment.irradiance_at(light.irradiance, normals),
        atol=1e-4,
    )


def write_panorama(path, sun_at: tuple[int, int] | None, brightness: float = 4000.0) -> np.ndarray:
    """Write a blue sky over brown ground, with a sun of 3 x 3 pixels; return it, linear RGB."""
    panorama = np.full((128, 256, 3), [0.3, 0.5, 0.9], np.float32)
    panorama[64:] = [0.3, 0.2, 0.1]
    if sun_at:
        row, column = sun_at
        panorama[row - 1 : row + 2, column - 1 : column + 2] = [brightness, 0.9 * brightness, 0.7 * brightness]
    assert cv2.imwrite(str(path), panorama[..., ::-1])
    return panorama


def test_the_sun_of_an_hdri_is_found_and_taken_out(tmp_path):
    panorama = write_panorama(tmp_path / "sky.hdr", (30, 200))
    light = environment.read_environment(str(tmp_path / "sky.hdr"))
    true_direction = environment.directions(128, 256)[30, 200]
    assert np.degrees(np.arccos(light.to_sun @ true_direction)) < 2
    assert light.panorama.max() < 10 and light.sun_color[0] > light.sun_color[2] > 0
    # All the light is still there: the sun's share against the sky's is the file's.
    disk = panorama[29:32, 199:202] - [0.3, 0.5, 0.9]
    sun = (disk * environment.solid_angles(128, 256)[29:32, None]).sum((0, 1)) / np.pi
    sky = environment.irradiance_at(environment.irradiance_of(panorama - 0), np.array([0.0, -1, 0]))
    ground = environment.irradiance_at(light.irradiance, np.array([0.0, -1, 0]))
    np.testing.assert_allclose(light.sun_color / sun, np.full(3, (light.sun_color / sun)[0]), rtol=0.05)
    assert (light.sun_color / sun)[0] == pytest.approx((ground / sky)[0], rel=0.6)


def test_an_even_sky_has_no_sun(tmp_path):
    write_panorama(tmp_path / "even.hdr", None)
    assert not environment.read_environment(str(tmp_path / "even.hdr")).sun_color.any()


def test_a_photo_is_decoded_from_srgb(tmp_path):
    pixels = np.full((64, 128, 3), 188, np.uint8)  # sRGB 188 is half the light
    pixels[32:] = 0
    cv2.imwrite(str(tmp_path / "photo.png"), pixels)
    light = environment.read_environment(str(tmp_path / "photo.png"))
    up, down = (environment.irradiance_at(light.irradiance, np.array([0.0, y, 0])).mean() for y in (1, -1))
    assert up > 5 * max(down, 1e-3)
    assert light.panorama[10].mean() > 0 and light.panorama[-10].mean() == pytest.approx(0, abs=1e-6)


def test_files_of_any_brightness_are_exposed_alike(tmp_path):
    levels = []
    for k, factor in enumerate((0.01, 1.0, 50.0)):
        panorama = np.full((64, 128, 3), factor, np.float32)
        cv2.imwrite(str(tmp_path / f"{k}.hdr"), panorama)
        light = environment.read_environment(str(tmp_path / f"{k}.hdr"))
        levels.append(environment.irradiance_at(light.irradiance, np.array([1.0, 0, 0])).mean())
    np.testing.assert_allclose(levels, levels[0], rtol=0.02)


def test_files_that_are_no_light_are_refused_by_name(tmp_path):
    (tmp_path / "broken.hdr").write_bytes(b"#?RADIANCE\nnothing")
    (tmp_path / "text.jpg").write_text("no picture")
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((8, 16, 3), np.uint8))
    for name in ("broken.hdr", "text.jpg", "black.png", "missing.hdr"):
        with pytest.raises(InputError, match=name):
            environment.read_environment(str(tmp_path / name))


def test_exposing_scales_all_light_alike():
    light = environment.procedural_sky(np.random.default_rng(1), *RANGES)
    brighter = environment.exposed(light, 2.0)
    assert isinstance(brighter, Environment)
    factor = brighter.irradiance[0, 0] / light.irradiance[0, 0]
    np.testing.assert_allclose(brighter.sun_color, factor * light.sun_color)
    np.testing.assert_allclose(brighter.panorama, factor * light.panorama, rtol=1e-5)


def test_light_like_a_photo_is_dark_in_the_dark_and_takes_half_its_tint():
    light = environment.procedural_sky(np.random.default_rng(1), *RANGES)
    dark, grey, warm = (np.full((40, 40, 3), value, np.uint8) for value in (25, 124, (150, 124, 90)))
    levels = [environment.like_photo(light, photo).irradiance[0].mean() for photo in (dark, grey)]
    assert levels[0] < 0.6 * light.irradiance[0].mean()
    assert levels[1] == pytest.approx(light.irradiance[0].mean(), rel=0.03)
    tinted = environment.like_photo(light, warm)
    ratio = tinted.irradiance[0] / light.irradiance[0]
    assert ratio[0] > ratio[1] > ratio[2]
    np.testing.assert_allclose(tinted.sun_color / light.sun_color, ratio)
