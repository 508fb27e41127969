"""The body that GPS is measured on: the official one of a user's folder, or our `open` one."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.surface.chart_vertices import ChartVertices, of_reference
from simpose_tf.surface.distance_table import DistanceTable, TableJob, open_table, write_table
from simpose_tf.surface.evaluation_files import CHARTS_FILE, DISTANCES_FILE, VERTICES_FILE, load_evaluation_files
from simpose_tf.surface.reference import Reference, open_reference

_MOST_WORKERS = 16


def load(name: str | None, distances: str | None, say: Callable[[str], None]) -> ChartVertices:
    """Return the chart vertices of a body.

    Args:
      name: `open`, or a folder with the three official evaluation files.
      distances: for `open`: a table by `simpose_tf.geodesic_table`; None takes the one in the user's cache, which is
        made first if it is not there: one to two minutes on two cores, .36 GB.
      say: told what takes long.

    Raises:
      InputError: neither, or files that are missing or at fault.
    """
    if name == "open":
        return of_reference(open_reference(), _open_distances(open_reference(), distances, say))
    if not name or not Path(name).is_dir():
        files = f"{CHARTS_FILE}, {VERTICES_FILE} and {DISTANCES_FILE}"
        raise InputError(f"--reference: {name!r} is neither 'open' nor a folder with {files}")
    if distances:
        raise InputError(f"--distances goes with --reference=open; a folder has its own {DISTANCES_FILE}")
    return load_evaluation_files(name, say)


def _open_distances(reference: Reference, path: str | None, say: Callable[[str], None]) -> DistanceTable:
    """Return the distances of a reference, of a file or of the cache."""
    job = TableJob(reference.vertices, reference.faces, np.arange(len(reference.vertices)), "graph")
    cached = cached_table(job)
    if path is None and not cached.is_file():
        say(f"geodesic distances of the {reference.name!r} reference: made once and kept in {cached}")
        write_table(cached, job, min(len(os.sched_getaffinity(0)), _MOST_WORKERS), say)
    table = open_table(path or cached)
    if table.count != len(reference.vertices):
        have = f"{table.count} vertices, the {reference.name!r} reference has {len(reference.vertices)}"
        raise InputError(f"{path or cached}: distances between {have}")
    return table


def cached_table(job: TableJob) -> Path:
    """Return where the distances of a job are kept: in `$XDG_CACHE_HOME/simpose_tf`, by default below `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "simpose_tf" / "distances" / f"{job.fingerprint()[:16]}.npy"
