"""Rays against a few thousand triangles, in numpy: exact, the same on every machine, slow."""

import numpy as np


def hits_within(origins: np.ndarray, directions: np.ndarray, triangles: np.ndarray, reach: float) -> np.ndarray:
    """Return `[N]` whether a ray meets a triangle before `reach` (Moeller and Trumbore 1997).

    Args:
      origins: `[N, 3]`.
      directions: `[N, 3]` unit vectors.
      triangles: `[T, 3, 3]` corners; both sides count.
      reach: length of the rays; the first 0.1 mm does not count, so rays may start on the surface.
    """
    first, side_1, side_2 = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    result = np.zeros(len(origins), bool)
    for n, (origin, direction) in enumerate(zip(origins, directions, strict=True)):
        across = np.cross(direction, side_2)
        determinant = (side_1 * across).sum(1)
        inverse = 1 / np.where(np.abs(determinant) < 1e-14, np.inf, determinant)
        offset = origin - first
        along_1 = (offset * across).sum(1) * inverse
        other = np.cross(offset, side_1)
        along_2 = (other @ direction) * inverse
        distance = (other * side_2).sum(1) * inverse
        inside = (along_1 >= 0) & (along_2 >= 0) & (along_1 + along_2 <= 1) & (inverse != 0)
        result[n] = bool((inside & (distance > 1e-4) & (distance < reach)).any())
    return result
