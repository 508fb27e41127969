"""The page about one charted mesh: what a person looks at to see whether Algorithm 1 did well."""

import html
from collections.abc import Mapping, Sequence

import numpy as np

from simpose_tf import charts, files
from simpose_tf.surface.distortion import Distortion, measure
from simpose_tf.visualize import report_page
from simpose_tf.visualize.charted_mesh import ChartedMesh

_TABLE_STYLE = """<style>
.wide { overflow-x: auto } .parts th { width: auto; padding: 4px 10px; vertical-align: bottom; white-space: normal }
.parts td { padding: 3px 10px; white-space: nowrap } .parts i { color: #9aa1ad; font-style: normal; font-size: 12px }
.parts b.fold { color: #c62828 } .parts s { text-decoration: none; display: inline-block; width: 12px; height: 12px;
border-radius: 2px; margin-right: 7px; vertical-align: -1px } .parts tr:last-child td { font-weight: 600 }
</style>"""


def write_page(
    path: str, title: str, charted: ChartedMesh, about: Mapping[str, str], notes: Sequence[str] = ()
) -> None:
    """Write the report page of a charted mesh, its pictures beside it in `NAME_page/`.

    Args:
      path: the page, `NAME.html`.
      title: its heading.
      charted: the mesh.
      about: what else is known, name -> text: the file, the reference, the command line, versions, seconds.
      notes: what was repaired and assumed, one line each.
    """
    sections = {"Charts, part by part": parts_table(charted), "About": _about(about, notes)}
    files.write_text(path, report_page.page(title, "", sections, light=True))


def parts_table(charted: ChartedMesh) -> str:
    """Return the table of the parts' measures; the reference's own stand in grey beside them."""
    found, body = charted.distortion(), charted.body
    own = None if body is None else measure(body.vertices, body.faces, body.part, body.uv)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in _COLUMNS)
    rows = "".join(_row(p, charted, found, own) for p in range(1, charts.NUM_PARTS + 1))
    return f'{_TABLE_STYLE}<div class="wide"><table class="parts"><tr>{head}</tr>{rows}</table></div>'


_COLUMNS = (
    "part", "faces", "in layers", "area, cm²", "angle", "angle, max", "angle error", "area spread", "stretch",
    "stretch, max", "folds", "distance, mm", "95 %, mm",
)  # fmt: skip


def _row(p: int, charted: ChartedMesh, found: Distortion, own: Distortion | None) -> str:
    color = "#" + "".join(f"{c:02x}" for c in charts.PART_COLORS[p])
    name = f'<s style="background:{color}"></s>{p} {charts.PART_NAMES[p].replace("_", " ")}'
    inside = charted.part == p
    layers = "–" if charted.layer is None else f"{int(charted.layer[inside].sum()):,}"
    measures = [
        _number(getattr(found, key)[p], None if own is None else getattr(own, key)[p], form, factor)
        for key, form, factor in (
            ("area", ".0f", 1e4),
            ("angle", ".2f", 1),
            ("angle_max", ".1f", 1),
            ("angle_error", ".1f", 1),
            ("area_spread", ".1f", 1),
            ("stretch", ".2f", 1),
            ("stretch_max", ".1f", 1),
        )
    ]
    folds = str(found.folds[p]) if found.folds[p] == 0 else f'<b class="fold">{found.folds[p]}</b>'
    mean, most = ("–", "–") if charted.distance is None else (f"{d:.1f}" for d in distances(charted, inside))
    cells = [f"{found.faces[p]:,}", layers, *measures, folds, mean, most]
    return f"<tr><td>{name}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>"


def _number(value: float, own: float | None, form: str, factor: float) -> str:
    text = "–" if np.isnan(value) else f"{value * factor:{form}}"
    return text if own is None or np.isnan(own) else f"{text} <i>{own * factor:{form}}</i>"


def distances(charted: ChartedMesh, inside: np.ndarray) -> tuple[float, float]:
    """Return the mean and the 95th percentile, in millimetres and by area, of the distance over some faces `[F]`."""
    if charted.distance is None or not inside.any():
        return np.nan, np.nan
    corners = np.asarray(charted.vertices, float)[charted.faces[inside]]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    distance = 1000 * np.asarray(charted.distance, float)[charted.faces[inside]].mean(1)
    order = np.argsort(distance, kind="stable")
    most = distance[order][min(np.searchsorted(np.cumsum(area[order]), 0.95 * area.sum()), len(order) - 1)]
    return float(np.average(distance, weights=area)), float(most)


def _about(about: Mapping[str, str], notes: Sequence[str]) -> str:
    rows = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in about.items())
    lines = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f"<table>{rows}</table>" + (f"<ul>{lines}</ul>" if lines else "")
