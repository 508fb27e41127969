"""What the panels of a MakeHuman garment are, where its texture is missing: top, bottom, inner shirt, shoes, soles.

A panel is an island of the garment's texture layout; tailors' panels end at seams, so colours change at seams.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from simpose_tf.figures.dressed.makehuman_clothes import Clothes, fitted, skin
from simpose_tf.figures.makehuman import BaseMesh, skeleton_of

ZONES = ("top", "bottom", "inner", "shoes", "soles", "socks", "hair", "hat", "trim")
KINDS = ("full", "top", "bottom", "shoes", "hair", "hat")
_SOLE_HEIGHT = 0.065  # metres above a shoe's lowest point
_TRIM_SHARE = 0.006  # smaller panels are buttons and the like


def bone_shares(clothes: Clothes, base: BaseMesh) -> dict[str, float]:
    """Return how much of a garment's weight hangs on the head, the legs, the feet, and on trunk and arms."""
    mean = skin(clothes, base).mean(0)
    shares = dict.fromkeys(("head", "legs", "feet", "trunk"), 0.0)
    for (name, *_), weight in zip(base.bones, mean, strict=True):
        bare = name.removeprefix("Left").removeprefix("Right")
        where = {"Head": "head", "UpLeg": "legs", "Leg": "legs", "Foot": "feet", "ToeBase": "feet"}.get(bare, "trunk")
        shares[where] += float(weight)
    return shares


def kind_of(clothes: Clothes, base: BaseMesh) -> str:
    """Return which of `KINDS` a garment is, by its folder, its tags and the bones that it hangs on."""
    shares = bone_shares(clothes, base)
    words = clothes.tags | {part.lower() for part in clothes.path.parts[-4:-1]}
    if words & {"hat", "hats"}:
        return "hat"
    if "hair" in words:
        return "hair"
    if shares["feet"] > 0.3:
        return "shoes"
    if shares["head"] > 0.5:
        return "hair" if clothes.look.transparent else "hat"
    if shares["legs"] < 0.08:
        return "top"
    waist = dict(zip(*_joints(base), strict=True))["Spine"][1]
    return "bottom" if fitted(clothes, base.vertices)[:, 1].max() < waist + 0.08 else "full"


def _joints(base: BaseMesh) -> tuple[tuple[str, ...], np.ndarray]:
    skeleton = skeleton_of(base, base.vertices)
    return skeleton.names, skeleton.heads


def zones(clothes: Clothes, kind: str, base: BaseMesh) -> np.ndarray:
    """Return the zone `[F]` of each face as an index into `ZONES`."""
    if kind in ("hair", "hat"):
        return np.full(len(clothes.faces), ZONES.index(kind))
    points = fitted(clothes, base.vertices)
    panel, areas = panels(clothes), _areas(points, clothes.faces)
    weights = skin(clothes, base)
    names = [bone[0].removeprefix("Left").removeprefix("Right") for bone in base.bones]
    legs = weights[:, [name in ("UpLeg", "Leg") for name in names]].sum(1)
    result = np.zeros(len(clothes.faces), int)
    floor = points[:, 1].min()
    for one in range(panel.max() + 1):
        own = panel == one
        corners = np.unique(clothes.faces[own])
        small = areas[own].sum() < _TRIM_SHARE * areas.sum()
        place = points[corners]
        if kind == "shoes":
            zone = _shoe_zone(place, float(legs[corners].mean()), floor)
        else:
            zone = "trim" if small else _cloth_zone(place, float(legs[corners].mean()))
        result[own] = ZONES.index(zone)
    return result


def _shoe_zone(points: np.ndarray, legs: float, floor: float) -> str:
    if points[:, 1].max() < floor + _SOLE_HEIGHT:
        return "soles"
    return "socks" if legs > 0.5 else "shoes"


def _cloth_zone(points: np.ndarray, legs: float) -> str:
    if legs > 0.35:
        return "bottom"
    middle = np.abs(points[:, 0]).max() < 0.08 and points[:, 1].min() > 0.28 and np.ptp(points[:, 1]) > 0.15
    return "inner" if middle else "top"  # a strip down the chest is the shirt in a jacket


def panels(clothes: Clothes) -> np.ndarray:
    """Return the number `[F]` of the panel of each face: islands of the texture layout, or loose pieces without one."""
    corners = clothes.faces.astype(float)[..., None]
    if clothes.texture_uv is not None:
        corners = np.concatenate([corners, np.round(clothes.texture_uv * 1e5)], -1)
    _, index = np.unique(corners.reshape(-1, corners.shape[-1]), axis=0, return_inverse=True)
    index = index.reshape(-1, 3)
    edges = np.concatenate([index[:, [0, 1]], index[:, [1, 2]]])
    graph = sparse.csr_matrix((np.ones(len(edges)), edges.T), (index.max() + 1,) * 2)
    return connected_components(graph)[1][index[:, 0]]


def _areas(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return twice the areas `[F]` of faces."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1)
