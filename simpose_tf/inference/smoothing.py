"""Steadier people in videos: the One Euro filter (Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012).

A low-pass filter whose cutoff rises with the speed: who stands still does not tremble, who moves fast does not lag.
# not in the paper, which knows single pictures only; so are all numbers here.
"""

import math
from dataclasses import dataclass

import numpy as np

# The cutoff of the speed, Hz, as its authors propose; and how much the cutoff rises, Hz for each size a second.
_SPEED_CUTOFF = 1.0
_RISE = 6.0


@dataclass
class _State:
    """What a filter remembers: time in seconds, values `[N,2]`, their speeds `[N,2]` a second."""

    time: float
    values: np.ndarray
    speed: np.ndarray


class OneEuro:
    """The filter of one person's points."""

    def __init__(self, seconds: float) -> None:
        """Start anew; `seconds` is the time constant of the low-pass for who stands still."""
        if not seconds > 0:
            raise ValueError(f"a time constant must be positive, not {seconds}")
        self._cutoff = 1 / (2 * math.pi * seconds)
        self._state: _State | None = None

    def __call__(self, time: float, points: np.ndarray, size: float) -> np.ndarray:
        """Return the smoothed points `[N,2]`.

        Args:
          time: seconds; must grow from call to call, else the points are returned as they are.
          points: `[N,2]`, each is filtered alone, both coordinates by the same weight.
          size: of the person, in the points' unit: speeds count in sizes a second.
        """
        before = self._state
        if before is None or time <= before.time:
            self._state = _State(time, points, np.zeros_like(points, float))
            return points
        step = time - before.time
        speed = _mix(before.speed, (points - before.values) / step, _weight(_SPEED_CUTOFF, step))
        sizes_a_second = np.linalg.norm(speed, axis=-1, keepdims=True) / max(size, 1e-9)
        values = _mix(before.values, points, _weight(self._cutoff + _RISE * sizes_a_second, step))
        self._state = _State(time, values, speed)
        return values


def _weight(cutoff: float | np.ndarray, step: float) -> float | np.ndarray:
    """Return the weight of the new value in a low-pass of `cutoff` Hz after `step` seconds (Casiez et al., sec. 3)."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))


def _mix(old: np.ndarray, new: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    return old + weight * (new - old)
