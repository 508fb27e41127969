"""How far a training run is: lines for the terminal and TensorBoard's curves."""

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from tensorboard.plugins.image import metadata as image_plugin

Curve = tuple[list[int], list[float]]

_JPEG_QUALITY = 88

# Prefixes of what is averaged as the sum over the count of all steps of an interval: losses by domain, whose labels may
# be missing in a batch.
SUM, COUNT = "sum/", "count/"

# What a run's time goes to, besides the steps themselves.
INPUT, MONITORING, CHECKPOINT = "input", "monitoring", "checkpoint"


class Progress:
    """Lines of progress and TensorBoard scalars, each the mean over a few seconds.

    The event files of a run that goes on lie beside those of before: TensorBoard and `read_curves` join them.
    """

    def __init__(self, folder: Path | None, steps: int, seconds: float, say: Callable[[str], None]) -> None:
        """Start the clock.

        Args:
          folder: for the event files; None writes none (all workers but the chief).
          steps: of the whole run.
          seconds: between two reports.
          say: takes the lines.
        """
        self.writer = tf.summary.create_file_writer(str(folder)) if folder else tf.summary.create_noop_writer()
        self.steps, self._seconds, self.say = steps, seconds, say
        self._outputs: list[dict[str, float]] = []
        self._warm = False  # the first step builds the graph: its speed says nothing
        self._start_interval()
        self._total: dict[str, float] = defaultdict(float)  # seconds since the first report

    def _start_interval(self) -> None:
        self._since, self._spent, self._outputs = time.monotonic(), defaultdict(float), []

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the time inside as spent on `INPUT`, `MONITORING` or `CHECKPOINT`; curves show the shares."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._spent[what] += time.monotonic() - start

    def draw(self, stream: Iterator[Any]) -> Any:
        """Return the next batch of a stream; the time is spent on input."""
        with self.timed(INPUT):
            return next(stream)

    def add(self, step: int, outputs: dict[str, float], learning_rate: float, crops: int) -> None:
        """Take a step's outcome; report at the first and last one and whenever it is time.

        Args:
          step: counted from 1.
          outputs: name -> loss; with a `/`: sums and counts by domain (`domain_means`), and what else goes into curves.
          learning_rate: of this step.
          crops: in a step, over all replicas.
        """
        self._outputs.append(outputs)
        if self._warm and step < self.steps and time.monotonic() - self._since < self._seconds:
            return
        averages = {name: sum(m[name] for m in self._outputs) / len(self._outputs) for name in outputs}
        losses = {name: value for name, value in averages.items() if "/" not in name}
        scalars = {**{f"loss/{name}": value for name, value in losses.items()}, "learning_rate": learning_rate}
        scalars |= {f"loss_{name}": value for name, value in domain_means(self._outputs).items()}
        scalars |= {n: v for n, v in averages.items() if "/" in n and not n.startswith((SUM, COUNT))}
        if self._warm:
            scalars |= self._speeds(crops)
        self.write(step, scalars)
        self.say(self._line(step, losses, scalars))
        self._start_interval()
        self._warm = True

    def _speeds(self, crops: int) -> dict[str, float]:
        """Return throughput, and the shares of the interval's time."""
        seconds = max(time.monotonic() - self._since, 1e-9)
        for name, spent in {**self._spent, "all": seconds}.items():
            self._total[name] += spent
        speed = len(self._outputs) / seconds
        shares = {f"time_share/{what}": self._spent[what] / seconds for what in (INPUT, MONITORING, CHECKPOINT)}
        return {"steps_per_second": speed, "crops_per_second": speed * crops, **shares}

    def shares(self) -> dict[str, float]:
        """Return the share of the time since the first report that each of `timed`'s kinds took."""
        return {what: self._total[what] / max(self._total["all"], 1e-9) for what in (INPUT, MONITORING, CHECKPOINT)}

    def _line(self, step: int, losses: dict[str, float], scalars: dict[str, float]) -> str:
        terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        line = f"step {step}/{self.steps}  {terms}"
        if not self._warm:
            return line
        speed, waited = scalars["steps_per_second"], scalars[f"time_share/{INPUT}"]
        left = round((self.steps - step) / speed)
        time_left = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
        return f"{line}  {speed:.2f} steps/s  input {100 * waited:.0f} %  {time_left} left"

    def write(self, step: int, scalars: dict[str, float]) -> None:
        """Write scalars and make sure that they are on the disk."""
        with self.writer.as_default():
            for name, value in scalars.items():
                tf.summary.scalar(name, value, step=step)
        self.writer.flush()

    def write_picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Write a picture uint8 `[H,W,3]`, as a JPEG: sheets of people as PNG would fill disks over a long run."""
        _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        size = [str(side).encode() for side in picture.shape[1::-1]]
        with self.writer.as_default():
            metadata = image_plugin.create_summary_metadata(display_name=None, description="")
            tf.summary.write(name, tf.constant([*size, encoded.tobytes()]), step, metadata)
        self.writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self.writer.close()


def domain_means(outputs: list[dict[str, float]]) -> dict[str, float]:
    """Return `sim/uv` -> mean over some steps' tallies; terms without a label in all of them are left out."""
    means = {}
    for key in outputs[0] if outputs else ():
        if key.startswith(SUM):
            name = key.removeprefix(SUM)
            count = sum(step[COUNT + name] for step in outputs)
            if count:
                means[name] = sum(step[key] for step in outputs) / count
    return means


def read_curves(folder: Path) -> dict[str, Curve]:
    """Return the curves in a folder of event files: name -> (steps, values), in the order of steps.

    Where a killed run took steps a second time, the later ones count. Pictures are passed over.
    """
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    for step, value in _summaries(folder, "scalars"):
        curves[value.tag][step] = float(tf.make_ndarray(value.tensor))
    return {name: tuple(map(list, zip(*sorted(points.items()), strict=True))) for name, points in curves.items()}


def read_pictures(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the last picture of each name in a folder of event files: name -> (step, the encoded file)."""
    found: dict[str, tuple[int, bytes]] = {}
    for step, value in _summaries(folder, image_plugin.PLUGIN_NAME):
        found[value.tag] = step, tf.make_ndarray(value.tensor)[2]  # width, height, picture
    return found


def _summaries(folder: Path, plugin: str) -> Iterator[tuple[int, Any]]:
    """Yield (step, value) of a TensorBoard plugin, in the order in which they were written."""
    for file in sorted(folder.glob("events.out.tfevents.*")):
        with contextlib.suppress(tf.errors.DataLossError):  # a killed run may leave half an event at the end
            for serialized in tf.data.TFRecordDataset(str(file)):
                event = tf.compat.v1.Event.FromString(serialized.numpy())
                for value in event.summary.value:
                    if value.metadata.plugin_data.plugin_name == plugin:
                        yield event.step, value
