"""Predictions on their picture, the way the field draws them: layers over one another on the photo, or beside it.

Fills colour the people: `parts`, `u`, `v` (blue 0, red 1; SimPose Fig. 2, 3), `normals` (Fig. 1), `masks` (whose pixel
it is), `texture` (an atlas painted on them). Lines lie on top: `contours` (iso-contours of u and v per part, Fig. 2
and 6), `keypoints` (with skeleton), `boxes` (with scores).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simpose_tf import charts, keypoints
from simpose_tf.errors import InputError
from simpose_tf.visualize import atlas, contours, normals, parts, sheets, skeletons
from simpose_tf.visualize.atlas import Atlas
from simpose_tf.visualize.views import View, whole

FILLS = ("parts", "u", "v", "normals", "masks", "texture")
LINES = ("contours", "keypoints", "boxes")
DEFAULT_LAYERS = LINES

# What a layer shows, below its picture.
CAPTIONS = {
    "parts": "parts (right ones darker)",
    "u": "u: blue 0, red 1",
    "v": "v: blue 0, red 1",
    "normals": "normals: red right, green up, blue to us",
    "masks": "masks",
    "texture": "texture",
    "contours": "contours of u and v, every 0.1: blue 0, red 1",
    "keypoints": "keypoints: left orange, right blue",
    "boxes": "boxes with scores",
}

# Small pictures are enlarged by whole numbers until their long side has this many pixels: lines stay apart.
_MIN_SIDE = 1000

# Contours are traced on maps whose long side has less than twice as many pixels.
_TRACED_SIDE = 2000

# How far fills cover the photo, and how long a panel beside the photo is at most.
_OPACITY = {"parts": 0.85, "u": 0.85, "v": 0.85, "normals": 1.0, "masks": 0.6, "texture": 1.0}
_PANEL = 640
_PANELS_IN_A_ROW = 4

_BORDER, _INK, _WHITE = (20, 20, 20), (25, 27, 32), (255, 255, 255)

# Hough scores from which a keypoint is drawn, hollow, and from which it is drawn solid.
# not in the paper: a perfect one has up to 1, but votes that miss by s pixels share it among 2 pi s^2 pixels: 0.02 for
# s = 2 and p = 0.5; a map that says nothing, p = 0.5 without offsets, has 0.002 or less (`inference.hough`).
_UNSURE, _SURE = 0.004, 0.012


@dataclass(frozen=True)
class DrawnPerson:
    """What is drawn of a person beside the maps: `box_yxyx` `[4]`, `keypoints` `[17,3]` (x, y, score), `score`."""

    box_yxyx: np.ndarray
    keypoints: np.ndarray
    score: float


@dataclass(frozen=True)
class DrawnMaps:
    """The maps of all people in a picture.

    Attributes:
      owner: int `[H,W]` whose pixel it is, -1 nobody's.
      part: uint8 `[H,W]`, 0 where nobody is.
      uv: float `[H,W,2]`.
      normal: float `[H,W,3]` unit, camera frame.
    """

    owner: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    normal: np.ndarray


def parse_layers(text: str, what: str = "--draw") -> tuple[str, ...]:
    """Return the layers that a comma-combined list names, each once. Raises InputError, naming the option `what`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = (*LINES, *FILLS)
    for name in names:
        if name not in known:
            raise InputError(f"{what}: no layer {name!r}; layers are {', '.join(known)}")
    if not names:
        raise InputError(f"{what}: name at least one layer of {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def draw_overlay(
    image: np.ndarray,
    maps: DrawnMaps,
    people: list[DrawnPerson],
    layers: tuple[str, ...] = DEFAULT_LAYERS,
    texture: Atlas | None = None,
) -> np.ndarray:
    """Draw layers upon a picture uint8 `[H,W,3]`: of several fills the first that is named, and all lines.

    Without a fill contours are coloured by their values; upon one, lines of equal u are dark and those of equal v white
    (SimPose Fig. 2). `texture` is needed by the layer of that name.

    Returns uint8 RGB of the picture's size, or a whole multiple of it where the picture is small.
    """
    view = _view(image)
    fill = next((name for name in layers if name in FILLS), None)
    canvas = view.picture(image)
    thickness = max(round(max(canvas.shape[:2]) / 1400), 1)
    if fill:
        _draw_fill(canvas, view, maps, fill, texture)
    elif "contours" in layers:
        # The people step back, so that thin lines show; the rest of the picture stays as it is.
        part = view.labels(maps.part)
        box = parts.bounds(part)
        canvas[box] = parts.blend(canvas[box], np.zeros(3), part[box], 0.35)
    if "contours" in layers:
        colors = (_INK, _WHITE) if fill else (None, None)
        coarse, seen = _coarse(maps, view)
        patches = _patches(coarse)
        for axis, color in enumerate(colors):
            contours.draw_contours(canvas, seen, patches, coarse.uv[..., axis], thickness, color)
    size = 3.0 * max(max(canvas.shape[:2]) / 1000, 1)
    for person in people:
        if "boxes" in layers:
            skeletons.draw_box(canvas, view, person.box_yxyx, width=thickness)
        if "keypoints" in layers:
            skeletons.draw_skeleton(canvas, view, person.keypoints[:, :2], visibility_of(person.keypoints[:, 2]), size)
    for person in people if "boxes" in layers else []:
        _draw_score(canvas, view, person, int(13 * max(max(canvas.shape[:2]) / 1000, 1)))
    return canvas


def beside(image: np.ndarray, drawings: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """Lay a picture uint8 `[H,W,3]` and drawings of it, with captions, beside one another (SimPose Fig. 4): RGB."""
    panels = [_view(image).picture(image), *(drawing for _, drawing in drawings)]
    scale = min(_PANEL / max(panels[0].shape[:2]), 1.0)
    size = tuple(max(round(side * scale), 1) for side in panels[0].shape[1::-1])
    panels = [cv2.resize(panel, size, interpolation=cv2.INTER_AREA) for panel in panels]
    captions = ["picture", *(caption for caption, _ in drawings)]
    return sheets.grid_sheet(panels, captions, min(len(panels), _PANELS_IN_A_ROW))


def _coarse(maps: DrawnMaps, view: View) -> tuple[DrawnMaps, View]:
    """Return every nth pixel of a large picture's maps, and their view; those of a small one as they are."""
    step = max(max(maps.part.shape) // _TRACED_SIDE, 1)
    chosen = DrawnMaps(*(values[::step, ::step] for values in (maps.owner, maps.part, maps.uv, maps.normal)))
    # Their pixel i + 0.5 is the picture's step * i + 0.5.
    shift = 0.5 - 0.5 / step
    return chosen, View(shift, shift, step * view.scale, view.height, view.width)


def _patches(maps: DrawnMaps) -> np.ndarray:
    """Return a label `[H,W]` for each part of each person, 0 nobody: lines of one never run on into another."""
    return np.where(maps.part > 0, (maps.owner + 1) * (charts.NUM_PARTS + 1) + maps.part, 0)


def _draw_fill(canvas: np.ndarray, view: View, maps: DrawnMaps, fill: str, texture: Atlas | None) -> None:
    """Lay the colours of a fill over people."""
    colors, where = _colors(maps, fill, texture)
    where = view.labels(where)
    box = parts.bounds(where)
    canvas[box] = parts.blend(canvas[box], view.labels(colors)[box], where[box], _OPACITY[fill])
    if fill in ("parts", "u", "v"):
        contours.draw_borders(canvas, view, _patches(maps).astype(np.int32), _BORDER)


def _colors(maps: DrawnMaps, fill: str, texture: Atlas | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours uint8 `[H,W,3]` of a fill and where it has some, bool `[H,W]`."""
    person = maps.part > 0
    if fill == "parts":
        return parts.color_parts(maps.part), person
    if fill in ("u", "v"):
        return contours.value_colors(maps.uv[..., "uv".index(fill)]), person
    if fill == "normals":
        return normals.color_normals(maps.normal, person), person
    if fill == "masks":
        return contours.value_colors((np.maximum(maps.owner, 0) * 0.381966 + 0.1) % 1.0), person
    if texture is None:
        raise ValueError("the layer texture needs an atlas")
    return atlas.paint(texture, maps.part, maps.uv)


def visibility_of(score: np.ndarray) -> np.ndarray:
    """Return how keypoints `[17]` of given Hough scores are drawn, as COCO flags: solid, hollow or not at all."""
    seen = np.where(score >= _SURE, keypoints.VISIBLE, keypoints.HIDDEN)
    return np.where(score >= _UNSURE, seen, keypoints.UNLABELLED)


def _view(image: np.ndarray) -> View:
    return whole(image, max(-(-_MIN_SIDE // max(image.shape[:2])), 1))


def _draw_score(canvas: np.ndarray, view: View, person: DrawnPerson, size: int) -> None:
    """Draw a person's score, in letters of `size` pixels, at the upper left corner of the box."""
    x, y = view.points(np.array([person.box_yxyx[1], person.box_yxyx[0]]))
    x, y = min(max(x, 0), canvas.shape[1] - 3 * size) + 3, max(y - size - 5, 1)
    font, text = _font(size), f"{person.score:.2g}"
    left, top, right, bottom = (int(side) for side in font.getbbox(text))
    label = Image.new("RGB", (right - left + 6, bottom - top + 6), _BORDER)
    ImageDraw.Draw(label).text((3 - left, 3 - top), text, (255, 230, 60), font)
    place = canvas[max(int(y) + top - 3, 0) :, max(int(x) + left - 3, 0) :][: label.height, : label.width]
    place[:] = np.asarray(label)[: place.shape[0], : place.shape[1]]


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
