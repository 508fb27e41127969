"""Surfaces that leave the body: skirts, shoes and long hair, charted by the closest point of the body."""

import igl
import numpy as np
from scipy.spatial import ConvexHull

from simpose_tf.figures.dressed.patches import Patch


def hull_radius(points: np.ndarray, center: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return how far `[M]` rays from `center` `[D]` along `directions` `[M, D]` run inside the points' convex hull."""
    equations = ConvexHull(points).equations
    along = directions @ equations[:, :-1].T
    depth = -(equations[:, :-1] @ center + equations[:, -1])
    with np.errstate(divide="ignore"):
        return np.where(along > 1e-9, depth / along, np.inf).min(1)


def slice_radii(points: np.ndarray, heights: np.ndarray, center: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the radius `[H, A]` of the convex outline of points around a vertical axis, for each height and angle.

    Args:
      points: `[N, 3]`.
      heights: `[H]` y of the slices; a slice looks at the points at most 1.5 cm above or below.
      center: `[2]` x and z of the axis.
      angles: `[A]` radians, 0 to the front (+z), rising to the left (+x).
    """
    directions = np.stack([np.sin(angles), np.cos(angles)], -1)
    near = [points[np.abs(points[:, 1] - y) < 0.015][:, [0, 2]] for y in heights]
    return np.stack([hull_radius(p, center, directions) if len(p) > 3 else np.zeros(len(angles)) for p in near])


def tube(heights: np.ndarray, center: np.ndarray, angles: np.ndarray, radii: np.ndarray) -> tuple:
    """Return points `[H*A, 3]` and faces of the surface around a vertical axis; closed if the angles go once around.

    `heights` fall and `angles` rise; radii are `[H, A]`.
    """
    x, z = center[0] + radii * np.sin(angles), center[1] + radii * np.cos(angles)
    points = np.stack([x, np.broadcast_to(heights[:, None], x.shape), z], -1).reshape(-1, 3)
    rows, columns = radii.shape
    closed = angles[-1] - angles[0] > 2 * np.pi * (1 - 1.5 / columns)
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    a, b = i * columns + j, i * columns + (j + 1) % columns
    c, d = a + columns, b + columns
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return points, faces


def pipe(path: np.ndarray, radii: np.ndarray, sides: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return points `[P * sides, 3]` and faces of a closed-ended pipe along a path.

    Args:
      path: `[P, 3]`, nearly in a plane across one of the axes.
      radii: `[P]`, or `[P, 2]` along that axis and across it; the first and last are drawn together to a point.
      sides: corners of its outline.
    """
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, np.cross(np.eye(3)[np.argmin(np.abs(along).max(0))], along))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    radii = np.broadcast_to(np.asarray(radii, float).reshape(len(path), -1), (len(path), 2)).copy()
    radii[[0, -1]] = 1e-4
    angle = np.arange(sides) * (2 * np.pi / sides)
    outline = np.cos(angle)[:, None] * side[:, None] * radii[:, None, :1]
    outline = outline + np.sin(angle)[:, None] * np.cross(along, side)[:, None] * radii[:, None, 1:]
    i, j = np.meshgrid(np.arange(len(path) - 1), np.arange(sides), indexing="ij")
    a, b = (i * sides + j).ravel(), (i * sides + (j + 1) % sides).ravel()
    faces = np.concatenate([np.stack([a, b, a + sides], -1), np.stack([b, b + sides, a + sides], -1)])
    return (path[:, None] + outline).reshape(-1, 3), faces


def sphere(rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors `[N, 3]` and faces of an octahedron split `rounds` times."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    for _ in range(rounds):
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
        unique, index = np.unique(edges, axis=0, return_inverse=True)
        middle = points[unique].mean(1)
        ab, bc, ca = (len(points) + index.reshape(-1)).reshape(3, -1)
        a, b, c = faces.T
        points = np.concatenate([points, middle / np.linalg.norm(middle, axis=1, keepdims=True)])
        faces = np.concatenate([np.stack(f, -1) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return points, faces


def charted(points: np.ndarray, faces: np.ndarray, body: Patch, allowed: np.ndarray | None = None) -> Patch:
    """Return a free surface with charts and skin weights of the closest points of the body at rest.

    A face takes the part that is closest to its middle; its corners take the uv of the closest points of that part.
    The body's fields come along like its weights.

    Args:
      points: `[N, 3]` rest positions.
      faces: `[F, 3]`.
      body: the charted body.
      allowed: `[body faces]` whether a body face may lend its chart and weights; None: every one.
    """
    source = np.arange(len(body.faces)) if allowed is None else np.nonzero(allowed)[0]
    corner = body.points[body.faces]
    _, nearest, _ = igl.point_mesh_squared_distance(points[faces].mean(1), body.points, body.faces[source])
    part = body.part[source[nearest]]
    uv = np.zeros((len(faces), 3, 2), np.float32)
    for one in np.unique(part):
        of_part, rows = source[body.part[source] == one], np.nonzero(part == one)[0]
        uv[rows] = _uv_at(points[faces[rows]].reshape(-1, 3), body, of_part).reshape(-1, 3, 2)
    _, nearest, at = igl.point_mesh_squared_distance(points, body.points, body.faces[source])
    weights = _barycentric(at, corner[source[nearest]])
    near = body.faces[source[nearest]]
    skin = np.einsum("nk,nkj->nj", weights, body.skin[near]).astype(np.float32)
    fields = {name: np.einsum("nk,nk->n", weights, field[near]) for name, field in body.fields.items()}
    return Patch(points, skin, fields, faces, part, uv)


def _uv_at(points: np.ndarray, body: Patch, source: np.ndarray) -> np.ndarray:
    """Return the uv `[N, 2]` of the closest points on some of the body's faces."""
    _, nearest, at = igl.point_mesh_squared_distance(points, body.points, body.faces[source])
    face = source[nearest]
    return np.einsum("nk,nkc->nc", _barycentric(at, body.points[body.faces[face]]), body.uv[face])


def _barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return barycentric weights `[N, 3]`, none negative, of points `[N, 3]` in triangles `[N, 3, 3]`."""
    a, b, c = (np.ascontiguousarray(corners[:, k]) for k in range(3))
    weights = np.maximum(igl.barycentric_coordinates(np.ascontiguousarray(points), a, b, c), 0)
    return weights / weights.sum(1, keepdims=True)
