"""Write the geodesic distances between all pairs of vertices of a reference, or of any mesh, to one file.

    python -m simpose_tf.geodesic_table --reference=open --output=FILE.npy
    python -m simpose_tf.geodesic_table --mesh=FILE.obj --output=FILE.npy

The file is the lower triangle of the matrix, row by row, as float32 (`surface.distance_table.open_table` reads it). A
killed run goes on where it was when the same command is given again. On two cores 13,380 vertices take one to two
minutes and .36 GB of disk, 30,000 vertices six to ten minutes and 1.8 GB; under 1 GB of memory.
"""

import os

import numpy as np
from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_file import read_target
from simpose_tf.surface import geodesics, references
from simpose_tf.surface.distance_table import TableJob, entries_before, write_table
from simpose_tf.surface.target import Target

FLAGS = flags.FLAGS
_MOST = 16  # processes of 150 MB each for 30,000 vertices: under 3 GB together


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("reference", None, "'open', or a folder with UV_Processed.mat and SMPL's template.")
    flags.DEFINE_string("mesh", None, "Instead of a reference: an OBJ, PLY or GLB file.")
    flags.DEFINE_string("output", None, "The .npy file to write.")
    flags.DEFINE_enum(
        "method",
        "graph",
        list(geodesics.METHODS),
        "graph: straight lines, at most .1 % too long in the mean; exact: MMP, a hundred times slower.",
    )
    flags.DEFINE_integer("workers", None, f"Processes; unless told all cores, at most {_MOST}.", 1)


def main() -> None:
    """Check the flags, then write the table."""
    output = files.output_file(FLAGS.output, "--output")
    if output.suffix != ".npy":
        raise InputError(f"--output: name a .npy file, not {FLAGS.output!r}")
    if (FLAGS.reference is None) == (FLAGS.mesh is None):
        raise InputError("give one of --reference and --mesh")
    if FLAGS.mesh is not None:
        job = job_of_mesh(read_target(FLAGS.mesh), FLAGS.method)
    else:
        reference = references.load(FLAGS.reference)
        order = np.arange(len(reference.vertices))
        job = TableJob(reference.vertices, reference.faces, order, FLAGS.method)
    tell(job)
    write_table(output, job, FLAGS.workers or min(len(os.sched_getaffinity(0)), _MOST), app.say)
    app.say(f"wrote {output}")


def job_of_mesh(target: Target, method: str) -> TableJob:
    """Return the table of a mesh file: one row per vertex of the file, in its order and unit.

    Doubled vertices of the file have distance 0; vertices without faces are infinitely far from all others.
    """
    order = np.full(len(target.file_vertices), -1, np.int64)
    order[target.file_faces.ravel()[target.corner.ravel()]] = target.faces.ravel()
    for note in target.repairs:
        app.say(note)
    return TableJob(target.vertices, target.faces, order, method)


def tell(job: TableJob) -> None:
    """Say what will be written, and what of it is infinite."""
    size = 4 * int(entries_before(len(job.order))) / 1e9
    app.say(f"{len(job.order):,} vertices, {len(job.faces):,} faces; method {job.method}; {size:.2f} GB")
    lost = int((job.order < 0).sum())
    if lost:
        app.say(f"{lost:,} vertices lie on no face: infinitely far from all others")
    used = np.unique(job.order[job.order >= 0])
    count = len(np.unique(geodesics.pieces(len(job.vertices), job.faces)[used]))
    if count > 1:
        app.say(f"{count} pieces that do not touch: infinitely far from each other")


if __name__ == "__main__":
    define_flags()
    app.run(main)
