"""Map one disc of a triangle mesh to the unit square without a fold.

Notation: `uv` are coordinates in [0, 1]^2 of the disc's vertices; `loop` is the disc's boundary, one vertex after the
other; a weight matrix W `[V, V]` asks every inner vertex to be the W-weighted mean of its neighbours. Positive
weights and a convex boundary give a map without folds (Tutte 1963, Floater 1997), whatever the triangles look like.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

_SLACK = 1e-11  # share of the mean of the boundary that keeps every system solvable
_TOUCHING = 1e9  # weight of neighbours that share a place


def boundary_edges(faces: np.ndarray) -> np.ndarray:
    """Return the directed edges `[E, 2]` of faces `[F, 3]` that have no face on their other side."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    size = int(faces.max()) + 1
    key, reverse = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    return edges[~np.isin(key, reverse)]


def boundary_loop(faces: np.ndarray) -> np.ndarray:
    """Return the boundary `[B]` of a disc, in the direction of its faces, starting at its smallest vertex.

    Raises ValueError if the faces `[F, 3]` are no disc: several boundaries, a vertex that the boundary passes twice,
    several pieces, or an Euler characteristic other than 1.
    """
    edges = boundary_edges(faces)
    used = np.unique(faces)
    if len(np.unique(edges[:, 0])) != len(edges):
        raise ValueError("not a disc: the boundary touches itself")
    following = dict(edges.tolist())
    if not following:
        raise ValueError("not a disc: no boundary")
    loop = [min(following)]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    if len(loop) != len(edges):
        raise ValueError(f"not a disc: {len(edges)} boundary edges, but the first loop has {len(loop)}")
    num_edges = (3 * len(faces) + len(edges)) // 2
    if len(used) - num_edges + len(faces) != 1:
        raise ValueError(f"not a disc: Euler characteristic {len(used) - num_edges + len(faces)}")
    return np.array(loop)


def mean_value_weights(vertices: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """Return Floater's mean value weights `[V, V]` (Floater 2003), rows not normalised, all positive.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
    """
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = faces[:, corner], faces[:, (corner + 1) % 3], faces[:, (corner + 2) % 3]
        to_j, to_k = vertices[j] - vertices[i], vertices[k] - vertices[i]
        length_j, length_k = np.linalg.norm(to_j, axis=1), np.linalg.norm(to_k, axis=1)
        # tan(angle / 2) = |a x b| / (|a||b| + a.b)
        cross = np.linalg.norm(np.cross(to_j, to_k), axis=1)
        tangent = cross / (length_j * length_k + (to_j * to_k).sum(1))
        rows += [i, i]
        columns += [j, k]
        values += [tangent / length_j, tangent / length_k]
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sp.csr_matrix(entries, shape=(len(vertices), len(vertices)))


def loop_on_square(
    vertices: np.ndarray,
    loop: np.ndarray,
    anchors: Sequence[tuple[int, tuple[float, float]]],
    scale: np.ndarray | None = None,
) -> np.ndarray:
    """Return `[B, 2]` uv of a boundary loop: anchors where they are told to be, between them by arc length.

    Args:
      vertices: `[V, 3]`.
      loop: `[B]` vertices around the disc.
      anchors: (position in the loop, uv) in the loop's order; the corners of the square are among them.
      scale: `[V]` factor on lengths at a vertex; smaller where little of the square should go.
    """
    uv = np.zeros((len(loop), 2))
    for (start, uv_start), (end, uv_end) in zip(anchors, [*anchors[1:], anchors[0]], strict=True):
        places = (start + np.arange((end - start) % len(loop) + 1)) % len(loop)
        steps = np.linalg.norm(np.diff(vertices[loop[places]], axis=0), axis=1)
        if scale is not None:
            steps = steps * (scale[loop[places[1:]]] + scale[loop[places[:-1]]]) / 2
        fraction = np.concatenate([[0.0], np.cumsum(steps)])[:, None] / steps.sum()
        uv[places] = (1 - fraction) * np.array(uv_start) + fraction * np.array(uv_end)
    return uv


def convex_combination_map(weights: sp.csr_matrix, loop: np.ndarray, loop_uv: np.ndarray) -> np.ndarray:
    """Return `[V, 2]` uv with every inner vertex at the weighted mean of its neighbours.

    Args:
      weights: `[V, V]`, positive where two vertices are neighbours.
      loop: `[B]` boundary vertices, which stay at
      loop_uv: `[B, 2]`. Vertices that do not hang together with them go to their mean.
    """
    size = weights.shape[0]
    inner = np.setdiff1d(np.arange(size), loop)
    uv = np.zeros((size, 2))
    uv[loop] = loop_uv
    if len(inner) == 0:
        return uv
    weights = weights.copy()
    weights.data = np.nan_to_num(weights.data, nan=_TOUCHING, posinf=_TOUCHING, neginf=0)
    normalised = sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-300)) @ weights
    system = (1 + _SLACK) * sp.eye(len(inner)) - normalised[inner][:, inner]
    left = 1 + _SLACK - np.asarray(normalised[inner].sum(1))
    known = normalised[inner][:, loop] @ loop_uv + left.reshape(-1, 1) * loop_uv.mean(0)
    uv[inner] = scipy.sparse.linalg.spsolve(system.tocsc(), known)
    return uv


def signed_areas(uv: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the signed areas `[F]` of faces in the uv plane (positive: counter-clockwise)."""
    a, b, c = (uv[faces[:, corner]] for corner in range(3))
    ab, ac = b - a, c - a
    return 0.5 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])


def areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the areas `[F]` of faces in space."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def stretch(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return the L2 stretch `[F]` from the uv plane to space (Sander et al. 2001, sec. 3); folds give infinity.

    For a triangle it is the root mean square of the singular values of the map from uv to space.
    """
    doubled = 2 * np.abs(signed_areas(uv, faces))[:, None]
    (s1, t1), (s2, t2), (s3, t3) = (uv[faces[:, corner]].T for corner in range(3))
    q1, q2, q3 = (vertices[faces[:, corner]] for corner in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        by_s = (q1 * (t2 - t3)[:, None] + q2 * (t3 - t1)[:, None] + q3 * (t1 - t2)[:, None]) / doubled
        by_t = (q1 * (s3 - s2)[:, None] + q2 * (s1 - s3)[:, None] + q3 * (s2 - s1)[:, None]) / doubled
        result = np.sqrt(((by_s**2).sum(1) + (by_t**2).sum(1)) / 2)
    return np.where(np.isfinite(result), result, np.inf)


def even_map(
    vertices: np.ndarray,
    faces: np.ndarray,
    loop: np.ndarray,
    loop_uv: np.ndarray,
    steps: int,
    scale: np.ndarray | None = None,
) -> np.ndarray:
    """Return `[V, 2]` uv of a disc in the square: mean value map, then evened out by reweighting.

    A tube that ends inside a disc (a finger, a nostril) shrinks exponentially under a harmonic map. Dividing each
    weight by the stretch at its neighbour and solving again spreads it out (Yoshizawa, Belyaev and Seidel 2004,
    eq. 4 and 5; here by its square root, which is steadier). The weights stay positive, so no step can fold. The
    step with the smallest mean squared stretch is kept. Raises ValueError if a face is flat in every step.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]` one disc over all vertices.
      loop: `[B]` its boundary.
      loop_uv: `[B, 2]` the boundary's convex image.
      steps: how many times to reweight.
      scale: `[V]` factor on lengths at a vertex; smaller where little of the square should go.
    """
    weights = mean_value_weights(vertices, faces)
    face_scale = np.ones(len(faces)) if scale is None else scale[faces].mean(1)
    face_areas = areas(vertices, faces) * face_scale**2
    corners = (np.repeat(face_areas, 3), (faces.ravel(), np.repeat(np.arange(len(faces)), 3)))
    share = sp.csr_matrix(corners, shape=(len(vertices), len(faces)))
    best, best_total = np.zeros((len(vertices), 2)), np.inf
    for _ in range(steps + 1):
        uv = convex_combination_map(weights, loop, loop_uv)
        squared = (face_scale * stretch(vertices, faces, uv)) ** 2
        total = float((face_areas * squared).sum())
        if total < best_total:
            best, best_total = uv, total
        at_vertex = np.sqrt((share @ squared) / np.asarray(share.sum(1)).ravel())
        if not np.isfinite(at_vertex).all():
            break
        weights = weights @ sp.diags(at_vertex**-0.5)
        weights = sp.diags(1 / np.asarray(weights.sum(1)).ravel()) @ weights
    if not np.isfinite(best_total):
        raise ValueError("a face of the disc has all its corners on one side of the square")
    return best


def check_no_fold(uv: np.ndarray, faces: np.ndarray, smallest: float) -> None:
    """Raise ValueError unless all faces have signed uv areas of one sign and of at least `smallest`."""
    signed = signed_areas(uv, faces)
    signed = signed * np.sign(signed.sum())
    if signed.min() < smallest:
        bad = int((signed < smallest).sum())
        raise ValueError(f"{bad} of {len(faces)} faces are folded or degenerate; smallest area {signed.min():.2e}")


def area_distortion(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> float:
    """Return the 95th over the 5th percentile of uv area / area in space; 1 is a map that keeps areas."""
    low, high = np.percentile(np.abs(signed_areas(uv, faces)) / areas(vertices, faces), [5, 95])
    return float(high / low)
