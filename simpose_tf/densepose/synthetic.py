"""Made-up people at the size of DensePose-COCO, to measure how long an evaluation takes; no licensed file is needed.

A body of as many vertices as the official one, in the official three files (its distances are straight lines, which is
enough to look them up); pictures of it with boxes, points and masks; and a result list that is nearly right.
"""

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image
from pycocotools import mask as coco_mask

from simpose_tf.files import atomic_path, write_text
from simpose_tf.surface.distance_table import table_header
from simpose_tf.surface.evaluation_files import CHARTS_FILE, CONVERTED_FILE, VERTICES_FILE
from simpose_tf.surface.reference import Reference

VERTICES = 27554  # of the official body
_HEIGHT, _WIDTH = 480, 640
_LOOKS = 40  # different pictures of people
_POINTS, _MASK_SIDE, _GRID = 120, 256, 4
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Amount:
    """How much to make: pictures, and in each people and detections; vertices of the body."""

    pictures: int
    people: int
    detections: int
    vertices: int = VERTICES


@dataclass(frozen=True)
class _Look:
    """How a person looks: iuv uint8 `[h, w, 3]`, and the same as base64 of a PNG, encoded once for all pictures."""

    iuv: np.ndarray
    encoded: str


def write_body(folder: Path, reference: Reference, vertices: int) -> None:
    """Write the three official files of a reference, middles of its edges added; `Pdist_matrix` in its mapped form."""
    corner = np.column_stack([np.repeat(reference.part, 3), reference.faces.ravel(), reference.uv.reshape(-1, 2)])
    ends = np.stack([reference.faces, np.roll(reference.faces, -1, 1)], -1).reshape(-1, 2)
    edges, of_side = np.unique(np.sort(ends, 1), axis=0, return_inverse=True)
    middle_uv = (reference.uv + np.roll(reference.uv, -1, 1)).reshape(-1, 2) / 2
    middle = np.column_stack([np.repeat(reference.part, 3), len(reference.vertices) + of_side, middle_uv])
    place = np.concatenate([reference.vertices, reference.vertices[edges].mean(1)])[:vertices]
    charts = np.unique(np.concatenate([corner, middle]), axis=0)
    charts = charts[charts[:, 1] < len(place)]
    named = {"Part_ID_subdiv": charts[:, :1], "U_subdiv": charts[:, 2:3], "V_subdiv": charts[:, 3:]}
    scipy.io.savemat(folder / CHARTS_FILE, named)
    scipy.io.savemat(folder / VERTICES_FILE, {"index": charts[:, 1:2].astype(np.int32) + 1})
    _write_distances(folder / CONVERTED_FILE, place.astype(np.float32))


def _write_distances(path: Path, place: np.ndarray) -> None:
    """Write the table of straight distances between points `[N, 3]`."""
    squares = (place**2).sum(1)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(table_header(len(place)))
        for first in range(0, len(place), _ROWS_AT_ONCE):
            rows = range(first, min(first + _ROWS_AT_ONCE, len(place)))
            square = squares[rows, None] + squares[None, : rows.stop] - 2 * place[rows] @ place[: rows.stop].T
            block = np.sqrt(np.maximum(square, 0)).astype("<f4")
            for row in rows:
                stream.write(block[row - first, :row].tobytes())


def write_people(annotations: Path, results: Path, amount: Amount, rng: np.random.Generator) -> None:
    """Write annotations and a result list."""
    looks = [_look(rng) for _ in range(_LOOKS)]
    images = [{"id": n + 1, "height": _HEIGHT, "width": _WIDTH} for n in range(amount.pictures)]
    people: list[dict] = []
    found: list[dict] = []
    for image in images:
        shown = [looks[k] for k in rng.integers(0, _LOOKS, amount.people)]
        boxes = [_box(look, rng) for look in shown]
        for look, box in zip(shown, boxes, strict=True):
            people.append({"id": len(people) + 1, "image_id": image["id"], **_annotation(look, box, rng)})
        for n in range(amount.detections):
            look, box = shown[n % amount.people], boxes[n % amount.people]
            found.append({"image_id": image["id"], **_detection(look, box, rng)})
    stored = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    write_text(annotations, json.dumps(stored))
    write_text(results, json.dumps(found))


def _look(rng: np.random.Generator) -> _Look:
    """Return a person of blocks of parts, in which u and v run across, with some noise as a network's answer has."""
    height, width = int(rng.integers(120, 360)), int(rng.integers(60, 180))
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1) * [[[6]], [[_GRID]]]
    part = 1 + _GRID * y.astype(int) + x.astype(int)
    noise = rng.normal(0, 2, (height, width, 2))
    uv = np.clip(255 * np.stack([x % 1, y % 1], -1) + noise, 0, 255)
    iuv = np.concatenate([part[..., None], uv], -1).astype(np.uint8)
    across, down = np.abs(np.linspace(-1, 1, width)), np.abs(np.linspace(-1, 1, height))
    iuv[across[None] ** 2 + down[:, None] ** 2 > 1] = 0
    stream = io.BytesIO()
    Image.fromarray(iuv).save(stream, "PNG")
    return _Look(iuv, base64.b64encode(stream.getvalue()).decode("ascii"))


def _box(look: _Look, rng: np.random.Generator) -> np.ndarray:
    """Return a box of a look's size somewhere in the picture."""
    height, width = look.iuv.shape[:2]
    return np.array([rng.uniform(0, _WIDTH - width), rng.uniform(0, _HEIGHT - height), width, height])


def _annotation(look: _Look, box: np.ndarray, rng: np.random.Generator) -> dict:
    """Return an annotated person: points on it, its masks of parts, box and area."""
    rows, columns = np.nonzero(look.iuv[..., 0])
    chosen = rng.integers(0, len(rows), _POINTS)
    rows, columns = rows[chosen], columns[chosen]
    part, u, v = look.iuv[rows, columns].T.astype(float)
    height, width = look.iuv.shape[:2]
    square = np.asarray(Image.fromarray(look.iuv[..., 0]).resize((_MASK_SIDE, _MASK_SIDE), Image.Resampling.NEAREST))
    masks = [coco_mask.encode(np.asfortranarray(square % 14 == k, np.uint8)) for k in range(1, 14)]
    return {
        "category_id": 1,
        "iscrowd": 0,
        "bbox": box.tolist(),
        "area": float((look.iuv[..., 0] > 0).sum()),
        "dp_x": ((columns + 0.5) * 255 / width).tolist(),
        "dp_y": ((rows + 0.5) * 255 / height).tolist(),
        "dp_I": part.tolist(),
        "dp_U": (u / 255).tolist(),
        "dp_V": (v / 255).tolist(),
        "dp_masks": [{"size": mask["size"], "counts": mask["counts"].decode("ascii")} for mask in masks],
    }


def _detection(look: _Look, box: np.ndarray, rng: np.random.Generator) -> dict:
    """Return a detection of a person: its box some pixels off."""
    moved = box + np.array([*rng.normal(0, 4, 2), 0, 0])
    return {
        "category_id": 1,
        "bbox": moved.tolist(),
        "score": float(rng.random()),
        "uv_shape": [3, *look.iuv.shape[:2]],
        "uv_data": look.encoded,
    }
