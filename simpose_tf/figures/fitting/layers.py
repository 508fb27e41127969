"""Where pieces of a mesh lie upon each other, the innermost counts: hair that falls on a back is not the back."""

import numpy as np
from scipy.spatial import cKDTree

from simpose_tf.figures.fitting.clouds import Cloud, Nearest, smooth_normals
from simpose_tf.figures.fitting.pieces import pieces_of

_LEAST, _DEEP = 0.004, 0.04  # metres that a layer lies above the next: less is one layer, more is another limb
_BESIDE = 0.01  # metres: so far beside a point's normal is still beneath it
_ALIKE = 0.5  # least cosine between the normals of layers
_LARGE = 0.02  # share of the area that a piece has at least that others lie upon: no eyeball, no teeth


def innermost(vertices: np.ndarray, faces: np.ndarray, cloud: Cloud, scale: float, anywhere: np.ndarray) -> np.ndarray:
    """Return the faces `[F]` bool that have no other piece close beneath them.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
      cloud: the mesh's points.
      scale: the length of a metre in the mesh's unit.
      anywhere: `[S]` bool: points that may lie upon another piece (a hand on the hip does not count as cloth).
    """
    piece = pieces_of(faces, len(vertices))
    if len(np.unique(piece)) == 1:
        return np.ones(len(faces), bool)
    above = anywhere & _above(cloud, piece[cloud.faces], scale)
    corners = vertices[faces]
    normals = smooth_normals(vertices, faces)[faces].mean(1)
    row = Nearest(cloud.points, cloud.normals, scale)(corners.mean(1), normals)
    sampled = np.bincount(cloud.faces, minlength=len(faces))
    share = np.bincount(cloud.faces, above, len(faces)) / np.maximum(sampled, 1)
    same = piece[cloud.faces[row]] == piece
    return ~np.where(sampled > 0, share > 0.5, above[row] & same)


def _above(cloud: Cloud, piece: np.ndarray, scale: float) -> np.ndarray:
    """Return the points `[S]` bool that have a point of another, large piece `[S]` beneath them, facing alike."""
    large = np.bincount(piece)[piece] >= _LARGE * len(piece)
    reach = scale * float(np.hypot(_DEEP, _BESIDE))
    pairs = cKDTree(cloud.points).query_pairs(reach, output_type="ndarray")
    pairs = pairs[piece[pairs[:, 0]] != piece[pairs[:, 1]]]
    result = np.zeros(len(piece), bool)
    for over, under in (pairs.T, pairs.T[::-1]):
        way = (cloud.points[over] - cloud.points[under]) / scale
        deep = (way * cloud.normals[over]).sum(1)
        beside = np.sqrt(np.maximum((way**2).sum(1) - deep**2, 0))
        alike = (cloud.normals[over] * cloud.normals[under]).sum(1) > _ALIKE
        beneath = (deep > _LEAST) & (deep < _DEEP) & (beside < _BESIDE) & alike & large[under]
        result[over[beneath]] = True
    return result
