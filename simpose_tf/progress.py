"""How far a training run is: lines for the terminal and TensorBoard's curves."""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

Curve = tuple[list[int], list[float]]


class Progress:
    """Lines of progress and TensorBoard scalars, each the mean over a few seconds."""

    def __init__(self, folder: Path, steps: int, seconds: float, say: Callable[[str], None]) -> None:
        """Start the clock.

        Args:
          folder: for the event files.
          steps: of the whole run.
          seconds: between two reports.
          say: takes the lines.
        """
        self._writer = tf.summary.create_file_writer(str(folder))
        self._steps, self._seconds, self._say = steps, seconds, say
        self._since = time.monotonic()
        self._means: list[dict[str, float]] = []
        self._warm = False  # the first step builds the graph: its speed says nothing

    def add(self, step: int, means: dict[str, float], learning_rate: float, crops: int) -> None:
        """Take a step's losses; report at the first and last one and whenever it is time.

        Args:
          step: counted from 1.
          means: name -> loss.
          learning_rate: of this step.
          crops: in a step, over all replicas.
        """
        self._means.append(means)
        if self._warm and step < self._steps and time.monotonic() - self._since < self._seconds:
            return
        averages = {name: sum(m[name] for m in self._means) / len(self._means) for name in means}
        scalars = {**{f"loss/{name}": value for name, value in averages.items()}, "learning_rate": learning_rate}
        if self._warm:
            speed = len(self._means) / max(time.monotonic() - self._since, 1e-9)
            scalars |= {"steps_per_second": speed, "crops_per_second": speed * crops}
        self._write(step, scalars)
        self._say(self._line(step, averages, scalars.get("steps_per_second")))
        self._since, self._means, self._warm = time.monotonic(), [], True

    def _line(self, step: int, averages: dict[str, float], speed: float | None) -> str:
        terms = "  ".join(f"{name} {value:.3f}" for name, value in averages.items())
        line = f"step {step}/{self._steps}  {terms}"
        if speed is None:
            return line
        left = round((self._steps - step) / speed)
        return f"{line}  {speed:.2f} steps/s  {left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"

    def _write(self, step: int, scalars: dict[str, float]) -> None:
        with self._writer.as_default():
            for name, value in scalars.items():
                tf.summary.scalar(name, value, step=step)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()


def read_curves(folder: Path) -> dict[str, Curve]:
    """Return the curves in a folder of event files: name -> (steps, values), in the order of steps.

    Where a killed run took steps a second time, the later ones count.
    """
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    for file in sorted(folder.glob("events.out.tfevents.*")):
        with contextlib.suppress(tf.errors.DataLossError):  # a killed run may leave half an event at the end
            for serialized in tf.data.TFRecordDataset(str(file)):
                event = tf.compat.v1.Event.FromString(serialized.numpy())
                for value in event.summary.value:
                    curves[value.tag][event.step] = float(tf.make_ndarray(value.tensor))
    return {name: tuple(map(list, zip(*sorted(points.items()), strict=True))) for name, points in curves.items()}
