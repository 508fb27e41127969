"""COCO's sizes at their limits."""

import pytest

from simpose_tf.metrics import sizes


@pytest.mark.parametrize(
    ("area", "name"),
    [(0, "small"), (1023.9, "small"), (1024, "medium"), (9216, "medium"), (9216.1, "large"), (1e9, "large")],
)
def test_sizes_change_at_32_and_96_pixels_squared(area: float, name: str) -> None:
    assert sizes.size_name(area) == name


def test_groups_come_small_first_and_only_those_that_there_are() -> None:
    assert sizes.ordered({"large": 1, "small": 2}) == [("small", 2), ("large", 1)]
