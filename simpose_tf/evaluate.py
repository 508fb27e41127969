"""Measure people: result files against annotations, or a trained network on records.

    python -m simpose_tf.evaluate --metric=gps|gpsm|iou|keypoints|masks|uv|normals[,...] \
        --annotations=FILE --results=FILE --output=FILE.json [--reference=DIR|open] [--kappa=part] [--matching=...]

  gps, gpsm, iou   DensePose's ten numbers (AP, AP50, ... ARl): DensePose-COCO annotations, DensePose result list
                   (.json, .npz). gps and gpsm need --reference: the folder with the three official files, or 'open'.
  keypoints        COCO's ten numbers over OKS, and the mean OKS: COCO annotations, COCO result list.
  masks            COCO's twelve numbers over mask IoU, and the mean IoU: the same, with `segmentation`.
  uv               mean L2 error of (u, v): DensePose-COCO annotations (their points), or pictures of labels.
  normals          ADD, median, shares under 11.25, 22.5, 30 degrees: pictures of labels.

Results may also be what `predict` wrote: its folder, its results.json, or a picture's NAME.json. Pictures of labels are
NAME_iuv.png and NAME_normals.png in `labels` beside the annotations (`render_sim --num_pictures` writes them), or in
--labels=DIR; normals are then read from the NAME_normals.png beside the results.

    python -m simpose_tf.evaluate --model=SAVED_MODEL --records=GLOB --output=FILE.json \
        [--metric=...] [--untrained=SAVED_MODEL] [--train_records=GLOB]

Each number stands beside that of the untrained network and of the best constant predictor (u = v = 0.5; of the training
records the mean normal, the mean mask, the mean keypoints and the most frequent part). Everything is measured on the
pixels of the crops that the network sees, around the true boxes; masks and keypoints are averaged over people, uv and
normals over pixels. With --metric also average precisions, in the frame of the pictures, still with the true boxes; GPS
on --reference=open. Without it uv, normals, masks, keypoints and parts are measured, without average precisions.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from absl import flags

from simpose_tf import app, files
from simpose_tf.densepose.evaluation import KINDS
from simpose_tf.errors import InputError
from simpose_tf.evaluation import from_files, rows

FLAGS = flags.FLAGS

_OF_FILES = ("annotations", "results", "labels")
_OF_MODEL = ("model", "records", "untrained", "train_records", "train_limit", "batch_size", "flip")
_OF_DENSEPOSE = ("reference", "distances", "kappa", "matching")


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_list("metric", None, f"What to measure, comma-separated: {', '.join(from_files.KINDS)}.")
    flags.DEFINE_string("annotations", None, "COCO or DensePose-COCO annotations (.json).")
    flags.DEFINE_string(
        "results", None, "Result list (.json, DensePose's also .npz), or a folder of simpose_tf.predict."
    )
    flags.DEFINE_string(
        "labels", None, "Folder of true NAME_iuv.png and NAME_normals.png. Default: labels beside the annotations."
    )
    flags.DEFINE_string(
        "reference", None, "For gps, gpsm: folder with the three official files, or 'open', the default with --model."
    )
    flags.DEFINE_string("distances", None, "Distance table of the reference 'open'. Default: made once, in the cache.")
    flags.DEFINE_string("kappa", "part", "GPS: 'part', k by part, or one number for all: 0.255 is that of CVPR 2018.")
    flags.DEFINE_enum("matching", "densepose", ["densepose", "coco"], "Rules that pair detections and people.")
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
    flags.DEFINE_bool("flip", False, "With --model: average over each crop and its mirror image, in twice the time.")


def main() -> None:
    """Evaluate, print the table, write the json."""
    kinds = _kinds()
    files.output_file(FLAGS.output, "--output")
    of_files = any(FLAGS[name].present for name in _OF_FILES)
    _check_together(kinds, of_files)
    result = _of_files(kinds or []) if of_files else _of_model(kinds)
    columns = ("model",) if of_files else rows.COLUMNS
    for line in (*rows.printed(result["table"], columns), *_breakdowns(result, of_files)):
        app.say(line)
    files.write_text(FLAGS.output, json.dumps(result, indent=1, allow_nan=False) + "\n")
    app.say(FLAGS.output)


def _kinds() -> list[str] | None:
    """Return what `--metric` names, each once; None without the option. Raises InputError."""
    if FLAGS.metric is None:
        return None
    kinds = list(dict.fromkeys(kind.strip() for kind in FLAGS.metric))
    for kind in kinds:
        if kind not in from_files.KINDS:
            raise InputError(f"--metric: unknown {kind!r}; there are {', '.join(from_files.KINDS)}")
    if not kinds:
        raise InputError(f"--metric: name what to measure: {', '.join(from_files.KINDS)}")
    return kinds


def _check_together(kinds: list[str] | None, of_files: bool) -> None:
    """Raise InputError for options that do not go together."""
    given = [name for name in (*_OF_FILES, *_OF_MODEL, *_OF_DENSEPOSE) if FLAGS[name].present]
    other = next((name for name in given if of_files and name in _OF_MODEL), None)
    if other:
        first = next(name for name in given if name in _OF_FILES)
        raise InputError(f"--{first} and --{other} do not go together: measure files, or a --model on --records")
    if of_files and kinds is None:
        raise InputError(f"--metric: name what to measure: {', '.join(from_files.KINDS)}")
    official = next((name for name in given if name in _OF_DENSEPOSE), None)
    if official and not set(KINDS) & set(kinds or []):
        raise InputError(f"--{official} goes with --metric={', '.join(KINDS)} only")
    if "labels" in given and not {"uv", "normals"} & set(kinds or []):
        raise InputError("--labels goes with --metric=uv, normals only")
    if of_files and FLAGS.reference is None and {"gps", "gpsm"} & set(kinds or []):
        raise InputError("--reference: name the folder with DensePose's three evaluation files, or 'open'")
    if FLAGS.reference not in (None, "open") and not Path(FLAGS.reference).is_dir():
        raise InputError(f"--reference: {FLAGS.reference!r} is neither 'open' nor a folder")


def _of_files(kinds: list[str]) -> dict:
    """Return the evaluation of result files."""
    files.require_file(FLAGS.annotations, "--annotations")
    if not FLAGS.results or not Path(FLAGS.results).exists():
        raise InputError(f"--results: no such file or folder: {FLAGS.results!r}")
    paths = (FLAGS.annotations, FLAGS.results, FLAGS.labels)
    rules = (FLAGS.reference, FLAGS.distances, FLAGS.kappa, FLAGS.matching)
    return from_files.evaluate(from_files.Job(kinds, *paths, *rules), app.say)


def _of_model(kinds: list[str] | None) -> dict:
    """Return the evaluation of a model on records."""
    _check_model_options()
    # TensorFlow takes seconds to load: what is wrong with the options was told before.
    from simpose_tf import crop_scores
    from simpose_tf.evaluation import from_model
    from simpose_tf.inference import exported

    models = {"model": exported.load(FLAGS.model, flip=FLAGS.flip)}
    if FLAGS.untrained:
        models["untrained"] = exported.load(FLAGS.untrained, "--untrained", FLAGS.flip)
        _check_same_crops(*models.values())
    batches = crop_scores.eval_batches(models["model"], FLAGS.records, FLAGS.batch_size)
    constants = {}
    if FLAGS.train_records:
        constants = crop_scores.fit_constants(models["model"], FLAGS.train_records, FLAGS.train_limit, FLAGS.batch_size)
        app.say(f"constant predictor: {', '.join(f'{c.people} {d} people' for d, c in constants.items())}")
    table = crop_scores.score(models, constants, batches, from_model.progress(app.say))
    found = from_model.report(table, kinds)
    if kinds:
        rules = from_model.Rules(FLAGS.reference or "open", FLAGS.distances, FLAGS.kappa, FLAGS.matching)
        from_model.add_averages(found, models, FLAGS.records, kinds, rules, app.say)
    return {"data": _data(table, constants), "models": _paths(models), **found}


def _check_model_options() -> None:
    """Raise InputError for options that are missing or name nothing."""
    files.require_dir(FLAGS.model, "--model")
    if FLAGS.untrained:
        files.require_dir(FLAGS.untrained, "--untrained")
    if not FLAGS.records:
        raise InputError("--records: name the glob of the held-out records")
    for option, globs in (("--records", FLAGS.records), ("--train_records", FLAGS.train_records or [])):
        for pattern in globs:
            files.match(pattern, option)


def _check_same_crops(model, untrained) -> None:
    """Raise InputError unless both exported models see the same crops."""
    sizes = [(m.stage.height, m.stage.width, m.stage.test_enlargement) for m in (model, untrained)]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"--untrained: sees other crops (height, width, enlargement: {sizes[1]}) than --model {sizes[0]}"
        )


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


def _breakdowns(result: Mapping, of_files: bool) -> list[str]:
    """Return the printed lines of what the model, or the files, get by part, by size and by keypoint."""
    if of_files:
        blocks = {kind: result[kind] for kind in from_files.KINDS if kind in result}
    else:
        blocks = {domain: columns["model"] for domain, columns in result["details"].items() if "model" in columns}
    lines = []
    for name, details in blocks.items():
        for title, groups in rows.breakdowns(details).items():
            lines += rows.printed_breakdown(f"{name}, {title.replace('_', ' ')}", groups)
    return lines


if __name__ == "__main__":
    define_flags()
    app.run(main)
