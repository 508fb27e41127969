"""DensePose result lists: one detected person each, as json or as our `.npz` (no pickle).

A json entry: `image_id`, `category_id`, `bbox` [x, y, w, h], `score`, `uv_shape` [3, h, w] and `uv_data`, the base64 of
a PNG of h x w pixels with the channels part, u * 255, v * 255; h, w = max(int(box size), 1).

The `.npz` holds N people as arrays: `image_id` [N], `category_id` [N], `bbox` [N, 4], `score` [N], and `iuv`, uint8,
all their pixels [h, w, 3] flattened and joined.
"""

import base64
import binascii
import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from simpose_tf.charts import NUM_PARTS
from simpose_tf.densepose.annotations import box_of, is_id, is_number, read_json
from simpose_tf.errors import InputError
from simpose_tf.files import atomic_path

_CHANNELS = 3
# The arrays of the `.npz` besides `iuv`: kinds of their types as numpy names them, shape of a person's entry.
_ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "image_id": ("iufU", ()),
    "category_id": ("iufU", ()),
    "bbox": ("iuf", (4,)),
    "score": ("iuf", ()),
}


@dataclass(frozen=True)
class Detection:
    """A detected person.

    Attributes:
      place: what to call it in messages.
      image: id of the picture.
      category: id of the category.
      box_xywh: `[4]` picture pixels.
      score: finite.
      pixels: a PNG, or uint8 `[h, w, 3]`, not yet checked; see `iuv`.
    """

    place: str
    image: Any
    category: Any
    box_xywh: np.ndarray
    score: float
    pixels: bytes | np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pixels that belong to the box."""
        return max(int(self.box_xywh[3]), 1), max(int(self.box_xywh[2]), 1)

    def iuv(self) -> np.ndarray:
        """Return uint8 `[h, w, 3]`: part 0..24, u * 255, v * 255. Raises InputError for another size or other parts."""
        iuv = self._decoded(self.pixels) if isinstance(self.pixels, bytes) else self.pixels
        if iuv.shape[:2] != self.size:
            have = f"uv of {iuv.shape[1]} x {iuv.shape[0]} pixels"
            raise InputError(f"{self.place}: {have}, the box asks for {self.size[1]} x {self.size[0]}")
        if iuv[..., 0].max() > NUM_PARTS:
            y, x = np.argwhere(iuv[..., 0] > NUM_PARTS)[0]
            raise InputError(f"{self.place}: part {iuv[y, x, 0]} at pixel ({x}, {y}); parts are 0..{NUM_PARTS}")
        return iuv

    def _decoded(self, png: bytes) -> np.ndarray:
        """Return the PNG's pixels."""
        try:
            with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
                pixels = np.asarray(picture)
        except Exception as error:  # broken pictures raise many things
            raise InputError(f"{self.place}: uv_data is no PNG: {error}") from error
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != _CHANNELS:
            raise InputError(f"{self.place}: uv_data must be an RGB PNG of 8 bits, channels part, u * 255, v * 255")
        return pixels


def read_results(path: str | os.PathLike) -> list[Detection]:
    """Read a result list, `.json` or `.npz`.

    Raises:
      InputError: no such file, another form, a score that is no finite number; the line names file and entry. Pixels
        are checked when they are asked for.
    """
    if str(path).endswith(".npz"):
        return _read_npz(path)
    return parse_results(read_json(path, "--results"), str(path))


def parse_results(stored: Any, place: str) -> list[Detection]:
    """Return the detections of a json value. Raises InputError, naming `place`, for another form."""
    if not isinstance(stored, list):
        raise InputError(f"{place}: no DensePose result list: a list of objects is expected")
    return [_parsed(one, f"{place}: result {row} (from 0)") for row, one in enumerate(stored)]


def _parsed(one: Any, here: str) -> Detection:
    """Return one entry."""
    if not isinstance(one, dict):
        raise InputError(f"{here}: no object")
    missing = [key for key in ("image_id", "category_id", "bbox", "score", "uv_shape", "uv_data") if key not in one]
    if missing:
        raise InputError(f"{here}: no {', '.join(missing)}")
    here = f"{here}, image {one['image_id']}"
    for key in ("image_id", "category_id"):
        if not is_id(one[key]):
            raise InputError(f"{here}: {key} is {one[key]!r}, no number or text")
    found = Detection(here, one["image_id"], one["category_id"], box_of(one["bbox"], here), _score(one, here), b"")
    if one["uv_shape"] != [_CHANNELS, *found.size]:
        asked = f"the box asks for {[_CHANNELS, *found.size]}"
        raise InputError(f"{here}: uv of another size than the box: uv_shape {one['uv_shape']}, {asked}")
    try:
        pixels = base64.b64decode("".join(one["uv_data"].split()), validate=True)
    except (AttributeError, ValueError, binascii.Error) as error:
        raise InputError(f"{here}: uv_data is no base64: {error}") from error
    return Detection(here, found.image, found.category, found.box_xywh, found.score, pixels)


def _score(one: dict, here: str) -> float:
    """Return the score of an entry."""
    score = one["score"]
    if not is_number(score):
        raise InputError(f"{here}: score is {score}, not a finite number")
    return float(score)


def _read_npz(path: str | os.PathLike) -> list[Detection]:
    """Read our `.npz`."""
    try:
        with open(path, "rb") as stream, zipfile.ZipFile(stream):  # np.load would read a lone array, too
            stored = np.load(path, allow_pickle=False)
            arrays = {name: stored[name] for name in (*_ARRAYS, "iuv")}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"--results: {path}: no result list: {error}") from error
    people = len(arrays["score"]) if arrays["score"].ndim else 0
    fits = {n: arrays[n].dtype.kind in kinds and arrays[n].shape == (people, *s) for n, (kinds, s) in _ARRAYS.items()}
    fits["iuv"] = arrays["iuv"].dtype == np.uint8 and arrays["iuv"].ndim == 1
    for name in (name for name, good in fits.items() if not good):
        is_now = f"{name} is {arrays[name].dtype} {list(arrays[name].shape)}"
        raise InputError(f"--results: {path}: no result list of {people} people: {is_now}")
    return list(_split(str(path), *arrays.values()))


def _split(place: str, image, category, box, score, iuv) -> Iterator[Detection]:
    """Yield the people of the arrays."""
    start = 0
    for row in range(len(image)):
        here = f"{place}: result {row} (from 0), image {image[row].item()}"
        value = _score({"score": float(score[row])}, here)
        one = Detection(here, image[row].item(), category[row].item(), box_of(box[row].tolist(), here), value, b"")
        height, width = one.size
        stop = start + height * width * _CHANNELS
        if stop > len(iuv):
            raise InputError(f"{here}: uv of another size than the box: iuv ends before it")
        pixels = iuv[start:stop].reshape(height, width, _CHANNELS)
        yield Detection(here, one.image, one.category, one.box_xywh, value, pixels)
        start = stop
    if start != len(iuv):
        raise InputError(f"{place}: uv of another size than the boxes: {len(iuv) - start} bytes of iuv are left over")


def write_results_npz(path: str | os.PathLike, detections: Sequence[Detection]) -> None:
    """Write detections as an `.npz` that `read_results` reads, and anybody who knows numpy."""
    pixels = [one.iuv().reshape(-1) for one in detections]
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            image_id=np.array([one.image for one in detections]),
            category_id=np.array([one.category for one in detections]),
            bbox=np.array([one.box_xywh for one in detections], np.float64).reshape(-1, 4),
            score=np.array([one.score for one in detections], np.float64),
            iuv=np.concatenate([np.zeros(0, np.uint8), *pixels]),
        )
