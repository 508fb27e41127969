"""Garments as plain data, and where on a body each lies: fits any body of the shape space.

Tops and trousers are cut from the body along zeros of scalar fields (metres, positive inside the garment) and draped
(`draping`); skirts and shoes are sheets around it (`skirts`, `shoes`). Every field is smooth where it is cut.

# not in the paper: SimPose uses scanned, dressed people (Renderpeople, sec. 3.1); these garments need no licence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures.dressed import patches
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.figure import Skeleton

_RIM = 0.018  # metres of skin that stay under a garment's border; hems close the slit
_FRONT_RIM = 0.03  # more beside the opening of a jacket
_SKIRT_RIM = 0.07  # more under a skirt: one can look up into it
TUCKED = 0.6  # a top whose hem is higher is worn inside trousers or skirt


@dataclass(frozen=True)
class Top:
    """A shirt, jacket or the upper part of a coat.

    Attributes:
      sleeve: 0 none, 1 to the elbow, 2 to the wrist.
      neck: depth of the front neckline below a crew neck, metres.
      hem: 0 at the waist, 1 at the hip joints.
      thickness: metres of cloth and air over the skin.
      drop: 0 follows the trunk, 1 hangs straight down from the chest.
      front: half the width of the open front in metres at the neck and at the hem, linear between; negative is
        closed. None: a pullover.
      details: what is sewn on, of `trims.DETAILS`.
    """

    sleeve: float
    neck: float
    hem: float
    thickness: float
    drop: float = 0.5
    front: tuple[float, float] | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trousers:
    """Trousers or shorts. `length`: 1 to the knee, 2 to the ankle; `thickness` at the hips, `hem_thickness` below;
    `details`: what is sewn on, of `trims.DETAILS`.
    """

    length: float
    thickness: float
    hem_thickness: float
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skirt:
    """A skirt, or the lower part of a coat.

    Attributes:
      length: 1 to the knee, 2 to the ankle.
      flare: widening per metre of fall.
      pleats: how many.
      thickness: metres of cloth and air.
      front: half the width of the open front in metres at the waist and at the hem; None: closed.
      details: what is sewn on, of `trims.DETAILS`.
    """

    length: float
    flare: float
    pleats: int
    thickness: float
    front: tuple[float, float] | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shoes:
    """Closed shoes. `height`: of the opening above the ankle joint, metres; `thickness` of the upper; `sole`: sRGB."""

    height: float
    thickness: float
    sole: tuple[float, float, float] = (0.82, 0.8, 0.76)


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
        fields = {"neck": _neckline(garment, body, at), "hem": y - hem, "sleeve": _sleeve(garment, body, at)}
        return fields | opening(garment.front, body.points, at, float(at["Neck"][1]), float(hem))
    if isinstance(garment, Shoes):
        return {"collar": at["LeftFoot"][1] + garment.height - y}
    fields = {"waist": waist(at) - y, "leg": y - height_of(at, garment.length), "arms": off_arms}
    if isinstance(garment, Skirt):
        fields |= opening(garment.front, body.points, at, waist(at), height_of(at, garment.length))
    return fields


def opening(
    front: tuple[float, float] | None, points: np.ndarray, at: Landmarks, top: float, hem: float
) -> dict[str, np.ndarray]:
    """Return the field of an open front: the way `[N]` sideways from its edge; far positive on the back."""
    if front is None:
        return {}
    width = np.interp(-points[:, 1], [-top, -hem], front)
    return {"front": np.where(in_front(points, at) > 0, np.abs(points[:, 0]) - width, 1.0)}


def in_front(points: np.ndarray, at: Landmarks) -> np.ndarray:
    """Return how far `[N]` metres points lie before the spine."""
    low, high = at["Hips"], at["Neck"]
    return points[:, 2] - np.interp(points[:, 1], [low[1], high[1]], [low[2], high[2]])


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
    rims |= {"arms": 0.0, "waist": 0.012, "front": _FRONT_RIM}
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
