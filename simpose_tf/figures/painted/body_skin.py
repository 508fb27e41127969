"""Skin, face, hair and eyes painted on a body."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures import makehuman
from simpose_tf.figures.dressed.garments import smoothstep
from simpose_tf.figures.makehuman import Shape
from simpose_tf.figures.painted.body_cloth import blend, cover, line
from simpose_tf.figures.painted.body_fabrics import Color, mixed
from simpose_tf.figures.painted.body_places import Body, HeadPlaces

# sRGB of skin from light to dark.
_TONES: tuple[Color, ...] = (
    (0.93, 0.79, 0.72),
    (0.88, 0.70, 0.60),
    (0.77, 0.57, 0.45),
    (0.61, 0.43, 0.32),
    (0.42, 0.29, 0.21),
)
_TONES += ((0.31, 0.22, 0.17),)
_DARKNESS = np.array([0.75, 0.34, 0.18])  # of `makehuman.RACES`, 0..1 along the tones
_HAIRS = ((0.07, 0.06, 0.06), (0.16, 0.10, 0.07), (0.28, 0.18, 0.10), (0.47, 0.31, 0.17), (0.73, 0.57, 0.34))
_IRISES = ((0.20, 0.11, 0.06), (0.30, 0.18, 0.09), (0.34, 0.36, 0.24), (0.32, 0.45, 0.58), (0.45, 0.52, 0.56))
STYLES = ("short", "buzz", "receding", "bald", "tied", "long", "beanie")
BEARDS = ("none", "stubble", "full", "moustache", "goatee")
_LIPS = np.array([0.0, 0.661])  # x and y of the middle of the mouth on the neutral shape


@dataclass(frozen=True)
class Complexion:
    """A painted person without clothes: sRGB colours; `style` one of `STYLES`, `beard` one of `BEARDS`; `old` 0..1;
    `make_up`: lips redder than they are, 0..1; `freckles` 0..1.
    """

    skin: Color
    hair: Color
    iris: Color
    style: str
    beard: str
    old: float
    make_up: float
    freckles: float


def sample_complexion(rng: np.random.Generator, shape: Shape) -> Complexion:
    """Draw colours and hair that go with a shape's gender, age and mixture of races."""
    male, adult = shape.gender > 0.5, shape.age > 0.38
    darkness = float(np.clip(np.dot(shape.race, _DARKNESS) + rng.normal(0, 0.09), 0, 1))
    tone = np.array([np.interp(darkness, np.linspace(0, 1, len(_TONES)), column) for column in np.array(_TONES).T])
    red, green, blue = np.clip(tone * rng.normal(1, 0.02, 3), 0, 1)
    old = float(np.clip((shape.age - 0.6) / 0.35, 0, 1))
    styles = ("short", "buzz", "receding", "bald", "beanie") if male else ("tied", "long", "short", "buzz", "beanie")
    shares = np.array([0.55, 0.2, 0.05 + 0.3 * old, 0.05 + 0.1 * old, 0.05] if male else [0.42, 0.35, 0.13, 0.04, 0.06])
    shares[2:4] *= adult or not male
    beards = [0.45, 0.25, 0.15, 0.06, 0.09] if male and adult else [1, 0, 0, 0, 0]
    return Complexion(
        skin=(float(red), float(green), float(blue)),
        hair=_hair_color(rng, darkness, old),
        iris=_IRISES[int(rng.integers(len(_IRISES)))] if darkness < 0.3 else _IRISES[int(rng.integers(2))],
        style=str(rng.choice(styles, p=shares / shares.sum())),
        beard=str(rng.choice(BEARDS, p=beards)),
        old=old,
        make_up=float(rng.uniform(0, 1)) if not male and adult else 0.0,
        freckles=float(rng.uniform(0.3, 1)) if darkness < 0.25 and rng.random() < 0.2 else 0.0,
    )


def _hair_color(rng: np.random.Generator, darkness: float, old: float) -> Color:
    first = int(rng.integers(len(_HAIRS) - 1)) if darkness < 0.28 else int(rng.integers(2))
    natural = mixed(_HAIRS[first], _HAIRS[first + 1], float(rng.random()))
    if darkness < 0.25 and rng.random() < 0.08:
        natural = (0.47, 0.20, 0.09)
    grey = np.clip(1.6 * old - rng.uniform(0, 0.8), 0, 1)
    return mixed(natural, (0.70, 0.69, 0.67), float(grey))


def skin(complexion: Complexion, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Return the bare body's sRGB `[n, 3]` float32 at `body.everywhere`."""
    places = body.everywhere
    blush = 0.010 * np.clip(places.mixed(rng, 0), 0, 2) + 0.006 * places.mixed(rng, 1)
    joints = np.maximum(np.exp(-(((places.way - 1) / 0.12) ** 2)) * (places.arm > 0.5), places.hand * 0.7)
    joints = np.maximum(joints, np.exp(-(((places.y - body.joints["LeftLeg"][1]) / 0.05) ** 2)) * (places.front > 0))
    blush += 0.04 * joints
    light = 1 + 0.008 * places.mixed(rng, 1) + 0.010 * places.mixed(rng, 2) - 0.10 * places.cavity
    light += 0.08 * cover(body.floor + 0.012 - places.y, 0.01)
    factors = np.stack([light, light * (1 - blush), light * (1 - 1.1 * blush)], -1)
    return (factors * np.array(complexion.skin)).astype(np.float32)


def chest(colors: np.ndarray, complexion: Complexion, body: Body) -> None:
    """Paint a bare chest on the skin `[N, 3]`, which changes."""
    ids, offsets = makehuman.read_target("breast/nipple-size-incr")
    moved = makehuman.load_base().vertices[ids[np.linalg.norm(offsets, axis=1) > 1e-5]]
    middle = np.abs(moved).mean(0)
    places = body.upper
    away = np.hypot(np.abs(places.x) - middle[0], places.y - moved[:, 1].mean())
    amount = np.where(places.front > 0, cover(0.014 - away, 0.008), 0)
    factor = 1 - 0.3 * amount[:, None] * np.array([0.5, 1, 0.9], np.float32)
    colors[places.texels] *= factor


def face(colors: np.ndarray, complexion: Complexion, body: Body, rng: np.random.Generator) -> None:
    """Paint face and hair over the skin `[N, 3]`, which changes."""
    head = body.head
    under = colors[head.places.texels]
    tone = np.array(complexion.skin, np.float32)
    dark = np.minimum(0.75 * np.array(complexion.hair) + 0.08 * tone, 0.75 * tone).astype(np.float32)
    _flush(under, complexion, head, rng)
    _lips(under, complexion, head)
    _age(under, complexion, head)
    _beard(under, complexion, head, dark, rng)
    _brows(under, complexion, head, dark, rng)
    lashes = np.where(
        head.upper_lid > 0.5, cover(0.0028 - head.lashes, 0.002), 0.5 * cover(0.0014 - head.lashes, 0.002)
    )
    blend(under, 0.25 * dark, 0.85 * lashes * (head.places.z > 0.08))
    _hair(under, complexion, head, body, rng)
    colors[head.places.texels] = under


def _spot(head: HeadPlaces, x: float, y: float, radius: float, tall: float = 1.0) -> np.ndarray:
    """Return 1 in the middle of a soft spot, equal on both sides, 0 outside `radius` metres and behind the ears."""
    places = head.places
    away = np.hypot(np.abs(places.x) - x, (places.y - y) / tall) / radius
    return (1 - smoothstep(0.2, 1.0, away)) * (places.z > 0.03)


def _flush(colors: np.ndarray, complexion: Complexion, head: HeadPlaces, rng: np.random.Generator) -> None:
    red = (
        0.6 * _spot(head, 0.042, 0.695, 0.032) + 0.6 * _spot(head, 0.0, 0.70, 0.018) + 0.3 * _spot(head, 0, 0.63, 0.02)
    )
    red += 0.5 * cover(np.abs(head.places.x) - 0.073, 0.01)  # ears
    strength = float(rng.uniform(0.06, 0.14)) + 0.08 * complexion.make_up
    colors *= 1 - strength * red[:, None] * np.array([0.1, 1, 0.9], np.float32)
    tired = _spot(head, 0.031, 0.7155, 0.018, 0.5) + 0.8 * _spot(head, 0.012, 0.728, 0.012)
    colors *= 1 - (0.10 + 0.10 * complexion.old) * tired[:, None] * np.array([0.8, 1, 0.8], np.float32)
    if complexion.make_up > 0.6:  # shadow on the upper lids
        lid = _spot(head, 0.031, 0.741, 0.02, 0.5)
        colors *= 1 - 0.3 * lid[:, None] * np.array([0.7, 1, 0.7], np.float32)
    if complexion.freckles:
        dots = np.clip(head.places.mixed(rng, 2) * head.places.mixed(rng, 2) - 0.6, 0, 1)
        amount = dots * _spot(head, 0.03, 0.70, 0.06) * complexion.freckles
        colors *= 1 - 0.35 * amount[:, None] * np.array([0.5, 1, 1], np.float32)


def _lips(colors: np.ndarray, complexion: Complexion, head: HeadPlaces) -> None:
    places = head.places
    x, y = places.x, places.y - _LIPS[1]
    dip = 0.0022 * np.exp(-((x / 0.004) ** 2))  # cupid's bow
    half = np.sqrt(np.clip(1 - (x / 0.0265) ** 2, 0, 1))
    inside = np.where(y > 0, 0.0085 * half - dip - y, 0.0105 * half + y)
    amount = cover(inside, 0.003) * (places.z > 0.1) * (np.abs(x) < 0.0265)
    red = np.array([0.88, 0.62, 0.62]) - complexion.make_up * np.array([0.02, 0.25, 0.2])
    blend(colors, (np.array(complexion.skin) * red).astype(np.float32), 0.8 * amount)
    parting = line(y + 0.0004, 0.0012) * (np.abs(x) < 0.024) * (places.z > 0.09)
    colors *= 1 - 0.5 * parting[:, None]


def _age(colors: np.ndarray, complexion: Complexion, head: HeadPlaces) -> None:
    """Paint the lines of age: on the forehead, beside the eyes, from nose to mouth."""
    if complexion.old < 0.1:
        return
    x, y = np.abs(head.places.x), head.places.y
    brow = np.clip(np.sin(2 * np.pi * (y + 0.3 * x * x) / 0.013) - 0.6, 0, 1) * _spot(head, 0, 0.782, 0.05, 0.5)
    crow = np.clip(np.sin(2 * np.pi * (y - 0.731 - 0.1 * (x - 0.05)) / 0.007) - 0.4, 0, 1) * _spot(
        head, 0.057, 0.731, 0.014
    )
    fold = line(x - 0.017 - 0.55 * (0.70 - y), 0.003) * cover(y - 0.652, 0.01) * cover(0.697 - y, 0.01)
    lines = 0.6 * brow + 0.5 * crow + 0.6 * fold * (head.places.z > 0.06)
    colors *= 1 - 0.3 * complexion.old * lines[:, None]


def _beard(
    colors: np.ndarray, complexion: Complexion, head: HeadPlaces, dark: np.ndarray, rng: np.random.Generator
) -> None:
    if complexion.beard == "none":
        return
    places, x, y = head.places, np.abs(head.places.x), head.places.y
    cheek = 0.652 + 0.050 * smoothstep(0.03, 0.075, x)  # from the corners of the mouth up to the ears
    jaw = np.minimum(np.minimum(cheek - y, y - 0.602 - 0.25 * np.maximum(x - 0.02, 0)), places.z - 0.035)
    lip = np.minimum(np.minimum(0.0105 - np.abs(y - 0.6765 + 0.15 * x), 0.034 - x), places.z - 0.08)
    chin = np.minimum(np.minimum(0.655 - y, 0.028 - x), np.minimum(y - 0.615, places.z - 0.07))
    field = {
        "stubble": np.maximum(jaw, lip),
        "full": np.maximum(jaw, lip),
        "moustache": lip,
        "goatee": np.maximum(lip, chin),
    }[complexion.beard]
    on_lips = np.hypot(places.x / 0.026, (y - _LIPS[1]) / 0.010) < 1
    field = np.where(on_lips, -1, field) + 0.002 * places.mixed(rng, 2)
    alpha = 0.28 if complexion.beard == "stubble" else 0.8
    blend(colors, dark * (1 + 0.12 * places.mixed(rng, 2)[:, None]), alpha * cover(field, 0.008))


def _brows(
    colors: np.ndarray, complexion: Complexion, head: HeadPlaces, dark: np.ndarray, rng: np.random.Generator
) -> None:
    x, y = np.abs(head.places.x), head.places.y
    thick, arch, slope = rng.uniform(0.0026, 0.0046), rng.uniform(2.0, 5.0), rng.uniform(-0.06, 0.02)
    along = (x - 0.033) / 0.022
    middle = 0.7505 + float(rng.normal(0, 0.0008)) - arch * (x - 0.037) ** 2 + slope * (x - 0.033)
    taper = np.sqrt(np.clip(1 - along**2, 0, 1)) * (1 - 0.35 * np.clip(along, 0, 1))
    amount = cover(thick * taper - np.abs(y - middle), 0.0025) * (np.abs(along) < 1) * (head.places.z > 0.06)
    hairs = 1 + 0.1 * head.places.mixed(rng, 2)
    blend(colors, dark * hairs[:, None], (0.85 - 0.25 * complexion.old) * amount)


def _hair(colors: np.ndarray, complexion: Complexion, head: HeadPlaces, body: Body, rng: np.random.Generator) -> None:
    places, style = head.places, complexion.style
    if style == "bald":
        return
    field = head.hairline + 0.0025 * places.mixed(rng, 2)
    if style == "receding":
        field = field - 0.055 * smoothstep(95, 40, head.degrees) * smoothstep(0.25, 0.6, head.height)
    if style in ("long", "tied"):
        falling = np.minimum((head.degrees - 100) * 0.002, places.y - (0.56 if style == "long" else 0.68))
        field = np.maximum(field, np.where(head.degrees > 100, falling, -1)) if style == "long" else field
    around = np.arctan2(places.x, places.z - 0.05)
    strands = np.sin(60 * around + 3 * places.mixed(rng, 1)) * 0.5 + 0.5 * places.mixed(rng, 2)
    sheen = np.exp(-(((head.height - 0.55) / 0.25) ** 2))
    color = np.array(complexion.hair, np.float32) * (1 + 0.14 * strands + 0.15 * sheen)[:, None]
    alpha = 0.62 if style == "buzz" else 0.97
    blend(colors, color.astype(np.float32), alpha * cover(field, 0.006))
    if style == "beanie":
        _beanie(colors, head, rng)


def _beanie(colors: np.ndarray, head: HeadPlaces, rng: np.random.Generator) -> None:
    places = head.places
    color = rng.uniform(0.1, 0.8, 3).astype(np.float32)
    ribs = 1 + 0.06 * np.sin(80 * np.arctan2(places.x, places.z - 0.05)) + 0.03 * places.mixed(rng, 2)
    field = places.y - 0.762 + 0.10 * (0.12 - places.z)
    field = np.where((places.z > 0.09) & (places.y < 0.75), -1, field)
    cuff = 1 - 0.2 * line(field - 0.03)
    colors *= 1 - 0.25 * np.exp(-np.maximum(-field, 0) / 0.004)[:, None]
    blend(colors, (ribs * cuff)[:, None] * color, cover(field))


def eyes(complexion: Complexion, body: Body) -> np.ndarray:
    """Return the sRGB `[n, 3]` of the eyeballs' texels: white, iris with a dark rim, pupil, the lid's shadow."""
    angle = np.degrees(body.eye_angle)
    white = np.array([0.90, 0.88, 0.86]) - smoothstep(35, 70, angle)[:, None] * np.array([0.05, 0.16, 0.16])
    iris = np.array(complexion.iris) * (0.8 + 0.5 * smoothstep(8, 20, angle) - 0.8 * smoothstep(21, 27, angle))[:, None]
    color = white + (1 - smoothstep(25, 29, angle))[:, None] * (iris - white)
    color = color + (1 - smoothstep(8, 12, angle))[:, None] * (0.03 - color)
    return (color * (1 - 0.35 * smoothstep(0.15, 0.7, body.eye_height))[:, None]).astype(np.float32)
