"""Facts about `simpose_tf.visualize.ablation_plots`."""

import math

import numpy as np
import pytest
from PIL import Image

from simpose_tf.visualize import ablation_plots
from simpose_tf.visualize.ablation_plots import Chart, draw_ablation


def chart(values, paper=(math.nan, math.nan), constant=math.nan):
    return Chart("UV L2", ("100%", "0%"), values, paper, constant)


def colored(path, color):
    """Return how many pixels of a picture have about a color."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return int((np.abs(picture - wanted).max(-1) < 8).sum())


def test_spread_is_the_standard_deviation():
    assert ablation_plots._spread([0.1, 0.3, 0.2]) == pytest.approx(np.std([0.1, 0.3, 0.2], ddof=1))
    assert ablation_plots._spread([0.1]) == 0


def test_papers_numbers_and_the_constant_are_drawn_where_there_are_any(tmp_path):
    draw_ablation([chart(((0.1, 0.2), (0.4,)))], "share", str(tmp_path / "ours.png"))
    draw_ablation([chart(((0.1, 0.2), (0.4,)), (0.3, 0.2), 0.38)], "share", str(tmp_path / "all.png"))
    for color in (ablation_plots.PAPER, ablation_plots.CONSTANT):
        assert colored(tmp_path / "all.png", color) > colored(tmp_path / "ours.png", color) + 40
    assert colored(tmp_path / "ours.png", ablation_plots.OURS) > 100
    assert colored(tmp_path / "ours.png", ablation_plots.PAPER) == 0


def test_rows_without_runs_leave_an_empty_chart(tmp_path):
    draw_ablation([chart(((), ())), chart(((0.1,), (0.4,)))], "share", str(tmp_path / "plot.png"))
    assert colored(tmp_path / "plot.png", ablation_plots.OURS) > 50
