import pytest

from tfrecord_tools.bench_render import table


def test_table_adds_up_per_picture():
    seconds = {
        "sample": 2.0,
        "upload": 1.0,
        "shadow": 2.0,
        "colour": 3.0,
        "labels": 4.0,
        "keypoints": 1.0,
        "encode": 3.0,
    }
    lines = dict(line.rsplit(maxsplit=1) for line in table(seconds, 2).splitlines())
    assert float(lines["drawing (upload to labels)"]) == pytest.approx(5.0)
    assert float(lines["a finished picture"]) == pytest.approx(8.0)
    assert float(lines["shadow"]) == pytest.approx(1.0)
