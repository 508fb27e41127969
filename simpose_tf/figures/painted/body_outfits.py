"""What a painted body wears, as plain data drawn at random."""

from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures.painted.body_fabrics import Color, Fabric, dyed, mixed, sample_fabric

_SHIRTS = {"plain": 4, "melange": 1.5, "stripes": 2, "upright": 0.7, "checks": 1.3, "tartan": 1.2, "dots": 0.5}
_SHIRTS |= {"flowers": 0.6, "camouflage": 0.2, "denim": 0.4, "knit": 1}
_FEMININE = _SHIRTS | {"flowers": 2.0, "dots": 1.2}
_TROUSERS = {"denim": 3.5, "plain": 4, "melange": 0.8, "camouflage": 0.25, "checks": 0.3, "upright": 0.2}
_SKIRTS = {"plain": 3, "denim": 0.7, "flowers": 1.2, "checks": 0.5, "tartan": 1, "dots": 0.7, "stripes": 0.4}
_JACKETS = {"plain": 4, "denim": 1.5, "melange": 1.5, "checks": 0.5, "knit": 1}

NECKS = ("crew", "v", "scoop", "collar")
FRONTS = ("closed", "buttons", "zip", "open")


@dataclass(frozen=True)
class Top:
    """A top. `sleeve`: 0 none, 1 to the elbow, 2 to the wrist; `neck` one of `NECKS`, `depth` of it in metres; `hem`:
    0 at the waist, 1 at the hip joints; `front` one of `FRONTS`; `bands`: ribbed hem and cuffs; `graphic`: print on
    the chest; `trim`: sRGB of buttons, print and collar.
    """

    fabric: Fabric
    sleeve: float
    neck: str = "crew"
    depth: float = 0.0
    hem: float = 0.9
    front: str = "closed"
    bands: bool = False
    graphic: bool = False
    trim: Color = (0.2, 0.2, 0.2)


@dataclass(frozen=True)
class Bottom:
    """Trousers, shorts or a skirt. `length`: 1 to the knee, 2 to the ankle; `belt`: its colour or None."""

    fabric: Fabric
    length: float
    skirt: bool = False
    belt: Color | None = None


@dataclass(frozen=True)
class Shoes:
    """Shoes. `height` of the opening above the ankle joint, metres; with `laces`; `sock`: height above it, colour."""

    color: Color
    sole: Color
    height: float
    laces: bool
    sock: tuple[float, Color] | None


@dataclass(frozen=True)
class Outfit:
    """Garments, the innermost first; `tucked`: the top ends inside the bottom; no shoes: barefoot; no bottom: bare."""

    tops: tuple[Top, ...]
    bottom: Bottom | None
    shoes: Shoes | None
    tucked: bool


def sample_outfit(rng: np.random.Generator, male: bool, age: float) -> Outfit:
    """Draw everyday clothes; `age` as in `makehuman.Shape`."""
    if not male and rng.random() < 0.16:
        return _dress(rng)
    bottom = _bottom(rng, male, age)
    tops = _tops(rng, male)
    warm = bool(tops) and tops[-1].sleeve > 1.5
    if warm and bottom.length < 1.5 and rng.random() < 0.6:
        bottom = replace(bottom, length=float(rng.uniform(1.88, 1.98)))
    tucked = bool(tops) and tops[-1].front != "open" and not tops[-1].bands and rng.random() < 0.3
    return Outfit(tops, bottom, _shoes(rng, bottom, bare=not tops), tucked)


def _dress(rng: np.random.Generator) -> Outfit:
    fabric = sample_fabric(rng, _SKIRTS)
    neck = str(rng.choice(["scoop", "v", "crew"]))
    sleeve = float(rng.choice([0, 0.35, 0.6, 1.9], p=[0.4, 0.2, 0.25, 0.15]))
    top = Top(fabric, sleeve, neck, float(rng.uniform(0.02, 0.09)), hem=0.5)
    belt = dyed(rng) if rng.random() < 0.35 else None
    bottom = Bottom(fabric, float(rng.uniform(0.5, 1.1)), skirt=True, belt=belt)
    return Outfit((top,), bottom, _shoes(rng, bottom, False), tucked=True)


def _bottom(rng: np.random.Generator, male: bool, age: float) -> Bottom:
    if not male and rng.random() < 0.18:
        return Bottom(sample_fabric(rng, _SKIRTS), float(rng.uniform(0.5, 1.1)), skirt=True)
    short = rng.random() < (0.4 if age < 0.4 else 0.27)
    low, high = (0.5, 1.05) if male else (0.3, 0.95)
    length = float(rng.uniform(low, high) if short else rng.choice([rng.uniform(1.9, 1.99), 1.75], p=[0.85, 0.15]))
    belt = mixed((0.10, 0.08, 0.07), (0.45, 0.30, 0.18), float(rng.random())) if rng.random() < 0.3 else None
    return Bottom(sample_fabric(rng, _TROUSERS), length, belt=belt)


def _tops(rng: np.random.Generator, male: bool) -> tuple[Top, ...]:
    """Draw a top, or a shirt under an open jacket, or nothing (some men)."""
    if male and rng.random() < 0.06:
        return ()
    shirt = _shirt(rng, male)
    if rng.random() > 0.2:
        return (shirt,)
    jacket = Top(sample_fabric(rng, _JACKETS), 1.93, "v", 0.05, float(rng.uniform(1.0, 1.45)), "open", trim=dyed(rng))
    return replace(shirt, sleeve=min(shirt.sleeve, 1.8), hem=min(shirt.hem, 1.0), bands=False), jacket


def _shirt(rng: np.random.Generator, male: bool) -> Top:
    fabric = sample_fabric(rng, _SHIRTS if male else _FEMININE)
    hem, trim = float(rng.uniform(0.9, 1.4)), dyed(rng)
    kind = rng.choice(["t-shirt", "tank", "long", "button-down", "polo", "sweater", "zipped"], p=_kinds(male))
    if kind == "tank":
        return Top(fabric, 0.0, "scoop", float(rng.uniform(0.04, 0.09)), hem, trim=trim)
    if kind == "button-down":
        return Top(fabric, float(rng.choice([0.7, 1.94])), "collar", 0.03, hem, "buttons", trim=trim)
    if kind == "polo":
        return Top(replace(fabric, pattern="plain"), 0.6, "collar", 0.02, hem, trim=trim)
    if kind in ("sweater", "zipped"):
        front = "zip" if kind == "zipped" else "closed"
        return Top(fabric, 1.95, "crew", 0.0, hem, front, bands=True, graphic=bool(rng.random() < 0.25), trim=trim)
    sleeve = float(rng.uniform(0.4, 0.75) if kind == "t-shirt" else rng.uniform(1.6, 1.95))
    neck, depth = (("v", 0.06), ("scoop", 0.05), ("crew", 0.015))[rng.choice(3, p=[0.2, 0.2, 0.6])]
    graphic = bool(fabric.pattern in ("plain", "melange") and rng.random() < 0.45)
    return Top(fabric, sleeve, neck, depth, hem, graphic=graphic, trim=trim)


def _kinds(male: bool) -> list[float]:
    return [0.34, 0.06, 0.12, 0.18, 0.10, 0.12, 0.08] if male else [0.30, 0.17, 0.17, 0.12, 0.04, 0.13, 0.07]


def _shoes(rng: np.random.Generator, bottom: Bottom, bare: bool) -> Shoes | None:
    if rng.random() < (0.5 if bare else 0.04):
        return None
    leather = mixed((0.08, 0.07, 0.07), (0.42, 0.27, 0.16), float(rng.random()))
    if rng.random() < 0.3:  # leather shoes or boots
        return Shoes(leather, (0.1, 0.09, 0.08), float(rng.choice([-0.005, 0.09])), False, None)
    sock = None
    if rng.random() < 0.6 and not bottom.skirt:
        sock = float(rng.choice([0.03, 0.09, 0.22], p=[0.45, 0.4, 0.15])), dyed(rng)
    sole = (0.92, 0.91, 0.88) if rng.random() < 0.7 else dyed(rng)
    return Shoes(dyed(rng), sole, float(rng.choice([-0.008, 0.035], p=[0.75, 0.25])), True, sock)
