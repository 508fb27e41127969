"""Hats and glasses."""

from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import Landmarks, share, smoothstep
from simpose_tf.figures.dressed.head import Head
from simpose_tf.figures.dressed.patches import Patch

KINDS = ("cap", "beanie", "sunhat", "glasses", "sunglasses")
_HATS = {"cap": 0.017, "beanie": 0.019, "sunhat": 0.02}  # metres of hat over the scalp


@dataclass(frozen=True)
class Hat:
    """A hat or glasses: `kind` is one of `KINDS`."""

    kind: str

    def __post_init__(self) -> None:
        """Raise InputError for an unknown kind."""
        if self.kind not in KINDS:
            raise InputError(f"headwear: no kind {self.kind!r}; one of {', '.join(KINDS)}")


def _above_brim(points: np.ndarray, hat: Hat, head: Head) -> np.ndarray:
    """Return how far `[N]` metres points lie above a hat's lower border."""
    low = {"cap": (0.52, 0.12), "beanie": (0.5, -0.05), "sunhat": (0.55, 0.2)}[hat.kind]
    back = smoothstep(0, 1, head.degrees(points) / 180)
    return points[:, 1] - head.eyes[1] - head.unit * (low[0] + (low[1] - low[0]) * back)


def hides(hat: Hat, body: Patch, head: Head) -> np.ndarray:
    """Return which faces `[F]` of the body lie under a hat."""
    if hat.kind not in _HATS:
        return np.zeros(len(body.faces), bool)
    return (_above_brim(body.points, hat, head)[body.faces] > 0.015).all(1)


def under(hat: Hat, patch: Patch, shade: np.ndarray, head: Head) -> tuple[Patch, np.ndarray]:
    """Return what of a piece of hair sticks out from under a hat, with its shading."""
    if hat.kind not in _HATS:
        return patch, shade
    full = np.concatenate([shade, np.full(len(patch.points) - len(shade), 0.75)])
    fields = {"below": 0.008 - _above_brim(patch.points, hat, head), "shade": full}
    patch = patches.clip(replace(patch, fields=fields), "below")
    return patch, patch.fields["shade"]


def put_on(hat: Hat, body: Patch, head: Head, at: Landmarks) -> list[tuple[Patch, np.ndarray]]:
    """Return the pieces of a hat or of glasses with their shading."""
    on_head = (share(body, at.names, ("Head",))[body.faces] > 0.5).all(1)
    if hat.kind not in _HATS:
        return _glasses(hat, body, head, on_head)
    dome, shade, border = _dome(hat, body, head)
    if hat.kind == "beanie":
        return [(dome, shade)]
    return [(dome, shade), _brim(hat, border, body, head, on_head)]


def _dome(hat: Hat, body: Patch, head: Head) -> tuple[Patch, np.ndarray, np.ndarray]:
    """Return the part on the scalp, its shading, and the points `[N, 3]` of its border."""
    field = _above_brim(body.points, hat, head)
    piece = patches.select(replace(body, fields={"brim": field}), (field[body.faces] > -0.02).any(1))
    piece = patches.clip(patches.refine_to(piece, 0.009, 1), "brim")
    thick = np.full(len(piece.points), _HATS[hat.kind])
    points, outward = patches.drape(piece, thick, taut=250)
    around = np.arctan2(points[:, 0], points[:, 2] - head.ears[2])
    if hat.kind == "beanie":
        ribs = np.sin(60 * around)
        turned_up = 0.005 * (1 - smoothstep(0.045, 0.05, piece.fields["brim"]))
        points = points + (0.0012 * ribs + turned_up)[:, None] * outward
        shade = 0.96 + 0.1 * ribs
    else:
        shade = 1 - 0.1 * np.exp(-((np.sin(3 * around) / 0.12) ** 2))
    border = points[np.unique(patches.boundary_edges(piece.faces))]
    return patches.hem(replace(piece, points=points), outward, 0.012), shade, border


def _brim(hat: Hat, border: np.ndarray, body: Patch, head: Head, on_head: np.ndarray) -> tuple[Patch, np.ndarray]:
    """Return the visor of a cap or the brim of a hat: a sheet that grows out of the dome's border."""
    reach = 68 if hat.kind == "cap" else 180
    angles = np.radians(np.linspace(-reach, reach, 73))
    around = np.arctan2(border[:, 0] - head.ears[0], border[:, 2] - head.ears[2])
    nearest = np.argmin(np.abs(np.angle(np.exp(1j * (angles[:, None] - around)))), 1)
    base = border[nearest] + [0, 0.006, 0]
    t = np.linspace(0, 1, 9)[:, None, None]
    if hat.kind == "cap":
        width = 0.078 * np.sqrt(np.clip(np.cos(angles * 90 / reach), 0, 1))[:, None]
        out = np.array([0, -0.22, 1.0]) + np.stack([0.25 * np.sin(angles), -0.5 * np.sin(angles) ** 2, 0 * angles], -1)
    else:
        width = np.full((len(angles), 1), 0.085)
        wave = 0.12 * np.sin(3 * angles)
        out = np.stack([np.sin(angles), wave - 0.22, np.cos(angles)], -1)
    points = (base + t * width * out - [0, 0.01, 0] * t**2).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(8), np.arange(72), indexing="ij")
    a = (i * 73 + j).ravel()
    faces = np.concatenate([np.stack([a, a + 73, a + 1], -1), np.stack([a + 1, a + 73, a + 74], -1)])
    return sheets.charted(points, faces, body, on_head), np.full(len(points), 0.95)


def _glasses(hat: Hat, body: Patch, head: Head, on_head: np.ndarray) -> list[tuple[Patch, np.ndarray]]:
    """Return rims, bridge and temples; sunglasses have lenses."""
    turn = np.linspace(0, 2 * np.pi, 25)
    tall = 0.021 if hat.kind == "glasses" else 0.024
    rims = []
    for eye in head.both_eyes:
        middle = eye * [1.04, 1, 1] + [0, -0.003, 0.021]
        rims.append(middle + np.stack([0.027 * np.sin(turn), tall * np.cos(turn), -0.006 * np.abs(np.sin(turn))], -1))
    wires = [*rims]
    top = [rim[np.argsort(np.abs(rim[:, 0]))[0]] + [0, 0.006, 0] for rim in rims]
    wires.append(np.linspace(top[0], top[1], 6) + np.array([0, 0.002, 0.002]))
    for rim, side in zip(rims, (1, -1), strict=True):
        hinge = rim[np.argmax(side * rim[:, 0])] + [0, 0.008, 0]
        ear = np.array([side * 0.66 * head.unit, head.eyes[1] + 0.012, head.ears[2] + 0.002])
        wires.append(np.linspace(hinge, ear, 8))
    result = []
    for wire in wires:
        points, faces = sheets.pipe(wire, np.full(len(wire), 0.0021), 6)
        result.append((sheets.charted(points, faces, body, on_head), np.ones(len(points))))
    if hat.kind == "sunglasses":
        for rim in rims:
            points = np.concatenate([rim[:-1], [rim[:-1].mean(0) + np.array([0, 0, 0.003])]])
            fan = np.stack([np.arange(24), np.full(24, 24), (np.arange(24) + 1) % 24], -1)
            result.append((sheets.charted(points, fan, body, on_head), np.full(25, 0.7)))
    return result
