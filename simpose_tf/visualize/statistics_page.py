"""The page about data sets: what is in them, as numbers and charts. One file that needs no other."""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from simpose_tf.visualize import report_page, statistics_charts, statistics_poses
from simpose_tf.visualize.statistics import Statistics, percentiles

_DPI = 130  # a chart of `statistics_charts.WIDTH` inches is a little finer than the page shows it


@dataclass(frozen=True)
class Chapter:
    """One data set.

    Attributes:
      title: its name.
      simulated: whether its people are simulated.
      facts: what its manifest tells, as name -> text.
      settings: its settings as text, or empty.
      counted: the statistics; at least one person.
      sheet: uint8 `[H,W,3]` some of its people with their labels (`sheets.contact_sheet`), or None.
    """

    title: str
    simulated: bool
    facts: Mapping[str, str]
    settings: str
    counted: Statistics
    sheet: np.ndarray | None


def page(title: str, intro: str, chapters: Sequence[Chapter]) -> str:
    """Return the HTML of the page; pictures are inside."""
    sections: dict[str, str] = {}
    for chapter in chapters:
        name = f"{chapter.title}: " if len(chapters) > 1 else ""
        sections |= {name + heading: content for heading, content in _sections(chapter).items()}
    return report_page.page(title, intro, sections, light=True)


def _sections(chapter: Chapter) -> dict[str, str]:
    """Return the sections of a data set: heading -> HTML; what it lacks comes last."""
    counted = chapter.counted
    sections = {"Data set": _overview(chapter)}
    absent = "off the picture" if chapter.simulated else "not labelled"

    def keypoints_chart(of: Statistics) -> Figure:
        return statistics_charts.visibility(of, absent)

    lacking = []
    for heading, there, draw, note in (
        ("People per picture and their size", True, statistics_charts.people_per_picture, _SIZES),
        ("Where they are", True, statistics_charts.places, ""),
        ("Keypoints", True, keypoints_chart, ""),
        ("Occlusion", True, statistics_charts.occlusion, _OCCLUSION),
        ("Poses", counted.poses, statistics_poses.families, _POSES),
        (
            "Keypoints around the hips",
            counted.clouds,
            statistics_poses.clouds,
            _CLOUDS + (_FAMILIES if counted.poses else ""),
        ),
        ("Figures", counted.figures, statistics_charts.figures, ""),
        ("Parts", counted.dense, statistics_charts.parts, ""),
        ("Coverage of the charts", counted.dense, statistics_charts.chart_coverage, _CHARTS),
        ("Normals", counted.tilts.any(), statistics_charts.normals, _NORMALS),
    ):
        if there:
            sections[heading] = _drawn(heading, draw, counted, note)
        else:
            lacking.append(heading.lower())
    if lacking:
        why = "nothing in these records tells of them" + ("" if chapter.simulated else " (photographs)")
        sections["What is lacking"] = report_page.paragraph(f"No {', no '.join(lacking)}: {why}.")
    return sections


_SIZES = (
    "People are those who became records. COCO's sizes go by the area of the visible mask in pixels of the picture: "
    "small below 32 x 32, large from 96 x 96 on."
)
_OCCLUSION = (
    "Left: labelled keypoints that another person, a thing or the own body hides. Right: pixels of other people inside "
    "the person's box, in front or behind."
)
_POSES = "Families are the first half of a pose's name; a mirrored pose counts as the same one."
_CLOUDS = (
    "Of people whose shoulders, elbows, wrists, hips, knees and ankles are all labelled: places in the picture "
    "relative to the middle of the hips, in units of the person's size; people seen from behind are mirrored. Left "
    "orange, right blue."
)
_FAMILIES = " Small: mean skeletons of families with their people; ellipses of one standard deviation."
_CHARTS = "Each square is one part's chart, u to the right and v up. White cells were never seen."
_NORMALS = (
    "The disc shows the half sphere of directions that faces the camera, equal areas for equal solid angles, as we see "
    "it: up is up. Away from the picture's middle, visible surfaces can turn more than 90° off the viewing axis."
)


def _drawn(heading: str, draw: Callable[[Statistics], Figure], counted: Statistics, note: str) -> str:
    buffer = io.BytesIO()
    draw(counted).savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return _inlined(buffer.getvalue(), "png", heading) + (report_page.paragraph(note) if note else "")


def _inlined(data: bytes, kind: str, alt: str) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<figure><img alt="{html.escape(alt)}" src="data:image/{kind};base64,{encoded}"></figure>'


def _overview(chapter: Chapter) -> str:
    """Return the numbers in large type, some people, and what the manifest tells."""
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in chapter.facts.items()
    )
    tiles = "".join(
        f'<div class="tile"><b>{html.escape(number)}</b><span>{html.escape(name)}</span></div>'
        for name, number in numbers(chapter.counted).items()
    )
    folded = f"<details><summary>All settings</summary>{report_page.code(chapter.settings)}</details>"
    return (
        f'<div class="tiles">{tiles}</div><table>{rows}</table>{folded if chapter.settings else ""}'
        f"{_people(chapter.sheet) if chapter.sheet is not None else ''}"
    )


def _people(sheet: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="jpeg", quality=85)
    return _inlined(buffer.getvalue(), "jpeg", "people of the data set with their labels")


def numbers(counted: Statistics) -> dict[str, str]:
    """Return the first numbers that one asks for: name -> number."""
    visible = counted.visibility[:, 2].sum() / counted.people
    shown = {
        "people": f"{counted.people:,}",
        "pictures": f"{len(counted.pictures):,}",
        "people per picture": f"{counted.people / len(counted.pictures):.1f}",
        "px, median height of the boxes": f"{percentiles(counted.picture_heights, [50])[0]:.0f}",
        "visible keypoints per person": f"{visible:.1f}",
    }
    if counted.figures:
        shown["figures"] = f"{len(counted.figures):,}"
    if counted.poses:
        shown["distinct poses"] = f"{len(counted.poses):,}"
    if counted.dense:
        shown["of the charts' cells seen"] = f"{100 * np.mean(counted.chart_cells > 0):.1f} %"
    return shown
