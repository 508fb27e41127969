"""The table of a charted mesh: one row of measures for each part."""

import html

import numpy as np

from simpose_tf import charts
from simpose_tf.surface.distortion import Distortion, measure
from simpose_tf.visualize import report_page
from simpose_tf.visualize.charted_mesh import ChartedMesh

_STYLE = """<style>
.wide { overflow-x: auto } .parts th { width: auto; padding: 4px 9px; vertical-align: bottom; white-space: normal;
text-align: right } .parts th:first-child { text-align: left } .parts td { padding: 3px 9px; white-space: nowrap }
.parts td i { color: #9aa1ad; font-style: normal; font-size: 12px } .parts b.fold { color: #c62828 }
.parts s { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 7px }
</style>"""

# Measures of `Distortion`: field, heading, format, factor.
_MEASURES = (
    ("area", "area, cm²", ".0f", 1e4),
    ("angle", "angle", ".2f", 1),
    ("angle_max", "angle, worst", ".1f", 1),
    ("angle_error", "angle error, °", ".1f", 1),
    ("area_spread", "area spread", ".1f", 1),
    ("stretch", "stretch", ".2f", 1),
    ("stretch_max", "stretch, worst", ".1f", 1),
)

_EXPLAINED = (
    "Grey numbers are the reference's own. Angle: how much longer a small circle of the chart becomes one way than the "
    "other on the surface, 1 is ideal; the squares of long parts can't reach it. Angle error: mean difference of "
    "a triangle's angles in the chart and on the surface. Area spread: 95th over 5th percentile of chart area per "
    "surface area. Stretch: Sander's L2 measure (worst: Linf) times the square root of chart area over surface area, "
    "1 is ideal. Folds: triangles that lie upside down or without area in their chart; the inner side of cloth is "
    "mirrored by nature and is none. Distance: from the surface to "
    "the fitted reference's nearest place, mean and the value that 95 % of the area stays below."
)


def table(charted: ChartedMesh) -> str:
    """Return the table of the parts' measures; the reference's own stand in grey beside them."""
    body = charted.body
    own = None if body is None else measure(body.vertices, body.faces, body.part, body.uv)
    names = [
        "part", "triangles", "in layers", *(name for _, name, _, _ in _MEASURES), "folds", "distance, mm", "95 % below",
    ]  # fmt: skip
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join(_row(p, charted, own) for p in range(1, charts.NUM_PARTS + 1))
    shown = f'{_STYLE}<div class="wide"><table class="parts"><tr>{head}</tr>{rows}</table></div>'
    return shown + report_page.paragraph(_EXPLAINED)


def distances(charted: ChartedMesh, inside: np.ndarray) -> tuple[float, float]:
    """Return the mean and the 95th percentile, in millimetres and by area, of the distance over some faces `[F]`."""
    if charted.distance is None or not inside.any():
        return np.nan, np.nan
    area = charted.areas[inside]
    distance = 1000 * np.asarray(charted.distance, float)[charted.faces[inside]].mean(1)
    order = np.argsort(distance, kind="stable")
    most = distance[order][min(np.searchsorted(np.cumsum(area[order]), 0.95 * area.sum()), len(order) - 1)]
    return float(np.average(distance, weights=area)), float(most)


def _row(p: int, charted: ChartedMesh, own: Distortion | None) -> str:
    found, inside = charted.distortion, charted.part == p
    color = "#" + bytes(charts.PART_COLORS[p].tolist()).hex()
    layers = "–" if charted.layer is None else f"{int(charted.layer[inside].sum()):,}"
    measures = [
        _number(getattr(found, key)[p], None if own is None else getattr(own, key)[p], form, factor)
        for key, _, form, factor in _MEASURES
    ]
    folds = "0" if found.folds[p] == 0 else f'<b class="fold">{found.folds[p]:,}</b>'
    far = ["–" if np.isnan(value) else f"{value:.1f}" for value in distances(charted, inside)]
    cells = "".join(f'<td class="n">{cell}</td>' for cell in [f"{found.faces[p]:,}", layers, *measures, folds, *far])
    name = f"{p} {charts.PART_NAMES[p].replace('_', ' ')}"
    return f'<tr><td><s style="background:{color}"></s>{html.escape(name)}</td>{cells}</tr>'


def _number(value: float, own: float | None, form: str, factor: float) -> str:
    text = _text(value * factor, form)
    return text if own is None or np.isnan(own) else f"{text} <i>{_text(own * factor, form)}</i>"


def _text(value: float, form: str) -> str:
    if np.isnan(value):
        return "–"
    # Charts of layers hold nearly flat faces, whose numbers say no more than that.
    return f"{value:{form}}" if value < 1e4 else "&gt; 9999"
