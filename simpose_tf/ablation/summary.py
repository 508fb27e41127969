"""The numbers of an ablation's runs, brought together: mean and spread over the seeds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simpose_tf.ablation.tables import Metric, Table

# Domain -> key of `simpose_tf.evaluate` -> number.
Numbers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Cell:
    """A number of a row, once for each seed that was run: seed -> value."""

    by_seed: Mapping[int, float]

    @property
    def mean(self) -> float:
        """Mean over the seeds, nan without any."""
        return float(np.mean(list(self.by_seed.values()))) if self.by_seed else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds (N - 1), nan with fewer than two."""
        return float(np.std(list(self.by_seed.values()), ddof=1)) if len(self.by_seed) > 1 else math.nan


@dataclass(frozen=True)
class Difference:
    """How much one row lies above another: mean over the seeds that both have, and its standard error.

    Rows of a seed share first weights and the order of crops, so their differences spread less than the rows.
    """

    mean: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether the seeds tell it from zero: two standard errors (needs two seeds)."""
        return abs(self.mean) > 2 * self.error


@dataclass(frozen=True)
class Study:
    """What was measured of a table.

    Attributes:
      table: the paper's.
      runs: name of a row -> seed -> numbers.
      baselines: `untrained` and `constant` -> numbers.
      people: domain -> validation people.
    """

    table: Table
    runs: Mapping[str, Mapping[int, Numbers]]
    baselines: Mapping[str, Numbers]
    people: Mapping[str, int] = field(default_factory=dict)

    def cell(self, row: str, metric: Metric) -> Cell:
        """Return a row's number for each seed that has it."""
        runs = self.runs.get(row, {})
        found = {seed: numbers.get(metric.domain, {}).get(metric.key) for seed, numbers in sorted(runs.items())}
        return Cell({seed: value for seed, value in found.items() if value is not None})

    def baseline(self, column: str, metric: Metric) -> float:
        """Return the number of the untrained network or the constant predictor, nan if it has none."""
        return self.baselines.get(column, {}).get(metric.domain, {}).get(metric.key, math.nan)

    def paper(self, row: str, metric: Metric) -> float:
        """Return what the paper printed, nan where it printed nothing."""
        names = [one.name for one in self.table.rows]
        return self.table.paper.get(metric, (math.nan,) * len(names))[names.index(row)]

    def difference(self, row: str, other: str, metric: Metric) -> Difference:
        """Return how much `row` lies above `other`; nan if no seed has both."""
        first, second = self.cell(row, metric).by_seed, self.cell(other, metric).by_seed
        values = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
        if not values:
            return Difference(math.nan, math.nan)
        error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return Difference(float(np.mean(values)), error)
