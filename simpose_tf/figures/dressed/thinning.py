"""Fewer triangles where nobody sees the difference: hands, ears and the back of the head.

A vertex is drawn onto a neighbour of its own chart (half-edge collapse), so what is left are old vertices with their
old weights and chart coordinates. Done once per process on the neutral mesh: the same for all figures.
"""

import heapq

import numpy as np

from simpose_tf.figures.dressed.patches import boundary_edges

_SHARPEST = 0.35  # least cosine between a face's normal before and after
_done: dict[bytes, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}


def thinned(
    points: np.ndarray, faces: np.ndarray, part: np.ndarray, uv: np.ndarray, tolerance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return faces, parts and uv of a mesh without the vertices that lie nearly in the plane of their neighbours.

    Args:
      points: `[N, 3]`.
      faces: `[F, 3]`.
      part: `[F]` and
      uv: `[F, 3, 2]` charts.
      tolerance: `[N]` metres that the surface may move there; 0 keeps a vertex.
    """
    key = points.tobytes() + faces.tobytes() + tolerance.tobytes()
    if key not in _done:
        _done[key] = _thin(points, faces, part, uv, tolerance)
    return _done[key]


def _thin(points: np.ndarray, faces: np.ndarray, part: np.ndarray, uv: np.ndarray, tolerance: np.ndarray) -> tuple:
    faces, uv = faces.copy(), uv.copy()
    around: list[set[int]] = [set() for _ in range(len(points))]
    for f, corners in enumerate(faces.tolist()):
        for corner in corners:
            around[corner].add(f)
    fixed = (tolerance <= 0) | _on_seam(faces, part, uv, len(points))
    alive = np.ones(len(faces), bool)
    queue = [(_flatness(v, points, faces, around), v) for v in np.nonzero(~fixed)[0].tolist()]
    heapq.heapify(queue)
    while queue:
        cost, v = heapq.heappop(queue)
        if not around[v] or cost > tolerance[v]:
            continue
        now = _flatness(v, points, faces, around)
        if now > cost + 1e-9:
            heapq.heappush(queue, (now, v))
            continue
        target = _neighbour(v, points, faces, uv, around)
        if target is not None:
            _collapse(v, target, faces, uv, around, alive)
    return faces[alive], part[alive], uv[alive]


def _on_seam(faces: np.ndarray, part: np.ndarray, uv: np.ndarray, count: int) -> np.ndarray:
    """Return which vertices `[N]` lie on the mesh's border or have more than one chart coordinate."""
    result = np.zeros(count, bool)
    result[boundary_edges(faces)] = True
    own = np.concatenate([np.repeat(part, 3)[:, None], uv.reshape(-1, 2)], 1)
    first = np.full(count, -1)
    corner = faces.ravel()
    first[corner[::-1]] = np.arange(len(corner))[::-1]
    result[corner[np.abs(own - own[first[corner]]).max(1) > 1e-6]] = True
    return result


def _ring(v: int, faces: np.ndarray, around: list[set[int]]) -> list[int]:
    return sorted({int(corner) for f in around[v] for corner in faces[f]} - {v})


def _flatness(v: int, points: np.ndarray, faces: np.ndarray, around: list[set[int]]) -> float:
    """Return how far a vertex lies off the mean plane of its neighbours, metres, plus a little for long edges."""
    to = points[_ring(v, faces, around)] - points[v]
    corners = points[faces[list(around[v])]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(0)
    normal /= max(float(np.linalg.norm(normal)), 1e-12)
    return float(np.abs(to @ normal).mean() + 0.02 * np.linalg.norm(to, axis=1).max())


def _neighbour(v: int, points: np.ndarray, faces: np.ndarray, uv: np.ndarray, around: list[set[int]]) -> int | None:
    """Return the neighbour onto which a vertex is best drawn: none that turns a face over, in space or in its chart,
    or pinches the surface.
    """
    ring, rows = _ring(v, faces, around), sorted(around[v])
    before, charts = faces[rows], uv[rows]
    corners = points[before]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    best, found = _SHARPEST, None
    for u in ring:
        if len(set(_ring(u, faces, around)) & set(ring)) != 2:
            continue
        keep = ~(before == u).any(1)
        moved = points[np.where(before == v, u, before)][keep]
        turned = np.cross(moved[:, 1] - moved[:, 0], moved[:, 2] - moved[:, 0])
        length = np.linalg.norm(turned, axis=1) * np.linalg.norm(normal[keep], axis=1)
        drawn = np.where((before == v)[..., None], _chart_of(u, before, charts), charts)[keep]
        if (_areas(drawn) * _areas(charts[keep]) <= 0).any():
            continue
        worst = float(((turned * normal[keep]).sum(1) / np.maximum(length, 1e-18)).min(initial=1.0))
        if worst > best:
            best, found = worst, u
    return found


def _chart_of(u: int, faces: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return the chart coordinates `[2]` of a vertex of some faces."""
    return uv[faces == u][0]


def _areas(uv: np.ndarray) -> np.ndarray:
    """Return twice the signed areas `[F]` of triangles `[F, 3, 2]`."""
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _collapse(v: int, u: int, faces: np.ndarray, uv: np.ndarray, around: list[set[int]], alive: np.ndarray) -> None:
    """Draw vertex `v` onto its neighbour `u`; the faces between them vanish."""
    shared = next(f for f in around[v] if u in faces[f])
    coordinates = _chart_of(u, faces[[shared]], uv[[shared]]).copy()
    for f in list(around[v]):
        if u in faces[f]:
            alive[f] = False
            for corner in faces[f]:
                around[int(corner)].discard(f)
        else:
            uv[f][faces[f] == v] = coordinates
            faces[f][faces[f] == v] = u
            around[u].add(f)
    around[v].clear()
