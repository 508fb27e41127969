"""The train step of SimPose Eq. 2, its optimiser and schedule, and the loop that can be killed and goes on.

A run's folder holds `initial/ckpt-0` (the untrained network), `checkpoints/`, `summaries/` (TensorBoard) and what
`simpose_tf.run_folder` records.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
import tensorflow_addons as tfa

from simpose_tf import losses
from simpose_tf.model.network import Network
from simpose_tf.progress import Progress


class NonFiniteLossError(Exception):
    """A loss is NaN or infinite. The message is one line that names the term and the step."""


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate: linear warm-up, constant, linear decay.

    Attributes:
      learning_rate: of the constant stretch.
      warmup_steps: steps over which it grows from 0; 0 for none.
      decay_from: share of all steps after which it falls; 1 for a constant rate.
      final_share: share of the learning rate that is left at the last step.
    """

    learning_rate: float
    warmup_steps: int
    decay_from: float
    final_share: float

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, not positive")
        if not 0 <= self.decay_from <= 1:
            raise ValueError(f"decay_from is {self.decay_from}, not in [0, 1]")
        if self.warmup_steps < 0 or not 0 <= self.final_share <= 1:
            raise ValueError(f"warmup_steps must be at least 0 and final_share in [0, 1]: {self}")


@dataclass(frozen=True)
class TrainingConfig:
    """Length of the run and the optimiser.

    Attributes:
      steps: synchronous steps of the whole run.
      momentum: of stochastic gradient descent.
      head_gradient_factor: factor on the gradients of the heads of `HEADS_WITH_FACTOR`.
      average_decay: of the Polyak average of the weights, which export then takes; 0 for none.
      checkpoint_every: steps between checkpoints.
      keep_checkpoints: how many of the last ones stay.
      report_seconds: seconds between lines of progress and points of the curves.
    """

    steps: int
    momentum: float
    head_gradient_factor: float
    average_decay: float
    checkpoint_every: int
    keep_checkpoints: int
    report_seconds: float

    def __post_init__(self) -> None:
        for name in ("steps", "checkpoint_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not at least 1")
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay is {self.average_decay}, not in [0, 1)")


# SimPose sec. 4.3: the 1x1 convolutions whose gradients are multiplied.
HEADS_WITH_FACTOR = ("heatmap", "offset", "mask")


class Schedule(tf.keras.optimizers.schedules.LearningRateSchedule):
    """`ScheduleConfig` over a number of steps, as Keras asks for it."""

    def __init__(self, config: ScheduleConfig, steps: int) -> None:
        self._config = config
        self._steps = steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step, counted from 0."""
        config, step = self._config, tf.cast(step, tf.float32)
        warm = (step + 1) / max(config.warmup_steps, 1) if config.warmup_steps else 1.0
        decay_start = config.decay_from * self._steps
        decayed = (step - decay_start) / max(self._steps - decay_start, 1)
        left = 1 - (1 - config.final_share) * tf.clip_by_value(decayed, 0, 1)
        return config.learning_rate * tf.minimum(warm, 1.0) * left

    def get_config(self) -> dict:
        """Return the arguments (Keras)."""
        return {"config": self._config, "steps": self._steps}


def build_optimizer(training: TrainingConfig, schedule: Schedule) -> tf.keras.optimizers.legacy.Optimizer:
    """Return SGD with momentum (SimPose sec. 5.1), under a moving average if one is asked for."""
    # Of the legacy kind, as tensorflow-addons' averages need it.
    sgd = tf.keras.optimizers.legacy.SGD(schedule, training.momentum)
    if training.average_decay:
        return tfa.optimizers.MovingAverage(sgd, training.average_decay)
    return sgd


class MultiTask(tf.keras.Model):
    """The network with its losses: one synchronous step on a mixed batch."""

    def __init__(self, network: Network, config: losses.LossConfig, head_gradient_factor: float) -> None:
        """Wrap a network; `head_gradient_factor` multiplies the gradients of the heads of `HEADS_WITH_FACTOR`."""
        super().__init__()
        self.distribute_reduction_method = "sum"  # of what `train_step` returns, over the replicas
        self.network = network
        self._losses = config
        favoured = [v.ref() for name in HEADS_WITH_FACTOR for v in network.heads[name].trainable_variables]
        self._factors = [head_gradient_factor if v.ref() in favoured else 1.0 for v in network.trainable_variables]

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Take one step of SimPose Eq. 2 on a replica's batch.

        Returns:
          This replica's share of the mean of each term, and of their weighted sum, `loss`: float32 scalars. Keras
          adds the replicas' shares.
        """
        with tf.GradientTape() as tape:
            maps = self.network(batch["image"], training=True, domain=batch["domain"])
            shares = mean_shares(losses.all_terms(maps, batch, self._losses, self.network.crop.radius))
            weights = self._losses.weights()
            loss = tf.add_n([weights[name] * share for name, share in shares.items()])
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self.apply(gradients)
        return {"loss": loss, **shares}

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """Apply a replica's gradients, after their factors; the optimiser adds them over the replicas."""
        scaled = [factor * gradient for factor, gradient in zip(self._factors, gradients, strict=True)]
        self.optimizer.apply_gradients(zip(scaled, self.network.trainable_variables, strict=True))


def mean_shares(terms: dict[str, losses.Term]) -> dict[str, tf.Tensor]:
    """Return this replica's sum over the global count, for each term; over all replicas they add up to the mean."""
    counts = over_replicas({name: count for name, (_, count) in terms.items()})
    return {name: tf.math.divide_no_nan(total, counts[name]) for name, (total, _) in terms.items()}


def over_replicas(scalars: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Add scalars over all replicas: one reduction for all of them."""
    context = tf.distribute.get_replica_context()
    added = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.stack(list(scalars.values())))
    return dict(zip(scalars, tf.unstack(added), strict=True))


@dataclass(frozen=True)
class Run:
    """A training run under a distribution strategy.

    Attributes:
      model: the compiled `MultiTask`.
      training: its length and intervals.
      schedule: its learning rate.
      strategy: over the devices of this machine.
      model_dir: the run's folder.
    """

    model: MultiTask
    training: TrainingConfig
    schedule: Schedule
    strategy: tf.distribute.Strategy
    model_dir: Path

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return what a checkpoint holds: weights, optimiser and, in it, the step."""
        return tf.train.Checkpoint(network=self.model.network, optimizer=self.model.optimizer)

    def restore(self) -> int:
        """Go to the last checkpoint, or keep the untrained network as `initial/ckpt-0`; return the step."""
        path = latest_checkpoint(self.model_dir)
        if path:
            self.checkpoint().restore(path).assert_existing_objects_matched()
        elif not tf.train.latest_checkpoint(str(self.model_dir / "initial")):
            self._save("initial", 1)
        return self.step()

    def step(self) -> int:
        """Return the number of steps taken."""
        return int(self.model.optimizer.iterations.numpy())

    def save(self) -> None:
        """Write a checkpoint; the folder's `checkpoint` file names it once it is whole."""
        self._save("checkpoints", self.training.keep_checkpoints)

    def _save(self, folder: str, keep: int) -> None:
        manager = tf.train.CheckpointManager(self.checkpoint(), str(self.model_dir / folder), max_to_keep=keep)
        manager.save(self.step())


def build_run(network: Callable[[], Network], configs: tuple, strategy: tf.distribute.Strategy, model_dir: Path) -> Run:
    """Build the model and its optimiser under a strategy.

    Args:
      network: makes the network.
      configs: a LossConfig, a TrainingConfig and a ScheduleConfig.
      strategy: over the devices of this machine.
      model_dir: the run's folder.
    """
    loss_config, training, schedule_config = configs
    schedule = Schedule(schedule_config, training.steps)
    with strategy.scope():
        model = MultiTask(network(), loss_config, training.head_gradient_factor)
        model.compile(build_optimizer(training, schedule))
    return Run(model, training, schedule, strategy, model_dir)


def latest_checkpoint(model_dir: Path) -> str | None:
    """Return the path of the last whole checkpoint of a run, or None."""
    return tf.train.latest_checkpoint(str(model_dir / "checkpoints"))


def train(
    run: Run, batches: Callable[[int], tf.data.Dataset], crops_per_step: int, say: Callable[[str], None] = print
) -> None:
    """Train from the step where the run stands to its last one.

    Args:
      run: restored.
      batches: `batches(k)` is the endless stream of replica batches from batch k on; a step takes one for each replica.
      crops_per_step: of all replicas together.
      say: takes lines of progress.

    Raises:
      NonFiniteLossError: a term is not finite; the checkpoints are those of before.
    """
    first = run.step()
    replicas = run.strategy.num_replicas_in_sync
    stream = iter(run.strategy.distribute_datasets_from_function(lambda _: batches(first * replicas)))
    step_function = run.model.make_train_function()
    progress = Progress(run.model_dir / "summaries", run.training.steps, run.training.report_seconds, say)
    for step in range(first + 1, run.training.steps + 1):
        means = {name: float(value) for name, value in step_function(stream).items()}
        require_finite(means, step)
        progress.add(step, means, float(run.schedule(step - 1)), crops_per_step)
        if step % run.training.checkpoint_every == 0 or step == run.training.steps:
            run.save()
    progress.close()


def require_finite(means: dict[str, float], step: int) -> None:
    """Raise NonFiniteLossError if a term's mean is NaN or infinite."""
    for name in (*losses.TERMS, "loss"):
        if not math.isfinite(means[name]):
            raise NonFiniteLossError(
                f"step {step}: the term {name!r} is {means[name]}; lower ScheduleConfig.learning_rate or that term's "
                f"weight, and run again: it goes on at the last checkpoint"
            )
