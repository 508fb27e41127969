"""The error of chart coordinates: Table 2's "UV, L2"."""

import numpy as np


def uv_errors(pred_uv: np.ndarray, true_uv: np.ndarray, true_part: np.ndarray) -> np.ndarray:
    """Return the Euclidean error of (u, v) at every pixel of the person.

    The paper gives no definition, but its 0.386 for a network whose uv was never trained (Table 2, 0 % sim) is
    what u = v = 0.5 gives on evenly seen charts (0.383): a plain Euclidean distance in chart units.
    `pred_uv` is what the network says for the pixel's TRUE part. # not in the paper: read from the predicted part,
    a wrong part would be punished twice; the part accuracy tells of it.

    Args:
      pred_uv: `[H,W,2]` in [0, 1], read from the channel of the true part.
      true_uv: `[H,W,2]` in [0, 1].
      true_part: `[H,W]`, 0 off the person.

    Returns:
      `[N]` errors in chart units, in the order of `true_part[true_part > 0]`.
    """
    on_person = np.asarray(true_part) > 0
    difference = np.asarray(pred_uv, float)[on_person] - np.asarray(true_uv, float)[on_person]
    return np.hypot(difference[:, 0], difference[:, 1])
