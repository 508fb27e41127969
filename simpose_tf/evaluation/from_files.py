"""Result files against annotations: what `evaluate --annotations --results` writes and prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simpose_tf.densepose import evaluation as densepose
from simpose_tf.evaluation import coco_scores, dense_files, rows
from simpose_tf.evaluation.coco_files import RESULTS
from simpose_tf.evaluation.rows import Measured

KINDS = (*densepose.KINDS, "keypoints", "masks", "uv", "normals")


@dataclass(frozen=True)
class Job:
    """What is to be measured.

    Attributes:
      kinds: of `KINDS`.
      annotations, results: paths.
      labels: folder of pictures of labels, or None.
      reference: `open`, a folder with the official files, or None.
      distances: the distance table of the reference `open`, or None.
      kappa, matching: `densepose.Rules`.
    """

    kinds: Sequence[str]
    annotations: str
    results: str
    labels: str | None
    reference: str | None
    distances: str | None
    kappa: str
    matching: str


def evaluate(job: Job, say: Callable[[str], None]) -> dict:
    """Measure everything and return what the json holds. Raises InputError.

    `data`; each kind -> its numbers and breakdowns; `table`, rows as of a trained model, numbers in the column `model`.
    Of one kind alone, the numbers stand at the top, too.
    """
    official = [kind for kind in job.kinds if kind in densepose.KINDS]
    measured, told = _densepose(official, job, say) if official else ({}, {})
    others = {
        "keypoints": lambda: coco_scores.of_keypoints(job.annotations, job.results),
        "masks": lambda: coco_scores.of_masks(job.annotations, job.results),
        "uv": lambda: dense_files.of_uv(job.annotations, job.results, job.labels),
        "normals": lambda: dense_files.of_normals(job.annotations, job.results, job.labels),
    }
    measured |= {kind: others[kind]() for kind in job.kinds if kind in others}
    return _result(job, {kind: measured[kind] for kind in job.kinds}, told)


def _densepose(kinds: Sequence[str], job: Job, say: Callable[[str], None]) -> tuple[dict[str, Measured], dict]:
    """Return the official numbers, and the rules that they follow."""
    # A folder that `predict` wrote has its result list in it.
    results = str(Path(job.results) / RESULTS) if Path(job.results).is_dir() else job.results
    files = densepose.Files(job.annotations, results, job.reference, job.distances)
    found = densepose.evaluate_files(kinds, files, densepose.Rules(job.kappa, job.matching), say)
    return measured_densepose(found), {"densepose": {**found["data"], **found["rules"]}}


def measured_densepose(found: dict) -> dict[str, Measured]:
    """Return what `densepose.evaluation` reports by kind."""
    data = found["data"]
    on = (
        f"{data['people']} people with {data['points']} points in {data['pictures']} pictures, "
        f"{data['detections']} detections"
    )
    by_part = {part: {"point_similarity": value} for part, value in found.get("by_part", {}).items()}
    return {
        kind: Measured(numbers, {"by_part": by_part} if by_part and kind == "gps" else {}, data["people"], on)
        for kind, numbers in found["metrics"].items()
    }


def _result(job: Job, measured: dict[str, Measured], told: dict) -> dict:
    """Return the json."""
    domain = Path(job.annotations).name
    data = {"annotations": str(job.annotations), "results": str(job.results), **told}
    if job.reference:
        data["reference"] = job.reference
    result: dict = {"data": data}
    if len(measured) == 1:
        result |= next(iter(measured.values())).numbers
    for kind, one in measured.items():
        result[kind] = {**one.numbers, **one.details, "people": one.people, "measured_on": one.on}
    result["table"] = [row for kind, one in measured.items() for row in table_rows(domain, kind, {"model": one})]
    return rows.cleaned(result)


def table_rows(domain: str, kind: str, columns: dict[str, Measured]) -> list[dict]:
    """Return the rows of a kind, each name of a column -> what was measured; rows without a number are left out."""
    first = next(iter(columns.values()))
    on = {"domain": domain, "kind": kind, "people": first.people, "measured_on": first.on}
    table = []
    for metric in rows.metrics_of(kind, first.numbers):
        numbers = {column: one.numbers[metric.key] for column, one in columns.items()}
        key = f"{kind}_{metric.key}" if metric.key[:2] in ("AP", "AR") or metric.key == "found" else metric.key
        table.append(rows.row(replace(metric, key=key), on, numbers))
    return [row for row in table if row["model"] is not None]
