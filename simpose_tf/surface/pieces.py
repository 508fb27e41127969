"""Tell the body from what lies over it: the pieces of a mesh, and which of them are layers."""

from dataclasses import dataclass

import igl
import numpy as np

from simpose_tf.surface.fitted import Fitted, nearest
from simpose_tf.surface.topology import Sides, face_normals, pieces_of

_FAR = 0.03  # metres from the fitted reference within which the main piece of the body is looked for
_LEAST = 0.02  # of the main piece's area: smaller pieces are no part of the body
_BARE = 0.8  # of a piece of the body looks outwards with nothing beneath
_CLOSE = 0.003  # metres that any piece of the body may be away from the fitted reference


@dataclass(frozen=True)
class Pieces:
    """What a mesh consists of.

    Attributes:
      number: `[F]` of the piece of each face: faces that hang together by edges.
      layer: `[F]` whether it lies over the body: clothes, hair, eyes.
      inward: `[F]` whether the face of a layer looks towards the body (the inner side of a thick garment).
    """

    number: np.ndarray
    layer: np.ndarray
    inward: np.ndarray


def find_pieces(fitted: Fitted, vertices: np.ndarray, faces: np.ndarray, sides: Sides) -> Pieces:
    """Return the pieces of a mesh.

    The body is the piece that most of the fitted reference looks out on, and others as close to the reference that
    nothing lies beneath: hands and head of a person whose body was cut away under the clothes.

    Args:
      fitted: the reference on the mesh.
      vertices: `[V, 3]` metres.
      faces: `[F, 3]`.
      sides: its sides.
    """
    number = pieces_of(len(faces), sides, np.ones(len(sides.first), bool))
    normals, area = face_normals(vertices, faces)
    places = nearest(fitted, vertices[faces].mean(1))
    beneath = igl.point_mesh_squared_distance(places.point, vertices, np.ascontiguousarray(faces, np.int64))[1]
    outward = (fitted.normals[places.face] * normals).sum(1) > 0
    bare = (number[beneath] == number) & outward
    total = np.bincount(number, area)
    away = np.array([_median(places.distance[who], area[who]) for who in _groups(number)])
    main = int(np.argmax(np.bincount(number, area * (bare & (places.distance < _FAR)))))
    body = (np.bincount(number, area * bare) > _BARE * total) & (away < max(_CLOSE, 1.5 * away[main]))
    body &= total > _LEAST * total[main]
    body[main] = True
    layer = ~body[number]
    return Pieces(number, layer, layer & ~outward)


def _groups(number: np.ndarray) -> list[np.ndarray]:
    """Return the faces of each piece."""
    order = np.argsort(number, kind="stable")
    return np.split(order, np.cumsum(np.bincount(number))[:-1])


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted median of values `[N]`."""
    order = np.argsort(values, kind="stable")
    so_far = np.cumsum(weights[order])
    return float(values[order[min(np.searchsorted(so_far, so_far[-1] / 2), len(order) - 1)]])
