"""Places on the body paired with places on a mesh, both ways, each with how much it is to be trusted."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.fitting.clouds import Cloud, Nearest
from simpose_tf.figures.fitting.surfaces import Surface


@dataclass(frozen=True)
class Pairs:
    """Places on the body and where they should be.

    Attributes:
      corners: `[m, 3]` vertices of the body (places in what was asked) around each place, and
      shares: `[m, 3]` their weights.
      places: `[m, 3]` on the body, and
      goals: `[m, 3]` on the mesh.
      normals: `[m, 3]` unit normals of the planes between them (symmetric ICP, Rusinkiewicz 2019: the mean of both).
      near: `[m]` 1 for a perfect pair, 0 for a far one or one that faces away.
      num_body: how many, the first ones, were sought from the body; the rest were from the mesh.
    """

    corners: np.ndarray
    shares: np.ndarray
    places: np.ndarray
    goals: np.ndarray
    normals: np.ndarray
    near: np.ndarray
    num_body: int


def pairs_of_points(points: np.ndarray, normals: np.ndarray, target: Cloud, nearest: Nearest, reach: float) -> Pairs:
    """Return pairs of the nearest points: quick, for meshes that are still far.

    Args:
      points: `[n, 3]` of the body, with
      normals: `[n, 3]`.
      target: points of the mesh, and
      nearest: their index.
      reach: distance at which a pair's weight is a quarter (Geman and McClure).
    """
    there = nearest(points, normals)
    back = Nearest(points, normals, nearest.scale)(target.points, target.normals)
    rows = np.concatenate([np.arange(len(points)), back])
    mesh = np.concatenate([there, np.arange(len(target.points))])
    corners, shares = np.repeat(rows[:, None], 3, 1), np.tile([1.0, 0, 0], (len(rows), 1))
    ends = (points[rows], normals[rows], target.points[mesh], target.normals[mesh])
    return _paired(corners, shares, ends, reach, len(points))


def pairs_of_surfaces(
    body: Surface, ids: np.ndarray, points: np.ndarray, mesh: Surface, target: Cloud, reach: float
) -> Pairs:
    """Return pairs of exactly closest places.

    Args:
      body: the whole body's surface.
      ids: `[n]` its vertices that look for the mesh.
      points: `[N, 3]` all its vertices.
      mesh: the mesh's surface.
      target: points of the mesh that look for the body.
      reach: as in `pairs_of_points`.
    """
    _, _, there, there_normals = mesh.closest(points[ids])
    corners, weights, back, back_normals = body.closest(target.points)
    ends = (
        np.concatenate([points[ids], back]),
        np.concatenate([body.normals[ids], back_normals]),
        np.concatenate([there, target.points]),
        np.concatenate([there_normals, target.normals]),
    )
    corners = np.concatenate([np.repeat(ids[:, None], 3, 1), corners])
    shares = np.concatenate([np.tile([1.0, 0, 0], (len(ids), 1)), weights])
    return _paired(corners, shares, ends, reach, len(ids))


def _paired(corners: np.ndarray, shares: np.ndarray, ends: tuple, reach: float, num_body: int) -> Pairs:
    places, normals, goals, goal_normals = ends
    away = np.linalg.norm(goals - places, axis=1)
    agree = np.clip((normals * goal_normals).sum(1), 0, 1)
    between = normals + goal_normals
    between /= np.maximum(np.linalg.norm(between, axis=1, keepdims=True), 1e-12)
    near = agree / (1 + (away / reach) ** 2) ** 2
    return Pairs(corners, shares, places, goals, between, near, num_body)
