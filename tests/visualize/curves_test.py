"""Facts about `simpose_tf.visualize.curves`."""

import cv2
import numpy as np

from simpose_tf.visualize.curves import charts_of, draw_charts

CURVE = ([1, 2, 3], [3.0, 2.0, 1.0])


def test_curves_of_one_thing_share_a_chart():
    names = [
        "loss/loss", "loss/uv", "loss_sim/uv", "loss_real/uv", "validation_sim/uv_l2", "validation_real/mask_iou",
        "gradient_share_task/uv", "gradient_share_task/part", "bn_distance/kl", "bn_distance/kl_within",
        "bn_distance_kl/000_8ch", "learning_rate", "time_share/input",
    ]  # fmt: skip
    charts = charts_of(dict.fromkeys(names, CURVE))
    assert list(charts)[:2] == ["loss/loss", "loss/uv"]
    assert list(charts["loss/uv"]) == ["all", "real", "sim"]
    assert list(charts)[-1] == "time: shares"
    assert list(charts["people: uv_l2"]) == ["validation, sim"]
    assert list(charts["gradient: shares of tasks"]) == ["part", "uv"]
    assert list(charts["normalisation: kl"]) == ["domains", "halves of one"]
    assert sum(map(len, charts.values())) == len(names) - 1  # no layer of its own


def test_each_line_of_a_chart_is_drawn(tmp_path):
    def ink(lines):
        draw_charts({"title": lines}, str(tmp_path / "c.png"))
        picture = cv2.imread(str(tmp_path / "c.png")).astype(int)
        blue, orange = picture[..., 0] - picture[..., 2], picture[..., 2] - picture[..., 0]
        return np.sum(blue > 80), np.sum(orange > 80)

    assert ink({"a": CURVE})[0] > 50 and ink({"a": CURVE})[1] == 0
    assert min(ink({"a": CURVE, "b": ([1, 3], [1.0, 3.0])})) > 50
