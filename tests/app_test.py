"""Facts about `simpose_tf.app`."""

from types import SimpleNamespace

import pytest

from simpose_tf import app


def test_lines_come_now_and_then_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    now = 100.0
    monkeypatch.setattr(app, "time", SimpleNamespace(monotonic=lambda: now))
    tell = app.now_and_then("people are dressed")
    for done, seconds in enumerate((1, 3, 2, 4, 2, 1)):  # at 101, 104, 106, 110, 112, 113
        now += seconds
        tell(done, 6)
    assert capsys.readouterr().out == "2/6 people are dressed\n4/6 people are dressed\n"
