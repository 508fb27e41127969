"""Algorithm 1: carry a reference's charts to a mesh that the reference was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.boundary import Loop, Match, beyond_sides, loops_around, match_loop
from simpose_tf.surface.cuts import cuts_of, jumping, lay_cut
from simpose_tf.surface.denoise import denoised
from simpose_tf.surface.fitted import Fitted, fitted_surface, nearest
from simpose_tf.surface.interior import Patch, solve_patch
from simpose_tf.surface.labels import INWARD, Labelled, clean, propose
from simpose_tf.surface.pieces import Pieces, find_pieces
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.topology import Sides, open_along, sides_of


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
    label = clean(proposed, mesh) if part is None else np.asarray(part, np.int64) + INWARD * pieces.inward
    part = (label % INWARD).astype(np.uint8)
    kept = _unchanged(part, earlier)
    uv, folds = np.zeros((len(faces), 3, 2), np.float32), np.zeros(len(faces), bool)
    if earlier is not None:
        uv[kept], folds[kept] = earlier.uv[kept], earlier.folds[kept]
    new, old, whole = _open_patches(surface, vertices, mesh, label)
    beyond = beyond_sides(faces, sides, whole, part)
    borders = _chart_borders(surface)
    for number in np.unique(2 * label[~kept] + pieces.layer[~kept]).tolist():
        inside = np.flatnonzero((2 * label + pieces.layer == number) & ~kept)
        chart, layer, inward = number // 2 % INWARD, number % 2 == 1, number // 2 >= INWARD
        say(f"chart {chart}: {len(inside)} faces{' of a layer' if layer else ''}")
        used, local = np.unique(new[inside], return_inverse=True)
        local, points = local.reshape(-1, 3), vertices[old[used]]
        loops = [] if layer else loops_around(local, beyond[inside], points, chart)
        match = _best_match(loops, borders.get(chart), chart)
        patch = Patch(chart, points, local, match, 0.0 if layer else 1.0, inward)
        at_vertex, folds[inside] = solve_patch(surface, patch)
        uv[inside] = at_vertex[local]
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


def _chart_borders(fitted: Fitted) -> dict[int, tuple[Loop, np.ndarray]]:
    """Return the longest boundary of each chart of a reference, with the uv `[B, 2]` of its vertices."""
    sides = sides_of(fitted.faces)
    whole = (fitted.part[sides.first] == fitted.part[sides.second]) & ~jumping(fitted, sides)
    new, old = open_along(fitted.faces, sides, whole)
    beyond = beyond_sides(fitted.faces, sides, whole, fitted.part)
    borders = {}
    for chart in np.unique(fitted.part).tolist():
        inside = np.flatnonzero(fitted.part == chart)
        used, local = np.unique(new[inside], return_inverse=True)
        local = local.reshape(-1, 3)
        loops = loops_around(local, beyond[inside], fitted.vertices[old[used]], chart)
        at_vertex = np.zeros((len(used), 2))
        at_vertex[local] = fitted.uv[inside]
        if loops:
            borders[chart] = (loops[0], at_vertex[loops[0].vertices])
    return borders


def _best_match(loops: list[Loop], border: tuple[Loop, np.ndarray] | None, chart: int) -> Match | None:
    """Return the match of the loop that fits a chart's boundary best; other loops are holes."""
    found = [match_loop(loop, *border, chart) for loop in loops] if border is not None else []
    return min((match for match in found if match is not None), key=lambda match: match.cost, default=None)


def _open_patches(
    fitted: Fitted, vertices: np.ndarray, mesh: Labelled, label: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Open a mesh between parts and along the reference's cuts.

    Returns:
      `[F, 3]` new vertices, the old one `[N]` of each, and which sides `[S]` are whole.
    """
    sides, faces = mesh.sides, mesh.faces
    whole = label[sides.first] == label[sides.second]
    closed = np.zeros(len(vertices), bool)
    closed[sides.ends[~whole]] = True
    closed[_open_vertices(faces, sides)] = True
    cut: set[tuple[int, int]] = set()
    for arc in cuts_of(fitted):
        inside = faces[(label == arc.part) & ~mesh.pieces.layer]
        if len(inside) == 0:
            continue
        path = lay_cut(fitted.vertices[arc.vertices], vertices, inside, closed)
        closed[path] = True
        cut |= {(min(a, b), max(a, b)) for a, b in zip(path[:-1].tolist(), path[1:].tolist(), strict=True)}
    if cut:
        size = len(vertices)
        keys = np.array([a * size + b for a, b in cut])
        whole &= ~np.isin(sides.ends.min(1) * size + sides.ends.max(1), keys)
    return *open_along(faces, sides, whole), whole


def _open_vertices(faces: np.ndarray, sides: Sides) -> np.ndarray:
    """Return the vertices on the mesh's own boundary."""
    shared = np.zeros(faces.shape, bool)
    shared[sides.first, sides.i] = True
    shared[sides.second, sides.j] = True
    face, side = np.nonzero(~shared)
    return np.unique(np.concatenate([faces[face, side], faces[face, (side + 1) % 3]]))
