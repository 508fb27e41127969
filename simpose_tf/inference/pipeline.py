"""Steps that run at the same time: while one picture is in the network, the next is read and the last one written.

Each step is a generator over the one before, so a run reads as its steps:

    pictures = in_order(read, paths, READERS, cost)
    answers = ((picture, predict(picture)) for picture in pictures)     # the network, in the main thread
    for done in in_order(write, answers, writers(), cost): ...

Threads suffice: decoding, numpy, OpenCV and the deflating of PNG let go of Python's lock.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from simpose_tf.inference import wording

T = TypeVar("T")
R = TypeVar("R")

# One thread decodes JPEG faster than any network takes it.
READERS = 1

_MOST_WRITERS = 8
# What may be on its way in one step: so many things, or so many pixels in all. A large picture goes alone.
_MOST_THINGS = 16
_MOST_PIXELS = 48_000_000

_PROGRESS_SECONDS = 5.0


def writers() -> int:
    """Return how many threads draw and write: one for each processor, up to 8."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_WRITERS)


def share_of(pixels: int) -> float:
    """Return the share that a picture of so many pixels takes of what may be on its way in one step."""
    return max(pixels / _MOST_PIXELS, 1 / _MOST_THINGS)


def in_order(function: Callable[[T], R], items: Iterable[T], threads: int, share: Callable[[T], float]) -> Iterator[R]:
    """Yield `function(item)` for all items in their order, computed ahead by threads.

    Items are drawn in the caller's thread, and only as many as their shares fit into 1 (or one alone). If a call
    fails, its exception comes as soon as the next item is drawn; what has not begun by then is left out, what has is
    finished, so files are whole. The same holds where the caller leaves.
    """
    waiting: deque[tuple[Future[R], float]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            part = share(item)
            _raise_failure(future for future, _ in waiting)
            while waiting and sum(taken for _, taken in waiting) + part > 1 + 1e-9:
                yield waiting.popleft()[0].result()
            waiting.append((pool.submit(function, item), part))
            del item  # a large picture must not live on while the next one is drawn
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def ahead(items: Iterator[T], share: float) -> Iterator[T]:
    """Yield what an iterator yields, drawn ahead by one thread: each item takes `share` of what may be on its way."""
    end = object()
    drawn = in_order(lambda _: next(items, end), iter(int, 1), READERS, lambda _: share)
    for item in drawn:
        if item is end:
            return
        yield item  # type: ignore[misc]


def _raise_failure(futures: Iterable[Future]) -> None:
    """Raise the exception of the first call that failed, if any has."""
    for future in futures:
        if future.done():
            future.result()


class Progress:
    """Says every few seconds how far a run is."""

    def __init__(self, count: int, unit: str, say: Callable[[str], None]) -> None:
        """Start the clock: `count` of `unit` are to be done; 0 where nobody knows how many."""
        self._count, self._unit, self._tell = count, unit, say
        self._start = self._said = time.monotonic()

    def __call__(self, done: int, people: int) -> None:
        """Say how far the run is, if it is time: `done` of this run, with so many people."""
        now = time.monotonic()
        if now - self._said < _PROGRESS_SECONDS:
            return
        self._said = now
        speed = done / (now - self._start)
        of_all, left = (f"/{self._count}", _left((self._count - done) / speed)) if self._count >= done else ("", "")
        self._tell(f"{done}{of_all} {self._unit}, {wording.people(people)}, {speed:.2f} {self._unit}/s{left}")


def _left(seconds: float) -> str:
    """Return how long it still takes, as text: `, 75 s left` or `, 1:02:03 left`."""
    whole = round(seconds)
    if whole < 100:
        return f", {whole} s left"
    return f", {whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} left"
