"""Measure how much of the machine's matrix product a training step uses, and how long it waits for input.

    python -m simpose_tf.bench_train [--gin_file=gin_configs/simpose.gin] [--sim_records=GLOB --real_records=GLOB]

Without `--gin_file` the paper's network and the quickstart's are measured, one after the other. A network's work is
its convolutions', counted in its graph, and three times that in training (forward, and both gradients); batch
normalisation, losses and optimiser count as no work, but their time counts. The peak is that of a large matrix product
on all cores, or the card, in the same number format, taken in turns with the steps: other work slows both.
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
_PRODUCT_FLOPS = {"CPU": 2e11, "GPU": 2e13}  # of the products between two steps
_PRODUCT_SIZE = {"CPU": 2048, "GPU": 8192}


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Attributes:
      crops: in a step, over all replicas.
      crop_flops: of a crop's forward convolutions.
      step_seconds: of each step, waiting for input not counted.
      wait_seconds: for each step's batch.
      peaks: FLOP/s of matrix products, taken between the steps; of all replicas.
    """

    crops: int
    crop_flops: float
    step_seconds: list[float]
    wait_seconds: list[float]
    peaks: list[float]

    @property
    def steps_per_second(self) -> float:
        """With the time that was waited."""
        return len(self.step_seconds) / (sum(self.step_seconds) + sum(self.wait_seconds))

    @property
    def waiting(self) -> float:
        """Share of the time that was waited."""
        return sum(self.wait_seconds) * self.steps_per_second / len(self.step_seconds)

    @property
    def flops(self) -> float:
        """FLOP/s of the steps' work."""
        return TRAINING_PER_FORWARD * self.crop_flops * self.crops / statistics.median(self.step_seconds)

    @property
    def share_of_peak(self) -> float:
        """Of the matrix products' speed; medians, so that one disturbance does not decide."""
        return self.flops / statistics.median(self.peaks)


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_integer(
        "batch_size", None, "Crops in a replica's batch. Default: the settings'; without a GPU fewer of large ones.", 1
    )
    flags.DEFINE_integer("steps", 5, "Steps that are timed, after one that builds the graph.", 1)
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
    peak = matrix_product(_dtype(settings[TrainingConfig].precision))
    stream = iter(strategy.distribute_datasets_from_function(lambda _: batches))
    replicas = strategy.num_replicas_in_sync
    return timed(run, stream, lambda: replicas * peak(), (size * replicas, crop_flops))


def timed(run: trainer.Run, stream: Iterator, peak: Callable[[], float], work: tuple[int, float]) -> Timing:
    """Take steps and matrix products in turns.

    Args:
      run: untrained.
      stream: of batches for all replicas.
      peak: returns FLOP/s of matrix products.
      work: crops in a step, FLOP of a crop.
    """
    take_step, steps, waits, peaks = run.step_function(), [], [], [peak()]
    for number in range(FLAGS.steps + 1):
        start = time.perf_counter()
        batch = next(stream)
        drawn = time.perf_counter()
        for value in take_step(batch).values():
            value.numpy()  # a card works on after the call
        if number:  # the first one builds the graph
            waits.append(drawn - start)
            steps.append(time.perf_counter() - drawn)
            if len(peaks) <= 5 or number == FLAGS.steps:
                peaks.append(peak())
    return Timing(*work, steps, waits, peaks)


def told(timing: Timing, with_input: bool) -> list[str]:
    """Return lines that tell what was measured."""
    peak, forward = statistics.median(timing.peaks), timing.crop_flops
    seconds = statistics.median(timing.step_seconds)
    per_crop = f"{forward / 1e9:.1f} GFLOP forward, {TRAINING_PER_FORWARD * forward / 1e9:.1f} in training"
    waiting = f"{timing.waiting:.1%} of the time" if with_input else "not measured; name --sim_records, --real_records"
    return [
        f"a crop            {per_crop}",
        f"matrix product    {peak / 1e9:.0f} GFLOP/s (the machine's peak)",
        f"training          {1 / seconds:.3g} steps/s of {timing.crops} crops, {timing.crops / seconds:.3g} crops/s, "
        f"{timing.flops / 1e9:.0f} GFLOP/s",
        f"share of the peak {timing.share_of_peak:.0%}",
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


def matrix_product(dtype: tf.DType) -> Callable[[], float]:
    """Return what measures the FLOP/s of large square matrix products on the first device."""
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

    products().numpy()

    def flops_per_second() -> float:
        start = time.perf_counter()
        products().numpy()
        return count * 2 * size**3 / (time.perf_counter() - start)

    return flops_per_second


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
