"""What is sewn on garments: bands, plackets, lapels, pockets, belts, collars, hoods and buttons.

An overlay is the garment's own surface, cut along a field's zero, lifted by a few millimetres and hemmed; a collar
grows out of the border of the neckline. Both keep the charts and the skin weights of what they sit on.

# not in the paper: scanned people have them; without them clothes look painted.
"""

from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.draping import Worn
from simpose_tf.figures.dressed.garments import Garment, Landmarks, Top, in_front, smoothstep
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.pose import vertex_normals

DETAILS: tuple[str, ...] = (
    "rib",
    "cuffs",
    "band",
    "belt",
    "placket",
    "buttons",
    "lapels",
    "collar",
    "coat collar",
    "stand",
    "hood",
    "roll",
)
DETAILS += ("chest", "pouch", "pockets")

# Collars: metres (outward, upward) of each row from the neckline on, in front and at the nape.
_COLLARS = {
    "collar": (
        ((0, 0), (-0.004, 0.022), (0.002, 0.029), (0.011, 0.016), (0.02, -0.006), (0.03, -0.03)),
        ((0, 0), (-0.004, 0.03), (0.002, 0.037), (0.008, 0.028), (0.012, 0.014), (0.013, 0.004)),
    ),
    "coat collar": (
        ((0, 0), (0.006, 0.012), (0.012, 0.018), (0.020, 0.010), (0.028, -0.008), (0.036, -0.03)),
        ((0, 0), (0.009, 0.014), (0.016, 0.021), (0.024, 0.013), (0.030, -0.006), (0.034, -0.024)),
    ),
    "stand": (((0, 0), (-0.002, 0.016), (-0.003, 0.034)), ((0, 0), (-0.003, 0.02), (-0.005, 0.042))),
    "roll": (
        ((0, 0), (-0.006, 0.03), (-0.008, 0.055), (-0.003, 0.062), (0.004, 0.054), (0.007, 0.03), (0.008, 0.008)),
        ((0, 0), (-0.008, 0.03), (-0.010, 0.055), (-0.005, 0.064), (0.002, 0.056), (0.006, 0.03), (0.008, 0.008)),
    ),
    "hood": (
        ((0, 0), (0.002, 0.012), (0.008, 0.022), (0.018, 0.024), (0.026, 0.014), (0.026, 0.0), (0.02, -0.012)),
        ((0, 0), (0.004, 0.03), (0.022, 0.05), (0.055, 0.04), (0.085, -0.01), (0.085, -0.09), (0.035, -0.13)),
    ),
}


@dataclass(frozen=True)
class Trim:
    """A piece that is sewn on: `own` tells whether it has the garment's cloth, or else the figure's trim (leather)."""

    patch: Patch
    shade: np.ndarray
    own: bool = True


def sewn_on(garment: Garment, worn: Worn, body: Patch, at: Landmarks) -> list[Trim]:
    """Return the details of a garment, innermost first."""
    result = []
    for detail in getattr(garment, "details", ()):
        if detail in _COLLARS:
            result.append(collar(detail, worn, at))
        elif detail == "buttons":
            result += buttons(garment, worn, body, at)
        elif detail == "pockets":
            result += [_pocket(worn, at, side) for side in (-1, 1)]
        else:
            result.append(_lifted(detail, garment, worn, at))
    return [trim for trim in result if len(trim.patch.faces)]


def _lifted(detail: str, garment: Garment, worn: Worn, at: Landmarks) -> Trim:
    """Return one overlay."""
    fields, points = worn.patch.fields, worn.patch.points
    before = in_front(points, at)
    if detail == "rib":
        return overlay(worn, 0.018 - fields["neck"], 0.002, 0.93)
    if detail == "cuffs":
        return overlay(worn, 0.05 - fields["sleeve"], 0.003, 0.94)
    if detail == "band":
        return overlay(worn, 0.045 - fields["hem"], 0.003, 0.94)
    if detail == "belt":
        return replace(overlay(worn, 0.019 - np.abs(fields["waist"] - 0.022), 0.005, 1.0), own=False)
    if detail == "lapels":
        return overlay(worn, np.where(before > 0, _lapel(garment, worn, at), -1), 0.005, 1.05)
    if detail == "chest":
        return overlay(worn, _box(worn, before, at["LeftArm"] * [0.52, 1, 1] - [0, 0.1, 0], (0.045, 0.05)), 0.003, 0.95)
    if detail == "pouch":
        return overlay(worn, _box(worn, before, at["Spine"] * [0, 1, 0] + [0, 0.0, 0], (0.13, 0.07)), 0.006, 0.95)
    return overlay(worn, np.where(before > 0, 0.017 - np.abs(points[:, 0]), -1), 0.003, 0.97)  # placket


def _lapel(garment: Garment, worn: Worn, at: Landmarks) -> np.ndarray:
    """Return the field `[N]` of lapels: a hand wide at the chest, narrow at the neck, nothing at the button."""
    assert isinstance(garment, Top)
    y = worn.patch.points[:, 1]
    top, low = float(at["Neck"][1]), 0.55 * float(at["Spine1"][1]) + 0.45 * float(at["Spine"][1])
    way = np.clip((top - y) / (top - low), 0, 1.2)
    width = 0.016 + 0.065 * smoothstep(0.0, 0.4, way) * (1 - smoothstep(0.45, 1.05, way))
    return np.where(way < 1.05, width - worn.patch.fields["front"], -1)


def _box(worn: Worn, before: np.ndarray, middle: np.ndarray, half: tuple[float, float]) -> np.ndarray:
    """Return the field `[N]` of a rectangle on the front."""
    x, y, _ = np.abs(worn.patch.points - middle).T
    return np.where(before > 0, np.minimum(half[0] - x, half[1] - y), -1)


def _pocket(worn: Worn, at: Landmarks, side: int) -> Trim:
    """Return a patch pocket low on one side of a jacket's or a coat's front."""
    name = "LeftUpLeg" if side > 0 else "RightUpLeg"
    middle = at[name] * [1.15, 1, 1] + [0, 0.035, 0]
    return overlay(worn, _box(worn, in_front(worn.patch.points, at), middle, (0.06, 0.065)), 0.004, 0.94)


def overlay(worn: Worn, field: np.ndarray, lift: float, shade: float) -> Trim:
    """Return what of a garment lies where `field` `[N]` is positive, lifted by metres and hemmed."""
    patch = replace(worn.patch, fields={**worn.patch.fields, "overlay": field})
    normals = {f"n{k}": worn.outward[:, k] for k in range(3)}
    patch = patches.clip(replace(patch, fields={**patch.fields, **normals, "fold": worn.shade}), "overlay")
    if not len(patch.faces):
        return Trim(patch, np.zeros(0))
    outward = np.stack([patch.fields.pop(f"n{k}") for k in range(3)], -1)
    fold = shade * patch.fields.pop("fold")
    border = np.unique(patches.boundary_edges(patch.faces))
    points = patch.points.copy()
    points[border] = patches.smooth(points, patches.averaging(patch.faces, len(points)), 6)[border]
    edge = 1 - 0.12 * (1 - smoothstep(0.0, 0.006, patch.fields["overlay"]))
    hemmed = patches.hem(replace(patch, points=points + lift * outward), outward, lift + 0.002)
    return Trim(hemmed, np.concatenate([fold * edge, np.full(len(hemmed.points) - len(fold), 0.75)]))


def collar(kind: str, worn: Worn, at: Landmarks) -> Trim:
    """Grow a collar or a hood out of the border of the neckline."""
    patch = worn.patch
    edges = patches.boundary_edges(patch.faces)
    edges = edges[(np.abs(patch.fields["neck"][edges]) < 0.012).all(1)]
    border, index = np.unique(edges, return_inverse=True)
    start = patch.points[border]
    axis = np.array([0.0, 0, start[:, 2].mean()])
    outward = (start - axis) * [1, 0, 1]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    behind = smoothstep(-0.6, 0.75, -outward[:, 2])[:, None]
    front_rows, back_rows = (np.array(rows, float) for rows in _COLLARS[kind])
    rows = [(1 - behind) * f + behind * b for f, b in zip(front_rows, back_rows, strict=True)]
    notch = np.maximum(smoothstep(0.0, 0.022, np.abs(start[:, :1])), behind) if kind.endswith("collar") else 1.0
    tilt = np.array([0, 1, 0.25])
    points = np.concatenate([start + notch * (r[:, :1] * outward + r[:, 1:] * tilt) for r in rows])
    faces = _strip_faces(index.reshape(-1, 2), len(border), len(rows))
    sheet = sheets.charted(points, faces, replace(patch, fields={}))
    dense = np.tile(patch.skin[border], (len(rows), 1))
    shade = 1.0 - 0.25 * (np.arange(len(rows)) == 0) - 0.08 * (np.arange(len(rows)) == 1)
    return Trim(replace(sheet, skin=dense), np.repeat(shade, len(border)))


def _strip_faces(edges: np.ndarray, count: int, rows: int) -> np.ndarray:
    """Return the faces of rows of `count` vertices that continue a border's directed edges `[E, 2]` outward."""
    a, b = edges.T
    result = []
    for row in range(rows - 1):
        p, q = row * count, (row + 1) * count
        result += [np.stack([b + p, a + p, a + q], -1), np.stack([b + p, a + q, b + q], -1)]
    return np.concatenate(result)


def buttons(garment: Garment, worn: Worn, body: Patch, at: Landmarks) -> list[Trim]:
    """Return a row of buttons down the middle of the front, one trim; where the front is open there are none."""
    points = worn.patch.points
    normals = vertex_normals(points, worn.patch.faces)
    middle = (in_front(points, at) > 0) & (np.abs(points[:, 0]) < 0.03) & (worn.patch.fields["hem"] > 0.02)
    if not middle.any():
        return []
    high, low = points[middle, 1].max() - 0.03, points[middle, 1].min()
    ring = np.arange(10) * (2 * np.pi / 10)
    disc = np.concatenate([[[0, 0, 0.0045]], np.stack([0.0075 * np.sin(ring), 0.0075 * np.cos(ring), 0 * ring], -1)])
    fan = np.stack([np.zeros(10, int), 1 + (np.arange(10) + 1) % 10, 1 + np.arange(10)], -1)
    found: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    for y in np.arange(high, low, -0.085):
        near = np.nonzero(middle)[0][np.argsort(np.abs(points[middle, 1] - y) + np.abs(points[middle, 0]))[:4]]
        normal = normals[near].mean(0) / np.linalg.norm(normals[near].mean(0))
        side = np.cross([0, 1.0, 0], normal)
        place = points[near].mean(0) * [0, 1, 1] + 0.006 * normal
        faces.append(fan + 11 * len(found))
        found.append(place + disc @ np.stack([side, np.cross(normal, side), normal]))
    sheet = sheets.charted(np.concatenate(found), np.concatenate(faces), replace(worn.patch, fields={}))
    return [Trim(sheet, np.ones(len(sheet.points)), own=False)]
