"""Give any mesh of a person the 24 DensePose charts (SimPose sec. 3.1, Algorithm 1).

    python -m simpose_tf.annotate_mesh --mesh=FILE --output=NAME.npz [--reference=open|DIR] [--edits=FILE.json]

FILE is an OBJ, PLY or GLB: dressed or not, with hair, of several pieces, open or closed, in any unit and orientation.
What is harmless is mended and said. Written are

    NAME.npz          part [G], uv [G, 3, 2] and more about the file's triangles (simpose_tf.figures.own.chart_file)
    NAME_charts.glb   the mesh in its parts' colours, darker for small u and paler for large v; `_PART`, `_UV`
    NAME.html         what came out: views, seams, charts, distortion, folds, distances; pictures in NAME_page/

With the charts beside it a rigged NAME.glb is a person for tfrecord_tools.render_sim --figures=DIR.

A person may correct the parts with --edits; only charts whose faces change are solved again, all others stay as they
were proposed, to the last bit. The proposal is taken from an earlier result, --from, by default --output if it is
there; if there is none, it is made first. An edits file holds all corrections: what is no longer in it is undone.

    {"parts": [{"part": "left_hand", "vertices": [10, 11, 12]},
               {"part": 4, "group": "glove"},
               {"part": 4, "group": "#ff0000"},
               {"part": 4, "faces": [7, 8]}],
     "seams": [{"between": ["torso_front", "right_upper_leg_front"], "vertices": [4, 90, 17]}]}

parts: faces whose corners are all named take the part: by vertices (counted from 0), by a group (an OBJ's g, o or
usemtl, a GLB's node, mesh or material, a colour painted on vertices), or faces (triangles, counted from 0).
seams: the border between two parts is moved to the shortest way along edges through the vertices.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import flags

import simpose_tf
from simpose_tf import app, files
from simpose_tf.charts import NUM_PARTS, PART_NAMES
from simpose_tf.errors import InputError
from simpose_tf.figures.fitting.fit import fit_body
from simpose_tf.figures.own import chart_file
from simpose_tf.figures.own.chart_file import Annotation
from simpose_tf.figures.own.chart_glb import colored_path, write_colored
from simpose_tf.figures.own.fitted_reference import fitted_reference
from simpose_tf.figures.own.mesh_file import read_target
from simpose_tf.surface import references
from simpose_tf.surface.carry import carry_charts
from simpose_tf.surface.distortion import Distortion
from simpose_tf.surface.edits import Edits, corrected, parse_edits
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.target import Target
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.charting_page import write_page

FLAGS = flags.FLAGS

Say = Callable[[str], None]


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("mesh", None, "The person: an .obj, .ply or .glb file.")
    flags.DEFINE_string(
        "output", None, "The charts to write, a .npz file; the coloured mesh and the page lie beside it."
    )
    flags.DEFINE_string(
        "reference",
        "open",
        "Whose charts: open, or a folder with DensePose's UV_Processed.mat and SMPL's template (.obj or .npz).",
    )
    flags.DEFINE_string("page", None, "The report page, a .html file. Default: beside the output.")
    flags.DEFINE_string("edits", None, "A person's corrections, a .json file; see above.")
    flags.DEFINE_string(
        "from", None, "With --edits: the earlier result, a .npz file. Default: --output if it is there."
    )


def main() -> None:
    """Check everything, chart the mesh, write it all."""
    say = _with_seconds(time.monotonic())
    mesh, output, page = _checked_paths()
    edits = _read_edits(FLAGS.edits) if FLAGS.edits else None
    reference = references.load(FLAGS.reference)
    target = read_target(mesh)
    say(f"{mesh}: {len(target.file_faces):,} triangles, {len(target.file_vertices):,} vertices")
    for line in target.repairs:
        say(line)
    annotation = _earlier(target, reference, output) if edits else None
    if annotation is None:
        annotation = propose(target, reference, say)
    if edits:
        annotation = edit(annotation, edits, say)
    say("write the charts, their picture and the page")
    charted = charted_mesh(annotation, say)
    write(annotation, charted, output, page)
    for line in summary(annotation, charted.distortion):
        app.say(line)
    for path in (output, colored_path(output), page):
        app.say(str(path))


def _with_seconds(start: float) -> Say:
    return lambda line: app.say(f"{time.monotonic() - start:6.1f} s  {line}")


def _checked_paths() -> tuple[Path, Path, Path]:
    """Return mesh, output and page. Raises InputError for files that are not there or would be written over."""
    mesh = files.require_file(FLAGS.mesh, "--mesh")
    if not FLAGS.output or not FLAGS.output.lower().endswith(".npz"):
        raise InputError(f"--output: name a .npz file, not {FLAGS.output!r}")
    output = files.output_file(FLAGS.output, "--output")
    page = files.output_file(FLAGS.page or str(output.with_suffix(".html")), "--page")
    if page.suffix.lower() != ".html":
        raise InputError(f"--page: name a .html file, not {str(page)!r}")
    earlier = FLAGS["from"].value
    if earlier and not FLAGS.edits:
        raise InputError("--from: is for --edits")
    inputs = [
        mesh,
        *(files.require_file(FLAGS[name].value, f"--{name}") for name in ("edits", "from") if FLAGS[name].value),
    ]
    for written in (output, colored_path(output), page):
        for read in inputs:
            if written.resolve() == read.resolve() and not (written == output and str(read) == earlier):
                raise InputError(f"{written} would be written over, but it is read; name another --output")
    return mesh, output, page


def _read_edits(path: str) -> Edits:
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    return parse_edits(data, path)


def _earlier(target: Target, reference: Reference, output: Path) -> Annotation | None:
    """Return the result that edits start from, if there is one."""
    path = FLAGS["from"].value or (str(output) if output.is_file() else None)
    return chart_file.read_annotation(path, target, reference) if path else None


def propose(target: Target, reference: Reference, say: Say) -> Annotation:
    """Return a mesh's charts as Algorithm 1 proposes them. Raises InputError for a mesh that is not a human."""
    fit = fit_body(target, say)
    for note in fit.notes:
        say(note)
    fitted = fitted_reference(reference, fit.body, say)
    charting = carry_charts(fit.vertices, target.faces, fitted, say)
    return Annotation(target, fit, charting, charting, reference)


def edit(annotation: Annotation, edits: Edits, say: Say) -> Annotation:
    """Return charts with a person's corrections of the proposal; untouched charts stay as they were proposed."""
    target, fit, proposal = annotation.target, annotation.fit, annotation.proposal
    part = corrected(target, proposal.part, edits)
    fitted = fitted_reference(annotation.reference, fit.body, say)
    charting = carry_charts(fit.vertices, target.faces, fitted, say, part, proposal)
    solved = ", ".join(PART_NAMES[p] for p in charting.solved) or "none"
    say(f"solved again: {solved}; all other charts are as they were proposed")
    return Annotation(target, fit, charting, proposal, annotation.reference)


def charted_mesh(annotation: Annotation, say: Say) -> ChartedMesh:
    """Return a charted mesh as it is drawn and measured."""
    charting = annotation.charting
    return ChartedMesh(
        vertices=annotation.fit.vertices,
        faces=annotation.target.faces,
        part=charting.part,
        uv=charting.uv,
        layer=charting.layer,
        folds=charting.folds,
        distance=charting.distance,
        body=fitted_reference(annotation.reference, annotation.fit.body, say),
    )


def write(annotation: Annotation, charted: ChartedMesh, output: Path, page: Path) -> None:
    """Write page, coloured mesh and charts; the charts last, so that whoever sees them has all."""
    target, charting = annotation.target, annotation.charting
    about = {
        "mesh": str(target.place),
        "reference": annotation.reference.name,
        "command": " ".join(["python -m simpose_tf.annotate_mesh", *sys.argv[1:]]),
        "versions": f"simpose_tf {simpose_tf.__version__}, numpy {np.__version__}",
    }
    notes = [*target.repairs, *annotation.fit.notes]
    write_page(str(page), f"Charts of {Path(target.place).name}", charted, about, notes)
    on_file = chart_file.file_charts(target, charting)
    write_colored(colored_path(output), target.file_vertices, target.file_faces, (on_file.part, on_file.uv))
    chart_file.write_charts(output, annotation)


def summary(annotation: Annotation, measures: Distortion) -> list[str]:
    """Return what a person wants to know of the result, one line each."""
    charting, fit = annotation.charting, annotation.fit
    found = np.unique(charting.part)
    missing = [PART_NAMES[p] for p in range(1, NUM_PARTS + 1) if p not in found]
    lines = [f"parts: {len(found)} of {NUM_PARTS}" + (f"; not found: {', '.join(missing)}" if missing else "")]
    if charting.layer.any():
        lines.append(f"layers over the body: {100 * charting.layer.mean():.0f} % of the triangles")
    lines.append(f"folds: {int(charting.folds.sum())}")
    lines.append(f"angles bent by (1 is ideal, by part): {_range(measures.angle)}")
    lines.append(f"areas spread by (1 is ideal, by part): {_range(measures.area_spread)}")
    gap = f"{1000 * charting.distance.mean():.1f} mm, of the fitted body to the mesh {1000 * fit.gap:.1f} mm"
    lines.append(f"mean distance to the reference: {gap}")
    return lines


def _range(values: np.ndarray) -> str:
    """Return the least and the largest of values by part `[25]`, with their parts."""
    ends = (int(np.nanargmin(values)), int(np.nanargmax(values)))
    return " to ".join(f"{values[p]:.2f} ({PART_NAMES[p]})" for p in ends)


if __name__ == "__main__":
    define_flags()
    app.run(main)
