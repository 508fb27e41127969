"""Unfold a map from a triangle patch to the plane (Garanzha et al. 2021, "Foldover-free maps in 50 lines of code").

Notation: the map of a triangle is linear with Jacobian D `[2, 2]` from an ideal triangle, which has the size and turn
that the chart gives the face where it lies; det D <= 0 is a fold. chi(det D) = (det D + sqrt(e^2 + det^2 D)) / 2 keeps
the energy finite for folds, and e goes to zero.
"""

from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.sparse as sp

from simpose_tf.surface.harmonic import signed_areas
from simpose_tf.surface.topology import neighbours_of

SMALLEST = 1e-3  # of the ideal area: less is a fold that is to be mended
_THINNEST = 0.01  # of its longest edge an ideal triangle is high at least
_SHORTEST = 1e-5  # uv
_ROUNDS = 12


def ideal_triangles(corners: np.ndarray, normals: np.ndarray, gradient: np.ndarray, sign: float) -> np.ndarray:
    """Return the uv sides `[F, 2, 2]` (rows: corner 0 to 1, corner 0 to 2) that faces should have; none is folded.

    A face is turned into the reference's tangent plane by the smallest rotation, then mapped by the chart's gradient.

    Args:
      corners: `[F, 3, 3]` metres.
      normals: `[F, 3]` unit normals of the reference where the face lies.
      gradient: `[F, 2, 3]` of the chart there.
      sign: 1 if the chart is counter-clockwise on the surface, -1 if clockwise.
    """
    sides = corners[:, 1:] - corners[:, :1]
    cross = np.cross(sides[:, 0], sides[:, 1])
    own = cross / np.maximum(np.linalg.norm(cross, axis=1), 1e-30)[:, None]
    axis, cosine = np.cross(own, normals), np.clip((own * normals).sum(1), -0.95, 1)[:, None]
    turned = [
        s * cosine + np.cross(axis, s) + axis * (axis * s).sum(1)[:, None] / (1 + cosine) for s in sides.swapaxes(0, 1)
    ]
    ideal = np.einsum("fck,nfk->fnc", gradient, np.stack(turned))
    return _thickened(ideal * [1.0, sign]) * [1.0, sign]


def _thickened(sides: np.ndarray) -> np.ndarray:
    """Return sides `[F, 2, 2]` counter-clockwise, none of less height over its longest edge than a share of that.

    The shape of a sliver stays: one that should become even would drag its long edge's ends together.
    """
    corners = np.concatenate([np.zeros((len(sides), 1, 2)), sides], 1)
    edges = np.roll(corners, -2, 1) - np.roll(corners, -1, 1)  # the edge opposite to each corner
    row, apex = np.arange(len(sides)), (edges**2).sum(2).argmax(1)
    edge = edges[row, apex]
    longest = np.maximum(np.linalg.norm(edge, axis=1), _SHORTEST)
    across = np.stack([-edge[:, 1], edge[:, 0]], 1) / longest[:, None]
    height = np.linalg.det(sides) / longest
    lift = np.maximum(np.abs(height), _THINNEST * longest) - height
    corners[row, apex] += lift[:, None] * across
    flat = np.linalg.norm(edge, axis=1) < _SHORTEST
    corners[flat] = _SHORTEST * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.866]])
    return corners[:, 1:] - corners[:, :1]


def folded(uv: np.ndarray, faces: np.ndarray, ideal: np.ndarray, sign: float) -> np.ndarray:
    """Return which faces `[F]` have less than `SMALLEST` of their ideal area, as float32 has it."""
    wanted = SMALLEST * np.abs(np.linalg.det(ideal)) / 2
    return sign * signed_areas(uv.astype(np.float32).astype(np.float64), faces) < wanted


def untangle(
    uv: np.ndarray, faces: np.ndarray, ideal: np.ndarray, sign: float, rings: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return uv `[N, 2]` moved as little as needed that no face is folded, and which faces `[F]` still are.

    Args:
      uv: `[N, 2]` in [0, 1].
      faces: `[F, 3]` of the patch.
      ideal: `[F, 2, 2]`, see `ideal_triangles`.
      sign: of the chart.
      rings: how many rings around folded faces may move, tried in turn.
    """
    uv = uv.copy()
    flip = np.array([1.0, sign])
    inverse = np.linalg.inv(ideal * flip)
    bad = folded(uv, faces, ideal, sign)
    around = neighbours_of(len(uv), faces)
    for count in rings:
        if not bad.any():
            break
        moved = uv
        for region in _regions(faces, bad, around, count):
            moved = _unfold(moved * flip, faces, inverse, region, flip) * flip
        still = folded(moved, faces, ideal, sign)
        if still.sum() < bad.sum():
            uv, bad = moved, still
    return uv, bad


def _regions(faces: np.ndarray, bad: np.ndarray, around: sp.csr_matrix, rings: int) -> list[np.ndarray]:
    """Return vertex sets that may move: some rings around folded faces, in connected groups."""
    near = np.zeros(around.shape[0], bool)
    near[faces[bad]] = True
    for _ in range(rings - 1):
        near |= (around @ near) > 0
    moving = np.flatnonzero(near)
    group = sp.csgraph.connected_components(around[moving][:, moving], directed=False)[1]
    return [moving[group == number] for number in range(group.max() + 1)]


def _unfold(
    uv: np.ndarray, faces: np.ndarray, inverse: np.ndarray, region: np.ndarray, corner: np.ndarray
) -> np.ndarray:
    """Return uv `[N, 2]`, turned counter-clockwise, with the vertices of a region moved until no face there folds."""
    free = np.zeros(len(uv), bool)
    free[region] = True
    touched = np.flatnonzero(free[faces].any(1))
    used, local = np.unique(faces[touched], return_inverse=True)
    local, shape, here = local.reshape(-1, 3), inverse[touched], np.searchsorted(used, region)
    whole, uv = uv, uv[used]
    low, high = np.minimum(0, corner), np.maximum(0, corner)
    bounds = list(zip(np.tile(low, len(region)), np.tile(high, len(region)), strict=True))
    weight = 1 / len(touched)
    for _ in range(_ROUNDS):
        smallest = _jacobians(uv, local, shape)[1].min()
        if smallest > 10 * SMALLEST:
            break
        epsilon = np.sqrt(1e-8 + 0.04 * min(smallest, 0.0) ** 2)

        def energy(flat: np.ndarray, epsilon: float = epsilon) -> tuple[float, np.ndarray]:
            moved = uv.copy()
            moved[here] = flat.reshape(-1, 2)
            value, slope = _energy(moved, local, shape, epsilon)
            return weight * value, weight * slope[here].ravel()

        start = np.clip(uv[here], low, high).ravel()
        found = scipy.optimize.minimize(
            energy, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
        )
        uv[here] = found.x.reshape(-1, 2)
    whole = whole.copy()
    whole[region] = uv[here]
    return whole


def _jacobians(uv: np.ndarray, faces: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return D `[F, 2, 2]` (row c: slope of coordinate c along the ideal triangle's axes) and its determinant `[F]`."""
    first, second = uv[faces[:, 1]] - uv[faces[:, 0]], uv[faces[:, 2]] - uv[faces[:, 0]]
    jacobian = first[:, :, None] * inverse[:, :, 0][:, None] + second[:, :, None] * inverse[:, :, 1][:, None]
    return jacobian, jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]


def _energy(uv: np.ndarray, faces: np.ndarray, inverse: np.ndarray, epsilon: float) -> tuple[float, np.ndarray]:
    """Return the sum over faces of (|D|^2 + 1 + det^2 D) / chi and its slope `[N, 2]`."""
    jacobian, determinant = _jacobians(uv, faces, inverse)
    root = np.sqrt(epsilon**2 + determinant**2)
    # chi, written so that it does not cancel for negative det D.
    chi = np.where(determinant > 0, (determinant + root) / 2, epsilon**2 / (2 * np.maximum(root - determinant, 1e-30)))
    chi = np.maximum(chi, 1e-12)
    top = (jacobian**2).sum((1, 2)) + 1 + determinant**2
    by_determinant = (2 * determinant - top / root) / chi
    (j00, j01), (j10, j11) = jacobian[:, 0].T, jacobian[:, 1].T
    cofactor = np.stack([j11, -j10, -j01, j00], 1).reshape(-1, 2, 2)
    slope_d = (2 / chi)[:, None, None] * jacobian + by_determinant[:, None, None] * cofactor
    by_first = (slope_d * inverse[:, :, 0][:, None]).sum(2)
    by_second = (slope_d * inverse[:, :, 1][:, None]).sum(2)
    by_corner = np.stack([-by_first - by_second, by_first, by_second], 1).reshape(-1, 2)
    corner = faces.ravel()
    slope = np.stack([np.bincount(corner, by_corner[:, k], len(uv)) for k in range(2)], 1)
    return float((top / chi).sum()), slope
