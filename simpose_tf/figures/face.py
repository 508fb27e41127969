"""What is painted on a face (brows, lips, the scalp's stubble) and the eyes."""

import numpy as np

from simpose_tf.figures import sheets
from simpose_tf.figures.garments import smoothstep
from simpose_tf.figures.hair import Head
from simpose_tf.figures.makehuman import BaseMesh
from simpose_tf.figures.patches import Patch

_LIPS = np.array([0.0, 0.661, 0.155])  # middle of the mouth on the neutral base mesh, metres


def _spot(points: np.ndarray, center: np.ndarray, radii: tuple[float, float, float]) -> np.ndarray:
    """Return 1 `[N]` inside an ellipsoid, 0 outside, soft between."""
    return 1 - smoothstep(0.7, 1.25, np.linalg.norm((points - center) / np.array(radii), axis=1))


def paint(base: BaseMesh, num_vertices: int, skin: np.ndarray, brow: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """Return the shading `[V, 3]` of the body: factors on the skin's colour that paint brows and lips.

    The places are found on the neutral shape, so they are the same vertices on every figure.

    Args:
      base: the base mesh.
      num_vertices: how many of its vertices make the body.
      skin: `[3]` sRGB of the skin.
      brow: `[3]` sRGB of the brows.
      lips: `[3]` sRGB of the lips.
    """
    points = base.vertices[:num_vertices]
    eyes = (base.keypoint_regressor @ base.vertices)[1:3]
    brows = np.zeros(num_vertices)
    for eye in eyes:
        middle = eye + np.array([0.08 * eye[0], 0.020, 0.008])
        outward = np.sign(eye[0]) * (points[:, :1] - middle[0])
        arched = points + np.array([0, 1, 0]) * (4 * outward**2 - 0.05 * outward)
        brows = np.maximum(brows, _spot(arched, middle, (0.021, 0.0047, 0.03)))
    mouth = _spot(points, _LIPS, (0.025, 0.0105, 0.03))
    shade = np.ones((num_vertices, 3))
    for amount, color in ((0.85 * brows, brow), (0.8 * mouth, lips)):
        shade += amount[:, None] * (np.asarray(color) / np.asarray(skin) - shade)
    return shade


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
