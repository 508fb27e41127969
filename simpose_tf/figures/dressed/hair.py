"""Hair: a cap on the scalp that ends at a smooth hairline; long hair hangs from it (`hair_sheets`).

All of it is charted as the body beneath it; the face stays free.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import hair_sheets, patches
from simpose_tf.figures.dressed.garments import Landmarks, smoothstep
from simpose_tf.figures.dressed.head import Head
from simpose_tf.figures.dressed.patches import Patch

# Hairline: degrees around the head (0 front, 90 ear, 180 nape) -> height above the eyes in units of eye-to-crown.
_AROUND = [0, 25, 45, 60, 70, 78, 100, 112, 125, 150, 180]
_HAIRLINE = PchipInterpolator(_AROUND, [0.66, 0.68, 0.5, 0.28, -0.1, -0.12, 0.14, 0.1, -0.3, -0.72, -0.8])
_RECEDING = PchipInterpolator(_AROUND, [1.06, 1.06, 1.02, 0.6, 0.1, -0.1, 0.14, 0.1, -0.3, -0.72, -0.8])


@dataclass(frozen=True)
class _Cap:
    """Metres of hair on the sides and on top, of strands' and curls' depth; whether hair is parted at the side."""

    sides: float
    top: float
    strands: float = 0.001
    curls: float = 0.0
    parted: bool = False


_CAPS = {
    "crop": _Cap(0.004, 0.006, 0.0004),
    "short": _Cap(0.008, 0.014, 0.0020),
    "parted": _Cap(0.008, 0.016, 0.0016, parted=True),
    "receding": _Cap(0.009, 0.006, 0.001),
    "curly": _Cap(0.020, 0.032, 0.001, curls=0.006),
    "afro": _Cap(0.058, 0.066, 0.0, curls=0.005),
    "bun": _Cap(0.007, 0.010, 0.0010),
    "ponytail": _Cap(0.007, 0.010, 0.0010),
    "braids": _Cap(0.008, 0.011, 0.0010, parted=True),
    "bob": _Cap(0.014, 0.016, 0.0012),
    "long": _Cap(0.012, 0.016, 0.0012),
    "waves": _Cap(0.014, 0.019, 0.0016),
}
STYLES = ("bald", *_CAPS)


def hairline(body: Patch, head: Head, style: str = "short") -> np.ndarray:
    """Return how far `[N]` metres the body's points lie above the hairline."""
    line = _RECEDING if style == "receding" else _HAIRLINE
    height = body.points[:, 1] - head.eyes[1]
    from_axis = np.linalg.norm((body.points - head.ears)[:, [0, 2]], axis=1)
    in_the_mouth = (from_axis < 0.4 * head.unit) & (height < 0.5 * head.unit)
    return np.where(in_the_mouth, -1, height - head.unit * line(head.degrees(body.points)))


def grow(style: str, body: Patch, head: Head, at: Landmarks, clothes: float = 0.0) -> list[tuple[Patch, np.ndarray]]:
    """Return the pieces of a hair style with their shading; what falls on the shoulders clears `clothes` metres.

    Raises InputError for an unknown style.
    """
    if style not in STYLES:
        raise InputError(f"hair: no style {style!r}; one of {', '.join(STYLES)}")
    if style == "bald":
        return []
    pieces = [_cap(style, body, head)]
    if style == "bun":
        pieces.append(hair_sheets.bun(body, head, at))
    if style == "ponytail":
        pieces += hair_sheets.ponytail(body, head, at)
    if style == "braids":
        pieces += hair_sheets.braids(body, head, at)
    if style in hair_sheets.CURTAINS:
        pieces.append(hair_sheets.curtain(style, body, head, at, clothes))
    return pieces


def _cap(style: str, body: Patch, head: Head) -> tuple[Patch, np.ndarray]:
    """Return the hair on the scalp: thicker on top, combed from the crown, with a ragged edge."""
    cap, unit = _CAPS[style], head.unit
    line = hairline(body, head, style)
    piece = patches.select(replace(body, fields={"hairline": line}), (line[body.faces] > -0.02).any(1))
    piece = patches.refine_to(piece, 0.012, 1)
    around = np.arctan2(piece.points[:, 0], piece.points[:, 2] - head.ears[2])
    ragged = 0.0022 * np.sin(47 * around + 2 * np.sin(19 * around)) + 0.0012 * np.sin(113 * around)
    piece = patches.clip(replace(piece, fields={"hairline": piece.fields["hairline"] + ragged}), "hairline")
    deep = max(cap.top, cap.sides)
    above = smoothstep(0.0, 0.012 + 0.9 * deep, piece.fields["hairline"])
    high = smoothstep(0.35 * unit, 0.95 * unit, piece.points[:, 1] - head.eyes[1])
    thickness = (cap.sides + (cap.top - cap.sides) * high) * above
    if cap.parted:
        thickness *= 1 - 0.75 * _parting(piece.points, head, style)
    points, outward = patches.drape(piece, 0.0015 + thickness, taut=20)
    strands = _combed(piece.points, head, style)
    curls = _curls(piece.points) if cap.curls else np.zeros(len(points))
    points = points + (above * (cap.strands * strands + cap.curls * curls))[:, None] * outward
    shade = 0.97 + 0.17 * strands * (cap.strands > 0) + 0.2 * curls
    if cap.parted:
        shade = shade * (1 - 0.25 * _parting(piece.points, head, style))
    return patches.hem(replace(piece, points=points), outward, 0.003 + 0.4 * min(deep, 0.02)), shade


def _parting(points: np.ndarray, head: Head, style: str) -> np.ndarray:
    """Return 1 `[N]` on the parting: at the side, or in the middle for braids."""
    aside = points[:, 0] - (0.0 if style == "braids" else 0.042)
    behind = -0.25 if style != "braids" else -2.0
    return np.exp(-((aside / 0.0035) ** 2)) * smoothstep(
        behind, behind + 0.3, (points[:, 2] - head.ears[2]) / head.unit
    )


def _combed(points: np.ndarray, head: Head, style: str) -> np.ndarray:
    """Return strands `[N]` in about -1..1: from the crown outward, or from the parting to the sides."""
    if style == "parted":
        angle = 9 * (points[:, 2] - head.ears[2]) / head.unit / 6 + 0.4 * points[:, 0] / head.unit
        return hair_sheets.strands(angle * 1.3, 0.3 * points[:, 0])
    if style in ("bun", "ponytail"):  # drawn tight to the back of the head
        knot = np.array([0, head.eyes[1] + 0.5 * head.unit, head.ears[2] - 1.1 * head.unit])
        to = points - knot
        return hair_sheets.strands(np.arctan2(to[:, 0], to[:, 1]), 0.2 * to[:, 2])
    crown = np.array([0.01, head.crown, head.ears[2] - 0.35 * head.unit])
    to = points - crown
    return hair_sheets.strands(np.arctan2(to[:, 0], to[:, 2]), to[:, 1])


def _curls(points: np.ndarray) -> np.ndarray:
    """Return lumps `[N]` in about -1..1, a centimetre or two wide."""
    x, y, z = (points * 330).T
    warp = np.sin(0.7 * y + 1.3 * np.sin(0.6 * z))
    return (np.sin(x + warp) * np.sin(0.9 * y + np.sin(0.8 * z)) + np.sin(1.1 * z + 0.9 * np.sin(0.9 * x))) / 1.6
