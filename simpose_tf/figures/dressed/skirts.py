"""Skirts and the lower parts of coats: sheets around both legs, skinned to both."""

from dataclasses import replace

import numpy as np

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import Landmarks, Skirt, height_of, opening, share, smoothstep, waist
from simpose_tf.figures.dressed.patches import Patch

_SMOOTHINGS = 40  # rounds; about 8 cm
_LID = (0.012, 0.03)  # metres upward and inward


def skirt(garment: Skirt, body: Patch, at: Landmarks, inner: np.ndarray, columns: int = 96) -> tuple[Patch, np.ndarray]:
    """Return a skirt (charted, skinned) and its shading: convex outlines of the legs, widening downward.

    `inner` `[M, 3]` are points of garments below it.
    """
    low, high = height_of(at, garment.length), waist(at)
    heights = np.linspace(high, low, max(int((high - low) / 0.018), 8))
    center = at["Hips"][[0, 2]]
    angles = np.arange(columns) * (2 * np.pi / columns) - np.pi
    legs = body.points[share(body, at.names, ("Arm", "ForeArm", "Hand")) < 0.3]
    radii = sheets.slice_radii(np.concatenate([legs, inner]), heights, center, angles) + garment.thickness
    step = heights[0] - heights[1]
    for i in range(1, len(heights)):
        radii[i] = np.maximum(radii[i], radii[i - 1] + garment.flare * step)
    fall = smoothstep(0.02, 0.5, high - heights)[:, None]
    folds = np.sin(garment.pleats * angles + 0.6 * np.sin(3 * angles))
    radii += fall * (0.012 + 0.011 * folds)
    if garment.front is not None:  # a coat's waist stands off the small of the back: its rim is turned in
        heights, fall = np.append(high + _LID[0], heights), np.append([[0.0]], fall, 0)
        radii = np.append(radii[:1] - _LID[1], radii, 0)
    points, faces = sheets.tube(heights, center, angles, radii)
    sheet = sheets.charted(points, faces, body)
    shade = (1 + 0.09 * fall * folds).ravel()
    fields = {"hem": sheet.points[:, 1] - low, "waist": high - sheet.points[:, 1], "shade": shade}
    fields |= opening(garment.front, sheet.points, at, high, low)
    sheet = replace(sheet, fields={**sheet.fields, **fields})
    sheet = replace(sheet, skin=_skin(sheet))
    if garment.front is not None:
        sheet = patches.clip(sheet, "front")
    return sheet, sheet.fields["shade"]


def _skin(sheet: Patch) -> np.ndarray:
    """Return weights `[N, J]`: those of the nearest point of the body, smoothed over the sheet.

    So cloth that lies on a thigh moves as the thigh does, and what hangs between the legs follows both.
    """
    mean, skin = patches.averaging(sheet.faces, len(sheet.points)), sheet.skin.astype(float)
    border = np.unique(patches.boundary_edges(sheet.faces))
    for _ in range(_SMOOTHINGS):
        kept = skin[border]
        skin = skin + 0.5 * (mean @ skin - skin)
        skin[border] = np.where(sheet.fields["hem"][border, None] > 0.05, kept, skin[border])  # sewn on at the waist
    return (skin / skin.sum(1, keepdims=True)).astype(np.float32)
