"""Length of a run, learning rate, optimiser, precision of the arithmetic (SimPose sec. 5.1)."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf
import tensorflow_addons as tfa

# Keras' names. Weights and losses are float32 in all of them.
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


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
      head_gradient_factor: factor on the gradients of the heads of `train_step.HEADS_WITH_FACTOR`.
      average_decay: of the Polyak average of the weights, which export then takes; 0 for none. At step t it is at most
        (1 + t) / (10 + t), so that the first weights are soon forgotten.
      accumulate: parts into which a replica's batch is cut, one after the other in memory; the step is that of the
        whole batch, but for batch normalisation, which sees a part.
      precision: one of `PRECISIONS`: of the network's arithmetic.
      checkpoint_every: steps between checkpoints.
      keep_checkpoints: how many of the last ones stay.
      report_seconds: seconds between lines of progress and points of the curves.
    """

    steps: int
    momentum: float
    head_gradient_factor: float
    average_decay: float
    accumulate: int
    precision: str
    checkpoint_every: int
    keep_checkpoints: int
    report_seconds: float

    def __post_init__(self) -> None:
        for name in ("steps", "accumulate", "checkpoint_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not at least 1")
        for name in ("average_decay", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not in [0, 1)")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}, not one of {', '.join(PRECISIONS)}")


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
    """Return SGD with momentum (SimPose sec. 5.1), under a moving average and a loss scale if they are asked for."""
    # Of the legacy kind, as tensorflow-addons' averages need it.
    optimizer = tf.keras.optimizers.legacy.SGD(schedule, training.momentum)
    if training.average_decay:
        optimizer = tfa.optimizers.MovingAverage(optimizer, training.average_decay, dynamic_decay=True)
    if training.precision == "mixed_float16":
        # Small gradients vanish in float16: the loss is scaled up, and a step whose gradients overflow is left out.
        return tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer


def assign_averages(optimizer: tf.keras.optimizers.legacy.Optimizer, variables: Sequence[tf.Variable]) -> None:
    """Give variables the values of their Polyak averages; leave them alone where there are none yet."""
    moving = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(moving, tfa.optimizers.MovingAverage) and int(optimizer.iterations):
        for variable in variables:
            variable.assign(moving.get_slot(variable, "average"))


@contextlib.contextmanager
def averaged(optimizer: tf.keras.optimizers.legacy.Optimizer, variables: Sequence[tf.Variable]) -> Iterator[None]:
    """Let variables hold their Polyak averages inside the block (for evaluation), and their own values after it."""
    raw = [variable.numpy() for variable in variables]
    try:
        assign_averages(optimizer, variables)
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)


@contextlib.contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Let Keras layers made inside the block compute in one of `PRECISIONS`."""
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy(precision)
    try:
        yield
    finally:
        tf.keras.mixed_precision.set_global_policy(before)
