"""Measure a trained network on records of people: the numbers of SimPose's Table 2.

    python -m simpose_tf.evaluate --model=SAVED_MODEL --records=GLOB --output=FILE.json \
        [--untrained=SAVED_MODEL] [--train_records=GLOB]

Each number stands beside that of the untrained network and of the best constant predictor (u = v = 0.5; of the training
records the mean normal, the mean mask, the mean keypoints and the most frequent part). Everything is measured on the
pixels of the crops that the network sees, around the true boxes; masks and keypoints are averaged over people, uv and
normals over pixels.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError

FLAGS = flags.FLAGS

_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Metric:
    """A row of the table: key in `metrics.crops.Scores.values`, exact name, unit, and which way is better."""

    key: str
    name: str
    better: str
    digits: int


METRICS = (
    Metric("uv_l2", "UV: mean L2 error of (u, v) in the true part, chart units", "lower", 4),
    Metric("normal_add_deg", "Normal: ADD, mean angle in degrees", "lower", 2),
    Metric("mask_iou", "Segmentation: mean mask IoU", "higher", 4),
    Metric("keypoint_oks", "Keypoint: mean OKS", "higher", 4),
    Metric("part_accuracy", "Parts: share of the person's pixels with the right part", "higher", 4),
)
COLUMNS = ("model", "untrained", "constant")


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_multi_string("records", None, "Glob of held-out people records; may be given several times.")
    flags.DEFINE_string("output", None, "The .json file to write.")
    flags.DEFINE_string("untrained", None, "SavedModel of the same network before training, to compare with.")
    flags.DEFINE_multi_string(
        "train_records", None, "Glob of the training records, for the constant predictor; may be given several times."
    )
    flags.DEFINE_integer(
        "train_limit", 2000, "People of each glob that the constant predictor is fitted to.", lower_bound=1
    )
    flags.DEFINE_integer("batch_size", 8, "Crops that go through the network at once.", lower_bound=1)


def main() -> None:
    """Evaluate, print the table, write the json."""
    _check_options()
    # TensorFlow takes seconds to load: what is wrong with the options was told before.
    from simpose_tf import crop_scores
    from simpose_tf.inference import exported

    models = {"model": exported.load(FLAGS.model)}
    if FLAGS.untrained:
        models["untrained"] = exported.load(FLAGS.untrained, "--untrained")
        _check_same_crops(*models.values())
    batches = crop_scores.eval_batches(models["model"], FLAGS.records, FLAGS.batch_size)
    constants = {}
    if FLAGS.train_records:
        constants = crop_scores.fit_constants(models["model"], FLAGS.train_records, FLAGS.train_limit, FLAGS.batch_size)
        app.say(f"constant predictor: {', '.join(f'{c.people} {d} people' for d, c in constants.items())}")
    table = crop_scores.score(models, constants, batches, _progress())
    result = {"data": _data(table, constants), "models": _paths(models), **report(table)}
    for line in printed(result["table"]):
        app.say(line)
    files.write_text(FLAGS.output, json.dumps(result, indent=1) + "\n")
    app.say(FLAGS.output)


def _check_options() -> None:
    """Raise InputError for options that are missing or name nothing."""
    files.require_dir(FLAGS.model, "--model")
    if FLAGS.untrained:
        files.require_dir(FLAGS.untrained, "--untrained")
    files.output_file(FLAGS.output, "--output")
    if not FLAGS.records:
        raise InputError("--records: name the glob of the held-out records")
    for option, globs in (("--records", FLAGS.records), ("--train_records", FLAGS.train_records or [])):
        for pattern in globs:
            files.match(pattern, option)


def _check_same_crops(model, untrained) -> None:
    """Raise InputError unless both exported models see the same crops."""
    sizes = [(m.height, m.width, m.test_enlargement) for m in (model, untrained)]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"--untrained: sees other crops (height, width, enlargement: {sizes[1]}) than --model {sizes[0]}"
        )


def _progress() -> Callable[[int], None]:
    """Return a function that says now and then how many people are done."""
    said = time.monotonic()
    start = said

    def say(done: int) -> None:
        nonlocal said
        if time.monotonic() - said > _PROGRESS_SECONDS:
            said = time.monotonic()
            app.say(f"{done} people, {done / (said - start):.1f} people/s")

    return say


def _data(table: dict, constants: dict) -> dict:
    """Return what was measured on."""
    people = {domain: next(iter(columns.values())).people for domain, columns in table.items()}
    return {
        "records": list(FLAGS.records),
        "files": sorted(Path(f).name for glob in FLAGS.records for f in files.match(glob, "--records")),
        "people": people,
        "train_records": list(FLAGS.train_records or []),
        "train_people": {domain: predictor.people for domain, predictor in constants.items()},
    }


def _paths(models: dict) -> dict[str, str]:
    return {name: model.path for name, model in models.items()}


def report(table: dict) -> dict:
    """Return the numbers of a `crop_scores.Table` as plain json values.

    `table`: a row for each domain and metric that its labels allow, `null` in columns that were not asked for;
    `details`: domain -> column -> breakdowns.
    """
    rows = []
    for domain, columns in sorted(table.items()):
        values = {name: scores.values() for name, scores in columns.items()}
        for metric in METRICS:
            if math.isnan(values["model"][metric.key]):
                continue
            row = {"domain": domain, "metric": metric.key, "name": metric.name, "better": metric.better}
            row["people"] = columns["model"].people
            rows.append(row | {name: _number(values.get(name, {}).get(metric.key)) for name in COLUMNS})
    details = {d: {name: s.details() for name, s in columns.items()} for d, columns in sorted(table.items())}
    return {"table": rows, "details": details}


def _number(value: float | None) -> float | None:
    """Return a number that json knows."""
    return None if value is None or math.isnan(value) else value


def printed(rows: list[dict]) -> list[str]:
    """Return the lines of the printed table."""
    digits = {metric.key: metric.digits for metric in METRICS}
    lines = [f"{'':66}{'better':>8}" + "".join(f"{column:>11}" for column in COLUMNS)]
    for domain in dict.fromkeys(row["domain"] for row in rows):
        mine = [row for row in rows if row["domain"] == domain]
        lines.append(f"{domain}, {mine[0]['people']} people")
        for row in mine:
            numbers = [row[column] for column in COLUMNS]
            places = digits[row["metric"]]
            cells = "".join(f"{'-' if n is None else format(n, f'.{places}f'):>11}" for n in numbers)
            lines.append(f"  {row['name']:64}{row['better']:>8}{cells}")
    return lines


if __name__ == "__main__":
    define_flags()
    app.run(main)
