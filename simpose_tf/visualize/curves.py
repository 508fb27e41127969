"""Charts of a training run's scalars."""

from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Curve = tuple[Sequence[float], Sequence[float]]


def draw_curves(curves: Mapping[str, Curve], path: str, columns: int = 4) -> None:
    """Draw one small chart per curve and write them as a PNG.

    Args:
      curves: title -> (steps, values); values that span more than a factor of 20 get a logarithmic axis.
      path: the PNG.
      columns: charts in a row.
    """
    rows = max(1, -(-len(curves) // columns))
    figure, axes = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.3 * rows), squeeze=False, dpi=100)
    for axis in axes.flat[len(curves) :]:
        axis.set_visible(False)
    for axis, (title, (steps, values)) in zip(axes.flat, curves.items(), strict=False):
        axis.plot(steps, values, color="#2563a8", linewidth=1.4, marker="." if len(steps) < 3 else None)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.25)
        if min(values) > 0 and max(values) > 20 * min(values):
            axis.set_yscale("log")
    for axis in axes[-1]:
        axis.set_xlabel("step", fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
