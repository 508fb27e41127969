"""The error of surface normals: Table 2's "Normal, ADD" (average degree difference), and its distribution."""

from dataclasses import dataclass, field

import numpy as np

# Shares of pixels under these angles are what the field reports beside mean and median.
SHARE_LIMITS_DEG = (11.25, 22.5, 30.0)

# Angles are counted in bins of 0.001 degrees: the limits above are edges of bins.
_BINS_PER_DEG = 1000


def angles_deg(pred: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the angles in degrees, `[...]`, between vectors `[...,3]` of any length (not zero)."""
    pred, true = np.asarray(pred, float), np.asarray(true, float)
    # Exact for small angles too, where the arc cosine is not.
    sine = np.linalg.norm(np.cross(pred, true), axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(pred * true, axis=-1)))


def _bins() -> np.ndarray:
    return np.zeros(180 * _BINS_PER_DEG + 1)


@dataclass
class AngleTally:
    """Angles added up without keeping them: exact mean and shares, the median to 0.001 degrees."""

    total: float = 0.0
    count: int = 0
    bins: np.ndarray = field(default_factory=_bins)  # how many
    sums: np.ndarray = field(default_factory=_bins)  # of the angles in a bin

    def add(self, angles: np.ndarray) -> None:
        """Add angles in degrees, any shape, in [0, 180]."""
        angles = np.ravel(angles)
        self.total += float(np.sum(angles))
        self.count += angles.size
        index, place, counts = np.unique(
            np.floor(angles * _BINS_PER_DEG).astype(int), return_inverse=True, return_counts=True
        )
        self.bins[index] += counts
        self.sums[index] += np.bincount(place, angles, len(index))

    @property
    def mean(self) -> float:
        """ADD; nan before the first angle."""
        return self.total / self.count if self.count else float("nan")

    @property
    def median(self) -> float:
        """The mean of the bins of the two middle angles (of an odd number: one); nan before the first angle."""
        if not self.count:
            return float("nan")
        middle = [(self.count + 1) // 2, self.count // 2 + 1]
        bins = np.searchsorted(np.cumsum(self.bins), middle)
        return float(np.mean(self.sums[bins] / self.bins[bins]))

    def share_under(self, limit_deg: float) -> float:
        """Return the share of angles below a limit that is a multiple of 0.05 degrees."""
        return float(self.bins[: round(limit_deg * _BINS_PER_DEG)].sum() / self.count) if self.count else float("nan")

    def distribution(self) -> dict[str, float]:
        """Return the median and the shares under `SHARE_LIMITS_DEG`."""
        shares = {f"share_under_{limit:g}_deg": self.share_under(limit) for limit in SHARE_LIMITS_DEG}
        return {"median_deg": self.median, **shares}
