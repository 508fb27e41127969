"""Algorithm 1: carry a reference's charts to a mesh that the reference was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.surface.cuts import cuts_of, lay_cut
from simpose_tf.surface.fitted import Fitted, fitted_surface, nearest
from simpose_tf.surface.harmonic import signed_areas
from simpose_tf.surface.labels import Labelled, clean, propose
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.topology import open_along
from simpose_tf.surface.transfer import transfer
from simpose_tf.surface.untangle import ideal_triangles, untangle


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
    say("parts: nearest places on the fitted reference")
    proposed, mesh = propose(surface, vertices, faces)
    layer = np.zeros(len(faces), bool)
    part = clean(proposed, mesh, keep=1.0) if part is None else np.asarray(part, np.uint8)
    distance = nearest(surface, vertices).distance.astype(np.float32)
    say("charts")
    new, old = open_patches(surface, vertices, mesh, part)
    uv = np.zeros((len(faces), 3, 2), np.float32)
    folds = np.zeros(len(faces), bool)
    solved = []
    for chart in np.unique(part).tolist():
        inside = np.flatnonzero(part == chart)
        if earlier is not None and np.array_equal(inside, np.flatnonzero(earlier.part == chart)):
            uv[inside], folds[inside] = earlier.uv[inside], earlier.folds[inside]
            continue
        used, local = np.unique(new[inside], return_inverse=True)
        at_vertex, folded = solve_patch(surface, chart, vertices[old[used]], local.reshape(-1, 3))
        uv[inside], folds[inside] = at_vertex[local].reshape(-1, 3, 2), folded
        solved.append(chart)
    return Charting(part, uv, layer, folds, distance, tuple(solved))


def open_patches(
    fitted: Fitted, vertices: np.ndarray, mesh: Labelled, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Open a mesh between parts and along the reference's cuts: new vertices `[F, 3]` and the old one of each `[N]`."""
    sides, faces = mesh.sides, mesh.faces
    whole = part[sides.first] == part[sides.second]
    closed = np.zeros(len(vertices), bool)
    closed[sides.ends[~whole]] = True
    closed[_open_vertices(faces, sides)] = True
    cut: set[tuple[int, int]] = set()
    earlier_path: dict[int, list[int]] = {}
    for arc in cuts_of(fitted):
        inside = faces[part == arc.part]
        if len(inside) == 0:
            continue
        path = lay_cut(fitted.vertices[arc.vertices], vertices, inside, closed, None)
        closed[path] = True
        earlier_path.setdefault(arc.part, []).extend(path.tolist())
        cut |= {(min(a, b), max(a, b)) for a, b in zip(path[:-1].tolist(), path[1:].tolist(), strict=True)}
    if cut:
        size = len(vertices)
        keys = np.array([a * size + b for a, b in cut])
        whole &= ~np.isin(sides.ends.min(1) * size + sides.ends.max(1), keys)
    return open_along(faces, sides, whole)


def _open_vertices(faces: np.ndarray, sides) -> np.ndarray:
    """Return the vertices on the mesh's own boundary."""
    shared = np.zeros(faces.shape, bool)
    shared[sides.first, sides.i] = True
    shared[sides.second, sides.j] = True
    face, side = np.nonzero(~shared)
    return np.unique(np.concatenate([faces[face, side], faces[face, (side + 1) % 3]]))


def solve_patch(fitted: Fitted, chart: int, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return uv `[N, 2]` float32 of a patch's vertices and which of its faces `[F]` are folded."""
    inside = fitted.part == chart
    sign = float(
        np.sign(signed_areas(fitted.uv[inside].reshape(-1, 2), np.arange(3 * inside.sum()).reshape(-1, 3)).sum())
    )
    taken = transfer(fitted, chart, vertices, faces, 1.0)
    corners = vertices[faces]
    normals = np.cross(taken.gradient[:, 0], taken.gradient[:, 1])[faces].sum(1) * sign
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    ideal = ideal_triangles(corners, normals, taken.gradient[faces].mean(1), sign)
    uv, bad = untangle(taken.uv, faces, ideal, sign)
    uv = uv.astype(np.float32)
    return uv, sign * signed_areas(uv.astype(np.float64), faces) <= 0
