"""Contact sheets: one row per person, one column per label; and grids of pictures."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simpose_tf import geometry
from simpose_tf.visualize import contours, normals, parts, skeletons
from simpose_tf.visualize.views import View, fit

_GAP = 6
_TITLE, _CAPTION = 44, 26
_PAPER, _INK, _FAINT = (24, 25, 29), (232, 232, 236), (128, 130, 138)
_SMALL = (240, 180)  # height and width of a person in a grid
_EMPTY = (38, 40, 46)
_OTHERS, _UNKNOWN = (70, 120, 255), (150, 150, 150)


class LabelledPerson(Protocol):
    """What a sheet draws: the pictures and labels of `simpose_tf.data.schema.Person`, None where absent."""

    image: np.ndarray
    box_yxyx: np.ndarray
    keypoints_xy: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    others: np.ndarray | None
    ignore: np.ndarray | None
    part: np.ndarray | None
    u: np.ndarray | None
    v: np.ndarray | None
    normal: np.ndarray | None


# A cell is a picture, or the reason why there is none.
Cell = np.ndarray | str


def contact_sheet(people: Sequence[LabelledPerson], captions: Sequence[str], cell_height: int = 300) -> np.ndarray:
    """Draw a sheet of people with all their labels.

    Columns: the record's whole picture with the box; then, zoomed to the person, keypoints, mask, parts,
    iso-contours of u and of v on the picture, normals. Absent labels are empty cells that say why.

    Args:
      people: at least one.
      captions: one line for each.
      cell_height: pixels; the zoomed cells are 3/4 as wide, the first is square.

    Returns:
      uint8 `[H,W,3]` RGB.
    """
    widths = [cell_height] + [cell_height * 3 // 4] * (len(COLUMNS) - 1)
    lefts = _GAP + np.concatenate([[0], np.cumsum(np.array(widths) + _GAP)])
    row_height = _CAPTION + cell_height + _GAP
    height = _TITLE + len(people) * row_height + _GAP
    page = Image.new("RGB", (int(lefts[-1]), height), _PAPER)
    pen = ImageDraw.Draw(page)
    for (title, _), left in zip(COLUMNS, lefts, strict=False):
        pen.multiline_text((int(left), 4), title, _INK, ImageFont.load_default(14), spacing=2)
    for row, (person, caption) in enumerate(zip(people, captions, strict=True)):
        top = _TITLE + row * row_height
        pen.text((int(lefts[0]), top + 6), caption, _FAINT, ImageFont.load_default(13))
        for (_, draw), left, width in zip(COLUMNS, lefts, widths, strict=False):
            cell = _picture_of(draw(person, cell_height, width), cell_height, width)
            page.paste(Image.fromarray(cell), (int(left), top + _CAPTION))
    return np.asarray(page)


def picture_sheet(people: Sequence[LabelledPerson], captions: Sequence[str], columns: int = 10) -> np.ndarray:
    """Draw many people small, in a grid, without labels: uint8 `[H,W,3]` RGB."""
    height, width = _SMALL
    pictures = [_zoom(person, height, width).picture(person.image) for person in people]
    return grid_sheet(pictures, captions, columns)


def grid_sheet(pictures: Sequence[np.ndarray], captions: Sequence[str], columns: int) -> np.ndarray:
    """Draw pictures in a grid, row by row, each with its caption below.

    Args:
      pictures: at least one, uint8 `[h,w,3]` RGB, all of one size.
      captions: one line for each; what is wider than the picture is cut off.
      columns: pictures in a row.

    Returns:
      uint8 `[H,W,3]` RGB.
    """
    height, width = pictures[0].shape[:2]
    rows, columns = -(-len(pictures) // columns), min(columns, len(pictures))
    page = Image.new("RGB", (_GAP + columns * (width + _GAP), _GAP + rows * (height + _CAPTION)), _PAPER)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(index, columns)
        cell = Image.new("RGB", (width, height + _CAPTION), _PAPER)
        cell.paste(Image.fromarray(picture), (0, 0))
        ImageDraw.Draw(cell).text((2, height + 5), caption, _INK, ImageFont.load_default(13))
        page.paste(cell, (_GAP + column * (width + _GAP), _GAP + row * (height + _CAPTION)))
    return np.asarray(page)


def _picture_of(cell: Cell, height: int, width: int) -> np.ndarray:
    """Return a cell's picture; a reason is written on an empty one."""
    if not isinstance(cell, str):
        return cell
    empty = Image.new("RGB", (width, height), _EMPTY)
    place, font = (width / 2, height / 2), ImageFont.load_default(14)
    ImageDraw.Draw(empty).multiline_text(place, cell, _FAINT, font, anchor="mm", align="center", spacing=4)
    return np.asarray(empty)


def _zoom(person: LabelledPerson, height: int, width: int) -> View:
    """Return the view of a person's box and a tenth around it."""
    return fit(geometry.extend_box(person.box_yxyx, height / width, 1.1), height, width)


def _draw_record(person: LabelledPerson, height: int, width: int) -> Cell:
    rows, columns = person.image.shape[:2]
    view = fit(np.array([0, 0, rows, columns]), height, width)
    canvas = view.picture(person.image)
    skeletons.draw_box(canvas, view, person.box_yxyx)
    return canvas


def _draw_keypoints(person: LabelledPerson, height: int, width: int) -> Cell:
    if not np.any(person.visibility > 0):
        return "no keypoint\nis labelled"
    view = _zoom(person, height, width)
    canvas = parts.blend(view.picture(person.image), np.zeros(3), np.ones((height, width)), 0.25)
    skeletons.draw_skeleton(canvas, view, person.keypoints_xy, person.visibility, height / 90)
    return canvas


def _draw_mask(person: LabelledPerson, height: int, width: int) -> Cell:
    view = _zoom(person, height, width)
    canvas = parts.spotlight(view.picture(person.image), view.labels(person.mask))
    for region, color in ((person.others, _OTHERS), (person.ignore, _UNKNOWN)):
        if region is not None:
            canvas = parts.blend(canvas, np.array(color), view.labels(region), 0.55)
    return canvas


def _draw_parts(person: LabelledPerson, height: int, width: int) -> Cell:
    if person.part is None:
        return "no parts\nin the record"
    view = _zoom(person, height, width)
    part = view.labels(person.part)
    canvas = parts.blend(parts.spotlight(view.picture(person.image), part), parts.color_parts(part), part, 0.9)
    contours.draw_borders(canvas, view, person.part, (15, 15, 15))
    return canvas


def _draw_contours(of: str) -> Callable[[LabelledPerson, int, int], Cell]:
    """Return the drawing of the iso-contours of `u` or `v`."""

    def draw(person: LabelledPerson, height: int, width: int) -> Cell:
        values = getattr(person, of)
        if person.part is None or values is None:
            return f"no {of}\nin the record"
        view = _zoom(person, height, width)
        canvas = parts.blend(view.picture(person.image), np.zeros(3), np.ones((height, width)), 0.45)
        contours.draw_borders(canvas, view, person.part, (120, 120, 120))
        contours.draw_contours(canvas, view, person.part, values)
        return canvas

    return draw


def _draw_normals(person: LabelledPerson, height: int, width: int) -> Cell:
    if person.normal is None:
        return "no normals\nin the record"
    view = _zoom(person, height, width)
    normal = view.labels(person.normal.astype(np.float32))
    return normals.color_normals(normal, np.any(normal != 0, -1))


# Title of a column, and what draws its cells.
COLUMNS: tuple[tuple[str, Callable[[LabelledPerson, int, int], Cell]], ...] = (
    ("picture of the record, box", _draw_record),
    ("keypoints (left orange,\nright blue, hidden hollow)", _draw_keypoints),
    ("mask (other people blue,\nunknown grey)", _draw_mask),
    ("parts (right ones darker)", _draw_parts),
    ("u = .1 (blue) ... .9 (red)", _draw_contours("u")),
    ("v = .1 (blue) ... .9 (red)", _draw_contours("v")),
    ("normals (red right,\ngreen up, blue to us)", _draw_normals),
)
