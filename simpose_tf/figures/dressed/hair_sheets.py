"""Hair that leaves the scalp: curtains around the head, buns, ponytails and braids."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import Landmarks, share, smoothstep
from simpose_tf.figures.dressed.head import Head
from simpose_tf.figures.dressed.patches import Patch

CURTAINS = {"bob": 1.15, "long": 2.6, "waves": 1.9}  # length below the eyes, in units of eye-to-crown


def strands(angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return a strand pattern `[N]` in about -1..1; `angle` in radians around the head, `height` in metres."""
    slow = np.sin(7 * angle + 25 * height) + np.sin(13 * angle - 17 * height + 1)
    fine = np.sin(53 * angle + 4 * np.sin(11 * angle)) + np.sin(83 * angle + 9 * np.sin(5 * angle) + 8 * height)
    return 0.4 * np.sin(31 * angle + 2 * slow) + 0.2 * slow + 0.25 * fine


def _on_head(body: Patch, at: Landmarks) -> np.ndarray:
    """Return which faces `[F]` of the body follow the head or the neck."""
    return (share(body, at.names, ("Head", "Neck"))[body.faces] > 0.5).all(1)


def bun(body: Patch, head: Head, at: Landmarks) -> tuple[Patch, np.ndarray]:
    """Return a knot at the back of the head and its shading."""
    directions, faces = sheets.sphere(3)
    back = body.points[(head.degrees(body.points) > 150) & (body.points[:, 1] > head.eyes[1] + 0.3 * head.unit)]
    center = np.array([0, head.eyes[1] + 0.45 * head.unit, back[:, 2].min() - 0.012])
    around = np.arctan2(directions[:, 0], directions[:, 1])
    coil = np.sin(3 * around + 9 * directions[:, 2])
    points = center + (0.38 * head.unit + 0.0035 * coil)[:, None] * directions * [1, 0.9, 0.8]
    return sheets.charted(points, faces, body, _on_head(body, at)), 0.95 + 0.15 * coil


def ponytail(body: Patch, head: Head, at: Landmarks) -> list[tuple[Patch, np.ndarray]]:
    """Return a tail from the back of the head to below the neck, and its band."""
    back = body.points[(head.degrees(body.points) > 150) & (body.points[:, 1] > head.eyes[1] + 0.3 * head.unit)]
    start = np.array([0, head.eyes[1] + 0.55 * head.unit, back[:, 2].min() + 0.01])
    t = np.linspace(0, 1, 22)
    reach = head.unit * np.stack(
        [0 * t, 0.25 * np.sin(4 * t) - 2.1 * t**1.3, -0.62 * np.sin(np.minimum(3.0 * t, 2.1))], -1
    )
    width = (
        head.unit * (0.10 + 0.2 * np.sin(np.pi * np.minimum(t * 1.15, 1)) ** 0.7) * (1 - 0.75 * smoothstep(0.6, 1, t))
    )
    points, faces = sheets.pipe(start + reach, np.stack([1.15 * width, 0.8 * width], -1), 28)
    angle = np.tile(np.arange(28) * (2 * np.pi / 28), len(t))
    lines = strands(angle * 0.6, np.repeat(0.2 * t, 28))
    path = np.repeat(start + reach, 28, axis=0)
    points = points + (0.10 * lines)[:, None] * (points - path)
    return [(sheets.charted(points, faces, body, _on_head(body, at)), 0.96 + 0.2 * lines)]


def braids(body: Patch, head: Head, at: Landmarks) -> list[tuple[Patch, np.ndarray]]:
    """Return two plaits from behind the ears down to the shoulders."""
    result = []
    length = 1.35 * head.unit
    for side in (-1, 1):
        t = np.linspace(0, 1, 40)
        start = head.ears + head.unit * np.array([side * 0.70, -0.25, -0.38])
        way = np.stack([side * 0.28 * head.unit * t**0.6, -length * t, 0.05 * head.unit * np.sin(2 * t)], -1)
        knots = np.abs(np.sin(np.pi * 7 * t))
        width = head.unit * (0.10 + 0.055 * knots) * (1 - 0.45 * t)
        points, faces = sheets.pipe(start + way, width, 14)
        shade = np.repeat(0.8 + 0.28 * knots, 14)
        result.append((sheets.charted(points, faces, body, _on_head(body, at)), shade))
    return result


def curtain(style: str, body: Patch, head: Head, at: Landmarks, clothes: float = 0.0) -> tuple[Patch, np.ndarray]:
    """Return hair that falls from the crown around the back of the head, from one temple to the other.

    Below the nape it stays `clothes` metres farther off the body.
    """
    length = CURTAINS[style] * head.unit
    angles = np.radians(np.linspace(57, 303, 117))
    heights = np.arange(head.eyes[1] + 0.8 * head.unit, head.eyes[1] - length - 0.02, -0.015)
    trunk = np.abs(body.points[:, 0]) < 0.85 * head.unit  # shoulders do not hold the hair out
    center = head.ears[[0, 2]]
    radii = sheets.slice_radii(body.points[trunk], heights, center, angles)
    fall = heights[0] - heights
    edge = smoothstep(0, np.radians(24), np.minimum(angles - angles[0], angles[-1] - angles))
    # It comes out of the cap a little below the crown, and out from under it at the temples.
    emerging = smoothstep(0.01, 0.09, fall)[:, None]
    radii = gaussian_filter1d(radii, 2, axis=0) + 0.017 * emerging * (0.35 + 0.65 * edge) - 0.010 * (1 - emerging)
    radii += clothes * smoothstep(-0.08, 0.01, at["Neck"][1] - heights)[:, None]
    for i in range(1, len(heights)):
        radii[i] = np.maximum(radii[i], radii[i - 1] - 0.3 * (heights[i - 1] - heights[i]))
    locks = strands(angles, 0.3 * fall[:, None])
    clumps = np.sin(23 * angles + 2.2 * np.sin(9 * angles)) * smoothstep(0.04, 0.2, fall)[:, None]
    radii = radii + (0.0026 * smoothstep(0, 0.06, fall)[:, None]) * locks + 0.0035 * clumps
    if style == "waves":
        radii = radii + 0.006 * np.sin(95 * fall[:, None] + 3 * np.sin(6 * angles)) * emerging
    points, faces = sheets.tube(heights, center, angles, radii)
    sheet = sheets.charted(points, faces, body, _on_head(body, at) if style == "bob" else None)
    shade = (0.95 + 0.17 * locks + 0.07 * clumps).ravel()
    return _trim(style, sheet, shade, np.tile(angles, len(heights)), head)


def _trim(style: str, sheet: Patch, shade: np.ndarray, angles: np.ndarray, head: Head) -> tuple[Patch, np.ndarray]:
    """Cut the ends raggedly: a bob level, long hair shorter over the shoulders than down the back."""
    length = CURTAINS[style] * head.unit
    side = np.zeros(len(angles)) if style == "bob" else 1 - smoothstep(95, 150, head.degrees(sheet.points))
    tips = np.sin(23 * angles + 2.2 * np.sin(9 * angles)) + 0.6 * np.sin(61 * angles + 3 * np.sin(17 * angles))
    ragged = (0.004 if style == "bob" else 0.011) * tips
    end = head.eyes[1] - length + side * (length - 1.3 * head.unit) + ragged
    fields = {"ends": sheet.points[:, 1] - end, "shade": shade}
    sheet = patches.clip(replace(sheet, fields=fields), "ends")
    thin = smoothstep(0.0, 0.05, sheet.fields["ends"])
    return sheet, sheet.fields["shade"] * (0.85 + 0.15 * thin)
