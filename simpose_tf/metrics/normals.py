"""The error of surface normals: Table 2's "Normal, ADD" (average degree difference), and its distribution."""

from dataclasses import dataclass, field

import numpy as np

# Shares of pixels under these angles are what the field reports beside mean and median.
SHARE_LIMITS_DEG = (11.25, 22.5, 30.0)

# Angles are counted in bins of 0.05 degrees: the limits above are edges of bins.
_BINS_PER_DEG = 20


def angles_deg(pred: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the angles in degrees, `[...]`, between vectors `[...,3]` of any length (not zero)."""
    pred, true = np.asarray(pred, float), np.asarray(true, float)
    # Exact for small angles too, where the arc cosine is not.
    sine = np.linalg.norm(np.cross(pred, true), axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(pred * true, axis=-1)))


@dataclass
class AngleTally:
    """Angles added up without keeping them: exact mean and shares, the median to 0.05 degrees."""

    total: float = 0.0
    count: int = 0
    bins: np.ndarray = field(default_factory=lambda: np.zeros(180 * _BINS_PER_DEG + 1, np.int64))

    def add(self, angles: np.ndarray) -> None:
        """Add angles in degrees, any shape, in [0, 180]."""
        self.total += float(np.sum(angles))
        self.count += angles.size
        index = np.floor(np.ravel(angles) * _BINS_PER_DEG).astype(int)
        self.bins += np.bincount(index, minlength=self.bins.size)

    @property
    def mean(self) -> float:
        """ADD; nan before the first angle."""
        return self.total / self.count if self.count else float("nan")

    @property
    def median(self) -> float:
        """The middle of the median's bin; nan before the first angle."""
        if not self.count:
            return float("nan")
        place = np.searchsorted(np.cumsum(self.bins), (self.count + 1) // 2)
        return float(place + 0.5) / _BINS_PER_DEG

    def share_under(self, limit_deg: float) -> float:
        """Return the share of angles below a limit that is a multiple of 0.05 degrees."""
        return float(self.bins[: round(limit_deg * _BINS_PER_DEG)].sum() / self.count) if self.count else float("nan")
