"""uv and normals of people as files hold them: uv only of the part that was predicted, and nothing where nobody was.

`metrics.crops` measures what the network says of every pixel; files know less, so each mean here stands beside the
share of the pixels that it is over.
"""

from dataclasses import dataclass, field

import numpy as np

from simpose_tf import charts
from simpose_tf.metrics import sizes
from simpose_tf.metrics.normals import AngleTally, angles_deg
from simpose_tf.metrics.tallies import PartTally


@dataclass
class UvScores:
    """Parts and uv at labelled points (or pixels) of people, added up.

    Attributes:
      people: who have points.
      found: share of the points with any predicted part.
      right_part: share of the points with the right part.
      error: Euclidean uv error where the part is right. # not in the paper: uv of two charts are not comparable
      error_of_any_part: the same wherever there is a part, whichever.
      by_size: the same for the people of each size (`sizes.NAMES`).
    """

    people: int = 0
    found: PartTally = field(default_factory=PartTally)
    right_part: PartTally = field(default_factory=PartTally)
    error: PartTally = field(default_factory=PartTally)
    error_of_any_part: PartTally = field(default_factory=PartTally)
    by_size: dict[str, "UvScores"] = field(default_factory=dict)

    def add(self, pred_iuv: np.ndarray, true_iuv: np.ndarray, size: str | None) -> None:
        """Add a person.

        Args:
          pred_iuv: `[N,3]` part (0 where nothing was found), u, v in [0, 1] at the person's points.
          true_iuv: `[N,3]` likewise, parts 1..24.
          size: one of `sizes.NAMES`, or None.
        """
        part, found = true_iuv[:, 0].astype(int), pred_iuv[:, 0] > 0
        right = pred_iuv[:, 0] == part
        error = np.hypot(*(pred_iuv[:, 1:] - true_iuv[:, 1:]).T)
        self.people += 1
        self.found.add(part, found)
        self.right_part.add(part, right)
        self.error.add(part[right], error[right])
        self.error_of_any_part.add(part[found], error[found])
        if size is not None:
            self.by_size.setdefault(size, UvScores()).add(pred_iuv, true_iuv, None)

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(self.found.count.sum())

    def values(self) -> dict[str, float]:
        """Return the numbers, nan where there is nothing to measure."""
        return {
            "uv_l2": self.error.mean,
            "uv_l2_any_part": self.error_of_any_part.mean,
            "part_accuracy": self.right_part.mean,
            "found": self.found.mean,
        }

    def details(self) -> dict[str, dict]:
        """Return the numbers by part and by size."""
        by_part = {"uv_l2": self.error.by_part(), "part_accuracy": self.right_part.by_part()}
        by_size = {name: {"people": s.people, **s.values()} for name, s in sizes.ordered(self.by_size)}
        return {"by_part": turned(by_part), "by_size": by_size}


@dataclass
class NormalScores:
    """Angles between normals on pixels of people, added up.

    Attributes:
      people: who have labelled pixels.
      angles: on pixels with a predicted normal.
      by_part: the same by part, where parts are known.
      pixels: of people, all of them.
      by_size: the same for the people of each size.
    """

    people: int = 0
    angles: AngleTally = field(default_factory=AngleTally)
    by_part: PartTally = field(default_factory=PartTally)
    pixels: int = 0
    by_size: dict[str, "NormalScores"] = field(default_factory=dict)

    def add(self, pred: np.ndarray, true: np.ndarray, part: np.ndarray, size: str | None) -> None:
        """Add a person.

        Args:
          pred: `[N,3]` normals at the person's pixels, 0 where nothing was found.
          true: `[N,3]` of any length but 0.
          part: `[N]` the true parts, 0 where unknown.
          size: one of `sizes.NAMES`, or None.
        """
        found = np.any(pred != 0, axis=-1)
        angles = angles_deg(pred[found], true[found])
        self.people += 1
        self.pixels += len(true)
        self.angles.add(angles)
        self.by_part.add(part[found], angles)
        if size is not None:
            self.by_size.setdefault(size, NormalScores()).add(pred, true, part, None)

    def values(self) -> dict[str, float]:
        """Return the numbers, nan where there is nothing to measure."""
        found = self.angles.count / self.pixels if self.pixels else float("nan")
        return {"normal_add_deg": self.angles.mean, **self.angles.distribution(), "found": found}

    def details(self) -> dict[str, dict]:
        """Return the numbers by part and by size."""
        by_size = {name: {"people": s.people, **s.values()} for name, s in sizes.ordered(self.by_size)}
        return {"by_part": turned({"normal_add_deg": self.by_part.by_part()}), "by_size": by_size}


def turned(numbers: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return number -> part -> value as part -> number -> value, parts in their order."""
    return {
        part: {name: values[part] for name, values in numbers.items() if part in values}
        for part in charts.PART_NAMES
        if any(part in values for values in numbers.values())
    }
