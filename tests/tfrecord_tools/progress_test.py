"""Lines on how far work is."""

import pytest

from tfrecord_tools import progress


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_clock_preset(seconds: float, told: str) -> None:
    assert progress.clock(seconds) == told
