"""The table: names, numbers that json knows, lines."""

import json
import math

from simpose_tf.evaluation import rows
from simpose_tf.metrics.coco_people import STATS


def test_every_number_of_coco_has_its_own_exact_name() -> None:
    for kind, stats in (("keypoints", STATS["keypoints"]), ("masks", STATS["segm"]), ("gps", STATS["keypoints"])):
        named = rows.metrics_of(kind, dict.fromkeys(stats, 0.5))
        assert [metric.key for metric in named] == list(stats)
        assert len({metric.name for metric in named}) == len(stats)
    assert rows.metrics_of("gps", {"AP": 1.0})[0].name == "DensePose GPS: AP, mean over GPS .50:.95"
    assert rows.metrics_of("masks", {"AR10": 1.0})[0].name == "COCO masks: AR with 10 detections a picture"


def test_nan_becomes_null_at_any_depth() -> None:
    cleaned = rows.cleaned({"a": math.nan, "b": {"c": math.nan, "d": 2, "e": "text"}, "f": -1.0})
    assert json.loads(json.dumps(cleaned, allow_nan=False)) == {
        "a": None, "b": {"c": None, "d": 2, "e": "text"}, "f": -1.0
    }  # fmt: skip


def test_a_block_is_headed_by_what_all_of_it_was_measured_on() -> None:
    metric = rows.Metric("mean_oks", "OKS", "higher", 2)
    on = {"domain": "truth.json", "kind": "keypoints", "people": 3, "measured_on": "3 people in 2 pictures"}
    table = [rows.row(metric, on, {"model": 0.5}), rows.row(metric, on | {"kind": "masks"}, {"model": math.nan})]
    lines = rows.printed(table, ("model",))
    assert lines[1] == lines[3] == "truth.json, 3 people in 2 pictures"
    assert lines[2].split() == ["OKS", "higher", "0.50"]
    assert lines[4].split() == ["OKS", "higher", "-"]


def test_breakdowns_are_printed_a_row_for_each_group() -> None:
    found = rows.breakdowns({"uv_l2_by_part": {"left_hand": 0.25}, "by_size": {"small": {"people": 2}}, "normals": {}})
    assert found == {"by_size": {"small": {"people": 2}}, "by_part": {"left_hand": {"uv_l2": 0.25}}}
    header, line = rows.printed_breakdown("sim, by part", found["by_part"])
    assert (header.split(), line.split()) == (["sim,", "by", "part", "uv_l2"], ["left_hand", "0.2500"])
