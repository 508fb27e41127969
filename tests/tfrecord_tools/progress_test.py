"""Lines on how far work is."""

from types import SimpleNamespace

import pytest

from tfrecord_tools import progress


def test_lines_come_now_and_then_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    now = 100.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    tell = progress.now_and_then("people are dressed")
    for done, seconds in enumerate((1, 3, 2, 4, 2, 1)):  # at 101, 104, 106, 110, 112, 113
        now += seconds
        tell(done, 6)
    assert capsys.readouterr().out == "2/6 people are dressed\n4/6 people are dressed\n"


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_clock_preset(seconds: float, told: str) -> None:
    assert progress.clock(seconds) == told
