"""Measure how much of the machine's matrix product a training step uses, and how long it waits for input.

    python -m simpose_tf.bench_train [--gin_file=gin_configs/simpose.gin] [--sim_records=GLOB --real_records=GLOB]

Without `--gin_file` the paper's network and the quickstart's are measured, one after the other. A network's work is
its convolutions', counted in its graph, and three times that in training (forward, and both gradients); batch
normalisation, losses and optimiser count as no work, but their time counts. The peak is that of a large matrix product
on all cores, or the card, in the same number format. Both are measured in turns, in rounds of seconds, and the median
of the rounds' shares is told, so that other work on the machine, which slows both, says little. Where it is busy all
the time, the share per CPU second is the firmer one: it leaves out the time in which the cores did something else.
Without records the crops are random numbers, always the same ones, and nothing is said about input.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from absl import flags

from simpose_tf import app, configurables, train, trainer
from simpose_tf.data import pipeline
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.pipeline import PipelineConfig
from simpose_tf.errors import InputError
from simpose_tf.model.network import Network
from simpose_tf.optimization import TrainingConfig

FLAGS = flags.FLAGS

_GIN_CONFIGS = Path(__file__).parent.parent / "gin_configs"
DEFAULT_FILES = (_GIN_CONFIGS / "simpose.gin", _GIN_CONFIGS / "quickstart.gin")

# A convolution's gradients with respect to its input and to its kernel cost as much as itself, each.
TRAINING_PER_FORWARD = 3
# Without a card a step should take seconds: as much forward work as a batch may ask for, FLOP.
_CPU_STEP_FLOPS = 3e11
_ROUND_SECONDS = 2.0
_PRODUCT_FLOPS = {"CPU": 2e11, "GPU": 2e13}  # of the products between two steps
_PRODUCT_SIZE = {"CPU": 2048, "GPU": 8192}


@dataclass(frozen=True)
class Round:
    """What was measured in a few seconds. `cpu` counts the seconds of all cores that this process had.

    Attributes:
      steps: taken.
      step_seconds, step_cpu: of the steps, waiting for input not counted.
      wait_seconds: for the steps' batches.
      peak: FLOP/s of matrix products, before and after the steps.
      peak_per_cpu: FLOP per CPU second of the same.
    """

    steps: int
    step_seconds: float
    step_cpu: float
    wait_seconds: float
    peak: float
    peak_per_cpu: float


@dataclass(frozen=True)
class Timing:
    """All rounds.

    Attributes:
      crops: in a step, over all replicas.
      crop_flops: of a crop's forward convolutions.
      rounds: what was measured.
    """

    crops: int
    crop_flops: float
    rounds: list[Round]

    @property
    def step_flops(self) -> float:
        """FLOP of a step's work."""
        return TRAINING_PER_FORWARD * self.crop_flops * self.crops

    @property
    def step_seconds(self) -> float:
        """Seconds of a step."""
        return statistics.median(r.step_seconds / r.steps for r in self.rounds)

    @property
    def waiting(self) -> float:
        """Share of the time that was waited for input."""
        waited = sum(r.wait_seconds for r in self.rounds)
        return waited / (waited + sum(r.step_seconds for r in self.rounds))

    @property
    def peak(self) -> float:
        """FLOP/s of matrix products."""
        return statistics.median(r.peak for r in self.rounds)

    @property
    def share_of_peak(self) -> float:
        """The steps' FLOP/s in those of matrix products."""
        return statistics.median(self.step_flops * r.steps / r.step_seconds / r.peak for r in self.rounds)

    @property
    def share_per_cpu(self) -> float:
        """The same of FLOP per CPU second."""
        return statistics.median(self.step_flops * r.steps / r.step_cpu / r.peak_per_cpu for r in self.rounds)


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_integer(
        "batch_size", None, "Crops in a replica's batch. Default: the settings'; without a GPU fewer of large ones.", 1
    )
    flags.DEFINE_integer("rounds", 5, "Rounds of matrix products and steps; each takes a step at least.", 1)
    flags.DEFINE_string("sim_records", None, "Glob of simulated people: measure with the input pipeline.")
    flags.DEFINE_string("real_records", None, "Glob of real people.")


def main() -> None:
    """Measure each network and print what was found."""
    tf.get_logger().setLevel("ERROR")
    for gin_files in [FLAGS.gin_file] if FLAGS.gin_file else [[str(path)] for path in DEFAULT_FILES]:
        configurables.load(gin_files, FLAGS.gin_param)
        app.say(" + ".join(Path(path).name for path in gin_files))
        for line in told(measure(train.checked_settings()), reads_records()):
            app.say(f"  {line}")


def reads_records() -> bool:
    """Return whether the flags name records."""
    return bool(FLAGS.sim_records or FLAGS.real_records)


def measure(settings: dict[type, Any]) -> Timing:
    """Build a run of these settings and time its steps. Raises InputError for bad records."""
    strategy = tf.distribute.MirroredStrategy()
    tf.keras.utils.set_random_seed(0)
    run = train.build_run(settings, strategy, Path())
    crop_flops = forward_flops(run.model.network)
    size = FLAGS.batch_size or default_batch(settings[PipelineConfig].batch_size, crop_flops)
    if size % settings[TrainingConfig].accumulate:
        raise InputError(f"--batch_size: {size} is no multiple of TrainingConfig.accumulate")
    batches = record_batches(settings, size) if reads_records() else random_batches(settings, size)
    stream = iter(strategy.distribute_datasets_from_function(lambda _: batches))
    replicas = strategy.num_replicas_in_sync
    peak = matrix_product(_dtype(settings[TrainingConfig].precision), replicas)
    return timed(run, stream, peak, (size * replicas, crop_flops))


def timed(
    run: trainer.Run, stream: Iterator, peak: Callable[[], tuple[float, float]], work: tuple[int, float]
) -> Timing:
    """Take matrix products and steps in turns.

    Args:
      run: untrained.
      stream: of batches for all replicas.
      peak: returns FLOP/s and FLOP per CPU second of matrix products.
      work: crops in a step, FLOP of a crop.
    """
    take_step = run.step_function()
    _steps(take_step, stream)  # builds the graph
    peaks, rounds = [peak()], []
    for _ in range(FLAGS.rounds):
        taken = _steps(take_step, stream)
        peaks.append(peak())
        rounds.append(Round(*taken, *(sum(pair) / 2 for pair in zip(*peaks[-2:], strict=True))))
    return Timing(*work, rounds)


def _steps(take_step: Callable[[Any], dict[str, tf.Tensor]], stream: Iterator) -> tuple[int, float, float, float]:
    """Take steps for some seconds; return their number, seconds, CPU seconds and the seconds that were waited."""
    number, seconds, cpu, waited = 0, 0.0, 0.0, 0.0
    while not number or seconds < _ROUND_SECONDS:
        start = time.perf_counter()
        batch = next(stream)
        drawn, drawn_cpu = time.perf_counter(), time.process_time()
        for value in take_step(batch).values():
            value.numpy()  # a card works on after the call
        number, waited = number + 1, waited + drawn - start
        seconds, cpu = seconds + time.perf_counter() - drawn, cpu + time.process_time() - drawn_cpu
    return number, seconds, cpu, waited


def told(timing: Timing, with_input: bool) -> list[str]:
    """Return lines that tell what was measured."""
    forward, seconds = timing.crop_flops, timing.step_seconds
    waiting = f"{timing.waiting:.1%} of the time" if with_input else "not measured; name --sim_records, --real_records"
    return [
        f"a crop            {forward / 1e9:.1f} GFLOP forward, {TRAINING_PER_FORWARD * forward / 1e9:.1f} in training",
        f"matrix product    {timing.peak / 1e9:.0f} GFLOP/s (the machine's peak)",
        f"training          {1 / seconds:.3g} steps/s of {timing.crops} crops, {timing.crops / seconds:.3g} crops/s, "
        f"{timing.step_flops / seconds / 1e9:.0f} GFLOP/s",
        f"share of the peak {timing.share_of_peak:.0%}; per CPU second {timing.share_per_cpu:.0%}",
        f"input waited for  {waiting}",
    ]


def forward_flops(network: Network) -> float:
    """Return the FLOP (two per multiplication) of the convolutions of one crop's maps, counted in their graph."""
    image = tf.TensorSpec((1, network.crop.height, network.crop.width, 3), tf.float32)
    domain = tf.TensorSpec((1,), tf.int32)
    graph = tf.function(lambda i, d: network(i, training=True, domain=d)).get_concrete_function(image, domain).graph
    return sum(convolution_flops(op) for op in graph.get_operations() if op.type == "Conv2D")


def convolution_flops(op: tf.Operation) -> float:
    """Return the FLOP of a `Conv2D` of static shape; of a dilated one those of its cells, not of its padded pieces."""
    output = op.outputs[0]
    pieces = [consumer for consumer in output.consumers() if consumer.type == "BatchToSpaceND"]
    cells = (pieces[0].outputs[0] if pieces else output).shape[:3].num_elements()
    return 2.0 * cells * op.inputs[1].shape.num_elements()


def default_batch(wanted: int, crop_flops: float) -> int:
    """Return the settings' batch on a card, and without one what a step of seconds has room for, at least 1."""
    if tf.config.list_physical_devices("GPU"):
        return wanted
    return max(1, min(wanted, int(_CPU_STEP_FLOPS / crop_flops)))


def matrix_product(dtype: tf.DType, replicas: int) -> Callable[[], tuple[float, float]]:
    """Return what measures large square matrix products on the first device: FLOP/s of all replicas, and per CPU s."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    size = _PRODUCT_SIZE[kind]
    with tf.device(f"{kind}:0"):
        left, right = (tf.cast(tf.random.stateless_uniform((size, size), (0, i)) / size, dtype) for i in range(2))
    count = max(1, round(_PRODUCT_FLOPS[kind] / (2 * size**3)))

    @tf.function
    def products() -> tf.Tensor:
        product = left
        for _ in tf.range(count):
            product = tf.matmul(product, right)
        return product[0, 0]

    flops = count * 2.0 * size**3
    products().numpy()

    def measured() -> tuple[float, float]:
        start, start_cpu = time.perf_counter(), time.process_time()
        products().numpy()
        seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
        return replicas * flops / seconds, flops / cpu

    return measured


def record_batches(settings: dict[type, Any], size: int) -> tf.data.Dataset:
    """Return the run's own stream of replica batches. Raises InputError for bad records."""
    mixed = pipeline.PipelineConfig(**{**vars(settings[PipelineConfig]), "batch_size": size})
    crop, augmentation = settings[CropConfig], settings[AugmentationConfig]
    return pipeline.train_batches(FLAGS.sim_records, FLAGS.real_records, crop, augmentation, mixed, seed=0)


def random_batches(settings: dict[type, Any], size: int) -> tf.data.Dataset:
    """Return one batch of random crops for ever, of both domains alternately."""
    rng, crop = np.random.default_rng(0), settings[CropConfig]
    batch = {name: _random(rng, (size, *spec.shape), spec.dtype) for name, spec in pipeline.crop_spec(crop).items()}
    batch["image"] = tf.cast(batch["image"], tf.float32)
    batch["domain"] = tf.range(size) % 2
    batch["has_dense"] = tf.cast(batch["domain"], tf.float32)
    batch["record_from_crop"] = tf.eye(3, batch_shape=[size])
    part = tf.cast(rng.integers(0, 25, batch["mask"].shape), tf.uint16)
    batch["iuv"] = tf.concat([part[..., None], batch["iuv"][..., 1:]], -1)
    return tf.data.Dataset.from_tensors(batch).repeat()


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: tf.DType) -> tf.Tensor:
    top = {tf.uint8: 256, tf.uint16: 65536}.get(dtype, 3)
    return tf.cast(rng.integers(0, top, shape), dtype)


def _dtype(precision: str) -> tf.DType:
    """Return the number format of convolutions under one of `optimization.PRECISIONS`."""
    return tf.as_dtype(precision.removeprefix("mixed_"))


if __name__ == "__main__":
    define_flags()
    app.run(main)
