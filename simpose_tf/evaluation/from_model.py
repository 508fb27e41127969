"""A trained model over records: what `evaluate --model --records` writes and prints.

Pixels of crops first (Table 2, `crop_scores`); then, where they are asked for, average precisions of the same people
put back into their pictures (`records`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simpose_tf import crop_scores
from simpose_tf.densepose import evaluation as densepose
from simpose_tf.densepose import references
from simpose_tf.densepose.annotations import parse_annotations
from simpose_tf.densepose.results import parse_results
from simpose_tf.evaluation import coco_scores, from_files, records, rows
from simpose_tf.evaluation.coco_files import Truth
from simpose_tf.evaluation.records import PicturePeople
from simpose_tf.evaluation.rows import Measured, Metric
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.people import PERSON
from simpose_tf.metrics.crops import Scores
from simpose_tf.surface.chart_vertices import ChartVertices

_PROGRESS_SECONDS = 5.0

# Rows of crops that belong to a kind of `--metric`; without the option, all of them.
_CROP_ROWS = {
    "uv": ("uv_l2", "part_accuracy"),
    "normals": ("normal_add_deg", *(metric.key for metric in rows.ANGLE_METRICS)),
    "masks": ("mask_iou",),
    "keypoints": ("keypoint_oks",),
}
_DENSE = {"uv_l2", "part_accuracy", *_CROP_ROWS["normals"]}


@dataclass(frozen=True)
class Rules:
    """How the official metrics are taken: `densepose.references.load`'s arguments and `densepose.evaluation.Rules`."""

    reference: str
    distances: str | None
    kappa: str
    matching: str


def crop_rows(table: crop_scores.Table, kinds: Sequence[str] | None) -> list[dict]:
    """Return the rows of crops: one for each domain and metric that its labels allow, `null` in absent columns."""
    wanted = None if kinds is None else {key for kind in kinds for key in _CROP_ROWS.get(kind, ())}
    found = []
    for domain, columns in sorted(table.items()):
        values = {name: {**s.values(), **s.angles.distribution()} for name, s in columns.items()}
        for metric in (*rows.CROP_METRICS, *rows.ANGLE_METRICS):
            if rows.number(values["model"][metric.key]) is None or not (wanted is None or metric.key in wanted):
                continue
            numbers = {name: value[metric.key] for name, value in values.items()}
            found.append(rows.row(metric, {"domain": domain, **_measured_on(metric, columns["model"])}, numbers))
    return found


def _measured_on(metric: Metric, scores: Scores) -> dict:
    """Tell what a row of crops was measured on."""
    pixels = scores.pixels if metric.key in ("uv_l2", "part_accuracy") else scores.angles.count
    on = f"{scores.people} people" + (f", {pixels} pixels" if metric.key in _DENSE else "")
    return {"kind": "crops", "people": scores.people, "measured_on": on}


def report(table: crop_scores.Table, kinds: Sequence[str] | None = None) -> dict:
    """Return the numbers of a `crop_scores.Table` as plain json values.

    `table`: the rows of `crop_rows`; `details`: domain -> column -> breakdowns (`metrics.crops.Scores.details`).
    """
    details = {d: {name: s.details() for name, s in columns.items()} for d, columns in sorted(table.items())}
    return {"table": crop_rows(table, kinds), "details": rows.cleaned(details)}


def add_averages(
    result: dict,
    models: dict[str, ExportedModel],
    globs: list[str],
    kinds: Sequence[str],
    rules: Rules,
    say: Callable[[str], None],
) -> None:
    """Add the average precisions to a `report`: rows, and under `details` all that was measured. Raises InputError."""
    averaged = [kind for kind in kinds if kind not in ("uv", "normals")]
    if not averaged:
        return
    body = _body(averaged, rules, say)
    for domain, people in sorted(records.predict_records(models, globs, progress(say)).items()):
        columns = {name: _averages(people, name, averaged, rules, body) for name in models}
        for kind in averaged:
            if all(kind in measured for measured in columns.values()):
                of_kind = {name: measured[kind] for name, measured in columns.items()}
                result["table"] += from_files.table_rows(domain, kind, of_kind)
                for name, one in of_kind.items():
                    details = result["details"].setdefault(domain, {}).setdefault(name, {})
                    details[kind] = rows.cleaned({**one.numbers, **one.details, "measured_on": one.on})


def _body(kinds: Sequence[str], rules: Rules, say: Callable[[str], None]) -> ChartVertices | None:
    """Return what GPS is measured on; None where nobody asks for it."""
    return references.load(rules.reference, rules.distances, say) if {"gps", "gpsm"} & set(kinds) else None


def _averages(
    people: PicturePeople, model: str, kinds: Sequence[str], rules: Rules, body: ChartVertices | None
) -> dict[str, Measured]:
    """Return the average precisions of a model by kind; those of DensePose only where people have dense labels."""
    truth = Truth("--records", {image["id"]: image for image in people.images}, people.annotations, [PERSON])
    results = people.results[model]
    measured = {k: coco_scores.measure_coco(k, truth, results) for k in kinds if k not in densepose.KINDS}
    dense = [kind for kind in kinds if kind in densepose.KINDS]
    if dense and any("dp_x" in person for person in people.annotations):
        content = {"images": people.images, "annotations": people.annotations, "categories": [{"id": PERSON}]}
        found = densepose.evaluate(
            dense,
            parse_annotations(content, "--records"),
            parse_results(results, f"--records: answers of {model}"),
            body,
            densepose.Rules(rules.kappa, rules.matching),
            _silent,
        )
        measured |= from_files.measured_densepose(found)
    return measured


def _silent(line: str) -> None:
    """Say nothing: the network took far longer than what comes after it."""


def progress(say: Callable[[str], None]) -> Callable[[int], None]:
    """Return a function that says now and then how many people are done."""
    start = said = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said
        if time.monotonic() - said > _PROGRESS_SECONDS:
            said = time.monotonic()
            say(f"{done} people, {done / (said - start):.1f} people/s")

    return tell
