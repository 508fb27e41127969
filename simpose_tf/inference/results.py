"""DensePose result lists as `simpose_tf.predict` writes them, read back: numpy, json and Pillow only, nothing pickled.

Every reader raises InputError, with one line that names the file and the place, for what is no such file.
"""

import base64
import binascii
import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from simpose_tf import charts, files
from simpose_tf.errors import InputError

# What Pillow raises for files that are broken, cut off, no pictures, or far too large.
PICTURE_FAULTS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Entry:
    """One entry of a DensePose result list.

    Attributes:
      image_id: of the picture.
      category_id: 1, COCO's person.
      bbox: float64 `[4]` x, y, width, height.
      score: the person's.
      iuv: uint8 `[h,w,3]` part, u * 255, v * 255 in the box; w, h = max(int(size), 1); 0 off the person.
    """

    image_id: int
    category_id: int
    bbox: np.ndarray
    score: float
    iuv: np.ndarray


def write_results_npz(path: str | os.PathLike, entries: Sequence[Entry]) -> None:
    """Write a result list as a compressed .npz without pickles.

    Keys: `image_id`, `category_id` `[N]` int64, `bbox` `[N,4]` and `score` `[N]` float64, `uv_shape` `[N,3]` int64
    (3, h, w), and `iuv` uint8 `[P,3]`: the pixels of all people, one after the other, row by row.
    """
    numbers = {key: np.array([getattr(e, key) for e in entries], np.int64) for key in ("image_id", "category_id")}
    pixels = np.concatenate([np.zeros((0, 3), np.uint8), *(entry.iuv.reshape(-1, 3) for entry in entries)])
    with files.atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            **numbers,
            bbox=np.array([entry.bbox for entry in entries], np.float64).reshape(-1, 4),
            score=np.array([entry.score for entry in entries], np.float64),
            uv_shape=np.array([(3, *entry.iuv.shape[:2]) for entry in entries], np.int64).reshape(-1, 3),
            iuv=pixels,
        )


def read_results(path: str | os.PathLike) -> list[Entry]:
    """Read results.json or results.npz."""
    if str(path).endswith(".npz"):
        return _results_of_npz(path)
    content = load_json(path)
    if not isinstance(content, list):
        raise InputError(f"{path}: no list of results")
    return [entry_of_json(item, f"{path}, entry {place}") for place, item in enumerate(content)]


def _results_of_npz(path: str | os.PathLike) -> list[Entry]:
    stored = load_npz(path, ("image_id", "category_id", "bbox", "score", "uv_shape", "iuv"))
    count, shape = len(stored["image_id"]), stored["uv_shape"]
    if shape.shape != (count, 3) or any(len(stored[key]) != count for key in ("category_id", "bbox", "score")):
        raise InputError(f"{path}: arrays of different numbers of people")
    ends = np.cumsum(shape[:, 1] * shape[:, 2])
    if stored["iuv"].shape != (ends[-1] if count else 0, 3):
        raise InputError(f"{path}: iuv has {len(stored['iuv'])} pixels, uv_shape asks for {ends[-1] if count else 0}")
    pieces = np.split(stored["iuv"], ends[:-1]) if count else []
    return [
        _checked(
            Entry(
                int(stored["image_id"][k]),
                int(stored["category_id"][k]),
                stored["bbox"][k],
                float(stored["score"][k]),
                piece.reshape(shape[k, 1], shape[k, 2], 3),
            ),
            f"{path}, entry {k}",
        )
        for k, piece in enumerate(pieces)
    ]


def entry_of_json(item: Any, where: str) -> Entry:
    """Return an entry of a result list whose pixels are a PNG."""
    try:
        bbox, shape = np.array(item["bbox"], np.float64), [int(side) for side in item["uv_shape"]]
        numbers = int(item["image_id"]), int(item["category_id"]), float(item["score"])
        text = item["uv_data"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: no entry of a DensePose result list ({error!r})") from error
    iuv = decode_uv_data(text, where)
    if shape != [3, *iuv.shape[:2]]:
        raise InputError(f"{where}: uv_shape is {shape}, uv_data is {iuv.shape[1]} x {iuv.shape[0]}")
    image_id, category_id, score = numbers
    return _checked(Entry(image_id, category_id, bbox, score, iuv), where)


def _checked(entry: Entry, where: str) -> Entry:
    """Return an entry. Raises InputError for sizes that differ, numbers that are none and parts that are not there."""
    if entry.bbox.shape != (4,) or not np.isfinite(entry.bbox).all() or not np.isfinite(entry.score):
        raise InputError(f"{where}: bbox must be four numbers and score one")
    columns, rows = (max(int(side), 1) for side in entry.bbox[2:])
    if entry.iuv.shape[:2] != (rows, columns):
        raise InputError(
            f"{where}: uv is {entry.iuv.shape[1]} x {entry.iuv.shape[0]} pixels, its box {columns} x {rows}"
        )
    if entry.iuv[..., 0].max(initial=0) > charts.NUM_PARTS:
        raise InputError(f"{where}: part {entry.iuv[..., 0].max()}; parts are 0..{charts.NUM_PARTS}")
    return entry


def decode_uv_data(text: str, where: str) -> np.ndarray:
    """Return the pixels uint8 `[h,w,3]` of a base64 PNG. Raises InputError, beginning with `where`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InputError(f"{where}: uv_data is not base64 ({error})") from error
    try:
        with Image.open(io.BytesIO(data)) as opened:
            pixels = np.asarray(opened)
    except PICTURE_FAULTS as error:
        raise InputError(f"{where}: uv_data is no PNG ({' '.join(str(error).split())})") from error
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InputError(f"{where}: uv_data is no PNG of three channels of 8 bits")
    return pixels


def load_json(path: str | os.PathLike) -> Any:
    """Return what a json file holds. Raises InputError."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from error


def load_npz(path: str | os.PathLike, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return arrays of an .npz without pickles. Raises InputError."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in keys}
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npz of simpose_tf.predict ({error})") from error
