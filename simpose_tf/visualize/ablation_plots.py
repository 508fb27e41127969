"""Plots of an ablation: one small chart for each metric, our rows beside the paper's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes

OURS, PAPER, CONSTANT = "#2563a8", "#b45309", "#6b7280"


@dataclass(frozen=True)
class Chart:
    """One metric over the rows of a table.

    Attributes:
      title: the metric.
      labels: of the rows.
      values: the seeds' values of each row; may be empty.
      paper: the paper's numbers, nan where there is none.
      constant: the best constant predictor's number, or nan.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[Sequence[float]]
    paper: Sequence[float]
    constant: float


def draw_ablation(charts: Sequence[Chart], axis: str, path: str, columns: int = 4) -> None:
    """Draw the charts of a table and write them as a PNG.

    Args:
      charts: of its metrics.
      axis: what the rows vary.
      path: the PNG.
      columns: charts in a row.
    """
    rows = -(-len(charts) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.3 * columns, 2.8 * rows), squeeze=False, dpi=110)
    for empty in axes.flat[len(charts) :]:
        empty.set_visible(False)
    for place, chart in zip(axes.flat, charts, strict=False):
        _draw(place, chart)
        place.set_xlabel(axis, fontsize=8)
    _legend(figure)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / (2.8 * rows)))
    figure.savefig(path)
    plt.close(figure)


def _draw(place: Axes, chart: Chart) -> None:
    """Draw one chart: each seed a dot, the means a line with the standard deviation as a bar."""
    x = list(range(len(chart.labels)))
    means = [sum(v) / len(v) if v else math.nan for v in chart.values]
    spreads = [_spread(v) for v in chart.values]
    place.errorbar(x, means, spreads, color=OURS, marker="o", markersize=4, linewidth=1.5, capsize=3, label="ours")
    for at, values in zip(x, chart.values, strict=True):
        place.plot([at] * len(values), values, ".", color=OURS, alpha=0.45, markersize=5)
    if not all(map(math.isnan, chart.paper)):
        place.plot(x, chart.paper, "s--", color=PAPER, markersize=4, linewidth=1, label="paper (other data, network)")
    if not math.isnan(chart.constant):
        place.axhline(chart.constant, color=CONSTANT, linestyle=":", linewidth=2, label="best constant, ours")
    place.set_xticks(x, chart.labels)
    place.set_title(chart.title, fontsize=9)
    place.tick_params(labelsize=8)
    place.set_ylim(bottom=0)
    place.grid(alpha=0.25)


def _spread(values: Sequence[float]) -> float:
    """Return the standard deviation (N - 1), 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _legend(figure: plt.Figure) -> None:
    """Put one legend above all charts: not each of them has a number of the paper's."""
    named: dict[str, Artist] = {}
    for place in figure.axes:
        handles, names = place.get_legend_handles_labels()
        named |= dict(zip(names, handles, strict=True))
    figure.legend(
        list(named.values()), list(named), loc="upper center", ncols=max(len(named), 1), fontsize=9, frameon=False
    )
