"""Tie another template's vertices to the open body, so that they move along with every fit of it."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.figures.fitting.fit import BodyFit
from simpose_tf.surface.lookup import closest
from simpose_tf.surface.reference import open_reference


@dataclass(frozen=True)
class Ties:
    """Where the vertices of another template lie on the open body.

    Attributes:
      face: `[M]` the nearest face of the open reference, and
      weights: `[M, 3]` the barycentric coordinates of the nearest place in it.
      offset: `[M, 3]` from there to the vertex, in the face's own frame: its first two sides and its normal, as long
        as the root of twice its area. So offsets turn and grow with the face.
    """

    face: np.ndarray
    weights: np.ndarray
    offset: np.ndarray


def tie(reference_vertices: np.ndarray, fit_of_reference: BodyFit) -> Ties:
    """Return where the vertices `[M, 3]` of a template lie on the open body that was fitted to it.

    Args:
      reference_vertices: as in the mesh that was fitted, in its own frame.
      fit_of_reference: `fit_body` of that mesh.
    """
    fit = fit_of_reference
    points = fit.scale * np.asarray(reference_vertices, float) @ fit.turn.T + fit.shift
    faces = open_reference().faces
    face, weights = closest(points, fit.body, faces)
    corners = fit.body[faces[face]]
    away = points - np.einsum("mk,mkd->md", weights, corners)
    return Ties(face, weights, np.linalg.solve(_frames(corners), away[..., None])[..., 0])


def move(ties: Ties, body: np.ndarray) -> np.ndarray:
    """Return where the tied vertices `[M, 3]` are on a body `[N, 3]` of another fit, in its frame.

    On the body of the fit by which they were tied they are where they were.
    """
    corners = np.asarray(body, float)[open_reference().faces[ties.face]]
    away = np.einsum("mij,mj->mi", _frames(corners), ties.offset)
    return np.einsum("mk,mkd->md", ties.weights, corners) + away


def _frames(corners: np.ndarray) -> np.ndarray:
    """Return `[M, 3, 3]`: columns are two sides of each triangle `[M, 3, 3]` and its normal."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    normal /= np.sqrt(np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30))
    return np.stack([first, second, normal], -1)
