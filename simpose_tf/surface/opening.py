"""Open a labelled mesh into patches: between parts, and inside a part along the cuts of the reference."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.surface.boundary import Loop, Match, beyond_sides, loops_around, match_loop
from simpose_tf.surface.cut_sides import settle, side_of_cut
from simpose_tf.surface.cuts import cuts_of, distance_from, jumping, lay_cut
from simpose_tf.surface.fitted import Fitted, nearest, uv_at
from simpose_tf.surface.labels import INWARD, Labelled
from simpose_tf.surface.topology import Sides, edge_lengths, open_along, pieces_of, sides_of

# Neighbouring faces of a layer lie on two sides of a cut if their uv differ this many times more than the distance of
# their places, and this many of their edges, explain.
_STRETCH = 2.0
_SLACK = 0.25
_NEAR_CUT = 0.8  # mean edges (or of the cut, if longer) from a cut that vertices may be for a path to be led on to them


@dataclass(frozen=True)
class LaidCut:
    """A cut of the reference as it runs on a mesh.

    Attributes:
      part: whose chart it opens.
      path: `[K]` vertices of the mesh.
      side: `[G]` on which side of it the reference's faces lie, see `cut_sides.side_of_cut`.
    """

    part: int
    path: np.ndarray
    side: np.ndarray


@dataclass(frozen=True)
class Opened:
    """A mesh opened into patches.

    Attributes:
      corner: `[F, 3]` vertices of the opened mesh.
      old: `[N]` the mesh's vertex of each.
      beyond: `[F, 3]` what lies beyond the sides of faces, see `boundary.beyond_sides`.
      group: `[F]` faces that are solved together: each patch of the body, all patches of layers of one label.
      laid: the cuts as they run on the mesh.
    """

    corner: np.ndarray
    old: np.ndarray
    beyond: np.ndarray
    group: np.ndarray
    laid: tuple[LaidCut, ...]


def open_patches(fitted: Fitted, vertices: np.ndarray, mesh: Labelled, label: np.ndarray) -> Opened:
    """Open a mesh between labels `[F]` and along the reference's cuts."""
    sides, faces, layer = mesh.sides, mesh.faces, mesh.pieces.layer
    alike = label[sides.first] == label[sides.second]
    laid = _laid_cuts(fitted, vertices, mesh, label, alike)
    whole = alike & ~_cut_sides(sides, len(vertices), laid)
    whole &= ~_torn_sides(fitted, vertices, mesh, label, alike)
    corner, old = open_along(faces, sides, whole)
    patch = pieces_of(len(faces), sides, alike)
    group = np.unique(np.where(layer, -1 - label, patch), return_inverse=True)[1]
    return Opened(corner, old, beyond_sides(faces, sides, whole, label % INWARD), group, laid)


def _laid_cuts(
    fitted: Fitted, vertices: np.ndarray, mesh: Labelled, label: np.ndarray, alike: np.ndarray
) -> tuple[LaidCut, ...]:
    """Return the reference's cuts, laid as paths on the body's patches, which stay discs."""
    sides, faces = mesh.sides, mesh.faces
    closed = np.zeros(len(vertices), bool)
    closed[sides.ends[~alike]] = True
    closed[_open_vertices(faces, sides)] = True
    patch = pieces_of(len(faces), sides, alike)
    edge = edge_lengths(vertices, faces)
    laid = []
    for arc in cuts_of(fitted):
        points, side = fitted.vertices[arc.vertices], side_of_cut(fitted, arc)
        step = np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
        far = distance_from(points, vertices) > _NEAR_CUT * np.maximum(edge, step)
        inside = np.flatnonzero((label == arc.part) & ~mesh.pieces.layer)
        for number in np.unique(patch[inside]).tolist():
            own = faces[patch == number]
            path = lay_cut(points, vertices, own, closed)
            path = settle(path, own, side[mesh.face[patch == number]], closed, far)
            closed[path] = True
            laid.append(LaidCut(arc.part, path, side))
    return tuple(laid)


def _cut_sides(sides: Sides, size: int, laid: tuple[LaidCut, ...]) -> np.ndarray:
    """Return the sides `[S]` along cuts on a mesh of `size` vertices."""
    edges = [np.sort(np.stack([cut.path[:-1], cut.path[1:]], 1), 1) for cut in laid]
    low, high = np.concatenate([*edges, np.zeros((0, 2), np.int64)]).T
    return np.isin(sides.ends.min(1) * size + sides.ends.max(1), low * size + high)


def sides_known(opened: Opened, mesh: Labelled, inside: np.ndarray, part: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each cut of a patch where its vertices lie and where the reference's faces do.

    Args:
      opened: the mesh.
      mesh: before.
      inside: `[P]` the faces of the patch.
      part: of the patch.

    Returns:
      `[N]` for the patch's vertices: 1 or -1 for one on the cut all of whose faces lie on that side, else 0; and
      `[G]` for the reference's faces.
    """
    used, local = np.unique(opened.corner[inside], return_inverse=True)
    known = []
    for cut in opened.laid:
        side = np.repeat(cut.side[mesh.face[inside]], 3)
        left, right = (np.bincount(local.ravel(), side == which, len(used)) > 0 for which in (1, -1))
        on_cut = np.isin(opened.old[used], cut.path)
        if cut.part == part and on_cut.any():
            known.append((on_cut * (left.astype(np.int8) - right.astype(np.int8)), cut.side))
    return known


def _torn_sides(
    fitted: Fitted, vertices: np.ndarray, mesh: Labelled, label: np.ndarray, alike: np.ndarray
) -> np.ndarray:
    """Return the sides `[S]` of layers (gloves, shoes) across which the chart of the body beneath is cut open."""
    sides = mesh.sides
    parts = np.unique([arc.part for arc in cuts_of(fitted)])
    torn = np.zeros(len(sides.first), bool)
    for part in parts.tolist():
        inside = np.flatnonzero((label % INWARD == part) & mesh.pieces.layer)
        if len(inside) == 0:
            continue
        places = nearest(fitted, vertices[mesh.faces[inside]].mean(1), np.flatnonzero(fitted.part == part))
        uv, at = np.zeros((len(label), 2)), np.zeros((len(label), 3))
        stretch = np.zeros(len(label))
        uv[inside], at[inside] = uv_at(fitted, places), places.point
        stretch[inside] = np.linalg.norm(fitted.gradient[places.face], axis=(1, 2))
        a, b = sides.first, sides.second
        apart = np.linalg.norm(at[a] - at[b], axis=1) + _SLACK * (mesh.size[a] + mesh.size[b])
        explained = _STRETCH * np.maximum(stretch[a], stretch[b]) * apart
        torn |= alike & (label[a] % INWARD == part) & (np.linalg.norm(uv[a] - uv[b], axis=1) > explained)
    return torn & mesh.pieces.layer[sides.first]


def _open_vertices(faces: np.ndarray, sides: Sides) -> np.ndarray:
    """Return the vertices on the mesh's own boundary."""
    shared = np.zeros(faces.shape, bool)
    shared[sides.first, sides.i] = True
    shared[sides.second, sides.j] = True
    face, side = np.nonzero(~shared)
    return np.unique(np.concatenate([faces[face, side], faces[face, (side + 1) % 3]]))


def chart_borders(fitted: Fitted) -> dict[int, tuple[Loop, np.ndarray]]:
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


def best_match(loops: list[Loop], border: tuple[Loop, np.ndarray] | None, chart: int) -> Match | None:
    """Return the match of the loop that fits a chart's boundary best; other loops are holes."""
    found = [match_loop(loop, *border, chart) for loop in loops] if border is not None else []
    return min((match for match in found if match is not None), key=lambda match: match.cost, default=None)
