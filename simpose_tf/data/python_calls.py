"""Python functions in tf.data's threads: run there, their faults told, ended before the interpreter is.

A thread that is inside Python when the interpreter shuts down aborts the process (`terminate called`), whatever its
exit status was to be. So calls are counted, and at exit no new one begins and those under way are waited for.
"""

import atexit
import threading
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from simpose_tf.errors import InputError

_QUIET_SECONDS = 0.05  # with no call for so long, all of tf.data's buffers are full of refusals
_LONGEST_SECONDS = 10.0


class _Calls:
    """Counts the calls under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running, self._closing, self._last = 0, False, 0.0
        atexit.register(self._close)

    def __enter__(self) -> None:
        with self._lock:
            self._last = time.monotonic()
            if self._closing:
                raise ValueError("the program ends")
            self._running += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1

    def _close(self) -> None:
        self._closing, start = True, time.monotonic()
        while time.monotonic() - start < _LONGEST_SECONDS:
            time.sleep(_QUIET_SECONDS)
            if not self._running and time.monotonic() - max(self._last, start) >= _QUIET_SECONDS:
                return


_CALLS = _Calls()


def in_graph(
    function: Callable[..., dict[str, np.ndarray]], arguments: tuple, spec: dict[str, tf.TensorSpec]
) -> dict[str, tf.Tensor]:
    """Return `function(*arguments)` as tensors of a graph.

    Args:
      function: takes numbers, returns arrays by name.
      arguments: scalar tensors.
      spec: types and shapes of what it returns.

    An InputError becomes InvalidArgumentError.
    """

    def run(*values: np.ndarray) -> list[np.ndarray]:
        with _CALLS:
            try:
                found = function(*(value.item() for value in values))
            except InputError as error:
                raise ValueError(str(error)) from None  # TensorFlow's InvalidArgumentError
            return [found[name] for name in spec]

    values = tf.numpy_function(run, arguments, [one.dtype for one in spec.values()])
    return {name: tf.ensure_shape(value, one.shape) for value, (name, one) in zip(values, spec.items(), strict=True)}
