"""A detector's training run: built under a strategy, restored, and the loop that can be killed and goes on.

A run's folder holds `pipeline.config` (as trained), `checkpoints/` in the API's form (`model`, `optimizer`),
`summaries/` (TensorBoard) and what `simpose_tf.run_folder` records.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from object_detection import model_lib
from object_detection.builders import optimizer_builder
from object_detection.core.model import DetectionModel
from object_detection.protos.pipeline_pb2 import TrainEvalPipelineConfig

from simpose_tf import run_checkpoints
from simpose_tf.detection import models
from simpose_tf.detection.input import Batch
from simpose_tf.detection.run_settings import DetectorConfig
from simpose_tf.errors import InputError
from simpose_tf.progress import CHECKPOINT, Progress
from simpose_tf.run_checkpoints import FOLDER, latest_checkpoint

Say = Callable[[str], None]
Evaluate = Callable[[int, Progress], None]  # step, where to write

TOTAL = "loss"


class NonFiniteLossError(Exception):
    """A loss or the gradient is NaN or infinite. The message is one line that names the term and the step."""


@dataclass(frozen=True)
class Run:
    """A detector's run under a distribution strategy.

    Attributes:
      model: the API's model.
      optimizer: of the pipeline's kind; counts the steps.
      learning_rate: of the next step.
      pipeline: the API's configuration.
      config: of the run.
      strategy: over devices.
      model_dir: the run's folder.
    """

    model: DetectionModel
    optimizer: tf.keras.optimizers.legacy.Optimizer
    learning_rate: Callable[[], Any]
    pipeline: TrainEvalPipelineConfig
    config: DetectorConfig
    strategy: tf.distribute.Strategy
    model_dir: Path

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.pipeline.train_config.num_steps

    def step(self) -> int:
        """Return the number of steps taken."""
        return int(self.optimizer.iterations.numpy())

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return what a checkpoint holds; the API's own tools read it."""
        # The optimiser does not keep a count of steps that it was given, as the learning rate needs it to be.
        return tf.train.Checkpoint(model=self.model, optimizer=self.optimizer, step=self.optimizer.iterations)

    def restore(self, say: Say = print) -> int:
        """Go to the last whole checkpoint, if there is one, and return the step.

        Raises InputError if there are checkpoints, and none is whole and of this detector.
        """
        if latest_checkpoint(self.model_dir):
            path = run_checkpoints.last_whole_checkpoint(self.model_dir, say)
            try:
                self.checkpoint().restore(path).assert_existing_objects_matched()
            except (tf.errors.OpError, AssertionError, ValueError) as error:
                raise InputError(f"--model_dir: the checkpoint {path!r} is of another detector") from error
        run_checkpoints.set_aside_after(self.model_dir / FOLDER, self.step())
        return self.step()

    def save(self) -> None:
        """Write a checkpoint. Raises OSError if that fails, as on a full disk; earlier ones stay whole."""
        run_checkpoints.write(self.checkpoint(), self.model_dir / FOLDER, self.step(), self.config.keep_checkpoints)


def build_run(
    pipeline: TrainEvalPipelineConfig, config: DetectorConfig, strategy: tf.distribute.Strategy, model_dir: Path
) -> Run:
    """Build the detector and its optimiser under a strategy.

    Raises:
      InputError: the API knows no such model or optimiser.
    """
    with strategy.scope():
        model = models.build(pipeline, training=True)
        step = tf.Variable(0, dtype=tf.int64, trainable=False)
        try:
            optimizer, (learning_rate, *_) = optimizer_builder.build(pipeline.train_config.optimizer, step)
        except ValueError as error:
            raise InputError(f"pipeline: train_config.optimizer: {error}") from error
        optimizer.iterations = step
        optimizer._create_all_weights(models.learnt_variables(model, pipeline.train_config.freeze_variables))
    rate = learning_rate if callable(learning_rate) else lambda: learning_rate
    return Run(model, optimizer, rate, pipeline, config, strategy, model_dir)


def losses_of(model: DetectionModel, batch: Batch) -> dict[str, tf.Tensor]:
    """Return the terms of the API's loss of a replica's batch by name, and their sum `loss`."""
    features, labels = batch
    model_lib.provide_groundtruth(model, model_lib.unstack_batch(labels))
    images, shapes = features["image"], features["true_image_shape"]
    terms = {name.split("/")[-1]: value for name, value in model.loss(model.predict(images, shapes), shapes).items()}
    decay = model.regularization_losses()
    terms |= {"weight_decay": tf.add_n(decay)} if decay else {}
    return {**terms, TOTAL: tf.add_n(list(terms.values()))}


def train_step(run: Run, batch: Batch) -> dict[str, tf.Tensor]:
    """Take a step of one replica and return the terms of its loss, each replica's over the number of replicas.

    The gradients of the replicas are added. That is the gradient of the mean over replicas: the API's loss divides by
    the boxes that a replica's own pictures match, so one replica with all pictures weighs them a little otherwise.
    """
    replicas, train = run.strategy.num_replicas_in_sync, run.pipeline.train_config
    learnt = models.learnt_variables(run.model, train.freeze_variables)
    with tf.GradientTape() as tape:
        terms = {name: value / replicas for name, value in losses_of(run.model, batch).items()}
    # With parameter servers Keras insists on adding gradients itself, after they were clipped.
    by_keras = isinstance(run.strategy, tf.distribute.ParameterServerStrategy)
    gradients = tape.gradient(terms[TOTAL], learnt)
    gradients = gradients if by_keras else summed(gradients)
    norm = tf.linalg.global_norm(gradients)
    if train.gradient_clipping_by_norm > 0:
        gradients, _ = tf.clip_by_global_norm(gradients, train.gradient_clipping_by_norm, norm)
    run.optimizer.apply_gradients(zip(gradients, learnt, strict=True), experimental_aggregate_gradients=by_keras)
    return summed(terms) | {"gradient_norm/all": norm}


def summed(values: Any) -> Any:
    """Return values added over the replicas."""
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values) if context else values


def step_function(run: Run) -> Callable[[Any], dict[str, tf.Tensor]]:
    """Return what takes a step on a batch of all replicas and tells its terms."""

    @tf.function
    def take_step(batch: Any) -> dict[str, tf.Tensor]:
        with models.mode(run.model, training=True):
            told = run.strategy.run(lambda one: train_step(run, one), args=(batch,))
        return {name: run.strategy.experimental_local_results(value)[0] for name, value in told.items()}

    return take_step


def train(
    run: Run,
    batches: Callable[[int], tf.data.Dataset],
    say: Say = print,
    evaluate: Evaluate | None = None,
) -> None:
    """Train from the step where the run stands to its last one.

    Args:
      run: restored.
      batches: `batches(k)` is the endless stream of replica batches from step k on.
      say: takes lines of progress.
      evaluate: is called after every `evaluate_every` steps and after the last one.

    Raises:
      NonFiniteLossError: a term or the gradient is not finite; the checkpoints are those of before.
      OSError: a checkpoint or a curve cannot be written; the checkpoints are those of before.
    """
    first, config = run.step(), run.config
    stream = iter(run.strategy.distribute_datasets_from_function(lambda _: batches(first)))
    take_step = step_function(run)
    pictures = run.pipeline.train_config.batch_size * run.strategy.num_replicas_in_sync
    progress = Progress(run.model_dir / "summaries", run.steps, config.report_seconds, say)
    try:
        for step in range(first + 1, run.steps + 1):
            rate = float(run.learning_rate())
            terms = {name: float(value) for name, value in take_step(progress.draw(stream)).items()}
            require_finite(terms, step)
            progress.add(step, terms, rate, pictures)
            keep(run, step, progress, evaluate)
    finally:
        progress.close()


def keep(run: Run, step: int, progress: Progress, evaluate: Evaluate | None) -> None:
    """Write a checkpoint and measure the detector, if it is time for either."""
    config, last = run.config, step == run.steps
    if last or step % config.checkpoint_every == 0:
        with progress.timed(CHECKPOINT):
            run.save()
    if evaluate and (last or (config.evaluate_every and step % config.evaluate_every == 0)):
        evaluate(step, progress)


def require_finite(terms: dict[str, float], step: int) -> None:
    """Raise NonFiniteLossError if a term of the loss, or the gradient, is NaN or infinite."""
    for name, value in terms.items():
        if not math.isfinite(value):
            what = "the gradient" if "/" in name else f"the term {name!r}"
            raise NonFiniteLossError(
                f"step {step}: {what} is {value}; lower the learning rate of the pipeline, and run again: it goes on "
                "at the last checkpoint"
            )
