"""Measure what a training crop costs the input pipeline, by step, against decoding its pictures alone.

    python -m simpose_tf.bench_data --gin_file=gin_configs/simpose.gin --sim_records=GLOB --real_records=GLOB

CPU time of the whole process, all threads, on one core; then crops per second on all cores. "decode" is the bare
decode: what OpenCV takes for the pictures of these very records that a crop needs. Rounds of both alternate and medians
are told, so that other work on the machine touches both. With --crops, that many crops are drawn at last, and resident
memory is told at each tenth.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from simpose_tf import app, configurables
from simpose_tf.data import augmentation as augment
from simpose_tf.data import crops, pipeline, schema, targets
from simpose_tf.data.augmentation import AugmentationConfig, Variation
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.pipeline import PipelineConfig
from simpose_tf.data.source import CropSource

FLAGS = flags.FLAGS

_PICTURES = ("image", "mask", "ignore", "iuv", "normal")  # those that a crop needs
_ROUND_SECONDS = 2.0
_SAMPLE_SECONDS = 0.6  # of CPU; all that the sample holds lies in memory
_IDLE_SECONDS, _IDLE_SHARE = 0.3, 0.03  # a process that uses less of a core for so long is idle
_LONGEST_SECONDS = 10.0  # of waiting for that
_ROW = "{:44s} {:8.2f}"


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
      crop, augmentation, pipeline: the settings.
      source: of the crops.
      dataset: the stream of batches.
    """

    crop: CropConfig
    augmentation: AugmentationConfig
    pipeline: PipelineConfig
    source: CropSource
    dataset: tf.data.Dataset


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_string("sim_records", None, "Glob of simulated people (tfrecord_tools.render_sim).")
    flags.DEFINE_string("real_records", None, "Glob of real people (tfrecord_tools.coco_person).")
    flags.DEFINE_integer("seed", 0, "Of the order and augmentation of the crops.", 0, 2**32 - 1)
    flags.DEFINE_integer("rounds", 7, "Rounds whose median is told.", 1)
    flags.DEFINE_integer("crops", 0, "Crops to draw while watching resident memory; 0 for none.", 0)


def main() -> None:
    """Print the measurements."""
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    bench = build()
    every = sorted(os.sched_getaffinity(0))
    share = float(bench.pipeline.exact_share)
    app.say(
        f"crops of {bench.crop.height} x {bench.crop.width}, labels at every {bench.crop.label_stride}. pixel, "
        f"{share:.0%} simulated; {len(every)} cores"
    )
    _pin(every[:1])
    for line in one_core(bench, FLAGS.rounds):
        app.say(line)
    _pin(every)
    app.say(_ROW.format(f"crops/s on all {len(every)} cores", throughput(bench, FLAGS.rounds)))
    if FLAGS.crops:
        for line in memory(bench, FLAGS.crops):
            app.say(line)


def build() -> Bench:
    """Return what the flags ask to be measured. Raises InputError for bad settings or records."""
    settings = tuple(configurables.get(cls) for cls in (CropConfig, AugmentationConfig, PipelineConfig))
    records = FLAGS.sim_records, FLAGS.real_records
    source = pipeline.crop_source(*records, settings[0], settings[2], FLAGS.seed)
    return Bench(*settings, source, pipeline.train_batches(*records, *settings, FLAGS.seed))


def one_core(bench: Bench, rounds: int) -> list[str]:
    """Return the lines of the table of one core, milliseconds of CPU per crop."""
    steps, sample = steps_of(bench), _sample(bench)
    stream, size = iter(bench.dataset), bench.pipeline.batch_size
    times: dict[str, list[float]] = {name: [] for name in (*steps, "whole")}
    for counted in (False, *[True] * rounds):  # the first round warms up
        spent = {"whole": _cpu(lambda: [next(stream) for _ in range(len(sample) // size)], settled=True)}
        spent |= {name: _cpu(lambda step=step: [step(one) for one in sample]) for name, step in steps.items()}
        for name in spent if counted else ():
            times[name].append(spent[name] / len(sample))
    medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
    ratio = statistics.median(whole / bare for whole, bare in zip(times["whole"], times["decode"], strict=True))
    batch = next(stream)
    device = 1000 * statistics.median(_cpu(lambda: targets.expand(batch, bench.crop)) for _ in range(3))
    return table(medians, ratio, device / bench.pipeline.batch_size)


def table(medians: dict[str, float], ratio: float, device: float) -> list[str]:
    """Return lines of what was measured.

    Args:
      medians: milliseconds of a crop, by step, and `whole`, of the pipeline.
      ratio: of the whole to the bare decode.
      device: milliseconds of a crop where the network is.
    """
    named = sum(value for name, value in medians.items() if name != "whole")
    lines = ["CPU milliseconds per crop on one core:"]
    lines += [_ROW.format(name, value) for name, value in medians.items() if name != "whole"]
    lines.append(_ROW.format("batches, threads, copies: the rest", max(0.0, medians["whole"] - named)))
    lines.append(_ROW.format("the whole pipeline", medians["whole"]))
    lines.append(_ROW.format("the whole / the bare decode", ratio))
    lines.append(_ROW.format("targets, flipped labels (in the train step)", device))
    lines.append(_ROW.format("crops/s on one core", 1000 / medians["whole"]))
    return lines


@dataclass(frozen=True)
class _Sample:
    """One crop's material after each step."""

    number: int
    found: object
    data: bytes
    fields: dict
    pictures: dict[str, np.ndarray]
    variation: Variation
    matrix: np.ndarray
    cut: np.ndarray


def _sample(bench: Bench) -> list[_Sample]:
    """Return the first crops of the stream, taken apart: a batch, and more if they are small."""
    samples: list[_Sample] = []
    start = time.process_time()
    while not samples or len(samples) % bench.pipeline.batch_size or time.process_time() - start < _SAMPLE_SECONDS:
        domain, position = bench.source.mix.place(len(samples))
        stream = bench.source.streams[domain]
        number = stream.number(position)
        variation = augment.draw(FLAGS.seed, len(samples), bench.augmentation)
        data = stream.found.read(number)
        fields = schema.read(data)
        pictures = _decode(fields)
        frame = variation.enlargement, bench.crop, variation.angle_deg, variation.flip
        matrix = crops.record_from_crop(fields["box_yxyx"], *frame)
        cut = crops.warp_image(pictures["image"], matrix, bench.crop)
        samples.append(_Sample(number, stream.found, data, fields, pictures, variation, matrix, cut))
    return samples


def _decode(fields: dict) -> dict[str, np.ndarray]:
    dense = "iuv" in fields and "normal" in fields
    names = [name for name in _PICTURES if name in fields and (dense or name not in ("iuv", "normal"))]
    return {name: schema.decode_picture(fields[name], name) for name in names}


def steps_of(bench: Bench) -> dict[str, Callable[[_Sample], object]]:
    """Return what the pipeline does to one crop, step by step."""

    def labels(one: _Sample) -> list[np.ndarray]:
        return [crops.warp_labels(one.pictures[n], one.matrix, bench.crop) for n in one.pictures if n != "image"]

    return {
        "read": lambda one: one.found.read(one.number),
        "parse": lambda one: schema.read(one.data),
        "decode": lambda one: _decode(one.fields),
        "warp the picture (enlarge, turn, flip)": lambda one: crops.warp_image(
            one.pictures["image"], one.matrix, bench.crop
        ),
        "warp the labels": labels,
        "change the colours": lambda one: augment.change_colors(one.cut, one.variation),
        "draw the augmentation": lambda one: augment.draw(FLAGS.seed, one.number, bench.augmentation),
    }


def throughput(bench: Bench, rounds: int) -> float:
    """Return the median over rounds of crops per second, on the cores that may be used."""
    stream, rates = iter(bench.dataset), []
    next(stream)
    for _ in range(rounds):
        start, count = time.monotonic(), 0
        while time.monotonic() - start < _ROUND_SECONDS:
            next(stream)
            count += bench.pipeline.batch_size
        rates.append(count / (time.monotonic() - start))
    return statistics.median(rates)


def memory(bench: Bench, count: int) -> list[str]:
    """Draw `count` crops; return lines of resident memory at each tenth."""
    stream, lines, drawn = iter(bench.dataset), [], 0
    for tenth in range(11):
        while drawn < count * tenth // 10:
            next(stream)
            drawn += bench.pipeline.batch_size
        lines.append(f"{drawn:8d} crops: {resident_mib():8.0f} MiB resident")
    return lines


def resident_mib() -> float:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu(work: Callable[[], object], settled: bool = False) -> float:
    """Return the CPU seconds of the process, all threads, over some work.

    With `settled`, over the work of threads that refill buffers afterwards, too.
    """
    start = time.process_time()
    work()
    if settled:
        _settle()
    return time.process_time() - start


def _settle() -> None:
    """Wait until no thread works any more: all buffers are full."""
    last, start = -1.0, time.monotonic()
    while time.process_time() - last > _IDLE_SHARE * _IDLE_SECONDS and time.monotonic() - start < _LONGEST_SECONDS:
        last = time.process_time()
        time.sleep(_IDLE_SECONDS)


def _pin(cores: list[int]) -> None:
    """Let all threads of the process run on these cores alone."""
    for task in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(task), cores)


if __name__ == "__main__":
    define_flags()
    app.run(main)
