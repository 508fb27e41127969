"""What a training run looks at every so many steps, beside its own losses; the loop calls it.

    monitor = Monitor(config, watched, progress, fixed_people)
    monitor.start(step)                        # looks at the untrained network
    for step in ...:
        batch = progress.draw(stream)          # the wait for input is measured
        monitor.before_step(step, batch)       # shares of tasks and domains in the gradient
        outputs = ...                          # take the step
        progress.add(step, outputs, learning_rate, crops)
        monitor.after_step(step)               # metrics, statistics, pictures

Curves and pictures go to `Progress`, which counts the time that is spent here.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.losses import LossConfig
from simpose_tf.model.network import Network
from simpose_tf.monitoring import gradients, pictures
from simpose_tf.monitoring.evaluation import Answers, LiveNetwork, domain_distances
from simpose_tf.monitoring.people import FixedPeople
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

    def __init__(
        self, config: MonitorConfig, watched: Watched, progress: Progress, people: FixedPeople | None = None
    ) -> None:
        """Prepare to look; graphs are built at the first look.

        Args:
          config: how often.
          watched: what is looked at.
          progress: takes curves, pictures and lines.
          people: who is evaluated; None for nobody.
        """
        self._config, self._watched, self._progress, self._people = config, watched, progress, people
        self._squares = tf.function(self._feature_squares)
        self._live = LiveNetwork(watched.network, watched.strategy, config.batch_size)

    def start(self, step: int) -> None:
        """Look at the untrained network; a run that goes on (`step` > 0) was looked at."""
        if not step:
            self._look(step)

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
            self._progress.write(step, gradients.shares(squares.numpy(), self._watched.losses.terms()))

    def _feature_squares(self, batch: dict[str, tf.Tensor]) -> tf.Tensor:
        watched = self._watched
        return watched.strategy.run(gradients.feature_squares, args=(watched.network, batch, watched.losses))

    def after_step(self, step: int) -> None:
        """Evaluate the fixed people, compare statistics and draw, where it is time and after the last step."""
        every = self._config.evaluate_every
        if every and (step % every == 0 or step == self._progress.steps):
            self._look(step)

    def _look(self, step: int) -> None:
        """Write metrics, statistics and pictures of the fixed people."""
        if self._people is None or not self._config.evaluate_every:
            return
        with self._progress.timed(MONITORING):
            with self._watched.averaged():
                answers = {domain: self._live.ask(batch) for domain, batch in self._people.domains.items()}
            self._write_metrics(step, answers)
            self._write_distances(step, answers)
            self._draw(step, answers)

    def _write_metrics(self, step: int, answers: dict[str, Answers]) -> None:
        """Write and say the metrics of each domain; what nobody is labelled for has none."""
        assert self._people is not None
        for domain, of_domain in answers.items():
            values = of_domain.scores(self._people.domains[domain]).values()
            known = {name: value for name, value in values.items() if math.isfinite(value)}
            name = f"{self._people.source}_{domain}"
            self._progress.write(step, {f"{name}/{metric}": value for metric, value in known.items()})
            told = "  ".join(f"{metric} {value:.3f}" for metric, value in known.items())
            self._progress.say(f"step {step}: {name}: {told}")

    def _write_distances(self, step: int, answers: dict[str, Answers]) -> None:
        """Write how far apart the domains lie, layer by layer and on average, and a picture of it."""
        if len(answers) < 2:
            return
        distances = domain_distances(self._watched.network, answers)
        scalars = {f"bn_distance/{kind}": sum(of.values()) / len(of) for kind, of in distances.items()}
        for kind in ("kl", "gap"):
            scalars |= {f"bn_distance_{kind}/{layer}": value for layer, value in distances[kind].items()}
        self._progress.write(step, scalars)
        self._progress.write_picture(step, "bn_distance", pictures.distances(distances))

    def _draw(self, step: int, answers: dict[str, Answers]) -> None:
        """Write a sheet of each domain: truth beside prediction."""
        assert self._people is not None
        count = self._config.pictures
        for domain, of_domain in answers.items() if count else ():
            sheet = pictures.people(self._people.domains[domain], of_domain, count)
            self._progress.write_picture(step, f"{self._people.source}_{domain}", sheet)
