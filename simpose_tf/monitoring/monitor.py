"""What a training run looks at every so many steps, beside its own losses; the loop calls it.

    monitor = Monitor(config, watched, progress, fixed_people)
    monitor.start(first_step)                                   # evaluates the untrained network
    for step in ...:
        batch = progress.draw(stream)                           # the wait for input is measured
        monitor.before_step(step, batch)                        # shares of tasks and domains in the gradient
        outputs = ...                                           # take the step
        progress.add(step, outputs, learning_rate, crops)
        monitor.after_step(step)                                # metrics, statistics, pictures

A step's outputs are floats: `loss` and the six terms; and, of names with a `/`, `tallies.domain_tallies` and
`gradients.gradient_norms`.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.losses import LossConfig
from simpose_tf.model.network import Network
from simpose_tf.monitoring import gradients
from simpose_tf.progress import MONITORING, Progress


@dataclass(frozen=True)
class MonitorConfig:
    """What is looked at, and how often.

    Attributes:
      gradients_every: steps between two looks at the gradient's shares; 0 for none.
      evaluate_every: steps between two evaluations of the fixed people; 0 for none.
      people: of each domain that are evaluated.
      pictures: of each domain that are drawn, the first ones.
      batch_size: people that the network sees at once.
    """

    gradients_every: int
    evaluate_every: int
    people: int
    pictures: int
    batch_size: int

    def __post_init__(self) -> None:
        if min(self.gradients_every, self.evaluate_every, self.pictures) < 0:
            raise ValueError(f"gradients_every, evaluate_every and pictures must be at least 0: {self}")
        if min(self.people, self.batch_size) < 1:
            raise ValueError(f"people and batch_size must be at least 1: {self}")


@dataclass(frozen=True)
class Watched:
    """What a monitor looks at.

    Attributes:
      network: that is trained.
      losses: weights of its tasks.
      strategy: under which it was built.
      averaged: opens a context in which the network has the weights that export takes (the Polyak average).
    """

    network: Network
    losses: LossConfig
    strategy: tf.distribute.Strategy
    averaged: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext


class Monitor:
    """Looks at a run; every worker calls it at the same steps, as it computes on all replicas."""

    def __init__(self, config: MonitorConfig, watched: Watched, progress: Progress) -> None:
        """Prepare to look; graphs are built at the first look."""
        self._config, self._watched, self._progress = config, watched, progress
        self._squares = tf.function(self._feature_squares)

    def start(self, step: int) -> None:
        """Look at the network before the first step of a run; a run that goes on (`step` > 0) was looked at."""

    def before_step(self, step: int, batch: dict[str, tf.Tensor]) -> None:
        """Write the shares in the gradient of the step that is about to be taken, where it is time.

        Args:
          step: counted from 1.
          batch: the training batch of all replicas (a `PerReplica` where there are several).
        """
        every = self._config.gradients_every
        if not every or (step - 1) % every:
            return
        with self._progress.timed(MONITORING):
            squares = self._watched.strategy.experimental_local_results(self._squares(batch))[0]
            self._progress.write(step, gradients.shares(squares.numpy()))

    def _feature_squares(self, batch: dict[str, tf.Tensor]) -> tf.Tensor:
        watched = self._watched
        return watched.strategy.run(gradients.feature_squares, args=(watched.network, batch, watched.losses))

    def after_step(self, step: int) -> None:
        """Evaluate the fixed people, compare statistics and draw, where it is time."""
