"""Masks of DensePose's evaluation: of annotated people, of detections, and their overlap.

A mask is put into the picture at the corner of its box, cut to whole numbers toward zero, and cut off at the rim.
"""

from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask
from scipy import ndimage

from simpose_tf.densepose.annotations import TruePerson
from simpose_tf.errors import InputError

_SIDE = 256  # of the annotated masks of parts
_PARTS = 14
_UNJUDGED_BOX, _UNJUDGED_MASK = 0.7, 0.9  # shares in an unjudged region from which on a person is left out


@dataclass(frozen=True)
class Patch:
    """A piece of a mask in a picture: bool `[h, w]`, whose first pixel is the picture's (left, top)."""

    left: int
    top: int
    pixels: np.ndarray

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int(np.count_nonzero(self.pixels))


NOTHING = Patch(0, 0, np.zeros((0, 0), bool))


def placed(mask: np.ndarray, box_xywh: np.ndarray, size: tuple[int, int]) -> Patch:
    """Return a mask bool `[h, w]` at a box's place in a picture of size (height, width)."""
    x, y, width, height = box_xywh.tolist()
    left, top = int(x), int(y)
    right = min(int(x + width), size[1], left + mask.shape[1])
    bottom = min(int(y + height), size[0], top + mask.shape[0])
    first, upper = max(left, 0), max(top, 0)
    if right <= first or bottom <= upper:
        return NOTHING
    return Patch(first, upper, mask[upper - top : bottom - top, first - left : right - left])


def true_patch(person: TruePerson, size: tuple[int, int]) -> Patch:
    """Return an annotated person's mask: the union of the masks of parts, else the segmentation, else nothing.

    Raises:
      InputError: it is no mask, or a segmentation of another size than the picture's.
    """
    try:
        if "dp_masks" in person.outline:
            return placed(_union(person.outline["dp_masks"], person.box_xywh), person.box_xywh, size)
        return _segmented(person.outline.get("segmentation"), size)
    except Exception as error:  # pycocotools raises many things
        raise InputError(f"annotation id {person.number:g}: no mask: {' '.join(str(error).split())}") from error


def _union(parts: list, box_xywh: np.ndarray) -> np.ndarray:
    """Return the union of the masks of parts (`dp_masks`), stretched to the box: bilinear, more than a half."""
    drawn = [part for part in parts[:_PARTS] if part]
    for part in drawn:
        if list(part["size"]) != [_SIDE, _SIDE]:
            raise ValueError(f"dp_masks of {part['size']} pixels; they are of {_SIDE} x {_SIDE}")
    union = coco_mask.decode(coco_mask.merge(drawn)).astype(np.float64) if drawn else np.zeros((_SIDE, _SIDE))
    width, height = (max(float(side), 1.0) for side in box_xywh[2:])
    return ndimage.zoom(union, (height / _SIDE, width / _SIDE), order=1, prefilter=False) > 0.5


def coarse_parts(parts: list, box_xywh: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the annotators' coarse parts in a picture, uint8 `[height, width]`: 1..14, 0 off them; later ones win.

    Args:
      parts: `dp_masks`: 14 run-length encodings of 256 x 256 pixels, empty where a part is not seen.
      box_xywh: `[4]` the box to which they are stretched, nearest pixels.
      size: height and width of the picture.

    Raises:
      InputError: they are no such masks.
    """
    drawn = np.zeros(size, np.uint8)
    try:
        for number, part in enumerate(parts[:_PARTS], 1):
            if not part:
                continue
            if list(part["size"]) != [_SIDE, _SIDE]:
                raise ValueError(f"dp_masks of {part['size']} pixels; they are of {_SIDE} x {_SIDE}")
            patch = placed(_stretched(coco_mask.decode(part) > 0, box_xywh), box_xywh, size)
            height, width = patch.pixels.shape
            drawn[patch.top : patch.top + height, patch.left : patch.left + width][patch.pixels] = number
    except Exception as error:  # pycocotools raises many things
        raise InputError(f"no masks of parts: {' '.join(str(error).split())}") from error
    return drawn


def _stretched(mask: np.ndarray, box_xywh: np.ndarray) -> np.ndarray:
    """Return a mask of 256 x 256 pixels stretched to a box's size, nearest pixels."""
    width, height = (max(round(float(side)), 1) for side in box_xywh[2:])
    rows, columns = (((np.arange(side) + 0.5) * _SIDE / side).astype(int) for side in (height, width))
    return mask[rows[:, None], columns]


def _segmented(segmentation: list | dict | None, size: tuple[int, int]) -> Patch:
    """Return the mask of COCO's `segmentation`: polygons, or a run-length encoding, packed or not."""
    if not segmentation:
        return NOTHING
    if isinstance(segmentation, list):
        rle = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))
    elif isinstance(segmentation["counts"], list):
        rle = coco_mask.frPyObjects(segmentation, *size)
    else:
        rle = segmentation
    if tuple(rle["size"]) != tuple(size):
        raise ValueError(f"segmentation of {rle['size']} pixels in a picture of {list(size)}")
    return Patch(0, 0, coco_mask.decode(rle) > 0)


def overlap(pred: Patch, true: Patch, true_area: int, crowd: bool) -> float:
    """Return the intersection over the union; with a crowd, over `pred`'s area. `true_area` is that of `true`."""
    height, width = pred.pixels.shape
    top, left = max(pred.top, true.top), max(pred.left, true.left)
    bottom = min(pred.top + height, true.top + true.pixels.shape[0])
    right = min(pred.left + width, true.left + true.pixels.shape[1])
    if bottom <= top or right <= left:
        return 0.0
    one = pred.pixels[top - pred.top : bottom - pred.top, left - pred.left : right - pred.left]
    two = true.pixels[top - true.top : bottom - true.top, left - true.left : right - true.left]
    both = int(np.count_nonzero(one & two))
    whole = pred.area if crowd else pred.area + true_area - both
    return both / whole if both else 0.0


def unjudged_region(polygons: list[list[float]], size: tuple[int, int]) -> np.ndarray:
    """Return where nothing was annotated: uint8 `[H, W]` of polygons x, y, x, y, ..."""
    polygons = [polygon for polygon in polygons if len(polygon) >= 6]  # fewer than three points hold no pixel
    if not polygons:
        return np.zeros(size, np.uint8)
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, *size)))


def is_judged(box_xywh: np.ndarray, region: np.ndarray, mask: np.ndarray | None = None) -> bool:
    """Return whether a person counts in a picture with an unjudged region.

    Args:
      box_xywh: the person's.
      region: uint8 `[H, W]`.
      mask: a detection's, bool, of its box; None for an annotated person, whose box decides.
    """
    x, y, width, height = (int(value) for value in box_xywh)
    if not width * height:
        return False
    inside = region[y : min(y + height, region.shape[0]), x : min(x + width, region.shape[1])]
    if not inside.any():
        return True
    if mask is None:
        return bool(inside.sum() / width / height < _UNJUDGED_BOX)
    if mask.shape != inside.shape or not mask.any():
        return True
    return bool(np.count_nonzero(mask & (inside > 0)) / np.count_nonzero(mask) < _UNJUDGED_MASK)
