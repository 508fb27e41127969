"""Draping: from the piece of the body under a garment to cloth that hangs, bridges hollows and folds."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import (
    TUCKED,
    Landmarks,
    Top,
    Trousers,
    along_arm,
    cut,
    height_of,
    share,
    smoothstep,
    waist,
)
from simpose_tf.figures.dressed.patches import Patch

_INNER = 0.005  # metres: cloth that lies close
_BETWEEN = 0.005  # metres between two layers of cloth
_EDGE = 0.030  # metres: longer edges are split, so that folds have vertices
_DRAW_IN = 0.16  # metres that hanging cloth may narrow per metre of fall


@dataclass(frozen=True)
class Worn:
    """A draped garment before its hems are closed: the cloth, its outward directions `[N, 3]`, shading `[N]`, and the
    points `[N, 3]` of the bare body beneath.
    """

    patch: Patch
    outward: np.ndarray
    shade: np.ndarray
    bare: np.ndarray


def dress(garment: Top | Trousers, body: Patch, at: Landmarks, rng: np.random.Generator) -> Worn:
    """Drape a top or trousers.

    Args:
      garment: what to drape.
      body: the charted body; its field `under`, if there, tells how far out the layers below lie.
      at: the body's joints.
      rng: draws the folds.
    """
    piece = patches.refine_to(cut(garment, body, at), _EDGE)
    under = piece.fields.get("under", np.zeros(len(piece.points)))
    thickness = np.maximum(_thickness(garment, piece, at), under + _BETWEEN * (under > 0))
    least = np.maximum(0.4 * thickness, np.where(under > 0, under + 0.6 * _BETWEEN, 0))
    points, outward = patches.drape(piece, thickness, 90, least)
    if isinstance(garment, Top) and garment.drop > 0:
        points = _hang(points, piece, at, garment)
    folds, depth = _folds(garment, piece, thickness, at, rng)
    points = points + (depth * folds)[:, None] * outward
    clearance = np.einsum("nc,nc->n", points - piece.points, outward)
    points = points + np.maximum(least - clearance, 0)[:, None] * outward
    return Worn(replace(piece, points=points), outward, 1 + 0.09 * np.clip(folds, -1.5, 1), piece.points)


def closed(worn: Worn, thickness: float) -> tuple[Patch, np.ndarray]:
    """Return a garment with its hems turned in by about `thickness` metres, and its shading."""
    patch = patches.hem(worn.patch, worn.outward, thickness + 0.004)
    return patch, np.concatenate([worn.shade, np.full(len(patch.points) - len(worn.shade), 0.7)])


def _thickness(garment: Top | Trousers, piece: Patch, at: Landmarks) -> np.ndarray:
    """Return metres `[N]` of cloth and air: tight at neck and waist, looser towards hems and sleeves."""
    y = piece.points[:, 1]
    if isinstance(garment, Trousers):
        loose = 1 - smoothstep(height_of(at, garment.length), height_of(at, 0) + 0.01, y)
        return garment.thickness + (garment.hem_thickness - garment.thickness) * loose
    at_neck = smoothstep(0.0, 0.05, piece.fields["neck"])
    below = 1 - smoothstep(waist(at), waist(at) + 0.12, y)
    tucked = garment.hem <= TUCKED
    at_waist = _INNER if tucked else garment.thickness
    return (1 - below) * (_INNER + (garment.thickness - _INNER) * at_neck) + below * at_waist


def _hang(points: np.ndarray, piece: Patch, at: Landmarks, garment: Top) -> np.ndarray:
    """Move cloth on the trunk outward until it hangs down from what is wider above."""
    on_trunk = 1 - smoothstep(0.1, 0.5, share(piece, at.names, ("Arm", "ForeArm", "Hand")))
    high, low = float(at["LeftArm"][1]) - 0.06, float(points[:, 1].min())
    heights = np.linspace(high, low, max(int((high - low) / 0.015), 6))
    angles = np.linspace(-np.pi, np.pi, 65)
    trunk = points[on_trunk > 0.5]
    center = np.array([0.0, trunk[:, 2].mean()])
    radii = sheets.slice_radii(trunk, heights, center, angles)
    step = heights[0] - heights[1]
    for i in range(1, len(heights)):
        radii[i] = np.maximum(radii[i], radii[i - 1] - _DRAW_IN * step)
    radii = gaussian_filter(radii, (1, 1), mode=("nearest", "wrap"))
    table = RegularGridInterpolator((-heights, angles), radii, bounds_error=False, fill_value=None)
    from_axis = points[:, [0, 2]] - center
    radius = np.linalg.norm(from_axis, axis=1)
    inside = np.clip(-points[:, 1], -heights[0], -heights[-1])
    wanted = table(np.stack([inside, np.arctan2(from_axis[:, 0], from_axis[:, 1])], -1))
    below = 1 - smoothstep(high - 0.1, high, points[:, 1])
    if garment.hem <= TUCKED:  # gathered in the waistband
        below *= smoothstep(0.0, 0.13, piece.fields["hem"])
    out = garment.drop * on_trunk * below * np.maximum(wanted - radius, 0) / np.maximum(radius, 1e-6)
    points = points + np.stack([out * from_axis[:, 0], 0 * out, out * from_axis[:, 1]], -1)
    return patches.smooth(points, patches.averaging(piece.faces, len(points)), 3)


def _folds(
    garment: Top | Trousers, piece: Patch, thickness: np.ndarray, at: Landmarks, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return folds `[N]` in about -1.5..1.5, soft ones and rings at the joints, and their depth `[N]` in metres."""
    soft = patches.wrinkles(piece.points, rng, 0.12)
    warp = 0.018 * patches.wrinkles(piece.points, rng, 0.16)
    along, rings = _creases(garment, piece, at)
    loose = np.clip((thickness - 0.004) / 0.008, 0, 1)
    uneven = 0.55 + 0.45 * patches.wrinkles(piece.points, rng, 0.14)
    waves = rings * uneven * np.sin(2 * np.pi * (along + warp) / 0.055)
    return 0.8 * soft + waves, loose * (0.0030 + 0.0010 * rings)


def _creases(garment: Top | Trousers, piece: Patch, at: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """Return metres `[N]` along the limb and how much `[N]` in 0..1 cloth is pushed into rings there."""
    if isinstance(garment, Top):
        way, metres = along_arm(piece, at)
        on_arm = smoothstep(0.3, 0.8, share(piece, at.names, ("Arm", "ForeArm", "Hand")))
        along, end, joint = way * metres, garment.sleeve * metres, metres
        rings = np.exp(-(((along - joint) / 0.06) ** 2)) + 0.8 * np.exp(-(((along - end) / 0.07) ** 2))
        fall = piece.points[:, 1] - waist(at) if garment.hem > TUCKED else piece.fields["hem"] - 0.05
        gathered = 0.5 * np.exp(-((fall / 0.06) ** 2)) * (1 - on_arm)
        return np.where(on_arm > 0, along, piece.points[:, 1]), np.clip(on_arm * rings + gathered, 0, 1)
    y, knee, ankle = piece.points[:, 1], at["LeftLeg"][1], height_of(at, garment.length)
    rings = np.exp(-(((y - knee) / 0.08) ** 2)) + np.exp(-(((y - ankle) / 0.07) ** 2))
    hip = np.exp(-(((y - at["LeftUpLeg"][1] + 0.02) / 0.05) ** 2))
    return y + 0.35 * np.abs(piece.points[:, 0]) * hip, np.clip(rings + 0.5 * hip, 0, 1)
