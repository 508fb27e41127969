"""What a network says beside the truth: a row per person, a pair of cells per task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simpose_tf import keypoints
from simpose_tf.visualize import contours, normals, overlays, parts, skeletons
from simpose_tf.visualize.views import View, fit

_GAP, _PAIR_GAP = 10, 2
_TITLE = 40
_PAPER, _INK, _FAINT, _EMPTY = (24, 25, 29), (232, 232, 236), (128, 130, 138), (38, 40, 46)


@dataclass(frozen=True)
class DrawnCrop:
    """What is drawn of one crop, H x W pixels: the truth, or what was predicted.

    Attributes:
      keypoints_xy: `[17,2]` crop pixels.
      visibility: `[17]` COCO flags: hidden ones are drawn hollow, 0 not at all.
      mask: bool `[H,W]`.
      part: `[H,W]` 0..24, 0 off the person; None without labels, as `uv` `[H,W,2]` and `normal` `[H,W,3]` then are.
      uv: in [0, 1].
      normal: unit, camera frame.
    """

    keypoints_xy: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    part: np.ndarray | None
    uv: np.ndarray | None
    normal: np.ndarray | None


def predicted(keypoints_xys: np.ndarray, mask: np.ndarray, maps: dict[str, np.ndarray]) -> DrawnCrop:
    """Return what is drawn of a prediction: dense maps inside the predicted mask, keypoints by their scores.

    Args:
      keypoints_xys: `[17,3]` (x, y, score of the Hough votes).
      mask: bool `[H,W]`.
      maps: `part` `[H,W]`, `uv` `[H,W,2]`, `normal` `[H,W,3]` on every pixel.
    """
    return DrawnCrop(
        keypoints_xy=keypoints_xys[:, :2],
        visibility=overlays.visibility_of(keypoints_xys[:, 2]),
        mask=mask,
        part=np.where(mask, maps["part"], 0),
        uv=maps["uv"],
        normal=maps["normal"] * mask[..., None],
    )


def comparison_sheet(
    images: Sequence[np.ndarray], truths: Sequence[DrawnCrop], answers: Sequence[DrawnCrop], cell_height: int = 220
) -> np.ndarray:
    """Draw people: the crop, then for keypoints, mask, parts, contours of u and v, and normals truth beside prediction.

    Args:
      images: at least one crop, uint8 `[H,W,3]`, all of one size.
      truths: of each; where dense labels are None, the cell says so.
      answers: of each.
      cell_height: pixels.

    Returns:
      uint8 `[h,w,3]` RGB.
    """
    height, width = images[0].shape[:2]
    view = fit(np.array([0, 0, height, width]), cell_height, round(cell_height * width / height))
    lefts = _lefts(view.width)
    row_height = view.height + _GAP
    page = Image.new("RGB", (lefts[-1] + view.width + _GAP, _TITLE + len(images) * row_height), _PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    pen.text((lefts[0], 4), "crop", _INK, font)
    for number, (title, _) in enumerate(COLUMNS):
        pen.text((lefts[1 + 2 * number], 4), title, _INK, font)
        for side, word in enumerate(("truth", "prediction")):
            pen.text((lefts[1 + 2 * number + side], 21), word, _FAINT, ImageFont.load_default(12))
    for row, (image, truth, answer) in enumerate(zip(images, truths, answers, strict=True)):
        cells = [view.picture(image)]
        cells += [_cell(draw, image, side, view) for _, draw in COLUMNS for side in (truth, answer)]
        for left, cell in zip(lefts, cells, strict=True):
            page.paste(Image.fromarray(cell), (left, _TITLE + row * row_height))
    return np.asarray(page)


def _lefts(width: int) -> list[int]:
    """Return where cells begin: the crop, then pairs close together."""
    lefts = [_GAP]
    for number in range(2 * len(COLUMNS)):
        lefts.append(lefts[-1] + width + (_PAIR_GAP if number % 2 else _GAP))
    return lefts


def _cell(draw, image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray:
    """Return a drawing, or an empty cell where the person has no such labels."""
    drawn = draw(image, side, view)
    if drawn is not None:
        return drawn
    empty = Image.new("RGB", (view.width, view.height), _EMPTY)
    place, font = (view.width / 2, view.height / 2), ImageFont.load_default(13)
    ImageDraw.Draw(empty).text(place, "no label", _FAINT, font, anchor="mm")
    return np.asarray(empty)


def _draw_keypoints(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    if not np.any(side.visibility > keypoints.UNLABELLED):
        return None
    canvas = _dimmed(image, view, 0.25)
    skeletons.draw_skeleton(canvas, view, side.keypoints_xy, side.visibility, view.height / 90)
    return canvas


def _draw_mask(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    return parts.spotlight(view.picture(image), view.labels(side.mask))


def _draw_parts(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    if side.part is None:
        return None
    part = view.labels(side.part.astype(np.uint8))
    canvas = parts.blend(parts.spotlight(view.picture(image), part), parts.color_parts(part), part, 0.9)
    contours.draw_borders(canvas, view, side.part.astype(np.uint8), (15, 15, 15))
    return canvas


def _draw_u(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    return _draw_contours(image, side, view, 0)


def _draw_v(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    return _draw_contours(image, side, view, 1)


def _draw_contours(image: np.ndarray, side: DrawnCrop, view: View, axis: int) -> np.ndarray | None:
    if side.part is None or side.uv is None:
        return None
    part = side.part.astype(np.uint8)
    canvas = _dimmed(image, view, 0.45)
    contours.draw_borders(canvas, view, part, (120, 120, 120))
    contours.draw_contours(canvas, view, part, side.uv[..., axis])
    return canvas


def _draw_normals(image: np.ndarray, side: DrawnCrop, view: View) -> np.ndarray | None:
    if side.normal is None:
        return None
    normal = view.labels(side.normal.astype(np.float32))
    return normals.color_normals(normal, np.any(normal != 0, -1))


def _dimmed(image: np.ndarray, view: View, opacity: float) -> np.ndarray:
    return parts.blend(view.picture(image), np.zeros(3), np.ones((view.height, view.width)), opacity)


# Title of a pair of columns, and what draws its cells.
COLUMNS = (
    ("keypoints", _draw_keypoints),
    ("mask", _draw_mask),
    ("parts", _draw_parts),
    ("u = .1 (blue) ... .9 (red)", _draw_u),
    ("v", _draw_v),
    ("normals (red right, blue to us)", _draw_normals),
)
