"""The page about one charted mesh: what a person looks at to see whether Algorithm 1 did well."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from simpose_tf import charts, files
from simpose_tf.visualize import charted_closeups, charted_views, charting_table, flat_charts, report_page
from simpose_tf.visualize.charted_mesh import ChartedMesh
from simpose_tf.visualize.charted_views import Shot
from simpose_tf.visualize.contours import value_colors
from simpose_tf.visualize.orthographic import SIDES, look_along

# Pixels of the longest extent of a person, of a close-up, and of a chart's square.
_WHOLE, _CLOSE, _CHART = 1200, 560, 300

_VIEWS = ("front", "back", "left", "right")

# Ends of the scale of distances, metres: the first that holds 95 % of the surface.
_SCALES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)

_STYLE = """<style>
.views { display: flex; gap: 14px; align-items: flex-start; margin: 8px 0 }
.views > div { flex: var(--wide) 1 0; min-width: 0 } .views figure { margin: 0 }
.squares { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 12px } .squares figure { margin: 0 }
.closeups { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 14px } .closeups figure { margin: 0 }
.closeups img { aspect-ratio: 1; object-fit: contain }
.scale { max-width: 420px; margin: 10px 0; font-size: 13px; color: #6b7280 }
.scale i { display: block; height: 12px; border-radius: 2px }
.scale span { display: flex; justify-content: space-between }
.bad b { color: #c62828 }
@media (max-width: 800px) { body { padding: 14px } .views { flex-wrap: wrap } .views > div { flex: var(--wide) 1 38% }
  .squares { grid-template-columns: repeat(3, minmax(0, 1fr)) } .closeups { grid-template-columns: 1fr 1fr } }
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
    pictures = _Pictures(Path(path))
    sections = {"At a glance": _STYLE + _tiles(charted) + _notes(notes)}
    sections |= _views(charted, pictures)
    sections["Head, hands and feet"] = _close_ups(charted, pictures)
    sections["Flat charts"] = _flat(charted, pictures)
    sections["Part by part"] = charting_table.table(charted)
    sections["How it was made"] = _about(about)
    files.write_text(path, report_page.page(title, _INTRO, sections, light=True))


_INTRO = "Every triangle lies in one of the 24 parts of DensePose, and every corner has its place (u, v) in that part."


class _Pictures:
    """Writes the page's pictures into a folder beside it."""

    def __init__(self, page: Path):
        self.folder = page.with_name(f"{page.stem}_page")

    def figure(self, name: str, image: np.ndarray, caption: str) -> str:
        """Write uint8 `[H, W, 3]` RGB and return it as HTML."""
        with files.atomic_path(self.folder / f"{name}.png") as temporary:
            cv2.imwrite(temporary, image[..., ::-1])
        return report_page.picture(report_page.Picture(caption, f"{self.folder.name}/{name}.png"))


def _tiles(charted: ChartedMesh) -> str:
    """Return the first numbers that one asks for."""
    found = charted.distortion
    shown = {
        "triangles": f"{len(charted.faces):,}",
        "parts": f"{len(np.unique(charted.part))} of {charts.NUM_PARTS}",
        "folded triangles (should be 0)": f"{found.folds.sum():,}",
        "median stretch (1 is ideal)": f"{median_stretch(charted):.2f}",
    }
    if charted.body is not None:
        body = charted.body
        own = median_stretch(ChartedMesh(body.vertices, body.faces, body.part, body.uv))
        shown["median stretch of the reference itself"] = f"{own:.2f}"
    if charted.layer is not None and charted.layer.any():
        shown["of the triangles in layers over the body"] = f"{100 * charted.layer.mean():.0f} %"
    if charted.distance is not None:
        mean, most = charting_table.distances(charted, np.ones(len(charted.faces), bool))
        shown["mm, mean distance to the reference"] = f"{mean:.1f}"
        shown["mm or less on 95 % of the surface"] = f"{most:.1f}"
    tiles = "".join(
        f'<div class="tile{" bad" if name.startswith("folded") and number != "0" else ""}"><b>{number}</b>'
        f"<span>{html.escape(name)}</span></div>"
        for name, number in shown.items()
    )
    return f'<div class="tiles">{tiles}</div>'


def median_stretch(charted: ChartedMesh) -> float:
    """Return the stretch that half of the surface stays below (a few nearly flat faces would rule a mean)."""
    stretch = np.zeros(len(charted.faces))
    for p in np.unique(charted.part):
        inside = np.flatnonzero(charted.part == p)
        stretch[inside] = flat_charts.face_stretch(charted, inside)
    order = np.argsort(stretch, kind="stable")
    area = np.cumsum(charted.areas[order])
    return float(stretch[order[np.searchsorted(area, area[-1] / 2)]])


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    lines = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f"{report_page.paragraph('What was mended in the mesh, and what was assumed:')}<ul>{lines}</ul>"


def _views(charted: ChartedMesh, pictures: _Pictures) -> dict[str, str]:
    """Return the sections of pictures of the whole person: heading -> HTML."""
    cameras = {side: charted_views.whole_camera(charted, look_along(*SIDES[side]), _WHOLE) for side in _VIEWS}
    shots = {side: charted_views.shoot(camera, charted.vertices, charted.faces) for side, camera in cameras.items()}

    def row(name: str, draw: Callable[[Shot], np.ndarray], sides: Iterable[str] = _VIEWS, what: str = "") -> str:
        drawn = {side: draw(shots[side]) for side in sides}
        return "".join(
            f'<div style="--wide:{image.shape[1] / image.shape[0]:.3f}">'
            f"{pictures.figure(f'{name}-{side}', image, what + side)}</div>"
            for side, image in drawn.items()
        )

    both = ("front", "back")
    sections = {
        "Parts, u and v": report_page.paragraph(_PARTS)
        + _in_row(row("parts", lambda shot: charted_views.parts_picture(charted, shot))),
        "u and v by value": report_page.paragraph(_VALUES)
        + _scale([value_colors(np.array(v)) for v in np.linspace(0, 1, 11)], ("0", "u, v", "1"))
        + _in_row(
            row("u", lambda shot: charted_views.value_picture(charted, shot, 0), both, "u, ")
            + row("v", lambda shot: charted_views.value_picture(charted, shot, 1), both, "v, ")
        ),
        "Seams": report_page.paragraph(_SEAMS)
        + _in_row(row("seams", lambda shot: charted_views.seams_picture(charted, shot))),
    }
    if charted.layer is not None and charted.layer.any():
        drawn = row("layers", lambda shot: charted_views.layers_picture(charted, shot))
        sections["Layers"] = report_page.paragraph(_LAYERS) + _in_row(drawn)
    if charted.distance is not None:
        most = distance_scale(charted)
        drawn = row("distance", lambda shot: charted_views.distance_picture(charted, shot, most))
        marks = ("0", f"{500 * most:g}", f"{1000 * most:g} mm or more")
        scale = _scale([charted_views.heat_colors(np.array(v)) for v in np.linspace(0, 1, 11)], marks)
        sections["Distance to the reference"] = report_page.paragraph(_DISTANCE) + scale + _in_row(drawn)
    if charted.body is not None:
        body = charted.body
        bodies = {s: charted_views.shoot(camera, body.vertices, body.faces) for s, camera in cameras.items()}
        drawn = "".join(
            row("body", lambda shot, side=side: charted_views.body_picture(shot, bodies[side]), [side])  # type: ignore[misc]
            for side in _VIEWS
        )
        sections["The reference beneath"] = report_page.paragraph(_BODY) + _in_row(drawn)
    return sections


_PARTS = (
    "Colours are parts: left and right share one, the right is darker. Dark lines: u = 0.1, 0.2, ... 0.9. White: v."
)
_VALUES = "The same lines, coloured by their value. Black: borders between parts."
_SEAMS = (
    "Black: borders between parts. Blue: cuts inside hands and feet, across which u and v jump. Red dots: junctions, "
    "where three or more of these meet. Grey: where the mesh itself ends."
)
_LAYERS = (
    "Ochre: clothes, hair and other pieces that lie over the body. They take part, u and v from the body beneath them."
)
_DISTANCE = (
    "How far each place lies from the nearest one of the fitted reference. Clothes, hair and shoes stand off the body: "
    "large values are expected there. On skin they mean that the fit is poor."
)
_BODY = "The reference as it was fitted: blue beneath the mesh, red where it comes out of it by more than 2 mm."
_FLAT = (
    "Each square is one part's chart, u to the right and v up. Blue triangles have more than their fair share of the "
    "square, red ones less. Folded ones are magenta; grey is covered on the reference and not here."
)


def distance_scale(charted: ChartedMesh) -> float:
    """Return the end of the scale of distances, metres."""
    most = charting_table.distances(charted, np.ones(len(charted.faces), bool))[1] / 1000
    return next((end for end in _SCALES if most <= end), _SCALES[-1])


def _in_row(views: str) -> str:
    return f'<div class="views">{views}</div>'


def _scale(colors: Sequence[np.ndarray], marks: Sequence[str]) -> str:
    """Return a bar of colours with its marks below."""
    stops = ", ".join("#" + bytes(color.tolist()).hex() for color in colors)
    shown = "".join(f"<span>{html.escape(mark)}</span>" for mark in marks)
    return f'<div class="scale"><i style="background:linear-gradient(90deg, {stops})"></i><span>{shown}</span></div>'


def _close_ups(charted: ChartedMesh, pictures: _Pictures) -> str:
    figures = "".join(
        pictures.figure(
            "close-" + view.name.replace(",", "").replace(" ", "-"),
            charted_closeups.picture(charted, view, _CLOSE),
            view.name,
        )
        for view in charted_closeups.close_ups(charted)
    )
    return f'<div class="closeups">{figures}</div>'


def _flat(charted: ChartedMesh, pictures: _Pictures) -> str:
    ends = np.geomspace(1 / flat_charts.STRETCH_RANGE, flat_charts.STRETCH_RANGE, 9)
    marks = (f"stretch {ends[0]:g} or less", "1", f"{ends[-1]:g} or more")
    figures = "".join(
        pictures.figure(
            f"chart-{p:02d}",
            flat_charts.chart_picture(charted, p, _CHART),
            f"{p} {charts.PART_NAMES[p].replace('_', ' ')}",
        )
        for p in range(1, charts.NUM_PARTS + 1)
    )
    scale = _scale(list(flat_charts.stretch_colors(ends)), marks)
    return f'{report_page.paragraph(_FLAT)}{scale}<div class="squares">{figures}</div>'


def _about(about: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in about.items())
    return f"<table>{rows}</table>"
