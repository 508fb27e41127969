"""Algorithm 1: carry a reference's charts to a mesh that the reference was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.boundary import loops_around
from simpose_tf.surface.denoise import denoised
from simpose_tf.surface.fitted import fitted_surface, nearest
from simpose_tf.surface.interior import Patch, solve_patch
from simpose_tf.surface.labels import INWARD, clean, propose
from simpose_tf.surface.opening import best_match, chart_borders, open_patches, sides_known
from simpose_tf.surface.pieces import Pieces, find_pieces
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.topology import sides_of


@dataclass(frozen=True)
class Charting:
    """Charts on a mesh.

    Attributes:
      part: `[F]` uint8, 1..24.
      uv: `[F, 3, 2]` float32 in [0, 1].
      layer: `[F]` bool: clothes, hair and other pieces over the body, mapped through the body beneath.
      folds: `[F]` bool: faces whose uv area has the wrong sign or none.
      distance: `[V]` float32 metres from each vertex to the fitted reference.
      solved: parts that were solved in this call.
    """

    part: np.ndarray
    uv: np.ndarray
    layer: np.ndarray
    folds: np.ndarray
    distance: np.ndarray
    solved: tuple[int, ...]


def carry_charts(
    vertices: np.ndarray,
    faces: np.ndarray,
    fitted: Reference,
    say: Callable[[str], None],
    part: np.ndarray | None = None,
    earlier: Charting | None = None,
) -> Charting:
    """Return the reference's charts on a mesh (Algorithm 1).

    Args:
      vertices: `[V, 3]` metres, figure frame.
      faces: `[F, 3]`, counter-clockwise seen from outside.
      fitted: the reference with its vertices moved onto (or beneath) the mesh.
      say: told what is being done.
      part: `[F]` the parts as a person has corrected them; None proposes them.
      earlier: what an earlier call returned: charts of the same faces are taken from it, not solved again.
    """
    vertices, faces = np.asarray(vertices, np.float64), np.asarray(faces, np.int64)
    surface = fitted_surface(fitted)
    distance = nearest(surface, vertices).distance.astype(np.float32)
    sides = sides_of(faces)
    pieces = find_pieces(surface, vertices, faces, sides)
    say(f"parts: {_told(pieces)}")
    vertices = denoised(surface, vertices, faces[~pieces.layer])
    proposed, mesh = propose(surface, vertices, faces, sides, pieces)
    corrected = part is not None
    label = clean(proposed, mesh) if part is None else np.asarray(part, np.int64) + INWARD * pieces.inward
    part = (label % INWARD).astype(np.uint8)
    kept = _unchanged(part, earlier)
    uv, folds = np.zeros((len(faces), 3, 2), np.float32), np.zeros(len(faces), bool)
    if earlier is not None:
        uv[kept], folds[kept] = earlier.uv[kept], earlier.folds[kept]
    opened, borders = open_patches(surface, vertices, mesh, label), chart_borders(surface)
    for group in np.unique(opened.group[~kept]).tolist():
        inside = np.flatnonzero(opened.group == group)
        chart, layer = int(part[inside[0]]), bool(pieces.layer[inside[0]])
        say(f"chart {chart}: {len(inside)} faces{' of a layer' if layer else ''}")
        used, local = np.unique(opened.corner[inside], return_inverse=True)
        local, points = local.reshape(-1, 3), vertices[opened.old[used]]
        loops = [] if layer else loops_around(local, opened.beyond[inside], points, chart)
        match = best_match(loops, borders.get(chart), chart)
        sided = [] if layer else sides_known(opened, mesh, inside, chart)
        patch = Patch(chart, points, local, match, layer, bool(label[inside[0]] >= INWARD), corrected, sided)
        uv[inside], folds[inside] = solve_patch(surface, patch)
    return Charting(part, uv, pieces.layer, folds, distance, tuple(np.unique(part[~kept]).tolist()))


def _told(pieces: Pieces) -> str:
    """Return how many faces are the body's and how many lie over it, in words."""
    return f"{int((~pieces.layer).sum())} faces of the body, {int(pieces.layer.sum())} of clothes, hair and the like"


def _unchanged(part: np.ndarray, earlier: Charting | None) -> np.ndarray:
    """Return which faces `[F]` are of a part that has the same faces as earlier."""
    if earlier is None:
        return np.zeros(len(part), bool)
    changed = part != earlier.part
    return ~np.isin(part, np.union1d(part[changed], earlier.part[changed]))
