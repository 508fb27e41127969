"""A training run: built under a strategy, restored, and the loop that can be killed and goes on.

A run's folder holds `initial/ckpt-0` (the untrained network), `checkpoints/`, `summaries/` (TensorBoard) and what
`simpose_tf.run_folder` records.
"""

import contextlib
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from simpose_tf import losses, optimization, run_checkpoints
from simpose_tf.errors import InputError
from simpose_tf.model.network import Network
from simpose_tf.monitoring.monitor import Monitor, MonitorConfig, Watched
from simpose_tf.optimization import Schedule, ScheduleConfig, TrainingConfig, build_optimizer
from simpose_tf.progress import CHECKPOINT, Progress
from simpose_tf.run_checkpoints import FOLDER, INITIAL, latest_checkpoint
from simpose_tf.train_step import MultiTask, over_replicas, read_means
from simpose_tf.workers import ALONE, Place

__all__ = ["Run", "Schedule", "ScheduleConfig", "TrainingConfig", "build_optimizer", "build_run", "latest_checkpoint"]

Say = Callable[[str], None]


class NonFiniteLossError(Exception):
    """A loss or the gradient is NaN or infinite. The message is one line that names the term and the step."""


@dataclass(frozen=True)
class Run:
    """A training run under a distribution strategy.

    Attributes:
      model: network, losses and optimiser.
      losses: weights of the tasks.
      training: its length and intervals.
      schedule: its learning rate.
      strategy: over the devices of this machine, or of several.
      model_dir: the run's folder.
      place: of this process among the workers; the chief alone writes into the folder.
    """

    model: MultiTask
    losses: losses.LossConfig
    training: TrainingConfig
    schedule: Schedule
    strategy: tf.distribute.Strategy
    model_dir: Path
    place: Place = ALONE

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return what a checkpoint holds: weights, optimiser (with momenta and averages) and, in it, the step."""
        return tf.train.Checkpoint(network=self.model.network, optimizer=self.model.optimizer)

    def restore(self, say: Say = print) -> int:
        """Go to the last whole checkpoint, or keep the untrained network as `initial/ckpt-0`; return the step.

        Raises InputError if there are checkpoints, and none is whole and of this network.
        """
        if latest_checkpoint(self.model_dir):
            self._restore_last(say)
        elif not run_checkpoints.numbered(self.model_dir / INITIAL):
            self._save(INITIAL, 1)
        if self.place.is_chief:
            run_checkpoints.set_aside_after(self.model_dir / FOLDER, self.step())
        return self.step()

    def _restore_last(self, say: Say) -> None:
        path = run_checkpoints.last_whole_checkpoint(self.model_dir, say)
        try:
            self.checkpoint().restore(path).assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            raise InputError(f"--model_dir: the checkpoint {path!r} is of another network") from error

    def step(self) -> int:
        """Return the number of steps taken."""
        return int(self.model.optimizer.iterations.numpy())

    def save(self) -> None:
        """Write a checkpoint. Raises OSError if that fails, as on a full disk; earlier ones stay whole."""
        self._save(FOLDER, self.training.keep_checkpoints)

    def _save(self, folder: str, keep: int) -> None:
        # All workers take part, as moving averages are read from all of them; one copy stays.
        own = self.model_dir if self.place.is_chief else self.model_dir / f".worker-{self.place.index}"
        run_checkpoints.write(self.checkpoint(), own / folder, self.step(), keep)
        if not self.place.is_chief:
            shutil.rmtree(own)

    def averaged(self) -> contextlib.AbstractContextManager:
        """Let the network hold its Polyak averages inside a block, as evaluation asks for."""
        return optimization.averaged(self.model.optimizer, self.model.network.trainable_variables)

    def step_function(self) -> Callable[[Any], dict[str, tf.Tensor]]:
        """Return what takes a step on a batch of all replicas and tells what `MultiTask.train_step` does."""

        @tf.function
        def take_step(batch: Any) -> dict[str, tf.Tensor]:
            told = self.strategy.run(self.model.train_step, args=(batch,))
            return {name: self.strategy.experimental_local_results(value)[0] for name, value in told.items()}

        return take_step

    def require_same_step(self) -> None:
        """Raise InputError if some worker stands at another step: then it sees another folder."""
        total = self.strategy.run(lambda: over_replicas(tf.constant(self.step(), tf.int64)))
        total = int(self.strategy.experimental_local_results(total)[0])
        if total != self.step() * self.strategy.num_replicas_in_sync:
            raise InputError("--model_dir: the workers stand at different steps; give all of them one shared folder")


def build_run(
    network: Callable[[], Network],
    configs: tuple[losses.LossConfig, TrainingConfig, ScheduleConfig],
    strategy: tf.distribute.Strategy,
    model_dir: Path,
    place: Place = ALONE,
) -> Run:
    """Build the network and its optimiser under a strategy.

    Args:
      network: makes the network.
      configs: of the losses, the run's length and the learning rate.
      strategy: over the devices.
      model_dir: the run's folder.
      place: of this process among the workers.
    """
    loss_config, training, schedule_config = configs
    schedule = Schedule(schedule_config, training.steps)
    with strategy.scope(), optimization.arithmetic(training.precision):
        model = MultiTask(network(), loss_config, training, build_optimizer(training, schedule))
    return Run(model, loss_config, training, schedule, strategy, model_dir, place)


def train(
    run: Run,
    batches: Callable[[int], tf.data.Dataset],
    crops_per_step: int,
    say: Say = print,
    monitored: Callable[[Watched, Progress], Monitor] | None = None,
) -> None:
    """Train from the step where the run stands to its last one.

    Args:
      run: restored.
      batches: `batches(k)` is the endless stream of this worker's replica batches from step k on, counted from 0; a
        step takes one for each of its replicas.
      crops_per_step: of all replicas together.
      say: takes lines of progress.
      monitored: makes what looks at the run; nothing does if None.

    Raises:
      NonFiniteLossError: a term or the gradient is not finite; the checkpoints are those of before.
      OSError: a checkpoint or a curve cannot be written; the checkpoints are those of before.
    """
    first = run.step()
    stream = iter(run.strategy.distribute_datasets_from_function(lambda _: batches(first)))
    take_step, weights = run.step_function(), run.losses.weights()
    with _progress(run, say) as progress:
        watched = Watched(run.model.network, run.losses, run.strategy, run.averaged)
        monitor = monitored(watched, progress) if monitored else _unmonitored(watched, progress)
        monitor.start(first)
        for step in range(first + 1, run.training.steps + 1):
            batch = progress.draw(stream)
            monitor.before_step(step, batch)
            means = read_means(take_step(batch), weights)
            require_finite(means, step, run.model.has_loss_scale)
            progress.add(step, means, float(run.schedule(step - 1)), crops_per_step)
            if step % run.training.checkpoint_every == 0 or step == run.training.steps:
                with progress.timed(CHECKPOINT):
                    run.save()
            monitor.after_step(step)


@contextlib.contextmanager
def _progress(run: Run, say: Say) -> Iterator[Progress]:
    """Open the run's curves, which the chief alone writes, and close them."""
    chief = run.place.is_chief
    folder = run.model_dir / "summaries" if chief else None
    progress = Progress(folder, run.training.steps, run.training.report_seconds, say if chief else lambda _: None)
    try:
        yield progress
    finally:
        progress.close()


def _unmonitored(watched: Watched, progress: Progress) -> Monitor:
    return Monitor(MonitorConfig(0, 0, 1, 0, 1), watched, progress)


def require_finite(means: dict[str, float], step: int, has_loss_scale: bool = False) -> None:
    """Raise NonFiniteLossError if a term's mean, or the gradient, is NaN or infinite.

    With a loss scale (float16) a gradient that overflows is no fault: that step was left out.
    """
    terms = [name for name in means if "/" not in name and name != "loss"]
    names = [*terms, "loss"] + ([] if has_loss_scale else ["gradient_norm/all"])
    for name in names:
        if not math.isfinite(means[name]):
            what = "the gradient" if "/" in name else f"the term {name!r}"
            raise NonFiniteLossError(
                f"step {step}: {what} is {means[name]}; lower ScheduleConfig.learning_rate or that term's "
                f"weight, and run again: it goes on at the last checkpoint"
            )
