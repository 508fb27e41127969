"""Pictures of dense labels beside COCO annotations, and those that `predict` wrote: NAME_iuv.png, NAME_normals.png."""

from pathlib import Path

import cv2
import numpy as np

from simpose_tf import charts, files
from simpose_tf.data import coco
from simpose_tf.errors import InputError
from simpose_tf.evaluation.coco_files import Truth
from simpose_tf.visualize import normals

# Folder of the labels, beside the annotations, as `render_sim --num_pictures` writes them.
LABELS = "labels"
IUV, NORMALS = "_iuv.png", "_normals.png"


def masks_of(truth: Truth, image: int) -> list[tuple[dict, np.ndarray]]:
    """Return (annotation, bool mask `[H,W]`) of the people of a picture, without crowds."""
    people = [p for p in truth.people if p["image_id"] == image and not p["iscrowd"]]
    return [(person, coco.rasterize(person["segmentation"], *picture_size(truth, image))) for person in people]


def picture_size(truth: Truth, image: int) -> tuple[int, int]:
    """Return (height, width) of a picture as the annotations have it."""
    return truth.images[image]["height"], truth.images[image]["width"]


def stem(truth: Truth, image: int) -> str:
    """Return a picture's NAME, by which its other files are called."""
    return Path(truth.images[image]["file_name"]).stem


def with_people(truth: Truth) -> list[int]:
    """Return the ids of the pictures with people."""
    return sorted({person["image_id"] for person in truth.people if not person["iscrowd"]})


def label_folder(annotations: str, labels: str | None) -> Path:
    """Return the folder of the pictures of labels. Raises InputError."""
    return files.require_dir(labels or str(Path(annotations).parent / LABELS), "--labels")


def result_folder(results: str) -> Path:
    """Return the folder that `predict` wrote. Raises InputError."""
    if results and Path(results).is_dir():
        return Path(results)
    return files.require_file(results, "--results").parent


def require_pictures(truth: Truth, folder: Path, suffix: str, option: str) -> None:
    """Raise InputError unless the folder has a NAME + suffix for each picture with people."""
    names = [f"{stem(truth, image)}{suffix}" for image in with_people(truth)]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        what = f"{len(missing)} of {len(names)} pictures are not in {folder}, first {missing[0]!r}" if missing else ""
        raise InputError(f"{option}: {what or f'{truth.path} has no people'}")


def read_normals(path: Path, size: tuple[int, int], option: str) -> np.ndarray:
    """Read NAME_normals.png: unit normals float32 `[H,W,3]`, 0 off people. Raises InputError."""
    pixels = _read_png(path, size, option)
    return normals.decode(pixels * np.float32(255 / np.iinfo(pixels.dtype).max))[0]


def read_iuv(path: Path, size: tuple[int, int], option: str) -> tuple[np.ndarray, np.ndarray]:
    """Read NAME_iuv.png: part uint8 `[H,W]` and uv float32 `[H,W,2]` in [0, 1]. Raises InputError."""
    pixels = _read_png(path, size, option)
    part = pixels[..., 0]
    if part.max() > charts.NUM_PARTS:
        raise InputError(f"{option}: {path}: a pixel of part {part.max()}; parts are 0..{charts.NUM_PARTS}")
    return part.astype(np.uint8), pixels[..., 1:] / np.float32(np.iinfo(pixels.dtype).max)


def _read_png(path: Path, size: tuple[int, int], option: str) -> np.ndarray:
    """Return the RGB pixels of a PNG, uint8 or uint16 `[H,W,3]`. Raises InputError."""
    stored = np.fromfile(path, np.uint8)
    pixels = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED) if stored.size else None
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(f"{option}: {path}: no PNG of three channels")
    if pixels.shape[:2] != size:
        found = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise InputError(f"{option}: {path}: {found} pixels, but {size[1]} x {size[0]} in the annotations")
    return pixels[..., ::-1]
