"""Makes body models in SMPL's form from the open body, for tests."""

import functools
import pickle
import sys
import types
from pathlib import Path

import numpy as np
from scipy import sparse

from simpose_tf.figures import makehuman
from simpose_tf.figures.own import charted
from simpose_tf.figures.own.smpl_file import JOINT_NAMES
from simpose_tf.surface.reference import open_reference

_SHAPES = ({"weight": 0.8}, {"height": 0.65}, {"muscle": 0.9}, {"gender": 0.9})


@functools.cache
def smpl_fields() -> dict:
    """The fields of a model of 24 joints: charts of the open body, shape directions by differences of shapes."""
    base, reference = makehuman.load_base(), open_reference()
    count, names = len(reference.vertices), JOINT_NAMES[24]
    neutral = makehuman.shape_vertices(base, makehuman.Shape())
    skeleton = makehuman.skeleton_of(base, neutral)
    shapes = [makehuman.shape_vertices(base, makehuman.Shape(**s))[:count] - neutral[:count] for s in _SHAPES]
    parents = [_parent(name, names, skeleton) for name in names]
    heads = np.stack([skeleton.heads[skeleton.names.index(name)] for name in names])
    rng = np.random.default_rng(4)
    return {
        "v_template": neutral[:count] - [0, 1.2, 0],
        "shapedirs": np.stack(shapes, -1) / 2,
        "posedirs": rng.normal(0, 0.002, (1, 1, 207)) * np.sin(9 * neutral[:count])[:, :, None],
        "J_regressor": _regressor(neutral[:count], heads),
        "weights": _merged(base.skin[:count], skeleton, names),
        "kintree_table": np.array([[2**32 - 1, *parents[1:]], range(24)], np.uint32),
        "f": reference.faces.astype(np.uint32),
        "bs_style": "lbs",
    }


def _parent(name: str, names: tuple[str, ...], skeleton) -> int:
    above = skeleton.parents[skeleton.names.index(name)]
    return -1 if above < 0 else names.index(skeleton.names[above])


def _regressor(vertices: np.ndarray, heads: np.ndarray) -> sparse.csc_matrix:
    """Joints as weighted sums of the 60 vertices around them."""
    table = np.zeros((len(heads), len(vertices)))
    for row, head in zip(table, heads, strict=True):
        near = np.argsort(np.linalg.norm(vertices - head, axis=1))[:60]
        row[near] = charted.corrected(np.full(60, 1 / 60), vertices[near], head)
    return sparse.csc_matrix(table)


def _merged(skin: np.ndarray, skeleton, names: tuple[str, ...]) -> np.ndarray:
    """Weights of the 24 joints: a finger's go to the joint of all fingers, the thumb's to the hand."""
    merged = np.zeros((len(skin), len(names)))
    for j, name in enumerate(skeleton.names):
        side = "Left" if name.startswith("Left") else "Right"
        if name not in names:
            name = f"{side}Hand" if "Thumb" in name else f"{side}HandMiddle1"
        merged[:, names.index(name)] += skin[:, j]
    strongest = -np.sort(-merged, axis=1)[:, 3:4]
    merged[merged < strongest] = 0
    return merged / merged.sum(1, keepdims=True)


@functools.cache
def small_fields() -> dict:
    """A model of 60 vertices with random numbers: right in its form only."""
    rng, parents = np.random.default_rng(6), smpl_fields()["kintree_table"]
    weights = np.where(rng.random((60, 24)).argsort(1).argsort(1) < 4, rng.random((60, 24)) + 0.1, 0)
    return {
        "v_template": rng.normal(size=(60, 3)),
        "shapedirs": rng.normal(size=(60, 3, 6)),
        "posedirs": rng.normal(size=(60, 3, 207)),
        "J_regressor": sparse.random(24, 60, 0.2, "csc", random_state=1),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": parents,
        "f": rng.integers(0, 60, (90, 3)).astype(np.uint32),
        "bs_style": "lbs",
    }


def write_npz(path: Path, model: dict | None = None, **changes) -> Path:
    """Write a model (by default the body's) as arrays; the regressor is dense."""
    fields = {**(model or smpl_fields()), **changes}
    dense = {k: v.toarray() if sparse.issparse(v) else v for k, v in fields.items() if v is not None}
    np.savez(path, **dense)
    return path


def write_pkl(path: Path, model: dict | None = None, protocol: int = 2) -> Path:
    """Write a model (by default the body's) as its authors do, with chumpy's arrays and a scipy matrix."""
    module = types.ModuleType("chumpy.ch")

    class Ch:
        """Has chumpy's name and state."""

        def __init__(self, x: np.ndarray):
            self.x = x

    Ch.__module__, Ch.__qualname__, module.Ch = "chumpy.ch", "Ch", Ch  # type: ignore[attr-defined]
    sys.modules |= {"chumpy": types.ModuleType("chumpy"), "chumpy.ch": module}
    try:
        fields = dict(model or smpl_fields())
        for key in ("shapedirs", "posedirs", "v_template"):
            fields[key] = Ch(fields[key])
        path.write_bytes(pickle.dumps(fields, protocol=protocol))
    finally:
        del sys.modules["chumpy.ch"], sys.modules["chumpy"]
    return path


def write_charts(path: Path, **more) -> Path:
    reference = open_reference()
    np.savez(path, part=reference.part, uv=reference.uv, **more)
    return path
