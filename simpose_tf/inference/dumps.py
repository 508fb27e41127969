"""What `simpose_tf.predict` writes for a picture, read back with numpy, json and Pillow only, nothing pickled.

    NAME.json       read_picture_json       NAME_inds.png        read_indices
    NAME_iuv.png    read_iuv                NAME_vertices.png    read_indices
    NAME.npz        read_dense              NAME_normals.png     read_normals
    NAME.jsonl      read_frames

The lists of all pictures' people, results.json and results.npz, are read by `densepose.results.read_results`.

Every reader raises InputError, with one line that names the file and the place, for what is no such file.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from simpose_tf import charts, files, keypoints
from simpose_tf.densepose.annotations import read_json
from simpose_tf.densepose.results import Detection, parse_results
from simpose_tf.errors import InputError
from simpose_tf.visualize import normals


@dataclass(frozen=True)
class Person:
    """One person of NAME.json.

    Attributes:
      detection: the person as the result list has it; its `iuv()` is uint8 `[h,w,3]` in the box.
      keypoints: float64 `[17,3]` x, y, score; COCO's coordinates, which name pixels by their index.
      mask: bool `[H,W]` in the whole picture.
    """

    detection: Detection
    keypoints: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Picture:
    """NAME.json: the picture's file name, id and size in pixels, and its people."""

    image: str
    image_id: int
    height: int
    width: int
    people: tuple[Person, ...]


@dataclass(frozen=True)
class ClipFrame:
    """A line of NAME.jsonl: a frame's number, its time in seconds, its id in results.json, its people, their tracks.

    `tracks` are int, one for each of `people`: the same person has the same one in all frames.
    """

    frame: int
    time: float
    image_id: int
    people: tuple[Person, ...]
    tracks: tuple[int, ...]
    broken: bool


@dataclass(frozen=True)
class Dense:
    """NAME.npz: all that is known of a picture, in full precision.

    Attributes:
      bbox: float64 `[N,4]` x, y, width, height.
      score: float64 `[N]`.
      keypoints: float64 `[N,17,3]` as in NAME.json, not rounded.
      inds: uint16 `[H,W]` whose pixel it is: person k of the list is k + 1, 0 nobody.
      mask: float32 `[H,W]` probability of that person's mask; 0 where nobody is.
      part: uint8 `[H,W]` 0..24.
      uv: float32 `[H,W,2]` in [0, 1].
      normal: float32 `[H,W,3]` unit, camera frame: x right, y down, z away; 0 where nobody is.
    """

    bbox: np.ndarray
    score: np.ndarray
    keypoints: np.ndarray
    inds: np.ndarray
    mask: np.ndarray
    part: np.ndarray
    uv: np.ndarray
    normal: np.ndarray


_DENSE_KINDS = {
    "bbox": "f8", "score": "f8", "keypoints": "f8", "inds": "u2", "mask": "f4", "part": "u1", "uv": "f4",
    "normal": "f4",
}  # fmt: skip


def decode_rle(rle: dict, where: str) -> np.ndarray:
    """Return the mask bool `[H,W]` of COCO's run lengths, compressed (text) or not (a list). Raises InputError."""
    try:
        height, width = (int(side) for side in rle["size"])
        counts = rle["counts"] if isinstance(rle["counts"], list) else _counts(rle["counts"])
        runs = np.asarray(counts, np.int64)
        if runs.ndim != 1 or (runs < 0).any() or runs.sum() != height * width:
            raise ValueError(f"run lengths must add up to {height * width}")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"{where}: no COCO run lengths ({error})") from error
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def _counts(text: str) -> list[int]:
    """Return the run lengths of COCO's compressed text: 5 bits a letter; the fourth on count from two before."""
    counts: list[int] = []
    letters = iter(ord(letter) - 48 for letter in text)
    for letter in letters:
        value, shift = letter & 31, 5
        while letter & 32:
            letter = next(letters, -1)
            if letter < 0:
                raise ValueError("the text ends within a number")
            value |= (letter & 31) << shift
            shift += 5
        if letter & 16:  # negative
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def read_picture_json(path: str | os.PathLike) -> Picture:
    """Read NAME.json."""
    content = read_json(path, "NAME.json")
    try:
        name, image_id = str(content["image"]), int(content["image_id"])
        height, width, found = int(content["height"]), int(content["width"]), list(content["people"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: no picture of simpose_tf.predict ({error!r})") from error
    people = tuple(
        Person(detection, *_points_and_mask(item, (height, width), detection.place))
        for item, detection in zip(found, parse_results(found, str(path)), strict=True)
    )
    return Picture(name, image_id, height, width, people)


def read_frames(path: str | os.PathLike) -> Iterator[ClipFrame]:
    """Yield the frames of NAME.jsonl, one by one."""
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _frame(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no such file, or no text ({error})") from error


def _frame(line: str, where: str) -> ClipFrame:
    """Return the frame of a line. Raises InputError if it is none."""
    try:
        content = json.loads(line)
        number, time, image_id = int(content["frame"]), float(content["time"]), int(content["image_id"])
        found, broken = list(content["people"]), bool(content.get("broken", False))
        tracks = tuple(int(item["track"]) for item in found)
        sizes = [tuple(item["segmentation"]["size"]) for item in found]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{where}: no frame of simpose_tf.predict ({error!r})") from error
    people = tuple(
        Person(detection, *_points_and_mask(item, size, detection.place))
        for item, size, detection in zip(found, sizes, parse_results(found, where), strict=True)
    )
    return ClipFrame(number, time, image_id, people, tracks, broken)


def _points_and_mask(item: dict, size: tuple[int, int], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints `[17,3]` and mask `[H,W]` of a person of NAME.json."""
    try:
        points, rle = np.array(item["keypoints"], np.float64), item["segmentation"]
        points = points.reshape(keypoints.NUM_KEYPOINTS, 3)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: needs 17 keypoints of x, y, score and 'segmentation' ({error!r})") from error
    mask = decode_rle(rle, where)
    if mask.shape != size:
        raise InputError(f"{where}: its mask is {mask.shape[1]} x {mask.shape[0]}, the picture {size[1]} x {size[0]}")
    return points, mask


def read_iuv(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Read NAME_iuv.png: part uint8 `[H,W]`, 0 where nobody is, and uv float32 `[H,W,2]` in [0, 1]."""
    pixels = _pixels(path)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InputError(f"{path}: no picture of three channels of 8 bits")
    if pixels[..., 0].max(initial=0) > charts.NUM_PARTS:
        raise InputError(f"{path}: part {pixels[..., 0].max()}; parts are 0..{charts.NUM_PARTS}")
    return pixels[..., 0], pixels[..., 1:].astype(np.float32) / 255


def read_normals(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Read NAME_normals.png: unit normals float32 `[H,W,3]`, camera frame, and bool `[H,W]` where somebody is."""
    pixels = _pixels(path)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise InputError(f"{path}: no picture of three channels of 8 bits")
    return normals.decode(pixels)


def write_indices(path: str | os.PathLike, indices: np.ndarray) -> None:
    """Write indices `[H,W]` from -1 on as a grey PNG of index + 1: 8 bits where that suffices, else 16.

    Raises InputError if an index does not fit 16 bits.
    """
    values = np.asarray(indices) + 1
    if values.max(initial=0) > np.iinfo(np.uint16).max:
        raise InputError(f"{path}: index {values.max() - 1} does not fit 16 bits")
    kind = np.uint8 if values.max(initial=0) <= np.iinfo(np.uint8).max else np.uint16
    with files.atomic_path(path) as temporary:
        Image.fromarray(values.astype(kind)).save(temporary, format="PNG")


def read_indices(path: str | os.PathLike) -> np.ndarray:
    """Read NAME_inds.png or NAME_vertices.png: int32 `[H,W]`, the person's place or the vertex; -1 where nobody is."""
    pixels = _pixels(path)
    if pixels.ndim != 2:
        raise InputError(f"{path}: no grey picture of indices")
    return pixels.astype(np.int32) - 1


def write_dense(path: str | os.PathLike, dense: Dense) -> None:
    """Write NAME.npz, compressed, without pickles."""
    arrays = {key: np.asarray(getattr(dense, key)).astype(kind) for key, kind in _DENSE_KINDS.items()}
    with files.atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_dense(path: str | os.PathLike) -> Dense:
    """Read NAME.npz."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {key: file[key] for key in _DENSE_KINDS}
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npz of simpose_tf.predict ({error})") from error
    for key, kind in _DENSE_KINDS.items():
        if stored[key].dtype != np.dtype(kind):
            raise InputError(f"{path}: {key} is {stored[key].dtype}, not {np.dtype(kind)}")
    return Dense(**stored)


def _pixels(path: str | os.PathLike) -> np.ndarray:
    try:
        with Image.open(path) as opened:
            return np.asarray(opened)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from error
