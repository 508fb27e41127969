"""The open body's painted skin and clothes on any mesh with the open charts: looks for bodies without textures."""

import numpy as np

from simpose_tf.figures.painted.bodies import sample_shape
from simpose_tf.figures.painted.body_atlas import body_atlas
from simpose_tf.figures.painted.body_outfits import sample_outfit
from simpose_tf.figures.painted.body_paint import paint
from simpose_tf.figures.painted.body_skin import sample_complexion
from simpose_tf.surface.lookup import barycentric, closest

_TEAR = 0.5  # share of a face's size by which corners may leave the place that its middle gives them


def sample_paint(rng: np.random.Generator) -> np.ndarray:
    """Draw skin, hair and clothes: a texture `[S, S, 4]` uint8 in the layout of `body_atlas`."""
    shape = sample_shape(rng)
    complexion = sample_complexion(rng, shape)
    return paint(complexion, sample_outfit(rng, shape.gender > 0.5, shape.age), rng)


def painted_texture_uv(part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return where faces of a charted mesh lie in the open body's texture, `[F, 3, 2]` float32.

    Corners are looked up one by one; where that tears a face, because a cut of the texture runs through its chart, they
    follow the triangle of the face's middle.

    Args:
      part: `[F]` 1..24.
      uv: `[F, 3, 2]`.
    """
    atlas = body_atlas()
    result = np.zeros((len(part), 3, 2), np.float32)
    for chart in np.unique(part):
        rows, source = np.flatnonzero(part == chart), np.flatnonzero(atlas.part[: atlas.num_body_faces] == chart)
        corners = uv[rows].astype(float)
        middle, _ = _looked_up(corners.mean(1), atlas.uv[source])
        triangle = source[middle]
        shares = barycentric(_flat(corners.reshape(-1, 2)), np.repeat(_flat(atlas.uv[triangle]), 3, axis=0))
        beside = np.einsum("fcn,fnk->fck", shares.reshape(-1, 3, 3), atlas.texture_uv[triangle])
        face, weights = _looked_up(corners.reshape(-1, 2), atlas.uv[source])
        found = np.einsum("nc,nck->nk", weights, atlas.texture_uv[source[face]]).reshape(-1, 3, 2)
        torn = np.abs(found - beside).max((1, 2)) > _TEAR * np.ptp(beside, axis=1).max(1)
        result[rows] = np.where(torn[:, None, None], beside, found)
    return result


def _looked_up(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return triangle `[N]` and weights `[N, 3]` of the places nearest to points `[N, 2]` in triangles `[F, 3, 2]`."""
    return closest(_flat(points), _flat(triangles).reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3))


def _flat(points: np.ndarray) -> np.ndarray:
    """Return points `[..., 2]` of a chart as `[..., 3]` in the plane z = 0."""
    return np.concatenate([points, np.zeros((*points.shape[:-1], 1))], -1).astype(float)
