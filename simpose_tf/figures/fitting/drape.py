"""Lay the fitted body on a mesh, vertex by vertex: the smoothest displacement that brings it there."""

from collections.abc import Callable

import igl
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from simpose_tf.figures.fitting.clouds import Cloud
from simpose_tf.figures.fitting.pairs import Pairs, pairs_of_surfaces
from simpose_tf.figures.fitting.surfaces import Surface

# Bumps narrower than `smooth` (metres) are smoothed away, pairs farther than `reach` count little; steps of each.
_ROUNDS = ((0.10, 0.05, 3), (0.05, 0.03, 3), (0.03, 0.02, 3), (0.02, 0.015, 3))
_WHOLE = 1e-3  # share of a body without any mesh near: there the smoothness alone decides


def drape(
    body: np.ndarray, faces: np.ndarray, mesh: Surface, cloud: Cloud, scale: float, say: Callable[[str], None]
) -> np.ndarray:
    """Return the body's vertices `[N, 3]` moved onto a mesh (non-rigid ICP with a biharmonic displacement).

    Along the surface nothing pulls but the smoothness, so places keep to each other.

    Args:
      body: `[N, 3]` the posed body, near the mesh.
      faces: `[F, 3]`.
      mesh: what it is laid on.
      cloud: the mesh's points.
      scale: the length of a metre in the mesh's unit.
      say: told how far it is.
    """
    stiffness = -igl.cotmatrix(body / scale, faces.astype(np.int64))
    area = igl.massmatrix(body / scale, faces.astype(np.int64), igl.MASSMATRIX_TYPE_BARYCENTRIC).diagonal()
    bending = stiffness @ sparse.diags(1 / np.maximum(area, 1e-9)) @ stiffness
    moved = np.zeros_like(body)
    everything = np.arange(len(body))
    for number, (smooth, reach, steps) in enumerate(_ROUNDS, 1):
        for _ in range(steps):
            now = body + moved
            surface = Surface(now, faces, 1)
            pairs = pairs_of_surfaces(surface, everything, now, mesh, cloud, scale * reach)
            weight, pull = _pull(pairs, area)
            trust = area * _WHOLE + weight
            system = (sparse.diags(trust) + smooth**4 * bending).tocsc()
            moved = _factored(system).solve(trust[:, None] * moved + pull)
        say(f"fit: lay on {number} of {len(_ROUNDS)}, {1000 * _mean_gap(pairs) / scale:.1f} mm")
    return body + moved


def _factored(system: sparse.csc_matrix) -> SuperLU:
    """Factor a symmetric positive definite matrix."""
    return splu(system, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _pull(pairs: Pairs, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights `[N]` and weighted ways `[N, 3]` of the body's vertices, along the normals only."""
    way = pairs.normals * ((pairs.goals - pairs.places) * pairs.normals).sum(1, keepdims=True)
    of_mesh = area.sum() / max(len(pairs.near) - pairs.num_body, 1)
    weights = pairs.near * of_mesh
    weights[: pairs.num_body] = (pairs.near * area[pairs.corners[:, 0]])[: pairs.num_body]
    spread = (weights[:, None] * pairs.shares).ravel()
    rows = pairs.corners.ravel()
    total = np.bincount(rows, spread, len(area))
    ways = [np.bincount(rows, spread * np.repeat(way[:, axis], 3), len(area)) for axis in range(3)]
    return total, np.stack(ways, -1)


def _mean_gap(pairs: Pairs) -> float:
    away = np.linalg.norm(pairs.goals - pairs.places, axis=1)
    return float((away * pairs.near).sum() / max(pairs.near.sum(), 1e-9))
