"""Geodesic point similarity, as DensePose's evaluation defines it: where points lie in a detection, and the measure.

Two rules of the official program that are easy to get wrong are kept on purpose: positions in a box are divided by 255
though they are annotated on 256 pixels, and pixels are truncated toward zero, so that a point less than one pixel left
of or above the box counts as inside.
"""

import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.errors import InputError

_SCALE = 255.0  # of positions in the true box
# Mean geodesic distance within a coarse part, metres, by part 0..24: torso, hands, feet, upper and lower legs, upper
# and lower arms, head (detectron2's evaluation).
KAPPA_BY_PART = np.array(
    [0.0]
    + [0.351] * 2
    + [0.107] * 2
    + [0.126] * 2
    + [0.237] * 4
    + [0.173] * 4
    + [0.142] * 4
    + [0.128] * 4
    + [0.150] * 2
)


def kappas(setting: str) -> np.ndarray:
    """Return k by part `[25]`, metres.

    Args:
      setting: `part` for the present rule, or one number for all parts, as text: 0.255 is the rule of CVPR 2018.

    Raises:
      InputError: it is neither.
    """
    if setting == "part":
        return KAPPA_BY_PART
    try:
        value = float(setting)
    except ValueError:
        value = np.nan
    if not 0 < value < np.inf:
        raise InputError(f"--kappa: 'part' or a distance in metres such as 0.255, not {setting!r}")
    return np.full(NUM_PARTS + 1, value)


def point_pixels(points: np.ndarray, true_box: np.ndarray, pred_box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels int64 `[P, 2]` (x, y) of annotated points in a detection's box, and whether they are inside.

    Args:
      points: `[P, 2]` positions (x, y) in the true box, 0..255.
      true_box: `[4]` x, y, width, height.
      pred_box: `[4]` likewise.
    """
    place = points * true_box[2:] / _SCALE + true_box[:2] - pred_box[:2]
    with np.errstate(invalid="ignore"):  # what no integer can hold lies outside in any case
        pixels = place.astype(np.int64)  # toward zero
    return pixels, np.all((pixels >= 0) & (pixels < pred_box[2:].astype(np.int64)), axis=-1)


def point_similarity(distances: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """Return exp(-d^2 / (2 k^2)), 0 for infinite distances.

    Args:
      distances: `[..., P]` float32 metres.
      kappa: `[P]` metres.
    """
    # The official program squares in float32 where all points of a person have a distance from its table: none is at
    # the very vertex (0) or off the detection (infinite). Equal to the last bit, so that no threshold tells them apart.
    plain = np.all((distances > 0) & (distances < np.inf), axis=-1, keepdims=True)
    squared = np.where(plain, np.square(distances), np.square(distances.astype(np.float64)))
    return np.exp(-squared / (2 * kappa**2))


def gps(distances: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """Return the geodesic point similarity `[...]`: the mean of `point_similarity` over points, 0 without points."""
    if not distances.shape[-1]:
        return np.zeros(distances.shape[:-1])
    return np.mean(point_similarity(distances, kappa), axis=-1)
