"""Solve the interior of a patch: what its vertices take from the chart, plus what its boundary asks for, unfolded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from simpose_tf.surface.boundary import Match
from simpose_tf.surface.convex import pull, rounded, safe_map
from simpose_tf.surface.fitted import Fitted
from simpose_tf.surface.harmonic import mean_value_weights, signed_areas
from simpose_tf.surface.topology import edge_lengths, is_disc, neighbours_of
from simpose_tf.surface.transfer import Transfer, transfer
from simpose_tf.surface.untangle import folded, ideal_triangles, untangle

# Edges between the faces of a mesh do not follow a seam: a vertex of a patch's boundary that lies within this many of
# its edges of the chart's boundary keeps its own place, so that uv stays true (not in the paper). Further away, where
# a person moved a seam or the fit is wrong, it goes where junctions and arc length tell.
_OFF_SEAM = 1.0
_TORN = (1e-4, 0.01)  # uv, the least and greatest size of a torn face
_ROOM = 0.05  # of its ideal area is left to each face when a map that cannot fold is pulled towards one that does


@dataclass(frozen=True)
class Patch:
    """Faces that take their uv from one chart.

    Attributes:
      chart: which.
      vertices: `[N, 3]` metres.
      faces: `[F, 3]`.
      match: where its boundary lies on the chart's; None lets it lie where it is.
      layer: whether it lies over the body: it keeps the place that it lies over, and normals do not count.
      inward: whether the faces look towards the body, so that uv turns the other way.
      moved: whether a person has moved its seams: then its boundary goes where junctions and arc length tell.
      sided: for each cut the sides of the vertices `[N]` and of the reference's faces `[G]`, see `opening.sides_known`.
    """

    chart: int
    vertices: np.ndarray
    faces: np.ndarray
    match: Match | None
    layer: bool
    inward: bool
    moved: bool
    sided: Sequence[tuple[np.ndarray, np.ndarray]] = ()


def solve_patch(fitted: Fitted, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Return uv `[F, 3, 2]` float32 of the corners of a patch's faces and which faces `[F]` are folded.

    Args:
      fitted: the reference on the mesh.
      patch: the faces.
    """
    vertices, faces, match = patch.vertices, patch.faces, patch.match
    outward = chart_sign(fitted, patch.chart)
    sign = -outward if patch.inward else outward
    cut = np.zeros(0, np.int64) if match is None else match.vertices[match.cut]
    cut_uv = np.zeros((0, 2)) if match is None else match.uv[match.cut]
    taken = transfer(fitted, patch.chart, vertices, faces, 0.0 if patch.layer else 1.0, (cut, cut_uv), patch.sided)
    uv = taken.uv if match is None or not patch.moved else _bent(taken, vertices, faces, match)
    normals = sign * np.cross(taken.gradient[:, 0], taken.gradient[:, 1])[faces].sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    ideal = ideal_triangles(vertices[faces], normals, taken.gradient[faces].mean(1), sign)
    corners = _unfolded(uv, fitted, patch, ideal, sign)[faces]
    if patch.layer:
        corners = _torn(corners, ideal, sign)
    return corners.astype(np.float32), _wrong(corners, sign)


def _wrong(corners: np.ndarray, sign: float) -> np.ndarray:
    """Return which faces `[F]` have a uv area of the wrong sign or none, as float32 has it."""
    rounded_off = corners.astype(np.float32).astype(np.float64).reshape(-1, 2)
    return sign * signed_areas(rounded_off, np.arange(len(rounded_off)).reshape(-1, 3)) <= 0


def _torn(corners: np.ndarray, ideal: np.ndarray, sign: float) -> np.ndarray:
    """Return uv `[F, 3, 2]` with faces that could not be unfolded torn off, each where it is, in its ideal size.

    Not in the paper: hair and cloth may be creased so that no map of them onto the body is without folds. uv is
    stored per corner, so such a face may part from its neighbours.
    """
    even = np.array([[-0.5, -0.3], [0.5, -0.3], [0.0, 0.6]]) * [1.0, sign]
    size = np.clip(np.sqrt(np.abs(np.linalg.det(ideal))), *_TORN)[:, None, None]
    alone = np.clip(corners.mean(1, keepdims=True), size, 1 - size) + size * even
    return np.where(_wrong(corners, sign)[:, None, None], alone, corners)


def chart_sign(fitted: Fitted, chart: int) -> float:
    """Return 1 if a chart is counter-clockwise on its surface, -1 if it is clockwise."""
    corners = fitted.uv[fitted.part == chart].reshape(-1, 2)
    return 1.0 if signed_areas(corners, np.arange(len(corners)).reshape(-1, 3)).sum() >= 0 else -1.0


def _unfolded(uv: np.ndarray, fitted: Fitted, patch: Patch, ideal: np.ndarray, sign: float) -> np.ndarray:
    """Return uv `[N, 2]` moved as little as needed that no face folds: locally, else by a map that cannot fold."""
    faces, match = patch.faces, patch.match
    bad = folded(uv, faces, ideal, sign)
    if not bad.any():
        return uv
    uv, bad = untangle(uv, faces, ideal, sign, (1, 2, 4))
    if not bad.any():
        return uv
    filled = _filled(uv, patch.vertices, faces, ideal, sign)
    other, still = untangle(filled, faces, ideal, sign, (2, 4))
    if still.sum() < bad.sum():
        uv, bad = other, still
    if bad.any() and match is not None and is_disc(faces):
        chart = rounded(fitted, patch.chart, sign)
        if chart is not None:
            safe = safe_map(uv, patch.vertices, faces, chart, match.vertices, match.uv, sign)
            safe, still = untangle(safe, faces, ideal, sign, (1, 2, 4, 8))
            if not still.any():
                return pull(safe, filled, faces, _ROOM * np.abs(np.linalg.det(ideal)), sign)
    return untangle(uv, faces, ideal, sign, (8, 16))[0]


def _filled(uv: np.ndarray, vertices: np.ndarray, faces: np.ndarray, ideal: np.ndarray, sign: float) -> np.ndarray:
    """Return uv `[N, 2]` with the surroundings of folded faces filled in from around, where that folds fewer."""
    around = neighbours_of(len(uv), faces)
    for rings in range(3):
        bad = folded(uv, faces, ideal, sign)
        near = np.zeros(len(uv), bool)
        near[faces[bad]] = True
        for _ in range(rings):
            near |= (around @ near) > 0
        if near.all() or not near.any():
            return uv
        fixed = np.flatnonzero(~near)
        filled = harmonic_extension(vertices, faces, fixed, uv[fixed], uv)
        if folded(filled, faces, ideal, sign).sum() < bad.sum():
            uv = filled
    return uv


def _bent(taken: Transfer, vertices: np.ndarray, faces: np.ndarray, match: Match) -> np.ndarray:
    """Return uv `[N, 2]` with the boundary where it is matched to, the change spread harmonically over the patch."""
    loop = match.vertices
    length = np.maximum(edge_lengths(vertices, faces)[loop], 1e-6)
    off = np.linalg.norm(vertices[loop] - match.point, axis=1)
    off = np.sqrt(np.maximum(off**2 - taken.height[loop] ** 2, 0))
    pull = np.clip(off / (_OFF_SEAM * length) - 1, 0, 1) * match.bound
    if not pull.any():
        return taken.uv
    wanted = np.concatenate([pull[:, None], pull[:, None] * (match.uv - taken.uv[loop] - taken.beyond[loop])], 1)
    nothing = np.zeros((len(vertices), 3))
    spread = harmonic_extension(vertices, faces, loop[match.bound], wanted[match.bound], nothing)
    return np.clip(taken.uv + spread[:, :1] * taken.beyond + spread[:, 1:], 0, 1)


def harmonic_extension(
    vertices: np.ndarray, faces: np.ndarray, fixed: np.ndarray, values: np.ndarray, otherwise: np.ndarray
) -> np.ndarray:
    """Return `[N, C]` values: given at some vertices, at all others the mean-value-weighted mean of the neighbours'.

    Args:
      vertices: `[N, 3]` of a patch.
      faces: `[F, 3]`.
      fixed: `[B]` vertices with
      values: `[B, C]`.
      otherwise: `[N, C]` what pieces without fixed vertices tend to.
    """
    weights = mean_value_weights(vertices, faces)
    weights.data = np.nan_to_num(np.clip(weights.data, 0, 1e9), nan=1e9)
    free = np.setdiff1d(np.arange(len(vertices)), fixed)
    result = otherwise.copy()
    result[fixed] = values
    if len(free) == 0:
        return result
    total = np.asarray(weights.sum(1)).ravel()
    slack = 1e-9 * total + 1e-12
    system = sp.diags(total + slack) - weights
    known = weights[free][:, fixed] @ values + slack[free, None] * otherwise[free]
    result[free] = scipy.sparse.linalg.splu(system.tocsr()[free][:, free].tocsc()).solve(known)
    return result
