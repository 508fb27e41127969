"""Clothes painted on a body: borders along smooth iso-lines, seams, bands, buttons and the shading of folds."""

import numpy as np

from simpose_tf.figures.dressed.garments import smoothstep
from simpose_tf.figures.painted import body_fabrics
from simpose_tf.figures.painted.body_outfits import Bottom, Outfit, Shoes, Top
from simpose_tf.figures.painted.body_places import Body, Places

_TEXEL = 0.0035  # metres: borders are this soft
_NECKLINE = 0.042  # half of a neckline's width at its foot, metres


def cover(field: np.ndarray, softness: float = _TEXEL) -> np.ndarray:
    """Return 1 where a field (metres) is positive and 0 where negative, one texel soft."""
    return np.clip(field / softness + 0.5, 0, 1)


def line(field: np.ndarray, width: float = 0.003) -> np.ndarray:
    """Return 1 where a field (metres) is 0, falling to 0 within a few `width`."""
    return np.exp(-((field / width) ** 2))


def blend(colors: np.ndarray, over: np.ndarray, alpha: np.ndarray) -> None:
    """Lay a colour (`[3]` or `[n, 3]`) over `colors` `[n, 3]`, which change."""
    colors += alpha[:, None] * (over - colors)


def wear(colors: np.ndarray, outfit: Outfit, body: Body, rng: np.random.Generator) -> None:
    """Paint an outfit over the skin `[N, 3]`, which changes."""
    if outfit.shoes:
        _shoes(colors, outfit.shoes, body)
    for garment in (*outfit.tops, outfit.bottom) if outfit.tucked else (outfit.bottom, *outfit.tops):
        if isinstance(garment, Top):
            _top(colors, garment, body, rng)
        elif garment is not None:
            _bottom(colors, garment, body, rng)


def _lay(colors: np.ndarray, places: Places, cloth: np.ndarray, field: np.ndarray, shadow: bool = True) -> None:
    """Lay cloth `[n, 3]` over the colours where the field is positive; a soft shadow falls beside its border."""
    under = colors[places.texels]
    if shadow:
        under *= 1 - 0.25 * np.exp(-np.maximum(-field, 0) / 0.006)[:, None]
    blend(under, cloth, cover(field))
    colors[places.texels] = under


def _folded(cloth: np.ndarray, places: Places, rng: np.random.Generator, depth: float) -> np.ndarray:
    """Shade cloth by folds: creases at the joints, slack elsewhere, darker in hollows and below."""
    slack = np.tanh(places.mixed(rng, 0)) + 0.6 * np.tanh(places.mixed(rng, 1))
    light = 1 + depth * (0.10 * places.crease * (0.6 + 0.4 * places.mixed(rng, 1)) + 0.035 * slack)
    light += 0.03 * places.up - 0.12 * places.cavity
    return cloth * light[:, None]


def neckline(top: Top, places: Places, body: Body) -> np.ndarray:
    """Return how far `[n]` metres places lie below the neckline."""
    x, y, z = (places.x, places.y, places.z) - body.joints["Neck"].astype(np.float32)[:, None]
    front = smoothstep(-0.01, 0.06, z)
    wide = 1.6 * _NECKLINE if top.sleeve == 0 else 1.25 * _NECKLINE
    if top.neck in ("v", "collar") or top.front == "open":
        cut = np.maximum(1 - np.abs(x) / (1.15 * wide), 0)
    else:
        cut = np.exp(-((x / wide) ** 4))
    return 0.012 - (y + 0.5 * z) - top.depth * cut * (front + 0.3 * (1 - front))


def _top_fields(top: Top, places: Places, body: Body) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return metres inside neckline, hem and sleeves (or armholes)."""
    joints = body.joints
    hem = (1 - top.hem) * joints["Spine"][1] + top.hem * joints["LeftUpLeg"][1]
    if top.sleeve == 0:
        beyond = np.abs(places.x) - joints["LeftArm"][0]
        sleeve = -0.022 - 0.95 * beyond - 0.30 * (places.y - joints["LeftArm"][1])
    else:
        metres = float(np.linalg.norm(joints["LeftArm"] - joints["LeftForeArm"]))
        sleeve = np.where(places.arm > 0.3, (top.sleeve - places.way) * metres, 1)
    off_arms = places.y - hem
    return neckline(top, places, body), np.where(places.arm > 0.3, 1, off_arms), sleeve


def _top(colors: np.ndarray, top: Top, body: Body, rng: np.random.Generator) -> None:
    places = body.upper
    neck, hem, sleeve = _top_fields(top, places, body)
    cloth = _folded(body_fabrics.colors(top.fabric, places, rng), places, rng, 1.3 if top.sleeve > 1 else 0.9)
    field = np.minimum(np.minimum(neck, hem), sleeve)
    if top.graphic:
        _graphic(cloth, places, top, rng)
    if top.sleeve > 0:
        armhole = np.where(places.arm > 0.03, (places.way + 0.05) * 0.23, 1)
        cloth *= 1 - 0.13 * line(armhole, 0.004)[:, None]
    _edges(cloth, top, places, neck, hem, sleeve)
    if top.front == "open":
        opening = np.abs(places.x) - 0.025 - 0.13 * np.clip(body.joints["Neck"][1] - places.y, 0, 1)
        opening = np.where(places.front > -0.2, opening, 1)
        cloth *= 1 - 0.3 * line(opening - 0.03, 0.004)[:, None]  # the lapel's edge
        field = np.minimum(field, np.where(places.z > body.joints["Neck"][2], opening, 1))
    elif top.front != "closed" or top.neck == "collar":
        _placket(cloth, top, places, neck)
    _lay(colors, places, cloth, field)


def _edges(cloth: np.ndarray, top: Top, places: Places, neck: np.ndarray, hem: np.ndarray, sleeve: np.ndarray) -> None:
    """Paint collar, ribbed bands and stitched hems."""
    trim = np.array(top.trim, np.float32)
    if top.bands:
        for field in (hem, sleeve):
            ribs = 0.92 + 0.06 * np.sin(2 * np.pi * places.turn * np.round(places.girth / 0.012))
            blend(cloth, cloth * ribs[:, None], cover(0.045 - field))
            cloth *= 1 - 0.25 * line(field - 0.045)[:, None]
    else:
        cloth *= 1 - 0.15 * (line(hem - 0.018) + line(sleeve - 0.018))[:, None]
    if top.neck == "collar":
        collar = np.minimum(0.034 - neck, 0.105 - np.hypot(places.x, places.z - 0.01))
        blend(cloth, np.minimum(cloth * 1.08 + 0.02, 1), cover(collar))
        cloth *= 1 - 0.3 * line(collar)[:, None]
    elif top.sleeve > 0 and top.front != "open":
        share = 0.7 if top.bands else 0.25
        blend(cloth, trim if top.graphic else cloth * 0.88, share * cover(0.016 - neck))
        cloth *= 1 - 0.15 * line(neck - 0.016)[:, None]


def _placket(cloth: np.ndarray, top: Top, places: Places, neck: np.ndarray) -> None:
    """Paint the line of buttons or the zip down the front; a polo's ends at the chest."""
    ahead = places.front > 0
    reach = cover(0.14 - neck) if top.front == "closed" else np.ones_like(neck)
    middle = np.where(ahead, places.x, 1)
    if top.front == "zip":
        cloth *= 1 - 0.35 * line(middle, 0.005)[:, None]
        return
    cloth *= 1 - (0.16 * reach * (line(middle - 0.015) + line(middle + 0.015)))[:, None]
    away = np.hypot(middle, (places.y % 0.075) - 0.0375)
    blend(cloth, np.array(top.trim, np.float32), reach * cover(0.006 - away) * cover(neck - 0.02))


def _graphic(cloth: np.ndarray, places: Places, top: Top, rng: np.random.Generator) -> None:
    """Print something on the chest: a disc, bars, a band or rows like writing."""
    x, y = places.x, places.y - float(rng.uniform(0.36, 0.42))
    ahead = np.clip(places.front * 4, 0, 1)
    size = float(rng.uniform(0.05, 0.1))
    kind = rng.choice(["disc", "bars", "band", "rows"])
    if kind == "disc":
        amount = cover(size - np.hypot(x, y)) * cover(np.hypot(x, y) - 0.6 * size + 0.4 * size * (rng.random() < 0.5))
    elif kind == "bars":
        turned = x * np.cos(0.7) + y * np.sin(0.7)
        amount = cover(size - np.maximum(np.abs(x), np.abs(y))) * (np.sin(turned * 200) > 0)
    elif kind == "band":
        amount, ahead = cover(0.5 * size - np.abs(y)) * (places.arm < 0.5), np.ones_like(x)
    else:
        letters = np.clip(places.mixed(rng, 2) * 3, 0, 1)
        amount = cover(size - np.abs(x)) * cover(0.4 * size - np.abs(y)) * letters * (np.sin(y * 260) > -0.4)
    blend(cloth, np.array(top.trim, np.float32), (0.92 * amount * ahead).astype(np.float32))


def _waist(body: Body) -> float:
    """Return the y of the upper border of trousers and skirts."""
    return float(0.35 * body.joints["Hips"][1] + 0.65 * body.joints["Spine"][1])


def _bottom(colors: np.ndarray, bottom: Bottom, body: Body, rng: np.random.Generator) -> None:
    places, joints = body.lower, body.joints
    heights = [joints[f"Left{bone}"][1] for bone in ("UpLeg", "Leg", "Foot")]
    hem = places.y - float(np.interp(bottom.length, [0, 1, 2], heights))
    waist = _waist(body) - places.y + 0.03 * places.z
    loose = 1.4 if bottom.length > 1.5 else 1.0
    cloth = _folded(body_fabrics.colors(bottom.fabric, places, rng), places, rng, loose)
    if bottom.skirt:
        pleats = np.sin(2 * np.pi * places.turn * np.round(places.girth / 0.06))
        cloth *= 1 + 0.10 * (pleats * smoothstep(0.0, 0.3, waist))[:, None]
    else:
        _tailoring(cloth, bottom, places, waist, body)
    cloth *= 1 - 0.2 * (line(hem - 0.022) + line(waist - 0.034))[:, None]
    if bottom.belt is not None:
        blend(cloth, np.array(bottom.belt, np.float32), cover(0.030 - waist))
        buckle = np.maximum(np.abs(places.x) - 0.022, np.abs(waist - 0.014) - 0.013)
        blend(cloth, np.array([0.72, 0.70, 0.62], np.float32), cover(-buckle) * (places.front > 0) * (buckle > -0.007))
    _lay(colors, places, cloth, np.minimum(np.minimum(waist, hem), (0.3 - places.arm) * 0.1))


def _tailoring(cloth: np.ndarray, bottom: Bottom, places: Places, waist: np.ndarray, body: Body) -> None:
    """Paint seams, fly and pockets; on denim with bright stitching; a crease down plain long trousers."""
    ahead, behind = places.front > 0.05, places.front < -0.05
    seams = line((places.turn - 0.75) * places.girth, 0.004) + line((places.turn - 0.25) * places.girth, 0.004)
    pocket = np.hypot(np.abs(places.x) - 0.175, waist) - 0.085
    back = np.maximum(np.abs(np.abs(places.x) - 0.078) - 0.055, np.abs(waist - 0.13) - 0.06)
    seams += np.where(ahead & (np.abs(places.x) < 0.16), line(pocket), 0)
    seams += np.where(behind, line(back), 0)
    crotch = body.joints["LeftUpLeg"][1] - 0.07
    seams += np.where(places.y > crotch, line(places.x), 0)
    seams = np.minimum(seams, 1) * (waist > 0.034)
    if bottom.fabric.pattern == "denim":
        bright = np.minimum(np.array(bottom.fabric.color, np.float32) * 0.5 + [0.32, 0.22, 0.10], 1)
        blend(cloth, bright.astype(np.float32), 0.5 * seams)
        return
    cloth *= 1 - 0.22 * seams[:, None]
    if bottom.length > 1.5 and bottom.fabric.pattern != "camouflage":
        crease = line((places.turn - 0.5) * places.girth, 0.005) * (places.y < crotch)
        cloth *= 1 + 0.10 * crease[:, None]


def _shoes(colors: np.ndarray, shoes: Shoes, body: Body) -> None:
    places, ankle = body.feet, body.joints["LeftFoot"][1]
    if shoes.sock is not None:
        height, color = shoes.sock
        ribs = 1 + 0.05 * np.sin(2 * np.pi * places.turn * 40) - 0.1 * places.cavity
        _lay(colors, places, ribs[:, None] * np.array(color, np.float32), ankle + height - places.y)
    shade = 1 - 0.15 * places.cavity + 0.05 * places.up
    upper: np.ndarray = shade[:, None] * np.array(shoes.color, np.float32)
    from_side = np.abs(np.abs(places.x) - body.joints["LeftToeBase"][0])
    instep = np.where((places.up > 0.25) & (places.z > 0.0) & (places.z < 0.12), from_side, 1)
    if shoes.laces:
        blend(upper, upper * 0.8, cover(0.024 - instep))
        laces = cover(0.02 - instep) * (np.sin(2 * np.pi * (places.z + places.y) / 0.022) > 0.1)
        blend(upper, np.array(shoes.sole, np.float32), 0.9 * laces)
    collar = ankle + shoes.height - 0.25 * np.maximum(places.z - 0.02, 0) - places.y
    upper *= 1 - 0.2 * line(collar - 0.012)[:, None]
    sole = body.floor + 0.020 - places.y
    blend(upper, np.array(shoes.sole, np.float32), cover(sole))
    upper *= 1 - 0.3 * line(sole)[:, None]
    _lay(colors, places, upper, collar)
