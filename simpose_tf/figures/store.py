"""Figures in files: one .npz each, without pickles; and the cache of figures that were built before."""

import dataclasses
import functools
import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure, Material, Skeleton
from simpose_tf.files import atomic_path

_ARRAYS: tuple[str, ...] = (
    "vertices",
    "faces",
    "part",
    "uv",
    "material",
    "skin_joints",
    "skin_weights",
    "keypoint_vertices",
)
_ARRAYS += ("keypoint_weights", "shade")
_OPTIONAL = ("textures", "texture_uv", "pose_offsets")


def save_figure(path: str | os.PathLike, figure: Figure) -> None:
    """Write a figure as an .npz; readers see a whole file or none."""
    about = {
        "name": figure.name,
        "bones": figure.skeleton.names,
        "materials": [dataclasses.asdict(material) for material in figure.materials],
    }
    arrays = {key: getattr(figure, key) for key in _ARRAYS}
    arrays |= {key: getattr(figure, key) for key in _OPTIONAL if getattr(figure, key) is not None}
    arrays |= {key: getattr(figure.skeleton, key) for key in ("parents", "heads", "tails")}
    with atomic_path(path) as temporary:
        np.savez(temporary, about=np.array(json.dumps(about)), **arrays)


def read_figure(path: str | os.PathLike) -> Figure:
    """Read what `save_figure` wrote. Raises InputError if the file is no figure."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            arrays = {key: stored[key] for key in (*_ARRAYS, *(key for key in _OPTIONAL if key in stored))}
            skeleton = Skeleton(tuple(about["bones"]), stored["parents"], stored["heads"], stored["tails"])
        materials = tuple(_material(values) for values in about["materials"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"no figure: {path}: {error}") from error
    return Figure(name=about["name"], materials=materials, skeleton=skeleton, **arrays)


def _material(values: dict) -> Material:
    colors = {key: tuple(values[key]) for key in ("color", "pattern_color")}
    return Material(**{**values, **colors})


def cache_dir() -> Path:
    """Return the folder of built figures: `$XDG_CACHE_HOME/simpose_tf/figures`, by default below `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "simpose_tf" / "figures"


def cache_path(name: str, description: str) -> Path:
    """Return where a built figure is kept; the path changes with its description, the code and the charts."""
    digest = hashlib.sha256(f"{description}\n{_code_version()}".encode()).hexdigest()[:16]
    return cache_dir() / f"{name}-{digest}.npz"


@functools.cache
def _code_version() -> str:
    """Return a hash of the sources and the charts that built figures depend on."""
    here = Path(__file__).parent
    sources = [here / f"{module}.py" for module in ("figure", "makehuman", "pose")]
    data = (
        "people_",
        "catalogue",
        "wardrobe",
        "garment_figures",
        "makehuman_",
    )  # not how to build
    sources += [path for path in sorted((here / "dressed").glob("*.py")) if not path.name.startswith(data)]
    sources += [here.parent / "surface" / "open_reference.npz"]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes() if source.is_file() else b"-")
    return digest.hexdigest()
