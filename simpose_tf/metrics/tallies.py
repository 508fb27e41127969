"""Numbers of pixels, added up part by part without keeping them."""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf import charts

_SIZE = charts.NUM_PARTS + 1


@dataclass
class PartTally:
    """The mean of a number over pixels, in all and by part.

    Attributes:
      count: int64 `[25]` pixels of each part.
      total: float64 `[25]` sum of their numbers.
    """

    count: np.ndarray = field(default_factory=lambda: np.zeros(_SIZE, np.int64))
    total: np.ndarray = field(default_factory=lambda: np.zeros(_SIZE))

    def add(self, parts: np.ndarray, numbers: np.ndarray) -> None:
        """Add pixels: integer `[N]` parts 0..24 and `[N]` numbers (or bools, for a share)."""
        parts = np.asarray(parts, np.int64)
        self.count += np.bincount(parts, minlength=_SIZE)
        self.total += np.bincount(parts, np.asarray(numbers, float), _SIZE)

    @property
    def mean(self) -> float:
        """The mean over all pixels; nan before the first."""
        return float(self.total.sum() / self.count.sum()) if self.count.any() else float("nan")

    def by_part(self) -> dict[str, float]:
        """Return the mean of each part that was seen, by its name; part 0 has none."""
        seen = [part for part in range(1, _SIZE) if self.count[part]]
        return {charts.PART_NAMES[part]: float(self.total[part] / self.count[part]) for part in seen}
