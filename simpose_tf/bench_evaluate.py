"""Measure DensePose's evaluation at the size of COCO's minival, and against a plain loop over detections.

    python -m simpose_tf.bench_evaluate --output=DIR

DIR receives made-up files (`densepose.synthetic`; 1.5 GB of distances, which are kept for the next call), so the
official ones are not needed. Each measurement is a process of its own on one core: seconds by the clock and of CPU, and
the most memory it held, pages of the mapped distances included. The plain loop does a part of the pictures and must
come to the same numbers.
"""

import concurrent.futures
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags
from scipy.spatial.distance import cdist

from simpose_tf import app, files
from simpose_tf.densepose import evaluation, references, synthetic
from simpose_tf.densepose.annotations import TruePerson, read_annotations
from simpose_tf.densepose.evaluation import Files, Rules
from simpose_tf.densepose.results import Detection, read_results
from simpose_tf.errors import InputError
from simpose_tf.metrics import gps
from simpose_tf.surface.chart_vertices import ChartVertices
from simpose_tf.surface.evaluation_files import CONVERTED_FILE
from simpose_tf.surface.reference import open_reference

FLAGS = flags.FLAGS
_SAME = 1e-12  # two similarities
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Cost:
    """What a measurement took: seconds by the clock and of CPU, most bytes of memory; what it found."""

    seconds: float
    cpu: float
    bytes: int
    found: Any


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("output", None, "Folder for the made-up files.")
    flags.DEFINE_integer("pictures", 1500, "Pictures.", 1)
    flags.DEFINE_integer("people", 3, "People in each.", 1)
    flags.DEFINE_integer("detections", 5, "Detections in each.", 1)
    flags.DEFINE_integer("vertices", synthetic.VERTICES, "Vertices of the body.", 13380)
    flags.DEFINE_integer("plain_pictures", 20, "Pictures that the plain loop does.", 1)
    flags.DEFINE_integer("seed", 0, "Of the made-up people.", 0)


def main() -> None:
    """Make the files, print the measurements."""
    folder = files.output_folder(FLAGS.output, "--output")
    amount = synthetic.Amount(FLAGS.pictures, FLAGS.people, FLAGS.detections, FLAGS.vertices)
    few = synthetic.Amount(min(FLAGS.plain_pictures, FLAGS.pictures), FLAGS.people, FLAGS.detections, FLAGS.vertices)
    paths, few_paths = make(folder, "all", amount), make(folder, "few", few)
    app.say(f"{amount.pictures} pictures, {amount.people} people and {amount.detections} detections each, one core")
    for kinds in (("gps",), evaluation.KINDS):
        cost = alone(run, kinds, paths)
        app.say(f"{','.join(kinds):14s} {cost.seconds:7.1f} s {cost.cpu:7.1f} s of CPU {cost.bytes / 1e9:6.2f} GB")
    ours, plain = alone(similarities, few_paths), alone(plain_similarities, few_paths)
    if np.abs(np.subtract(ours.found, plain.found)).max() > _SAME:
        raise InputError("the plain loop comes to other numbers")
    app.say(
        f"GPS of {few.pictures} pictures, files read and PNGs decoded before: {ours.cpu:.2f} s of CPU, plain loop "
        f"{plain.cpu:.2f} s: {plain.cpu / ours.cpu:.1f} times as long, the same numbers"
    )


def make(folder: Path, name: str, amount: synthetic.Amount) -> Files:
    """Write the files that are not there yet; return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    body = folder / f"body-{amount.vertices}"
    if not (body / CONVERTED_FILE).is_file():
        app.say(f"writing the distances of {amount.vertices} vertices to {body}")
        body.mkdir(exist_ok=True)
        synthetic.write_body(body, open_reference(), amount.vertices)
    annotations, results = folder / f"{name}-annotations.json", folder / f"{name}-results.json"
    synthetic.write_people(annotations, results, amount, np.random.default_rng(FLAGS.seed))
    return Files(str(annotations), str(results), str(body))


def alone(work: Callable, *arguments: object) -> Cost:
    """Call `work` in a fresh process on one core. It returns (seconds, seconds of CPU) and what it found."""
    with concurrent.futures.ProcessPoolExecutor(1, _SPAWN) as pool:
        return pool.submit(_measured, work, arguments).result()


def _measured(work: Callable, arguments: tuple) -> Cost:
    """Return what `work` took in this process."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    (seconds, cpu), found = work(*arguments)
    return Cost(seconds, cpu, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, found)


def run(kinds: tuple[str, ...], paths: Files) -> tuple[tuple[float, float], dict]:
    """Evaluate from files to numbers."""
    start = _now()
    found = evaluation.evaluate_files(kinds, paths, Rules(), _silent)
    return _since(start), found["metrics"]


def _now() -> tuple[float, float]:
    """Return the clock's seconds, and this process' of CPU."""
    return time.perf_counter(), time.process_time()


def _since(start: tuple[float, float]) -> tuple[float, float]:
    """Return the seconds of both kinds since `start`."""
    now = _now()
    return now[0] - start[0], now[1] - start[1]


def similarities(paths: Files) -> tuple[tuple[float, float], list[float]]:
    """Return GPS of all pairs as the evaluation computes it."""
    body, work = _pairs(paths)
    start = _now()
    measure = evaluation.similarity.PointMeasure(body, gps.KAPPA_BY_PART)
    found = [value for people, seen, iuvs in work for value in measure(people, seen, iuvs).ravel()]
    return _since(start), found


def plain_similarities(paths: Files) -> tuple[tuple[float, float], list[float]]:
    """Return the same by a loop over detections, people, parts and points."""
    body, work = _pairs(paths)
    start = _now()
    found = []
    for people, seen, iuvs in work:
        for one, iuv in zip(seen, iuvs, strict=True):
            found += [plain_gps(body, person, one, iuv) for person in people]
    return _since(start), found


def plain_gps(body: ChartVertices, person: TruePerson, one: Detection, iuv: np.ndarray) -> float:
    """Return GPS of a pair the straight way: all chart vertices are compared, distances are taken point by point."""
    assert person.points is not None
    pixels, inside = gps.point_pixels(person.points.xy, person.box_xywh, one.box_xywh)
    pred = np.where(inside[:, None], iuv[pixels[:, 1] * inside, pixels[:, 0] * inside], 0)
    true_vertex = _plain_nearest(body, person.points.part, person.points.uv)
    pred_vertex = _plain_nearest(body, pred[:, 0], pred[:, 1:] / 255.0)
    total = 0.0
    for part, true, found in zip(person.points.part, true_vertex, pred_vertex, strict=True):
        if found >= 0:
            i, j = max(body.vertex[true], body.vertex[found]), min(body.vertex[true], body.vertex[found])
            apart = float(body.distances.entries[i * (i - 1) // 2 + j]) if i > j else 0.0
            total += float(np.exp(-(apart**2) / (2 * gps.KAPPA_BY_PART[part] ** 2)))
    return total / len(true_vertex)


def _plain_nearest(body: ChartVertices, part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return the nearest chart vertices `[P]`, -1 off all parts."""
    found = np.full(len(part), -1)
    for chart in range(1, 25):
        rows, members = np.flatnonzero(part == chart), np.flatnonzero(body.part == chart)
        if len(rows):
            found[rows] = members[np.argmin(cdist(uv[rows], body.uv[members]), axis=1)]
    return found


def _pairs(paths: Files) -> tuple[ChartVertices, list[tuple[list[TruePerson], list[Detection], list[np.ndarray]]]]:
    """Return the body, and of each picture its people, detections and their pixels."""
    truth, found = read_annotations(paths.annotations), read_results(paths.results)
    seen: dict[object, list[Detection]] = {image: [] for image in truth.pictures}
    for one in found:
        seen[one.image].append(one)
    work = [(picture.people, seen[n], [one.iuv() for one in seen[n]]) for n, picture in truth.pictures.items()]
    return references.load(paths.reference, None, _silent), work


def _silent(_line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    define_flags()
    app.run(main)
