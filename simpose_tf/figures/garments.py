"""Garments: tops, trousers, skirts and shoes that fit any body of the shape space.

Tops and trousers are cut from the body along zeros of scalar fields (metres, positive inside the garment) and draped;
skirts and shoes are sheets around it. Every field is smooth where it is cut.

# not in the paper: SimPose uses scanned, dressed people (Renderpeople, sec. 3.1); these garments need no licence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures import patches, sheets
from simpose_tf.figures.figure import Skeleton
from simpose_tf.figures.patches import Patch

_RIM = 0.035  # metres of skin that stay under a garment's border
_INNER = 0.005  # metres: cloth that lies close
_TUCKED = 0.6  # a top whose hem is higher is worn inside trousers or skirt
_SKIRT_RIM = 0.12  # more under a skirt: one can look up into it


@dataclass(frozen=True)
class Top:
    """A shirt. `sleeve`: 0 none, 1 to the elbow, 2 to the wrist; `neck`: depth of the front neckline below a crew
    neck, metres; `hem`: 0 at the waist, 1 at the hip joints; `thickness`: metres of cloth and air over the skin.
    """

    sleeve: float
    neck: float
    hem: float
    thickness: float


@dataclass(frozen=True)
class Trousers:
    """Trousers or shorts. `length`: 1 to the knee, 2 to the ankle; `thickness` at the hips, `hem_thickness` below."""

    length: float
    thickness: float
    hem_thickness: float


@dataclass(frozen=True)
class Skirt:
    """A skirt. `length`: 1 to the knee, 2 to the ankle; `flare`: widening per metre of fall; `pleats`: how many."""

    length: float
    flare: float
    pleats: int
    thickness: float


@dataclass(frozen=True)
class Shoes:
    """Closed shoes. `height`: of the opening above the ankle joint, metres; `thickness` of the upper."""

    height: float
    thickness: float


Garment = Top | Trousers | Skirt | Shoes


class Landmarks:
    """Joint positions by bone name."""

    def __init__(self, skeleton: Skeleton):
        self.names = skeleton.names
        self._heads = skeleton.heads

    def __getitem__(self, bone: str) -> np.ndarray:
        return self._heads[self.names.index(bone)]


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Return 0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def share(body: Patch, names: tuple[str, ...], bones: tuple[str, ...]) -> np.ndarray:
    """Return how much `[N]` of a vertex's weight hangs on bones whose name, without its side, starts with one given."""
    bare = [name.removeprefix("Left").removeprefix("Right") for name in names]
    return body.skin[:, [b.startswith(bones) for b in bare]].sum(1).astype(float)


def along_arm(body: Patch, at: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    """Return the way `[N]` from the shoulder along either arm, 1 at the elbow and 2 at the wrist, and metres per 1.

    Both are smooth over the elbow (blended by the skin weights); off the arms they mean nothing.
    """
    result, metres = np.zeros(len(body.points)), np.ones(len(body.points))
    lower = share(body, at.names, ("ForeArm", "Hand"))
    for side, here in (("Left", body.points[:, 0] > 0), ("Right", body.points[:, 0] <= 0)):
        shoulder, elbow, wrist = (at[f"{side}{bone}"] for bone in ("Arm", "ForeArm", "Hand"))
        upper_way = (body.points - shoulder) @ (elbow - shoulder) / np.sum((elbow - shoulder) ** 2)
        lower_way = 1 + (body.points - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
        result = np.where(here, (1 - lower) * upper_way + lower * lower_way, result)
        metres = np.where(here, np.linalg.norm(elbow - shoulder), metres)
    return result, metres


def height_of(at: Landmarks, length: float) -> float:
    """Return the y of a hem: 0 at the hip joints, 1 at the knees, 2 at the ankles."""
    ys = [at[f"Left{bone}"][1] for bone in ("UpLeg", "Leg", "Foot")]
    return float(np.interp(length, [0, 1, 2], ys))


def waist(at: Landmarks) -> float:
    """Return the y of trousers' and skirts' upper border."""
    return float(0.35 * at["Hips"][1] + 0.65 * at["Spine"][1])


def fields_of(garment: Garment, body: Patch, at: Landmarks) -> dict[str, np.ndarray]:
    """Return the scalar fields `[N]` on the body that bound a garment; it covers where all are positive."""
    y = body.points[:, 1]
    off_arms = 0.3 - share(body, at.names, ("Arm", "ForeArm", "Hand"))
    if isinstance(garment, Top):
        hem = (1 - garment.hem) * at["Spine"][1] + garment.hem * at["LeftUpLeg"][1]
        return {"neck": _neckline(garment, body, at), "hem": y - hem, "sleeve": _sleeve(garment, body, at)}
    if isinstance(garment, Shoes):
        return {"collar": at["LeftFoot"][1] + garment.height - y}
    return {"waist": waist(at) - y, "leg": y - height_of(at, garment.length), "arms": off_arms}


def _neckline(top: Top, body: Patch, at: Landmarks) -> np.ndarray:
    """Return how far `[N]` points lie below the neckline: a plane, lower in front, with a scoop."""
    x, y, z = (body.points - at["Neck"]).T
    front = smoothstep(-0.01, 0.06, z)
    wide = 0.5 * abs(at["LeftArm"][0]) if top.sleeve == 0 else 0.42 * abs(at["LeftArm"][0])
    scoop = top.neck * front * np.exp(-((x / wide) ** 4))
    back = 0.35 * top.neck * (1 - front) * np.exp(-((x / wide) ** 4))
    return 0.012 - (y + 0.5 * z) - scoop - back


def _sleeve(top: Top, body: Patch, at: Landmarks) -> np.ndarray:
    """Return the way `[N]` in metres up to the end of the sleeve, or to the armhole's plane without sleeves."""
    if top.sleeve == 0:
        shoulder = at["LeftArm"]
        beyond = np.abs(body.points[:, 0]) - shoulder[0]
        return -0.022 - 0.95 * beyond - 0.30 * (body.points[:, 1] - shoulder[1])
    way, metres = along_arm(body, at)
    on_arm = share(body, at.names, ("Arm", "ForeArm", "Hand")) > 0.3
    return np.where(on_arm, (top.sleeve - way) * metres, 1.0)


def cover(garment: Garment, fields: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a field `[N]`, positive where a garment hides what is beneath: not in a rim along its borders."""
    rims = dict.fromkeys(fields, _RIM)
    if isinstance(garment, Skirt):
        rims["leg"] = _SKIRT_RIM
    rims |= {"arms": 0.0, "waist": 0.02}
    return np.min([field - rims[name] for name, field in fields.items()], axis=0)


def cut(garment: Top | Trousers, body: Patch, at: Landmarks) -> Patch:
    """Return the piece of the body under a garment; its border lies on the zeros of the garment's fields."""
    piece = replace(body, fields={**body.fields, **fields_of(garment, body, at)})
    for name in fields_of(garment, body, at):
        if name == "arms":  # arms beside the hips are loose pieces
            piece = patches.select(piece, (piece.fields["arms"][piece.faces] > 0).any(1))
        else:
            piece = patches.clip(piece, name)
    return piece


def dress(garment: Top | Trousers, body: Patch, at: Landmarks, rng: np.random.Generator) -> tuple[Patch, np.ndarray]:
    """Return a draped, hemmed garment and its shading `[N]` (darker in the folds)."""
    piece = cut(garment, body, at)
    thickness = _thickness(garment, piece, at)
    points, outward = patches.drape(piece, thickness)
    folds = patches.wrinkles(points, rng, 0.11)
    points = points + (0.22 * np.minimum(thickness, 0.014) * folds)[:, None] * outward
    closed = patches.hem(replace(piece, points=points), outward, float(np.median(thickness)) + 0.004)
    shade = np.concatenate([1 + 0.06 * folds, np.full(len(closed.points) - len(folds), 0.7)])
    return closed, shade


def _thickness(garment: Top | Trousers, piece: Patch, at: Landmarks) -> np.ndarray:
    """Return metres `[N]` of cloth and air: tight at neck and waist, looser towards hems and sleeves."""
    if isinstance(garment, Trousers):
        loose = 1 - smoothstep(height_of(at, garment.length), height_of(at, 0) + 0.01, piece.points[:, 1])
        return garment.thickness + (garment.hem_thickness - garment.thickness) * loose
    y = piece.points[:, 1]
    at_neck = smoothstep(0.0, 0.05, piece.fields["neck"])
    below = 1 - smoothstep(waist(at), waist(at) + 0.12, y)
    tucked = garment.hem <= _TUCKED
    at_waist = _INNER if tucked else garment.thickness + 0.013  # under or over the trousers
    return (1 - below) * (_INNER + (garment.thickness - _INNER) * at_neck) + below * at_waist


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
    points, faces = sheets.tube(heights, center, angles, radii)
    sheet = sheets.charted(points, faces, body)
    return replace(sheet, skin=_skirt_skin(sheet, at)), (1 + 0.07 * fall * folds).ravel()


def _skirt_skin(sheet: Patch, at: Landmarks) -> np.ndarray:
    """Return weights `[N, J]`: the body's at the waist; below, both legs share the front and back smoothly."""
    x, y = sheet.points[:, 0] - at["Hips"][0], sheet.points[:, 1]
    hip, knee = at["LeftUpLeg"][1], at["LeftLeg"][1]
    left, shin = smoothstep(-0.09, 0.09, x), 1 - smoothstep(knee - 0.08, knee + 0.06, y)
    legs = np.zeros_like(sheet.skin, dtype=float)
    for side, own in (("Left", left), ("Right", 1 - left)):
        legs[:, at.names.index(f"{side}UpLeg")] = own * (1 - shin)
        legs[:, at.names.index(f"{side}Leg")] = own * shin
    below = (1 - smoothstep(hip - 0.08, hip + 0.05, y))[:, None]
    return ((1 - below) * sheet.skin + below * legs).astype(np.float32)


def shoe(garment: Shoes, side: str, body: Patch, at: Landmarks) -> tuple[Patch, np.ndarray]:
    """Return one shoe and its shading: the foot's convex hull, a sole below, cut at the collar."""
    own = body.points[:, 0] * at[f"{side}Foot"][0] > 0
    foot = body.points[own & (body.points[:, 1] < at[f"{side}Foot"][1] + 0.03)]
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
    collar = at[f"{side}Foot"][1] + garment.height - points[:, 1]
    result = patches.clip(replace(result, fields={"collar": collar}), "collar")
    return result, 1 - 0.25 * (1 - smoothstep(0.0, 0.015, result.points[:, 1]))
