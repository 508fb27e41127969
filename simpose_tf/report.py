"""Write one page about a training run: its data, curves, numbers and predictions.

    python -m simpose_tf.report --model_dir=DIR --output=DIR/index.html [--sheets=PNG,...] \
        [--evaluations=JSON,...] [--predictions=DIR,...]

`--sheets` of tfrecord_tools.inspect_records, `--evaluations` of simpose_tf.evaluate, `--predictions` of
simpose_tf.predict. The page links to these files where they are: move them together.
"""

import json
import math
import os
from pathlib import Path

from absl import flags

from simpose_tf import app, files, run_folder
from simpose_tf.errors import InputError
from simpose_tf.visualize import report_page
from simpose_tf.visualize.curves import charts_of, draw_charts
from simpose_tf.visualize.report_page import Picture

FLAGS = flags.FLAGS

COLUMNS = ("model", "untrained", "constant")
# Drawings of simpose_tf.predict, in its folder `previews`.
DRAWINGS = (
    ("_overlay.jpg", "u and v as contours, keypoints, box"),
    ("_parts.jpg", "parts"),
    ("_normals.jpg", "normals: red right, green up, blue to us"),
)
_PICTURES_OF_A_FOLDER = 4


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model_dir", None, "Folder of the training run.")
    flags.DEFINE_string("output", None, "The .html file to write; its curves go beside it.")
    flags.DEFINE_list("sheets", [], "Contact sheets of the data (PNG).")
    flags.DEFINE_list("evaluations", [], "Results of simpose_tf.evaluate (json).")
    flags.DEFINE_list("predictions", [], "Output folders of simpose_tf.predict.")


def main() -> None:
    """Check that everything is there, then write the page."""
    model_dir = files.require_dir(FLAGS.model_dir, "--model_dir")
    output = files.output_file(FLAGS.output, "--output")
    rows = [row for path in FLAGS.evaluations for row in _table(path)]
    sheets = [Picture(_caption(p), _relative(files.require_file(p, "--sheets"), output)) for p in FLAGS.sheets]
    predictions = [p for folder in FLAGS.predictions for p in _predictions(folder, output)]
    sections = {
        "Numbers": report_page.numbers(rows, COLUMNS) if rows else "",
        "Predictions": report_page.gallery(predictions) if predictions else "",
        "Training": _training(model_dir, output),
        "Data": "".join(report_page.picture(sheet) for sheet in sheets),
    }
    shown = {name: content for name, content in sections.items() if content}
    files.write_text(output, report_page.page("SimPose: a training run", _intro(model_dir), shown))
    app.say(str(output))


def _table(path: str) -> list[dict]:
    """Return the rows of an evaluation. Raises InputError if the file holds none."""
    keys = {"domain", "people", "name", "better", *COLUMNS}
    try:
        table = json.loads(files.require_file(path, "--evaluations").read_text())["table"]
        for row in table:
            if missing := keys - set(row):
                raise ValueError(f"a row lacks {min(missing)!r}")
            if not all(row[c] is None or math.isfinite(row[c]) for c in COLUMNS) or row["model"] is None:
                raise ValueError(f"a number of {row['name']!r} is none")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"--evaluations: {path!r} is no result of simpose_tf.evaluate ({error})") from error
    return table


def _predictions(folder: str, output: Path) -> list[Picture]:
    """Return the drawings of the first pictures of a folder of predictions."""
    previews = files.require_dir(folder, "--predictions") / "previews"
    first, _ = DRAWINGS[0]
    names = sorted(path.name.removesuffix(first) for path in previews.glob("*" + first))
    if not names:
        raise InputError(f"--predictions: {folder!r} holds no previews/*{first} of simpose_tf.predict")
    return [
        Picture(f"{name}: {what}", _relative(previews / f"{name}{suffix}", output))
        for name in names[:_PICTURES_OF_A_FOLDER]
        for suffix, what in DRAWINGS
    ]


def _training(model_dir: Path, output: Path) -> str:
    """Return the curves and the way the run was started. Raises InputError if the folder holds no run."""
    from simpose_tf.progress import read_curves  # TensorFlow takes seconds to load: options were checked before

    run = run_folder.read_json(files.require_file(str(model_dir / "run.json"), "--model_dir: no training run"))
    curves = read_curves(model_dir / "summaries")
    if not curves:
        raise InputError(f"--model_dir: no curves in {str(model_dir / 'summaries')!r}; this is no training run")
    chart = output.with_name(f"{output.stem}_curves.png")
    with files.atomic_path(chart) as temporary:
        draw_charts(charts_of(curves), temporary)
    state = "with uncommitted changes" if run["dirty"] else "clean"
    steps = max(steps[-1] for steps, _ in curves.values())
    return (
        report_page.picture(Picture(f"{steps} steps; each point of a loss is the mean over some seconds", chart.name))
        + "".join(report_page.picture(picture) for picture in _watched(model_dir, output))
        + report_page.code(" ".join(["python", *run["command"][1:]]))
        + report_page.paragraph(
            f"commit {run['commit'] or 'unknown'} ({state}), TensorFlow {run['versions']['tensorflow']}"
        )
    )


def _watched(model_dir: Path, output: Path) -> list[Picture]:
    """Write the last pictures that the run drew of itself beside the page, and return them."""
    from simpose_tf.progress import read_pictures

    pictures = []
    for name, (step, encoded) in sorted(read_pictures(model_dir / "summaries").items(), reverse=True):
        path = output.with_name(f"{output.stem}_{name}.jpg")
        with files.atomic_path(path) as temporary:
            Path(temporary).write_bytes(encoded)
        pictures.append(Picture(f"{name.replace('_', ', ')}: after step {step}", path.name))
    return pictures


def _intro(model_dir: Path) -> str:
    return (
        f"What the network in {model_dir.name} learnt, measured on people it has not seen: other figures in other "
        "scenes, and another photograph. Beside each number stand the same network before training and the best "
        "constant prediction."
    )


def _caption(sheet: str) -> str:
    return f"{Path(sheet).stem}: people of the training records with their labels"


def _relative(path: Path, output: Path) -> str:
    return Path(os.path.relpath(path, output.parent)).as_posix()


if __name__ == "__main__":
    define_flags()
    app.run(main)
