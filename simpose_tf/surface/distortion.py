"""How far the charts of a mesh bend its angles and areas (surface parameterisation's usual measures).

Notation: a face's map goes from its triangle in the uv plane to its triangle in space; `s1 >= s2` are its singular
values (metres per unit of u or v). s1 / s2 = 1 keeps angles, s1 * s2 = const. keeps areas.
"""

from dataclasses import dataclass

import numpy as np

from simpose_tf.charts import NUM_PARTS

# A face of less doubled uv area has no direction in its chart: it counts as a fold.
FLAT = 1e-12


@dataclass(frozen=True)
class Distortion:
    """Measures of each part's chart, `[25]` by part id; NaN where a part has no face, as at 0.

    Faces that are folded, or without area in space, count in `faces`, `area` and `folds` and nowhere else. Means are
    weighted by area in space.

    Attributes:
      faces: int, number of faces.
      area: square metres (the unit of the vertices, squared).
      angle: mean of s1 / s2, 1 for a map that keeps angles, and
      angle_max: its maximum.
      angle_error: mean difference of a corner's angle in uv and in space, degrees.
      area_spread: 95th over 5th percentile of uv area / area in space; 1 for a map that keeps areas.
      stretch: Sander's L2 stretch times the square root of uv area / area in space: 1 is ideal, and
      stretch_max: Sander's Linf stretch, normalised alike.
      folds: int, faces whose uv area is none or has another sign than most of the chart's.
    """

    faces: np.ndarray
    area: np.ndarray
    angle: np.ndarray
    angle_max: np.ndarray
    angle_error: np.ndarray
    area_spread: np.ndarray
    stretch: np.ndarray
    stretch_max: np.ndarray
    folds: np.ndarray


def measure(
    vertices: np.ndarray, faces: np.ndarray, part: np.ndarray, uv: np.ndarray, folds: np.ndarray | None = None
) -> Distortion:
    """Return the distortion of every chart.

    Args:
      vertices: `[V, 3]`.
      faces: `[F, 3]`.
      part: `[F]` 1..24.
      uv: `[F, 3, 2]` corners in their charts.
      folds: bool `[F]` known folds; None takes `folded_faces`.
    """
    folds = folded_faces(part, uv) if folds is None else np.asarray(folds, bool)
    corners, number = np.asarray(vertices, float)[faces], NUM_PARTS + 1
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    means = np.full((6, number), np.nan)
    for p in np.unique(part):
        sound = np.flatnonzero((part == p) & ~folds & (area > 0))
        if len(sound):
            means[:, p] = _measures(corners[sound], np.asarray(uv[sound], float), area[sound])
    angle, angle_max, angle_error, area_spread, stretch, stretch_max = means
    count = np.bincount(part, minlength=number)
    return Distortion(
        faces=count,
        area=np.where(count > 0, np.bincount(part, area, number), np.nan),
        angle=angle,
        angle_max=angle_max,
        angle_error=angle_error,
        area_spread=area_spread,
        stretch=stretch,
        stretch_max=stretch_max,
        folds=np.bincount(part, folds, number).astype(int),
    )


def folded_faces(part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return bool `[F]`: faces without (finite) uv area, or turned against most of their chart (by uv area)."""
    signed = signed_uv_areas(uv)
    turn = np.bincount(part, np.where(np.isfinite(signed), signed, 0), NUM_PARTS + 1)
    return ~(np.sign(turn)[part] * signed > FLAT / 2)


def signed_uv_areas(uv: np.ndarray) -> np.ndarray:
    """Return the areas `[F]` of uv triangles `[F, 3, 2]`, positive where counter-clockwise."""
    first, second = (np.asarray(uv[:, corner], float) - uv[:, 0] for corner in (1, 2))
    return 0.5 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def singular_values(corners: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return s1 and s2, `[F]` each, of the maps from uv to space (Sander et al. 2001, sec. 3).

    Args:
      corners: `[F, 3, 3]` triangles in space.
      uv: `[F, 3, 2]` triangles in their charts, none without area.
    """
    space = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    plane = (uv[:, 1:] - uv[:, :1]).transpose(0, 2, 1)
    jacobian = space @ np.linalg.inv(plane)
    by_u, by_v = jacobian[..., 0], jacobian[..., 1]
    uu, uv_, vv = (by_u**2).sum(1), (by_u * by_v).sum(1), (by_v**2).sum(1)
    root = np.sqrt((uu - vv) ** 2 + 4 * uv_**2)
    s1 = np.sqrt((uu + vv + root) / 2)
    # s1 * s2 is the ratio of areas; the difference of two large numbers would lose it on thin triangles.
    return s1, np.linalg.norm(np.cross(by_u, by_v), axis=1) / s1


def corner_angles(corners: np.ndarray) -> np.ndarray:
    """Return the angles `[F, 3]` in degrees at the corners of triangles `[F, 3, D]`."""
    ahead, behind = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    lengths = np.linalg.norm(ahead, axis=-1) * np.linalg.norm(behind, axis=-1)
    cosine = (ahead * behind).sum(-1) / np.maximum(lengths, np.finfo(float).tiny)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _measures(corners: np.ndarray, uv: np.ndarray, area: np.ndarray) -> tuple[float, ...]:
    """Return angle, angle_max, angle_error, area_spread, stretch and stretch_max of one chart's sound faces."""
    s1, s2 = singular_values(corners, uv)
    weights = area / area.sum()
    uv_area = np.abs(signed_uv_areas(uv))
    ratio = s1 / s2
    error = np.abs(corner_angles(corners) - corner_angles(uv)).mean(1)
    low, high = np.percentile(uv_area / area, [5, 95])
    ideal = np.sqrt(uv_area.sum() / area.sum())
    stretch = np.sqrt((weights * (s1**2 + s2**2) / 2).sum())
    return weights @ ratio, ratio.max(), weights @ error, high / low, ideal * stretch, ideal * s1.max()
