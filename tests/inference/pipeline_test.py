"""Steps at the same time: in order, bounded, and nothing goes on after a failure."""

import itertools
import threading
import time

import pytest

from simpose_tf.inference import pipeline


def half(_: object) -> float:
    return 0.5


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.05 if item % 4 == 0 else 0)
        return item * item

    found = list(pipeline.in_order(slow_first, range(12), 4, lambda _: 0.25))
    assert found == [item * item for item in range(12)]


def test_steps_run_at_the_same_time() -> None:
    # Each waits for the other: one after the other would never end.
    both = threading.Barrier(2, timeout=20)
    assert list(pipeline.in_order(lambda item: both.wait() >= 0 and item, [1, 2], 2, half)) == [1, 2]


@pytest.mark.parametrize(("share", "most"), [(0.5, 2), (0.25, 4), (1.0, 1), (7.0, 1)])
def test_no_more_is_on_its_way_than_fits(share: float, most: int) -> None:
    drawn: list[int] = []
    steps = pipeline.in_order(lambda item: item, (drawn.append(n) or n for n in range(20)), 2, lambda _: share)
    for place, item in enumerate(steps):
        assert item == place
        # those on their way, and the one that waits for room
        assert len(drawn) <= min(place + most + 1, 20)
    assert len(drawn) == 20


def test_a_failure_ends_the_run_and_what_has_not_begun_is_left_out() -> None:
    begun: list[int] = []

    def fail_at_three(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise OSError("disk full")
        return item

    def items() -> itertools.count:
        for item in itertools.count():
            time.sleep(0.01)
            yield item

    with pytest.raises(OSError, match="disk full"):
        list(pipeline.in_order(fail_at_three, items(), 1, lambda _: 1 / 16))
    assert begun[:4] == [0, 1, 2, 3]
    # noticed at the next item, not when the results before it have been taken
    assert len(begun) <= 6


def test_leaving_finishes_what_has_begun_only() -> None:
    ended: list[int] = []

    def work(item: int) -> int:
        time.sleep(0.05)
        ended.append(item)
        return item

    steps = pipeline.in_order(work, range(16), 1, lambda _: 1 / 8)
    assert next(steps) == 0
    steps.close()
    known = list(ended)
    time.sleep(0.15)
    assert ended == known
    assert len(ended) <= 3


def test_ahead_draws_in_another_thread_and_yields_all() -> None:
    threads = set()

    def items() -> itertools.count:
        for item in range(9):
            threads.add(threading.current_thread().name)
            yield item

    assert list(pipeline.ahead(items(), 0.25)) == list(range(9))
    assert threading.current_thread().name not in threads
    assert list(pipeline.ahead(iter(()), 0.25)) == []


def test_shares_of_pictures() -> None:
    assert pipeline.share_of(16 * 16) == 1 / 16  # sixteen small ones
    assert pipeline.share_of(12_000_000) == 0.25  # four of 12 Mpx
    assert pipeline.share_of(8000 * 6000) == 1.0  # one alone


def test_progress_tells_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(pipeline.time, "monotonic", lambda: now[0])
    lines: list[str] = []
    progress = pipeline.Progress(1000, "frames", lines.append)
    progress(1, 2)
    now[0] = 110.0
    progress(20, 31)  # 2 a second, 980 left: 490 s
    progress(21, 31)  # too soon
    assert lines == ["20/1000 frames, 31 people, 2.00 frames/s, 0:08:10 left"]
    unknown = pipeline.Progress(0, "frames", lines.append)
    now[0] = 120.0
    unknown(5, 1)
    assert lines[1:] == ["5 frames, 1 person, 0.50 frames/s"]
