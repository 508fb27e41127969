"""Bar charts as pictures in memory."""

from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_layer_bars(charts: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]) -> np.ndarray:
    """Draw one chart below the other, a bar per layer; a second value of each layer is a dark mark across its bar.

    Args:
      charts: title -> (layer -> value, layer -> value of the mark), values at least 0; those that span more than a
        factor of 20 get a logarithmic axis.

    Returns:
      uint8 `[H,W,3]` RGB.
    """
    layers = max(len(values) for values, _ in charts.values())
    figure = Figure(figsize=(max(7.0, 0.13 * layers + 1.5), 2.7 * len(charts)), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(charts), 1, squeeze=False)[:, 0]
    for axis, (title, (values, marks)) in zip(axes, charts.items(), strict=True):
        places = np.arange(len(values))
        axis.bar(places, list(values.values()), color="#2563a8", width=0.8)
        axis.scatter(places, list(marks.values()), marker="_", color="#d97706", s=26, linewidths=1.6)
        positive = [value for value in values.values() if value > 0]
        if positive and max(positive) > 20 * min(positive):
            axis.set_yscale("log")
        step = -(-len(values) // 40)
        axis.set_xticks(places[::step], list(values)[::step], rotation=90, fontsize=6)
        axis.set_xlim(-0.7, len(values) - 0.3)
        axis.set_title(title, fontsize=9)
        axis.tick_params(axis="y", labelsize=7)
        axis.grid(axis="y", alpha=0.25)
    figure.tight_layout()
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
