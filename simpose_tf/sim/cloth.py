"""Where on its cloth each point of a garment lies: lengths along and across, in which patterns are painted.

A projection of the rest position would stretch patterns on sides and shoulders and break them where its axis switches.
Instead both lengths are the functions on the garment whose gradients come closest to unit vectors up the trunk or the
sleeve, and across. Both are continuous; like seams, patterns are mirrored where front and back meet.

# not in the paper: scanned people come with their textures.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simpose_tf.figures.figure import Figure, Skeleton

_LAID = ("stripes", "checks", "print", "denim")  # patterns that are painted in lengths of cloth
_ANCHOR = 1e-5  # towards x and y, relative to the gradients: fixes what each loose piece begins with
_LEAST = 0.03  # weight where the direction is not known: straight above, straight aside


def cloth_places(figure: Figure) -> np.ndarray:
    """Return how far across and along its cloth each vertex lies, `[V, 2]` float32 metres; 0 off patterned cloth."""
    places = np.zeros((len(figure.vertices), 2), np.float32)
    laid = np.array([material.pattern in _LAID for material in figure.materials])[figure.material]
    if not laid.any():
        return places
    used, faces = np.unique(figure.faces[laid], return_inverse=True)
    faces, points = faces.reshape(-1, 3), figure.vertices[used].astype(float)
    directions = _up(figure.skeleton)[figure.skin_joints[used]]
    up = np.einsum("nk,nkc->nc", figure.skin_weights[used], directions)[faces].mean(1)
    places[used] = np.stack(_lengths(points, faces, up), 1)
    return places


def _up(skeleton: Skeleton) -> np.ndarray:
    """Return the direction `[J, 3]` of each bone's cloth: up; on arms from the hand to the shoulder."""
    up = np.tile([0.0, 1.0, 0.0], (len(skeleton.names), 1))
    for k, name in enumerate(skeleton.names):
        if "Arm" in name or "Hand" in name:
            bone = skeleton.heads[k] - skeleton.tails[k]
            up[k] = bone / max(np.linalg.norm(bone), 1e-9)
    return up


def _lengths(points: np.ndarray, faces: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths `[N]` across and along for points `[N, 3]`, faces `[F, 3]` and their directions `[F, 3]`."""
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    normal /= area[:, None]
    # The gradients [F, 3, 3] of the functions that are 1 at one corner.
    edges = np.roll(corners, -2, 1) - np.roll(corners, -1, 1)
    hats = np.cross(normal[:, None], edges) / area[:, None, None]
    up = up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    along, sure = _unit(up - np.einsum("fc,fc->f", up, normal)[:, None] * normal)
    front, _ = _unit(np.array([0.0, 0.0, 1.0]) - up[:, 2:] * up)
    facing = np.einsum("fc,fc->f", normal, front)
    across = np.cross(along, normal) * np.where(facing < 0, -1, 1)[:, None]
    return (
        _integral(faces, hats, across, area * np.maximum(sure * np.abs(facing), _LEAST), points[:, 0]),
        _integral(faces, hats, along, area * np.maximum(sure, _LEAST), points[:, 1]),
    )


def _unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors and the lengths they had."""
    length = np.linalg.norm(vectors, axis=1)
    return vectors / np.maximum(length, 1e-9)[:, None], length


def _integral(
    faces: np.ndarray, hats: np.ndarray, gradient: np.ndarray, weight: np.ndarray, anchor: np.ndarray
) -> np.ndarray:
    """Return the function `[N]` whose gradient on each face comes closest to a given one, near `anchor` `[N]`."""
    count = len(anchor)
    stiff = np.einsum("f,fac,fbc->fab", weight, hats, hats)
    rows, columns = np.repeat(faces, 3, 1).reshape(-1), np.tile(faces, (1, 3)).reshape(-1)
    matrix = sparse.csc_matrix((stiff.reshape(-1), (rows, columns)), (count, count))
    slope = np.bincount(faces.reshape(-1), np.einsum("f,fac,fc->fa", weight, hats, gradient).reshape(-1), count)
    pull = _ANCHOR * float(matrix.diagonal().mean())
    return splu(matrix + pull * sparse.identity(count, format="csc")).solve(slope + pull * anchor)
