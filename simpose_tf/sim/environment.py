"""Light from all around: panoramas, the sun in them, and their irradiance in spherical harmonics.

A panorama is linear RGB `[h, w, 3]` float32, equirectangular: the first row is straight up, the middle column -z (where
the camera looks), columns to its right turn towards +x, the outermost ones show +z.
"""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from simpose_tf.colors import linear_from_srgb
from simpose_tf.errors import InputError

Range = tuple[float, float]
_SKY_SHAPE = (64, 128)
_SUN_RADIUS = np.radians(5.0)  # what is taken out around the brightest spot of a file
_SUN_CONTRAST = 4.0  # a sun's surroundings are at least this many times brighter than the mean
_READ_SHAPE = (256, 512)  # files are reduced to this: what is drawn behind people is out of focus anyway
_EXPOSED = (0.85, 1.4)  # what a white surface gets on average: a camera exposes so, now more, now less
_RAYLEIGH = np.array([0.35, 0.6, 1.0])


@dataclass(frozen=True)
class Environment:
    """Light from all around.

    Attributes:
      panorama: `[h, w, 3]` float32 linear RGB, without the sun's disk.
      to_sun: `[3]` unit direction towards the sun in the world.
      sun_color: `[3]` linear: what the sun alone adds to a white surface that faces it; 0 where there is none.
      irradiance: `[9, 3]` spherical harmonics of what the panorama adds to a white surface, by its normal.
    """

    panorama: np.ndarray
    to_sun: np.ndarray
    sun_color: np.ndarray
    irradiance: np.ndarray


@functools.lru_cache(maxsize=8)
def directions(height: int, width: int) -> np.ndarray:
    """Return the unit directions `[h, w, 3]` of a panorama's pixel centres, world."""
    polar = np.pi * (np.arange(height) + 0.5) / height
    azimuth = 2 * np.pi * ((np.arange(width) + 0.5) / width - 0.5)
    across = np.sin(polar)[:, None]
    y = np.broadcast_to(np.cos(polar)[:, None], (height, width))
    return np.stack([across * np.sin(azimuth), y, -across * np.cos(azimuth)], -1)


@functools.lru_cache(maxsize=8)
def solid_angles(height: int, width: int) -> np.ndarray:
    """Return the solid angle `[h, 1]` of a panorama's pixels by row; all pixels together make 4 pi."""
    edges = np.cos(np.pi * np.arange(height + 1) / height)
    return ((edges[:-1] - edges[1:]) * 2 * np.pi / width)[:, None]


def harmonics(d: np.ndarray) -> np.ndarray:
    """Return the nine real spherical harmonics of order up to 2 at unit directions `[..., 3]`: `[..., 9]`.

    Order y00, y1-1, y10, y11, y2-2 .. y22 as in Ramamoorthi and Hanrahan 2001, Eq. 3, over the world's (x, y, z).
    """
    x, y, z = d[..., 0], d[..., 1], d[..., 2]
    one = np.full_like(x, 0.282095)
    first = [0.488603 * y, 0.488603 * z, 0.488603 * x]
    second = [1.092548 * x * y, 1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z]
    return np.stack([one, *first, *second, 0.546274 * (x * x - y * y)], -1)


# Ramamoorthi and Hanrahan 2001, Eq. 8: the cosine lobe's bands, pi, 2 pi / 3, pi / 4, over the pi of a white surface.
_LOBE = np.array([1.0] + 3 * [2 / 3] + 5 * [1 / 4])


def irradiance_of(panorama: np.ndarray) -> np.ndarray:
    """Return `[9, 3]` harmonics of what a panorama `[h, w, 3]` adds to a white surface, by its normal."""
    height, width = panorama.shape[:2]
    basis = harmonics(directions(height, width)) * solid_angles(height, width)[..., None]
    radiance = np.einsum("hwk,hwc->kc", basis, panorama.astype(float))
    return _LOBE[:, None] * radiance


def irradiance_at(irradiance: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return what is added to white surfaces with normals `[..., 3]`: `[..., 3]`, never negative."""
    return np.maximum(harmonics(normals) @ irradiance, 0)


def environment_of(panorama: np.ndarray, to_sun: np.ndarray, sun_color: np.ndarray) -> Environment:
    """Return an environment of a panorama without its sun, and the sun."""
    panorama = np.ascontiguousarray(panorama, np.float32)
    return Environment(panorama, np.asarray(to_sun, float), np.asarray(sun_color, float), irradiance_of(panorama))


def turned(around: Environment, yaw: float) -> Environment:
    """Return the environment turned about the vertical by `yaw` radians, from -z towards +x, to a whole column."""
    width = around.panorama.shape[1]
    columns = round(yaw / (2 * np.pi) * width)
    angle = 2 * np.pi * columns / width
    x, y, z = around.to_sun
    to_sun = [x * np.cos(angle) - z * np.sin(angle), y, x * np.sin(angle) + z * np.cos(angle)]
    return environment_of(np.roll(around.panorama, columns, axis=1), np.array(to_sun), around.sun_color)


def like_photo(around: Environment, photo: np.ndarray) -> Environment:
    """Return light of a photograph's brightness and tint, for people who are shown before it.

    Args:
      around: the light; its directions stay.
      photo: `[H, W, 3]` uint8 sRGB.

    # not in the paper: half of the photograph's deviation from a grey of 0.2, so that colours still vary.
    """
    mean = np.maximum(linear_from_srgb(photo[::8, ::8].reshape(-1, 3) / 255.0).astype(np.float32).mean(0), 1e-3)
    brightness = np.clip(np.sqrt(mean.mean() / 0.2), 0.45, 1.3)
    tint = np.clip(np.sqrt(mean / mean.mean()), 0.8, 1.25)
    factor = brightness * tint
    panorama = (factor * around.panorama).astype(np.float32)
    return Environment(panorama, around.to_sun, factor * around.sun_color, factor * around.irradiance)


def procedural_sky(
    rng: np.random.Generator, sun_elevation_deg: Range, sun_strength: Range, sky_strength: Range
) -> Environment:
    """Draw light that needs no file: a clear, a cloudy or an overcast sky, or a room with lamps and windows.

    Args:
      rng: the randomness.
      sun_elevation_deg: above the horizon.
      sun_strength: what the sun adds to a white surface that faces it; an overcast sky has no sun.
      sky_strength: what all else adds to a white surface that looks up. Only their ratio counts: the camera exposes.

    # not in the paper: SimPose names neither its sun nor its surroundings.
    """
    elevation, azimuth = np.radians(rng.uniform(*sun_elevation_deg)), rng.uniform(0, 2 * np.pi)
    to_sun = np.array([np.cos(elevation) * np.cos(azimuth), np.sin(elevation), np.cos(elevation) * np.sin(azimuth)])
    maker = _MAKERS[int(rng.choice(len(_MAKERS), p=_SHARES))]
    panorama, sun = maker(rng, to_sun)
    above = irradiance_at(irradiance_of(panorama), np.array([0.0, 1.0, 0.0])).mean()
    panorama = panorama * (rng.uniform(*sky_strength) / above)
    return exposed(environment_of(panorama, to_sun, rng.uniform(*sun_strength) * sun), rng.uniform(*_EXPOSED))


def _clear_sky(rng: np.random.Generator, to_sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a sky that is blue above and pale at the horizon, brighter towards the sun; and the sun's colour."""
    return _day(rng, to_sun, clouds=rng.uniform(0, 0.25)), _sunlight(to_sun)


def _cloudy_sky(rng: np.random.Generator, to_sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _day(rng, to_sun, clouds=rng.uniform(0.35, 0.75)), rng.uniform(0.3, 1.0) * _sunlight(to_sun)


def _overcast_sky(rng: np.random.Generator, to_sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the overcast sky of Moon and Spencer 1942: three times as bright above as at the horizon; no sun."""
    d = directions(*_SKY_SHAPE)
    sky = (1 + 2 * np.maximum(d[..., 1:2], 0)) * (0.92 + 0.16 * _clouds(rng)[..., None])
    return _over_ground(rng, sky * np.array([0.95, 0.98, 1.0]), 0.6), np.zeros(3)


def _room(rng: np.random.Generator, to_sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return walls, a ceiling with lamps, a floor and perhaps a window; the nearest lamp stands in for the sun."""
    d = directions(*_SKY_SHAPE)
    reach = 1 / np.maximum(np.abs(d / rng.uniform([0.8, 0.5, 0.8], [1.6, 0.8, 1.6])).max(-1, keepdims=True), 1e-6)
    hit = d * reach  # on the walls of a box around the camera
    wall = rng.uniform(0.5, 1.0) * rng.uniform(0.85, 1.0, 3)
    room = wall * (0.8 + 0.3 * hit[..., 1:2])
    lamp = np.array([1.0, rng.uniform(0.82, 0.98), rng.uniform(0.62, 0.95)])
    ceiling = d[..., 1] > 0.45
    spacing = rng.uniform(0.35, 0.7)
    lit = (
        ceiling & (np.abs((hit[..., 0] / spacing) % 1 - 0.5) < 0.2) & (np.abs((hit[..., 2] / spacing) % 1 - 0.5) < 0.3)
    )
    room = np.where(lit[..., None], 9 * lamp, room)
    if rng.random() < 0.5:
        turn = np.angle(np.exp(1j * (np.arctan2(d[..., 0], -d[..., 2]) - rng.uniform(-np.pi, np.pi))))
        window = (np.abs(turn) < rng.uniform(0.2, 0.6)) & (np.abs(hit[..., 1] - 0.1) < 0.3)
        room = np.where(window[..., None], rng.uniform(3, 8) * np.array([0.85, 0.95, 1.0]), room)
    return _over_ground(rng, room, 0.6), rng.uniform(0.0, 0.6) * lamp


_MAKERS: tuple[Callable[[np.random.Generator, np.ndarray], tuple[np.ndarray, np.ndarray]], ...] = (
    _clear_sky,
    _cloudy_sky,
    _overcast_sky,
    _room,
)
_SHARES = (0.35, 0.25, 0.2, 0.2)


def _sunlight(to_sun: np.ndarray) -> np.ndarray:
    """Return the sun's colour, the lower the yellower: blue light is scattered out on a long way through the air."""
    air = min(1 / max(to_sun[1], 0.08), 10.0)
    return np.exp(-0.055 * _RAYLEIGH * air) / np.exp(-0.055 * _RAYLEIGH[0] * air)


def _day(rng: np.random.Generator, to_sun: np.ndarray, clouds: float) -> np.ndarray:
    d = directions(*_SKY_SHAPE)
    up = np.clip(d[..., 1:2], 0, 1)
    haze = rng.uniform(0.06, 0.5)
    thickness = 1 - np.exp(-haze / (up + 0.12))  # pale where the way through the air is long
    sky = (1 - thickness) * _RAYLEIGH * 0.85 + thickness * np.array([0.82, 0.9, 1.0])
    along = np.clip(d @ to_sun, -1, 1)[..., None]
    glow = 0.8 * np.exp(6 * (along - 1)) + 2.0 * np.exp(40 * (along - 1))
    sky = sky + glow * _sunlight(to_sun)
    share = np.clip((_clouds(rng) - (1 - clouds)) * 4, 0, 1)[..., None]
    return _over_ground(rng, sky * (1 - share) + share * (1.1 + 0.5 * glow), 0.5)


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """Return cloudy values in [0, 1], evenly spread, `[h, w]`; the left and right ends fit."""
    noise = np.zeros(_SKY_SHAPE)
    for step in (16, 8, 4, 2):
        coarse = rng.random((_SKY_SHAPE[0] // step, _SKY_SHAPE[1] // step))
        noise += step * ndimage.zoom(coarse, step, order=1, mode="grid-wrap", grid_mode=True)
    return noise.argsort(axis=None).argsort().reshape(noise.shape) / (noise.size - 1)


def _over_ground(rng: np.random.Generator, sky: np.ndarray, share: float) -> np.ndarray:
    """Return the panorama with ground below the horizon: the mean of the light above, dimmed and coloured."""
    y = directions(*_SKY_SHAPE)[..., 1:2]
    ground = share * rng.uniform(0.5, 1.0) * rng.uniform([0.8, 0.8, 0.65], [1.0, 1.0, 1.0]) * sky[y[..., 0] > 0].mean(0)
    return np.where(y > 0, sky, ground)


@functools.lru_cache(maxsize=16)
def read_environment(path: str | os.PathLike) -> Environment:
    """Read an HDRI (`.hdr`) or a photo (`.jpg`, `.png`, ...) as a panorama of the light around, exposed for it.

    The brightest spot of a high dynamic range becomes the sun, if it outshines the rest.
    Raises InputError if the file is no picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] < 3 or min(pixels.shape[:2]) < 2:
        raise InputError(f"environment: no picture, or a broken one: {path}")
    rgb = pixels[..., 2::-1].astype(np.float32)
    if pixels.dtype != np.float32:
        rgb = linear_from_srgb(rgb / (255 if pixels.dtype == np.uint8 else 65535))
    rgb = np.maximum(np.nan_to_num(rgb, nan=0.0, posinf=6e4, neginf=0.0), 0)
    panorama = cv2.resize(rgb, _READ_SHAPE[::-1], interpolation=cv2.INTER_AREA)
    if not panorama.any():
        raise InputError(f"environment: the picture is black: {path}")
    return exposed(environment_of(*_without_sun(panorama)), float(np.mean(_EXPOSED)))


def _without_sun(panorama: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take the sun out: return the panorama without it, `to_sun` `[3]`, and what it adds to a white surface `[3]`."""
    d, angles = directions(*panorama.shape[:2]), solid_angles(*panorama.shape[:2])
    light = ndimage.gaussian_filter(panorama.mean(-1), 2, mode=("nearest", "wrap")) * (d[..., 1] > 0.05)
    row, column = np.unravel_index(np.argmax(light), light.shape)
    to_sun = d[row, column]
    disk = d @ to_sun > np.cos(_SUN_RADIUS)
    ring = (d @ to_sun > np.cos(2 * _SUN_RADIUS)) & ~disk
    around = panorama[ring].mean(0)
    if light[row, column] < _SUN_CONTRAST * panorama.mean():
        return panorama, to_sun, np.zeros(3)
    over = np.where(disk[..., None], np.maximum(panorama - around, 0), 0)
    return panorama - over, to_sun, (over * angles[..., None]).sum((0, 1)) / np.pi


_ALL_SIDES = np.array([[0.0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])


def exposed(around: Environment, level: float) -> Environment:
    """Scale all light: white surfaces that look up or aside get `level` on average, half of the sun with it."""
    total = irradiance_at(around.irradiance, _ALL_SIDES).mean() + 0.5 * around.sun_color.mean()
    factor = level / max(float(total), 1e-9)
    panorama = (factor * around.panorama).astype(np.float32)
    return Environment(panorama, around.to_sun, factor * around.sun_color, factor * around.irradiance)
