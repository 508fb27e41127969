"""Charts of a training run's scalars."""

from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Curve = tuple[Sequence[float], Sequence[float]]
# Names of lines -> curves.
Chart = dict[str, Curve]

_COLORS = ("#2563a8", "#d97706", "#15803d", "#b91c1c", "#7c3aed", "#0891b2", "#525252", "#be185d")

# Scalars of these names are drawn together, in this order: prefix -> title.
_TOGETHER = {
    "gradient_share_task": "gradient: shares of tasks",
    "gradient_share_domain": "gradient: shares of domains",
    "gradient_norm": "gradient: norms",
    "time_share": "time: shares",
}
# Titles of charts, by their first words, in this order; others come last.
_ORDER = (
    "loss/loss",
    "loss/",
    "people: ",
    "gradient: shares of tasks",
    "gradient: ",
    "normalisation: ",
    "learning_rate",
)
# Those whose axis may be logarithmic.
_LOGARITHMIC = ("loss/", "gradient: norms", "normalisation: ")
# There is one of each layer; their means have other names.
_LEFT_OUT = ("bn_distance_kl/", "bn_distance_gap/")


def charts_of(curves: Mapping[str, Curve]) -> dict[str, Chart]:
    """Group a run's curves into charts: the same loss or metric of several domains, or all shares, in one.

    Args:
      curves: name -> curve, as `progress.read_curves` gives them.

    Returns:
      title -> chart, losses first.
    """
    charts: dict[str, Chart] = {}
    for name in sorted(curves):
        if not name.startswith(_LEFT_OUT):
            title, line = _place(name)
            charts.setdefault(title, {})[line] = curves[name]
    return dict(sorted(charts.items(), key=lambda item: _rank(item[0])))


def _place(name: str) -> tuple[str, str]:
    """Return the title of the chart in which a scalar is drawn, and its line's name."""
    group, _, last = name.rpartition("/")
    if group == "loss" or group.startswith("loss_"):
        return f"loss/{last}", group.removeprefix("loss").strip("_") or "all"
    if group.startswith(("validation_", "training_")):
        return f"people: {last}", group.replace("_", ", ")
    if group == "bn_distance":
        return f"normalisation: {last.removesuffix('_within')}", "halves of one" if "within" in last else "domains"
    return (_TOGETHER[group], last) if group in _TOGETHER else (name, name)


def _rank(title: str) -> tuple[int, str]:
    """Return the order of a chart."""
    return next((place for place, first in enumerate(_ORDER) if title.startswith(first)), len(_ORDER)), title


def draw_charts(charts: Mapping[str, Chart], path: str, columns: int = 4) -> None:
    """Draw charts, `columns` of them in a row, and write them as a PNG.

    Losses and norms that span more than a factor of 20 get a logarithmic axis; charts of several lines a legend.
    """
    rows = max(1, -(-len(charts) // columns))
    figure, axes = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.3 * rows), squeeze=False, dpi=100)
    for axis in axes.flat[len(charts) :]:
        axis.set_visible(False)
    for axis, (title, lines) in zip(axes.flat, charts.items(), strict=False):
        _draw_chart(axis, title, lines)
    for axis in axes[-1]:
        axis.set_xlabel("step", fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _draw_chart(axis: plt.Axes, title: str, lines: Chart) -> None:
    for color, (name, (steps, values)) in zip(_COLORS, lines.items(), strict=False):
        axis.plot(steps, values, color=color, linewidth=1.4, marker="." if len(steps) < 3 else None, label=name)
    axis.set_title(title, fontsize=9)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.25)
    if len(lines) > 1:
        axis.legend(fontsize=6, framealpha=0.6)
    every = [value for _, values in lines.values() for value in values]
    if title.startswith(_LOGARITHMIC) and min(every) > 0 and max(every) > 20 * min(every):
        axis.set_yscale("log")
