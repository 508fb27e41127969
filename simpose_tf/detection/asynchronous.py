"""Asynchronous training as in the paper (SimPose sec. 5.1): workers take steps on their own, parameters lie on servers.

`TF_CONFIG` names a cluster of one `chief`, some `worker` and some `ps`; every process gets the same command. The chief
schedules steps and writes checkpoints, curves and lines; workers and servers serve until they are ended by
a signal, as TensorFlow's servers do.
"""

import json
import os
from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.data.recordfiles import RecordFiles
from simpose_tf.detection import input as detector_input
from simpose_tf.detection import trainer
from simpose_tf.detection.trainer import Run, Say
from simpose_tf.errors import InputError
from simpose_tf.progress import Progress

_JOBS = {"chief", "worker", "ps"}


@dataclass(frozen=True)
class Role:
    """What a process is in the cluster: its job, and the number of workers."""

    job: str
    workers: int


def role() -> Role:
    """Return this process's role by `TF_CONFIG`. Raises InputError unless that is such a cluster."""
    try:
        config = json.loads(os.environ.get("TF_CONFIG") or "{}")
        cluster, job = config["cluster"], config["task"]["type"]
        counts = {name: len(hosts) for name, hosts in cluster.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"TF_CONFIG: --parameter_server asks for cluster and task ({error!r})") from error
    if set(counts) != _JOBS or job not in _JOBS or counts["chief"] != 1 or min(counts.values()) < 1:
        raise InputError(f"TF_CONFIG: --parameter_server asks for one chief, workers and ps, not {counts} and {job!r}")
    return Role(job, counts["worker"])


def serve() -> None:
    """Be a worker or a parameter server; does not return."""
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    server = tf.distribute.Server(
        resolver.cluster_spec(), resolver.task_type, resolver.task_id, protocol=resolver.rpc_layer or "grpc"
    )
    server.join()


def strategy() -> tf.distribute.ParameterServerStrategy:
    """Return the chief's strategy; waits for the others."""
    return tf.distribute.ParameterServerStrategy(tf.distribute.cluster_resolver.TFConfigClusterResolver())


def train(
    run: Run,
    found: dict[str, RecordFiles],
    seed: int,
    say: Say = print,
    evaluate: trainer.Evaluate | None = None,
) -> None:
    """Train from the step where the run stands to its last one; arguments and what is raised as in `trainer.train`.

    Rounds of steps are scheduled between reports, checkpoints and evaluations; a round's lines are its means.
    """
    first, config = run.step(), run.config
    coordinator = tf.distribute.coordinator.ClusterCoordinator(run.strategy)
    streams = iter(coordinator.create_per_worker_dataset(lambda: _per_worker(run, found, seed + first)))
    take_step, size = trainer.step_function(run), run.pipeline.train_config.batch_size

    @tf.function
    def draw_and_step(stream: tf.data.Iterator) -> dict[str, tf.Tensor]:
        # What is handed out to workers has forgotten the size of a batch, which the API's loss asks for.
        return take_step(tf.nest.map_structure(lambda t: tf.ensure_shape(t, (size, *t.shape[1:])), next(stream)))

    progress = Progress(run.model_dir / "summaries", run.steps, config.report_seconds, say)
    try:
        step = first
        while step < run.steps:
            rate, count = float(run.learning_rate()), _round(step, run)
            results = [coordinator.schedule(draw_and_step, args=(streams,)) for _ in range(count)]
            coordinator.join()
            for result in results:
                step += 1
                terms = {name: float(value) for name, value in result.fetch().items()}
                trainer.require_finite(terms, step)
                progress.add(step, terms, rate, run.pipeline.train_config.batch_size)
            trainer.keep(run, step, progress, evaluate)
    finally:
        progress.close()


_LONGEST_ROUND = 50


def _round(step: int, run: Run) -> int:
    """Return how many steps to schedule before the next checkpoint, evaluation or look at the losses."""
    every = [n for n in (run.config.checkpoint_every, run.config.evaluate_every) if n]
    return min(_LONGEST_ROUND, run.steps - step, *(n - step % n for n in every))


def _per_worker(run: Run, found: dict[str, RecordFiles], seed: int) -> tf.data.Dataset:
    """Return a worker's own stream: every worker shuffles all files, in an order of its own."""

    def batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        key = seed * 1000 + context.input_pipeline_id
        return detector_input.streamed_batches(found, run.model, run.pipeline, run.config, key)

    return run.strategy.distribute_datasets_from_function(batches)
