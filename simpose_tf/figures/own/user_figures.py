"""A user's folder of people: rigged GLB files, each with its charts beside it."""

import os
from pathlib import Path

from simpose_tf import splits
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.own.chart_glb import is_colored
from simpose_tf.figures.own.glb import read_glb_figure
from simpose_tf.files import require_dir


def user_figure_names(folder: str | os.PathLike, split: str) -> tuple[str, ...]:
    """Return the names of the people of a split: `NAME` for `NAME.glb` with `NAME.npz`; about one in five is val's.

    Pictures of charts that `annotate_mesh` left there, `NAME_charts.glb`, are nobody.

    Raises InputError if charts are missing, or if there are too few files for both splits.
    """
    root = require_dir(str(folder), "--figures")
    files = sorted(file for file in root.iterdir() if file.suffix.lower() == ".glb" and file.is_file())
    files = [file for file in files if not is_colored(file)]
    if not files:
        raise InputError(f"--figures: no .glb files in {str(folder)!r}")
    for file in files:
        _require_charts(file)
    return tuple(Path(file).stem for file in splits.of_split([str(f) for f in files], split, f"--figures {folder}"))


def load_user_figure(folder: str | os.PathLike, name: str) -> Figure:
    """Return the person of `NAME.glb` and `NAME.npz`. Raises InputError if there is none or the files are at fault."""
    root = require_dir(str(folder), "--figures")
    file = next((f for f in sorted(root.iterdir()) if f.stem == name and f.suffix.lower() == ".glb"), None)
    if file is None:
        raise InputError(f"--figures: no {name}.glb in {str(folder)!r}")
    _require_charts(file)
    return read_glb_figure(file, file.with_suffix(".npz"), name)


def _require_charts(file: Path) -> None:
    """Raise InputError that tells what belongs there if a file's charts are missing."""
    charts = file.with_suffix(".npz")
    if not charts.is_file():
        how = f"python -m simpose_tf.annotate_mesh --mesh={file} --output={charts}"
        raise InputError(f"{file}: its charts are missing: {charts} with part [F] and uv [F, 3, 2]; {how}")
