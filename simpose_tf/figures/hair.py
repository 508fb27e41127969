"""Hair: a cap on the scalp that ends at a smooth hairline, and curtains or a bun for long hair.

All of it is charted as the body beneath it; the face stays free.
"""

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from simpose_tf.errors import InputError
from simpose_tf.figures import patches, sheets
from simpose_tf.figures.garments import Landmarks, share, smoothstep
from simpose_tf.figures.patches import Patch

STYLES = ("bald", "crop", "short", "bun", "bob", "long")

# Hairline: degrees around the head (0 front, 90 ear, 180 nape) -> height above the eyes in units of eye-to-crown.
_HAIRLINE = PchipInterpolator(
    [0, 25, 45, 60, 70, 78, 100, 112, 125, 150, 180], [0.66, 0.68, 0.5, 0.28, -0.1, -0.12, 0.14, 0.1, -0.3, -0.72, -0.8]
)
_THICKNESS = {"crop": 0.004, "short": 0.016, "bun": 0.008, "bob": 0.013, "long": 0.012}


class Head:
    """Where things are on a head: eyes, ears, crown (metres, figure frame), from keypoints and the body."""

    def __init__(self, keypoints: np.ndarray, body: Patch):
        self.eyes = keypoints[1:3].mean(0)
        self.ears = keypoints[3:5].mean(0)
        self.crown = float(body.points[:, 1].max())
        self.unit = self.crown - float(self.eyes[1])

    def degrees(self, points: np.ndarray) -> np.ndarray:
        """Return the angle `[N]` around the vertical axis between the ears, 0 front, 180 back, equal on both sides."""
        return np.degrees(np.arctan2(np.abs(points[:, 0] - self.ears[0]), points[:, 2] - self.ears[2]))


def hairline(body: Patch, head: Head) -> np.ndarray:
    """Return how far `[N]` metres the body's points lie above the hairline."""
    height = body.points[:, 1] - head.eyes[1]
    from_axis = np.linalg.norm((body.points - head.ears)[:, [0, 2]], axis=1)
    in_the_mouth = (from_axis < 0.4 * head.unit) & (height < 0.5 * head.unit)
    return np.where(in_the_mouth, -1, height - head.unit * _HAIRLINE(head.degrees(body.points)))


def grow(style: str, body: Patch, head: Head, at: Landmarks) -> list[tuple[Patch, np.ndarray]]:
    """Return the pieces of a hair style with their shading. Raises InputError for an unknown style."""
    if style not in STYLES:
        raise InputError(f"hair: no style {style!r}; one of {', '.join(STYLES)}")
    if style == "bald":
        return []
    pieces = [_cap(style, body, head)]
    if style == "bun":
        pieces.append(_bun(body, head, at))
    if style in ("bob", "long"):
        pieces.append(_curtain(style, body, head, at))
    return pieces


def _strands(angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return a strand pattern `[N]` in -1..1; `angle` in radians around the head, `height` in metres."""
    slow = np.sin(7 * angle + 25 * height) + np.sin(13 * angle - 17 * height + 1)
    return 0.5 * np.sin(31 * angle + 2 * slow) + 0.25 * slow


def _cap(style: str, body: Patch, head: Head) -> tuple[Patch, np.ndarray]:
    piece = patches.clip(replace(body, fields={"hairline": hairline(body, head)}), "hairline")
    above = smoothstep(0.0, 0.035, piece.fields["hairline"])
    points, outward = patches.drape(piece, 0.0015 + _THICKNESS[style] * above, taut=20)
    angle = np.arctan2(points[:, 0], points[:, 2] - head.ears[2])
    strands = _strands(angle, points[:, 1])
    points = points + (0.12 * _THICKNESS[style] * above * strands)[:, None] * outward
    hemmed = patches.hem(replace(piece, points=points), outward, 0.003)
    return hemmed, np.concatenate([1 + 0.14 * strands, np.ones(len(hemmed.points) - len(points))])


def _on_head(body: Patch, at: Landmarks) -> np.ndarray:
    """Return which faces `[F]` of the body follow the head or the neck."""
    return (share(body, at.names, ("Head", "Neck"))[body.faces] > 0.5).all(1)


def _bun(body: Patch, head: Head, at: Landmarks) -> tuple[Patch, np.ndarray]:
    directions, faces = sheets.sphere(3)
    back = body.points[(head.degrees(body.points) > 150) & (body.points[:, 1] > head.eyes[1] + 0.3 * head.unit)]
    center = np.array([0, head.eyes[1] + 0.45 * head.unit, back[:, 2].min() - 0.012])
    strands = _strands(np.arctan2(directions[:, 0], directions[:, 1]), directions[:, 2] * 0.1)
    points = center + (0.38 * head.unit + 0.001 * strands)[:, None] * directions * [1, 0.9, 0.8]
    return sheets.charted(points, faces, body, _on_head(body, at)), 1 + 0.14 * strands


def _curtain(style: str, body: Patch, head: Head, at: Landmarks) -> tuple[Patch, np.ndarray]:
    """Return hair that falls from the crown around the back of the head, from one temple to the other."""
    length = {"bob": 1.15, "long": 2.6}[style] * head.unit
    angles = np.radians(np.linspace(58, 302, 123))
    heights = np.arange(head.eyes[1] + 0.6 * head.unit, head.eyes[1] - length - 0.01, -0.006)
    trunk = np.abs(body.points[:, 0]) < 0.85 * head.unit  # shoulders do not hold the hair out
    center = head.ears[[0, 2]]
    radii = sheets.slice_radii(body.points[trunk], heights, center, angles)
    fall = heights[0] - heights
    edge = smoothstep(0, np.radians(30), np.minimum(angles - angles[0], angles[-1] - angles))
    # It comes out of the cap a little below the crown, and out from under it at the temples.
    emerging = smoothstep(0, 0.07, fall)[:, None]
    radii = gaussian_filter1d(radii, 3, axis=0) + 0.015 * emerging * (0.4 + 0.6 * edge) - 0.008 * (1 - emerging)
    for i in range(1, len(heights)):
        radii[i] = np.maximum(radii[i], radii[i - 1] - 0.3 * (heights[i - 1] - heights[i]))
    strands = _strands(angles, 0.3 * fall[:, None])
    radii = radii + (0.0025 * smoothstep(0, 0.06, fall)[:, None]) * strands
    points, faces = sheets.tube(heights, center, angles, radii)
    sheet = sheets.charted(points, faces, body, _on_head(body, at) if style == "bob" else None)
    return _trim(style, sheet, 1 + 0.14 * strands.ravel(), head, length)


def _trim(style: str, sheet: Patch, shade: np.ndarray, head: Head, length: float) -> tuple[Patch, np.ndarray]:
    """Cut the ends: a bob level, long hair shorter over the shoulders than down the back."""
    side = 1 - smoothstep(95, 150, head.degrees(sheet.points)) if style == "long" else np.zeros(len(sheet.points))
    end = head.eyes[1] - length + side * (length - 1.25 * head.unit)
    fields = {"ends": sheet.points[:, 1] - end, "shade": shade}
    sheet = patches.clip(replace(sheet, fields=fields), "ends")
    return sheet, sheet.fields["shade"]
