"""Shoes: the foot's convex hull with a sole below, cut at the collar; boots have a shaft."""

from dataclasses import replace

import numpy as np

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import Landmarks, Shoes, share, smoothstep
from simpose_tf.figures.dressed.patches import Patch

_LOW = 0.03  # metres above the ankle joint that the hull reaches; what is higher is a shaft


def shoe(garment: Shoes, side: str, body: Patch, at: Landmarks) -> tuple[Patch, np.ndarray]:
    """Return one shoe and its shading: the foot's convex hull, a sole below, cut at the collar."""
    own = body.points[:, 0] * at[f"{side}Foot"][0] > 0
    foot = body.points[own & (body.points[:, 1] < at[f"{side}Foot"][1] + _LOW)]
    middle = np.array([*foot.mean(0)])
    directions, faces = sheets.sphere(4)
    stretched = directions * [1, 0.6, 2.0]  # as many directions to the toes as a long foot needs
    stretched /= np.linalg.norm(stretched, axis=1, keepdims=True)
    radius = sheets.hull_radius(foot, middle, stretched)
    points = middle + radius[:, None] * stretched + garment.thickness * directions
    sole = 1 - smoothstep(0.0, 0.03, points[:, 1])
    points[:, 1] = np.where(points[:, 1] < 0.03, points[:, 1] - 0.012 * sole, points[:, 1])
    near = own[body.faces].all(1) & (body.points[body.faces, 1].max(1) < at[f"{side}Foot"][1] + 0.08)
    result = sheets.charted(points, faces, body, near)
    collar = at[f"{side}Foot"][1] + min(garment.height, _LOW - 0.002) - points[:, 1]
    result = patches.clip(replace(result, fields={**result.fields, "collar": collar}), "collar")
    dark = 1 - 0.25 * (1 - smoothstep(0.0, 0.015, result.points[:, 1]))
    instep = smoothstep(0.03, 0.06, result.points[:, 1]) * smoothstep(0.0, 0.02, np.abs(_laces(result.points, middle)))
    return result, dark * (0.86 + 0.14 * instep)


def _laces(points: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return a field `[N]` that is zero in bands across the instep, where laces shade the upper."""
    across = np.sin((points[:, 2] - middle[2]) * 2 * np.pi / 0.02)
    on_instep = (np.abs(points[:, 0] - middle[0]) < 0.02) & (np.abs(points[:, 2] - middle[2] - 0.03) < 0.045)
    return np.where(on_instep, 0.02 * smoothstep(-0.6, 0.6, across), 1.0)


def shafts(garment: Shoes, body: Patch, at: Landmarks) -> tuple[Patch, np.ndarray] | None:
    """Return the shafts of both boots, or None for low shoes."""
    if garment.height <= _LOW:
        return None
    y, ankle = body.points[:, 1], at["LeftFoot"][1]
    legs = share(body, at.names, ("Arm", "ForeArm", "Hand")) < 0.3
    fields = {"top": ankle + garment.height - y, "foot": y - ankle + 0.01, "legs": legs - 0.5}
    piece = patches.select(replace(body, fields={**body.fields, **fields}), legs[body.faces].all(1))
    piece = patches.refine_to(patches.clip(patches.clip(piece, "top"), "foot"), 0.02, 1)
    points, outward = patches.drape(piece, np.full(len(piece.points), garment.thickness + 0.002))
    return patches.hem(replace(piece, points=points), outward, garment.thickness + 0.004), np.ones(0)
