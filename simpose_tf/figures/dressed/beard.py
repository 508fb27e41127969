"""Beards: stubble is painted (`face.paint`), longer ones are a pelt on the jaw."""

from dataclasses import replace

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.dressed import face, patches
from simpose_tf.figures.dressed.garments import smoothstep
from simpose_tf.figures.dressed.patches import Patch
from simpose_tf.figures.makehuman import BaseMesh

STYLES = ("none", "stubble", "goatee", "full")
_THICKNESS = {"goatee": 0.006, "full": 0.010}
_LIPS = np.array([0.0, 0.661, 0.155])


def grow(style: str, base: BaseMesh, body: Patch) -> list[tuple[Patch, np.ndarray]]:
    """Return the pieces of a beard with their shading. Raises InputError for an unknown style."""
    if style not in STYLES:
        raise InputError(f"beard: no style {style!r}; one of {', '.join(STYLES)}")
    if style not in _THICKNESS:
        return []
    neutral = base.vertices[: len(body.points)]
    fields = {f"neutral{k}": neutral[:, k] for k in range(3)}
    on_jaw = face.jaw(neutral, style) > 0
    piece = patches.select(replace(body, fields=fields), on_jaw[body.faces].any(1))
    piece = patches.refine_to(piece, 0.008)
    points = np.stack([piece.fields[f"neutral{k}"] for k in range(3)], -1)
    ellipse = np.linalg.norm((points - _LIPS) / [0.0265, 0.0112, 1], axis=1)
    grown = np.minimum(face.jaw(points, style) - 0.5, 0.8 * (ellipse - 1))
    inside = (points[:, 2] < 0.115) & (np.abs(points[:, 0]) < 0.03) & (points[:, 1] > 0.63)  # the mouth's
    piece = patches.clip(replace(piece, fields={**piece.fields, "beard": np.where(inside, -1, grown)}), "beard")
    full = smoothstep(0.0, 0.4, piece.fields["beard"])
    drawn, outward = patches.drape(piece, 0.001 + _THICKNESS[style] * full, 10)
    x, y = piece.fields["neutral0"], piece.fields["neutral1"]
    strands = np.sin(900 * x + 3 * np.sin(260 * y)) * np.sin(420 * y + 2 * np.sin(500 * x))
    drawn = drawn + (0.0012 * strands * full)[:, None] * outward
    return [(patches.hem(replace(piece, points=drawn), outward, 0.002), 0.92 + 0.16 * strands)]
