"""Cloth to paint on a body: colours and patterns as functions of places."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.painted.body_places import Places

PATTERNS = (
    "plain",
    "melange",
    "stripes",
    "upright",
    "checks",
    "tartan",
    "dots",
    "flowers",
    "camouflage",
    "denim",
    "knit",
)
Color = tuple[float, float, float]

_DYES: tuple[Color, ...] = (
    (0.93, 0.92, 0.90), (0.80, 0.78, 0.74), (0.56, 0.56, 0.57), (0.30, 0.31, 0.33), (0.13, 0.13, 0.14),
    (0.16, 0.20, 0.33), (0.22, 0.34, 0.58), (0.45, 0.62, 0.80), (0.14, 0.40, 0.42), (0.20, 0.36, 0.24),
    (0.44, 0.46, 0.30), (0.62, 0.70, 0.45), (0.86, 0.76, 0.42), (0.84, 0.52, 0.24), (0.72, 0.26, 0.20),
    (0.50, 0.14, 0.18), (0.82, 0.50, 0.54), (0.90, 0.74, 0.74), (0.52, 0.34, 0.54), (0.48, 0.36, 0.26),
    (0.70, 0.60, 0.46), (0.86, 0.81, 0.70),
)  # fmt: skip


@dataclass(frozen=True)
class Fabric:
    """A cloth: sRGB `color`, one of `PATTERNS`, sRGB of the pattern, its period in metres."""

    color: Color
    pattern: str = "plain"
    second: Color = (0.5, 0.5, 0.5)
    period: float = 0.05


def dyed(rng: np.random.Generator) -> Color:
    """Draw a colour that people wear: a dye, lighter or darker, its hue a little turned."""
    color = np.array(_DYES[rng.integers(len(_DYES))])
    color = color * rng.uniform(0.8, 1.15) + rng.normal(0, 0.035, 3)
    red, green, blue = np.clip(color, 0.06, 0.96)
    return float(red), float(green), float(blue)


def mixed(a: Color, b: Color, share: float) -> Color:
    """Return the colour `share` of the way from `a` to `b`."""
    red, green, blue = (float((1 - share) * x + share * y) for x, y in zip(a, b, strict=True))
    return red, green, blue


def sample_fabric(rng: np.random.Generator, shares: dict[str, float]) -> Fabric:
    """Draw a fabric; `shares`: how likely each pattern is."""
    patterns, weights = list(shares), np.array(list(shares.values()))
    pattern = patterns[int(rng.choice(len(patterns), p=weights / weights.sum()))]
    if pattern == "denim":
        wash = rng.uniform(0, 1)
        return Fabric(mixed((0.13, 0.17, 0.27), (0.50, 0.60, 0.72), wash), pattern, (0.82, 0.84, 0.86), 0.004)
    period = float(rng.uniform(0.02, 0.10))
    return Fabric(dyed(rng), pattern, dyed(rng), 0.02 if pattern == "knit" else period)


def colors(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    """Return the cloth's sRGB `[n, 3]` float32 at places, before folds and seams."""
    first, second = np.array(fabric.color, np.float32), np.array(fabric.second, np.float32)
    if fabric.pattern == "plain":
        return np.tile(first, (len(places.x), 1))
    amount = _AMOUNTS[fabric.pattern](fabric, places, rng)
    return first + amount[:, None] * (second - first)


def _columns(fabric: Fabric, places: Places) -> np.ndarray:
    """Return the place `[n]` around trunk or limb in periods; a whole number of them goes around."""
    return places.turn * np.maximum(np.round(places.girth / fabric.period), 2)


def _bars(phase: np.ndarray, fabric: Fabric, share: float = 0.5) -> np.ndarray:
    """Return a square wave `[n]` of `phase` (in periods), 1 on a `share` of it; its edges are one texel soft."""
    sharp = fabric.period / 0.004
    return np.clip((0.5 * share - np.abs(phase % 1 - 0.5)) * sharp + 0.5, 0, 1)


def _melange(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.12 + 0.06 * places.mixed(rng, 2) * places.mixed(rng, 2), 0, 0.5)


def _stripes(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    return _bars(places.along / fabric.period, fabric, float(rng.uniform(0.2, 0.6)))


def _upright(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    return _bars(_columns(fabric, places), fabric, float(rng.uniform(0.15, 0.5)))


def _checks(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    return 0.5 * (_bars(_columns(fabric, places), fabric) + _bars(places.along / fabric.period, fabric))


def _tartan(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    shift = float(rng.uniform(0.2, 0.45))
    across, along = _columns(fabric, places), places.along / fabric.period
    wide = _bars(across, fabric, 0.45) + _bars(along, fabric, 0.45)
    thin = _bars(across + shift, fabric, 0.08) + _bars(along + shift, fabric, 0.08)
    return np.clip(0.38 * wide + 0.45 * thin, 0, 1)


def _dots(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    row = np.floor(places.along / fabric.period)
    across = (_columns(fabric, places) + 0.5 * (row % 2)) % 1 - 0.5
    away = np.hypot(across, (places.along / fabric.period) % 1 - 0.5) * fabric.period
    return np.clip((0.27 * fabric.period - away) / 0.004 + 0.5, 0, 1)


def _flowers(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    across, along = _columns(fabric, places), places.along / fabric.period
    place = rng.uniform(-0.22, 0.22, (2, 64, 64)).astype(np.float32)
    size = rng.uniform(0.18, 0.42, (64, 64)).astype(np.float32)
    cell = np.floor(along).astype(int) % 64, np.floor(across).astype(int) % 64
    x, y = across % 1 - 0.5 - place[0][cell], along % 1 - 0.5 - place[1][cell]
    petals = 1 + 0.35 * np.cos(5 * np.arctan2(y, x) + 9 * size[cell])
    return np.clip((size[cell] * 0.75 * petals - np.hypot(x, y)) * fabric.period / 0.004 + 0.5, 0, 1)


def _camouflage(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    blotches = places.mixed(rng, 1) + 0.5 * places.mixed(rng, 0)
    return 0.5 * np.clip(blotches * 6, 0, 1) + 0.5 * np.clip((places.mixed(rng, 1) - 0.4) * 6, 0, 1)


def _denim(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    twill = 0.05 * places.mixed(rng, 2)
    worn = np.clip(0.25 * places.front, 0, 1) * np.exp(-(((places.y + 0.25) / 0.22) ** 2))
    return np.clip(0.06 + twill + worn + 0.04 * places.mixed(rng, 1), 0, 0.6)


def _knit(fabric: Fabric, places: Places, rng: np.random.Generator) -> np.ndarray:
    ribs = np.sin(2 * np.pi * _columns(fabric, places))
    return np.clip(0.12 + 0.10 * ribs + 0.03 * places.mixed(rng, 2), 0, 1)


_AMOUNTS = {
    "melange": _melange,
    "stripes": _stripes,
    "upright": _upright,
    "checks": _checks,
    "tartan": _tartan,
    "dots": _dots,
    "flowers": _flowers,
    "camouflage": _camouflage,
    "denim": _denim,
    "knit": _knit,
}
