import re

import pytest

from simpose_tf import bench_evaluate
from tests.mains import run_main


@pytest.mark.slow
def test_the_benchmark_measures_and_agrees_with_the_plain_loop(tmp_path, capsys):
    small = ["--pictures=6", "--plain_pictures=2", "--vertices=13400"]
    ended = run_main(bench_evaluate, [f"--output={tmp_path}", *small], capsys)
    assert ended.status == 0, ended.stderr
    assert re.search(r"gps,gpsm,iou +[\d.]+ s +[\d.]+ s of CPU +[\d.]+ GB", ended.stdout)
    assert re.search(r"plain loop [\d.]+ s: [\d.]+ times as long, the same numbers", ended.stdout)
