"""What is painted on a face (brows, lips, lids, cheeks, stubble), and the eyes."""

from dataclasses import dataclass, replace

import numpy as np

from simpose_tf.figures.dressed import patches, sheets
from simpose_tf.figures.dressed.garments import smoothstep
from simpose_tf.figures.dressed.head import Head
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.makehuman import BaseMesh

_LIPS = np.array([0.0, 0.661, 0.155])  # middle of the mouth on the neutral base mesh, metres
_FINE = 0.0036  # metres: painted places have no longer edges


@dataclass(frozen=True)
class Colors:
    """sRGB `[3]` of skin, brows, lips and beard."""

    skin: np.ndarray
    brow: np.ndarray
    lips: np.ndarray
    beard: np.ndarray

    @classmethod
    def of(cls, skin: tuple, hair: tuple, style: str) -> "Colors":
        """Return colours that go with a skin and a hair."""
        own = np.array(skin)
        brow = own * 0.4 if style == "bald" else 0.72 * np.array(hair) + 0.06 * own
        beard = 0.55 * own + 0.45 * np.minimum(np.array(hair), 0.75 * own)
        return cls(own, np.minimum(brow, 0.72 * own), own * [0.87, 0.6, 0.6], beard)


def _spot(points: np.ndarray, center: np.ndarray, radii: tuple[float, float, float], soft: float = 0.3) -> np.ndarray:
    """Return 1 `[N]` inside an ellipsoid, 0 outside, soft between."""
    return 1 - smoothstep(1 - soft, 1 + soft, np.linalg.norm((points - center) / np.array(radii), axis=1))


def _eye_middles(base: BaseMesh) -> np.ndarray:
    """Return the middles `[2, 3]` of both eyes on the neutral base mesh, the left one first."""
    return (base.keypoint_regressor @ base.vertices)[1:3].astype(float)


def painted(base: BaseMesh, points: np.ndarray) -> np.ndarray:
    """Return which points `[N, 3]` of the neutral base mesh lie where fine things are painted: mouth, lids, brows."""
    result = _spot(points, _LIPS, (0.03, 0.014, 0.03), 0.1) > 0
    for eye in _eye_middles(base):
        result |= _spot(points, eye + np.array([0, 0.012, 0.015]), (0.026, 0.016, 0.022), 0.1) > 0
    return result


def refined(base: BaseMesh, patch: Patch) -> tuple[Patch, np.ndarray]:
    """Return the skin with finer faces where it is painted, and its points `[N, 3]` on the neutral base mesh."""
    neutral = base.vertices[: len(patch.points)]
    fields = {f"neutral{k}": neutral[:, k] for k in range(3)}
    patch = replace(patch, fields={**patch.fields, **fields})
    for _ in range(2):
        points = np.stack([patch.fields[f"neutral{k}"] for k in range(3)], -1)
        a, b = patches.edges_of(patch.faces).T
        middle, length = (points[a] + points[b]) / 2, np.linalg.norm(points[a] - points[b], axis=1)
        patch = patches.refine(patch, painted(base, middle) & (length > _FINE), 0.7)
    return patch, np.stack([patch.fields[f"neutral{k}"] for k in range(3)], -1)


def paint(base: BaseMesh, points: np.ndarray, colors: Colors, beard: str = "none") -> np.ndarray:
    """Return the shading `[N, 3]` of the skin: factors on its colour that paint the face.

    The places are found on the neutral shape, so they are the same on every figure.

    Args:
      base: the base mesh.
      points: `[N, 3]` the skin's points on the neutral base mesh.
      colors: what to paint with.
      beard: one of `beard.STYLES`.
    """
    shade = np.ones((len(points), 3))
    red = colors.skin * [1.0, 0.86, 0.84]
    layers = [
        (0.5 * _spot(points, np.array([side * 0.042, 0.685, 0.12]), (0.026, 0.022, 0.04), 0.7), red) for side in (-1, 1)
    ]
    layers.append((0.45 * _spot(points, np.array([0, 0.692, 0.172]), (0.016, 0.014, 0.03), 0.6), red))
    if beard != "none":
        layers.append(((0.85 if beard == "stubble" else 1.0) * jaw(points, beard), colors.beard))
    for eye in _eye_middles(base):
        layers += _around_eye(points, eye, colors)
    mouth, line = _mouth(points)
    layers += [(0.9 * mouth, colors.lips), (line, 0.42 * colors.lips)]
    for amount, color in layers:
        shade += amount[:, None] * (color / colors.skin - shade)
    return shade


def _around_eye(points: np.ndarray, eye: np.ndarray, colors: Colors) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (amount `[N]`, sRGB) of the socket's shade, the brow and the upper lid's lashes."""
    side = np.sign(eye[0])
    out = side * (points[:, 0] - eye[0])  # towards the temple
    front = smoothstep(-0.005, 0.01, points[:, 2] - eye[2])
    height = points[:, 1] - eye[1]
    arch = 0.0205 + 0.05 * out - 4.2 * out**2 * (1 + 0.5 * np.sign(out))
    thick = 0.0046 - 0.09 * np.maximum(out, 0)
    along = smoothstep(-0.023, -0.012, out) * (1 - smoothstep(0.019, 0.028, out))
    hairs = 0.9 + 0.1 * np.sin(1500 * (out + 0.6 * height))
    brow = front * along * hairs * (1 - smoothstep(0.6, 1.25, np.abs(height - arch) / np.maximum(thick, 0.0012)))
    socket = front * _spot(points, eye + np.array([0, 0.004, 0.01]), (0.022, 0.014, 0.03), 0.5)
    lid = front * (1 - smoothstep(0.0012, 0.0030, np.abs(height - (0.0058 - 13 * out**2)))) * (np.abs(out) < 0.018)
    return [(0.3 * socket, 0.78 * colors.skin), (0.9 * brow, colors.brow), (0.75 * lid, 0.25 * colors.brow + 0.02)]


def _mouth(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return amounts `[N]` of the lips and of the dark line between them."""
    x, y, z = (points - _LIPS).T
    wide = np.clip(1 - np.abs(x / 0.0255) ** 2.2, 0, 1)
    bow = 0.0095 * wide + 0.0012 * (np.exp(-(((np.abs(x) - 0.006) / 0.004) ** 2)) - np.exp(-((x / 0.003) ** 2)))
    low = -0.0105 * wide**0.8
    before = smoothstep(-0.035, -0.025, z)
    inside = smoothstep(0.0, 0.0022, bow - y) * smoothstep(0.0, 0.0022, y - low) * (wide > 0.02)
    line = (1 - smoothstep(0.0006, 0.0018, np.abs(y + 0.0005 - 4.0 * x**2))) * (np.abs(x) < 0.023)
    return before * inside, 0.75 * before * line


def jaw(points: np.ndarray, style: str) -> np.ndarray:
    """Return where `[N]` in 0..1 a beard grows, for points `[N, 3]` of the neutral base mesh."""
    x, y, z = points.T
    top = np.interp(np.abs(x), [0, 0.01, 0.03, 0.042, 0.075], [0.684, 0.684, 0.668, 0.668, 0.735])
    grown = smoothstep(0.0, 0.012, top - y) * smoothstep(0.595, 0.615, y) * smoothstep(0.045, 0.065, z)
    return grown * (1 - smoothstep(0.024, 0.032, np.abs(x))) if style == "goatee" else grown


def eyes(
    base: BaseMesh, vertices: np.ndarray, body: Patch, head: Head, iris: np.ndarray
) -> list[tuple[Patch, np.ndarray]]:
    """Return both eyeballs, charted as the head, with an iris and a pupil in their shading `[N, 3]`.

    Args:
      base: the base mesh.
      vertices: `[19158, 3]` shaped rest vertices.
      body: the charted body.
      head: the head's measures.
      iris: `[3]` sRGB.
    """
    on_head = (body.points[body.faces, 1] > head.eyes[1] - head.unit).all(1)
    result = []
    for group in ("helper-l-eye", "helper-r-eye"):
        quads = base.groups[group]
        used, index = np.unique(quads, return_inverse=True)
        corners = index.reshape(-1, 4)
        faces = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
        side = np.sign(vertices[used, 0].mean())
        own = on_head & (side * body.points[body.faces, 0] > 0).all(1)
        patch = sheets.charted(vertices[used], faces, body, own)
        from_middle = vertices[used] - (vertices[used].max(0) + vertices[used].min(0)) / 2
        degrees = np.degrees(np.arccos(from_middle[:, 2] / np.linalg.norm(from_middle, axis=1)))
        color = 1 + (1 - smoothstep(30, 38, degrees))[:, None] * (np.asarray(iris) - 1)
        result.append((patch, color * smoothstep(8, 18, degrees)[:, None] + 0.03))
    return result
