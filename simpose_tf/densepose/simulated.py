"""DensePose-COCO annotations of records: those of simulated people are made as annotators would have made them.

DensePose-COCO has 14 coarse parts, and in each of them at most 14 points, spread over what is seen of it. Here they are
spread by a fixed rule, so the same person always has the same points.
"""

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

# DensePose-COCO's coarse part of each part: torso, right and left hand, left and right foot, right and left upper leg,
# right and left lower leg, left and right upper arm, left and right lower arm, head.
COARSE_PART = np.array([0, 1, 1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 14])
NUM_COARSE = 14
POINTS_OF_PART = 14
_SIDE = 256  # of the annotated masks
_SCALE = 255.0  # of positions in the box; see `metrics.gps`
_GOLDEN = (5**0.5 - 1) / 2


def dense_labels(part: np.ndarray, u: np.ndarray, v: np.ndarray, box_yxyx: np.ndarray) -> dict[str, Any]:
    """Return the keys that DensePose-COCO adds to a COCO annotation; all are relative to the box, in any frame.

    Args:
      part: `[H, W]` 0..24.
      u: `[H, W]` in [0, 1].
      v: `[H, W]` in [0, 1].
      box_yxyx: `[4]` the person's box, pixels of these arrays; points outside of it are left out.

    Returns:
      `dp_x`, `dp_y` 0..255; `dp_I`, `dp_U`, `dp_V`; `dp_masks`: 14 run-length encodings of 256 x 256 pixels of the box,
      [] for parts that are not seen.
    """
    ymin, xmin, ymax, xmax = np.asarray(box_yxyx, np.float64)
    size = np.array([max(ymax - ymin, 1e-6), max(xmax - xmin, 1e-6)])
    coarse = COARSE_PART[part]
    rows, columns = np.concatenate([_spread(coarse == one) for one in range(1, NUM_COARSE + 1)]).T
    place = (np.stack([rows, columns], -1) + 0.5 - [ymin, xmin]) / size * _SCALE
    inside = np.all((place >= 0) & (place < _SCALE), axis=1)
    rows, columns, place = rows[inside], columns[inside], place[inside]
    return {
        "dp_x": place[:, 1].tolist(),
        "dp_y": place[:, 0].tolist(),
        "dp_I": part[rows, columns].astype(float).tolist(),
        "dp_U": u[rows, columns].astype(float).tolist(),
        "dp_V": v[rows, columns].astype(float).tolist(),
        "dp_masks": [_mask(coarse, one, box_yxyx) for one in range(1, NUM_COARSE + 1)],
    }


def annotated_labels(points: np.ndarray, coarse: np.ndarray | None, box_yxyx: np.ndarray) -> dict[str, Any]:
    """Return the keys of `dense_labels` from what annotators placed, as a record keeps it (`data.schema`).

    Args:
      points: `[P, 5]` x, y, part, u, v, pixels of the record.
      coarse: uint8 `[H, W]` coarse parts 0..14, or None, and then there are no `dp_masks`.
      box_yxyx: `[4]` the person's box, pixels of the record.
    """
    ymin, xmin, ymax, xmax = np.asarray(box_yxyx, np.float64)
    size = np.array([max(xmax - xmin, 1e-6), max(ymax - ymin, 1e-6)])
    place = (np.asarray(points[:, :2], np.float64) - [xmin, ymin]) / size * _SCALE
    labels = dict(zip(("dp_x", "dp_y"), place.T.tolist(), strict=True))
    labels |= dict(zip(("dp_I", "dp_U", "dp_V"), np.asarray(points[:, 2:], float).T.tolist(), strict=True))
    if coarse is None:
        return labels
    return labels | {"dp_masks": [_mask(coarse, one, box_yxyx) for one in range(1, NUM_COARSE + 1)]}


def _spread(where: np.ndarray) -> np.ndarray:
    """Return at most `POINTS_OF_PART` pixels `[N, 2]` (row, column) of a mask, evenly spread along its rows.

    Steps of the golden section: any first few of them are even, and no two fall together.
    """
    pixels = np.argwhere(where)
    count = min(POINTS_OF_PART, len(pixels))
    steps = (0.5 + _GOLDEN * np.arange(count)) % 1.0
    return pixels[np.unique((steps * len(pixels)).astype(int))]


def _mask(coarse: np.ndarray, one: int, box_yxyx: np.ndarray) -> dict[str, Any] | list:
    """Return the run-length encoding of a coarse part in its box's 256 x 256 pixels, [] if it isn't seen there."""
    ymin, xmin, ymax, xmax = np.asarray(box_yxyx, np.float64)
    step = (np.arange(_SIDE) + 0.5) / _SIDE
    rows = np.floor(ymin + step * (ymax - ymin)).astype(int)
    columns = np.floor(xmin + step * (xmax - xmin)).astype(int)
    seen = coarse[np.ix_(np.clip(rows, 0, len(coarse) - 1), np.clip(columns, 0, coarse.shape[1] - 1))] == one
    seen[(rows < 0) | (rows >= len(coarse))] = False
    seen[:, (columns < 0) | (columns >= coarse.shape[1])] = False
    if not seen.any():
        return []
    encoded = coco_mask.encode(np.asfortranarray(seen, np.uint8))
    return {"size": [_SIDE, _SIDE], "counts": encoded["counts"].decode("ascii")}
