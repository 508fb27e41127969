"""The three files of DensePose's evaluation, in a user's folder, as `ChartVertices`.

`SMPL_subdiv.mat` holds part, u and v of the chart vertices of SMPL's body, subdivided once; `SMPL_SUBDIV_TRANSFORM.mat`
the mesh vertex of each, counted from 1; `Pdist_matrix.pkl` the distances between all pairs of mesh vertices. They are
read from `Pdist_matrix.npy` beside it, which is made of it when it is missing or older.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simpose_tf.charts import NUM_PARTS
from simpose_tf.errors import InputError
from simpose_tf.surface.chart_vertices import ChartVertices
from simpose_tf.surface.densepose import read_mat
from simpose_tf.surface.distance_pickle import convert
from simpose_tf.surface.distance_table import DistanceTable, open_table

CHARTS_FILE = "SMPL_subdiv.mat"
VERTICES_FILE = "SMPL_SUBDIV_TRANSFORM.mat"
DISTANCES_FILE = "Pdist_matrix.pkl"
CONVERTED_FILE = "Pdist_matrix.npy"
WHERE = "it comes with DensePose: https://dl.fbaipublicfiles.com/densepose/densepose_eval_data.tar.gz"


def load_evaluation_files(folder: str | os.PathLike, say: Callable[[str], None]) -> ChartVertices:
    """Return the chart vertices of a user's folder with the official evaluation files.

    Args:
      folder: holds `SMPL_subdiv.mat`, `SMPL_SUBDIV_TRANSFORM.mat` and `Pdist_matrix.pkl` or its converted form.
      say: told of a conversion, which takes half a minute.

    Raises:
      InputError: a file is missing, is none of the kind, or does not fit the others; the line names it.
    """
    folder = Path(folder)
    part, uv = _charts(folder / CHARTS_FILE)
    vertex = _vertices(folder / VERTICES_FILE, len(part))
    distances = open_distances(folder, say)
    if vertex.max() >= distances.count:
        have = f"the table of distances knows {distances.count} vertices"
        raise InputError(f"{folder / VERTICES_FILE}: index goes up to {vertex.max() + 1}, {have}")
    return ChartVertices(str(folder / CHARTS_FILE), part, uv, vertex, distances)


def _charts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return part `[C]` int64 and uv `[C, 2]` float64 of the chart vertices."""
    stored = read_mat(path, ("Part_ID_subdiv", "U_subdiv", "V_subdiv"), WHERE)
    part, u, v = (np.asarray(stored[key], np.float64).ravel() for key in ("Part_ID_subdiv", "U_subdiv", "V_subdiv"))
    if not len(part) == len(u) == len(v) > 0:
        raise InputError(f"{path}: {len(part)} entries of Part_ID_subdiv, {len(u)} of U_subdiv, {len(v)} of V_subdiv")
    if not np.isfinite([u, v]).all():
        raise InputError(f"{path}: U_subdiv and V_subdiv must be finite")
    if not np.isin(part, range(1, NUM_PARTS + 1)).all():
        raise InputError(f"{path}: Part_ID_subdiv must lie in 1..{NUM_PARTS}")
    return part.astype(np.int64), np.stack([u, v], -1)


def _vertices(path: Path, count: int) -> np.ndarray:
    """Return the mesh vertices `[count]` int64, from 0, of the chart vertices."""
    index = np.asarray(read_mat(path, ("index",), WHERE)["index"], np.float64).ravel()
    if len(index) < count:
        raise InputError(f"{path}: {len(index)} entries of index, {CHARTS_FILE} has {count} chart vertices")
    index = index[:count]
    if not np.all((index >= 1) & (index == np.floor(index))):
        raise InputError(f"{path}: index must hold numbers from 1")
    return index.astype(np.int64) - 1


def open_distances(folder: Path, say: Callable[[str], None]) -> DistanceTable:
    """Return the distances of a folder; a pickle is converted first, into the folder if it can be written to."""
    pickled, converted = folder / DISTANCES_FILE, folder / CONVERTED_FILE
    if converted.is_file() and not (pickled.is_file() and pickled.stat().st_mtime > converted.stat().st_mtime):
        return open_table(converted)
    if not pickled.is_file():
        raise InputError(f"{pickled}: no such file, nor {CONVERTED_FILE}; {WHERE}")
    if os.access(folder, os.W_OK | os.X_OK):
        say(f"converting {pickled} to {CONVERTED_FILE} beside it, once")
        convert(pickled, converted)
        return open_table(converted)
    with tempfile.TemporaryDirectory() as private:  # the file lives on, nameless, as long as it is mapped
        say(f"converting {pickled}; {folder} can't be written to, so this is done again each time")
        convert(pickled, Path(private) / CONVERTED_FILE)
        return open_table(Path(private) / CONVERTED_FILE)
