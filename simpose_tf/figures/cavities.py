"""Mouth, nostrils, eye sockets and ears' inner folds made shallow, so that little of the head's charts goes to them."""

import igl
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

RAYS = 100
SKY = 0.2  # a vertex that sees less of its sky than this lies in a cavity
DEPTH = 0.25  # what is left of a cavity's depth
GRAZING = 0.05  # cosine below which a ray is not cast
START = 1e-4  # metres above the surface where rays begin


def sky_seen(points: np.ndarray, normals: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return `[N]` the share of the half-space above each point that a mesh leaves open, weighted by the cosine.

    Args:
      points: `[N, 3]` on the mesh.
      normals: `[N, 3]` unit normals there.
      vertices: `[V, 3]` of the mesh.
      faces: `[F, 3]`.
    """
    k = np.arange(RAYS)
    height, around = 1 - (2 * k + 1) / RAYS, k * np.pi * (3 - np.sqrt(5))  # a Fibonacci lattice on the sphere
    wide = np.sqrt(1 - height**2)
    directions = np.stack([wide * np.cos(around), height, wide * np.sin(around)], -1)
    cosine = normals @ directions.T
    point, ray = np.nonzero(cosine > GRAZING)
    vertices, faces = np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int64)
    tree = igl.AABB()
    tree.init(vertices, faces)
    origins = points[point] + START * normals[point]
    hit = tree.intersect_ray_first(vertices, faces, np.ascontiguousarray(origins), directions[ray])[0]
    weight = cosine[point, ray]
    open_weight = np.bincount(point, weight * (hit < 0), len(points))
    return open_weight / np.bincount(point, weight, len(points))


def filled(points: np.ndarray, faces: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return vertices `[V, 3]` with those inside cavities drawn towards a membrane over the opening.

    Args:
      points: `[V, 3]`.
      faces: `[F, 3]`.
      inside: bool `[V]`.
    """
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
    graph = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(points), len(points)))
    mean = sp.diags(1 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1)) @ graph
    system = sp.eye(int(inside.sum())) - mean[inside][:, inside]
    result = points.copy()
    membrane = scipy.sparse.linalg.spsolve(system.tocsc(), mean[inside][:, ~inside] @ points[~inside])
    result[inside] = membrane + DEPTH * (points[inside] - membrane)
    return result
