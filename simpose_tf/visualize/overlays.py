"""Predictions on their picture: iso-contours, skeletons, boxes; and the maps as colours to look at."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simpose_tf import charts, keypoints
from simpose_tf.visualize import contours, normals, parts, skeletons
from simpose_tf.visualize.views import View, whole

# Small pictures are enlarged by whole numbers until their long side has this many pixels: lines stay readable.
_MIN_SIDE = 640

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


def draw_overlay(image: np.ndarray, maps: DrawnMaps, people: list[DrawnPerson]) -> np.ndarray:
    """Draw iso-contours of u and v, skeletons and boxes with scores upon a picture uint8 `[H,W,3]`.

    Returns uint8 RGB of the picture's size, or a whole multiple of it where the picture is small.
    """
    view = _view(image)
    on_people = view.labels(maps.part) > 0
    # The people step back, so that thin lines show; the rest of the picture stays as it is.
    canvas = parts.blend(view.picture(image), np.zeros(3), on_people, 0.35)
    thickness = max(round(max(canvas.shape[:2]) / 1400), 1)
    # Lines of one person never run on into another.
    patches = np.where(maps.part > 0, (maps.owner + 1) * (charts.NUM_PARTS + 1) + maps.part, 0)
    for values in (maps.uv[..., 0], maps.uv[..., 1]):
        contours.draw_contours(canvas, view, patches, values, thickness)
    size = 3.0 * max(max(canvas.shape[:2]) / 1000, 1)
    for person in people:
        skeletons.draw_box(canvas, view, person.box_yxyx, width=thickness)
        skeletons.draw_skeleton(canvas, view, person.keypoints[:, :2], visibility_of(person.keypoints[:, 2]), size)
    return _with_scores(canvas, view, people, int(13 * max(max(canvas.shape[:2]) / 1000, 1)))


def visibility_of(score: np.ndarray) -> np.ndarray:
    """Return how keypoints `[17]` of given Hough scores are drawn, as COCO flags: solid, hollow or not at all."""
    seen = np.where(score >= _SURE, keypoints.VISIBLE, keypoints.HIDDEN)
    return np.where(score >= _UNSURE, seen, keypoints.UNLABELLED)


def draw_parts(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the parts as colours on the darkened picture."""
    view = _view(image)
    part = view.labels(maps.part)
    canvas = parts.blend(parts.spotlight(view.picture(image), part), parts.color_parts(part), part, 0.85)
    contours.draw_borders(canvas, view, maps.part, (20, 20, 20))
    return canvas


def draw_normals(image: np.ndarray, maps: DrawnMaps) -> np.ndarray:
    """Draw the normals as colours (`normals.color_normals`), black where nobody is."""
    view = _view(image)
    return normals.color_normals(view.labels(maps.normal.astype(np.float32)), view.labels(maps.part))


def _view(image: np.ndarray) -> View:
    return whole(image, max(-(-_MIN_SIDE // max(image.shape[:2])), 1))


def _with_scores(canvas: np.ndarray, view: View, people: list[DrawnPerson], size: int) -> np.ndarray:
    """Return the canvas with each person's score at the upper left corner of the box."""
    page = Image.fromarray(canvas)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for person in people:
        x, y = view.points(np.array([person.box_yxyx[1], person.box_yxyx[0]]))
        place = (min(max(x, 0), canvas.shape[1] - 3 * size) + 3, max(y - size - 5, 1))
        box = pen.textbbox(place, f"{person.score:.2f}", font)
        pen.rectangle((box[0] - 3, box[1] - 3, box[2] + 3, box[3] + 3), (20, 20, 20))
        pen.text(place, f"{person.score:.2f}", (255, 230, 60), font)
    return np.asarray(page)
