"""SMPL model files, `.npz` or `.pkl`, read without chumpy and without running what a pickle asks for.

SMPL: A Skinned Multi-Person Linear Model (Loper et al. 2015). The user brings the file; its licence is his to keep.
"""

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from simpose_tf.errors import InputError
from simpose_tf.figures.own.glb_mesh import heaviest

_FINGERS = ("Index", "Middle", "Pinky", "Ring", "Thumb")
_BODY = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
)  # fmt: skip
# Mixamo's names in SMPL's order. SMPL's last two joints move all fingers but the thumb.
JOINT_NAMES = {
    24: (*_BODY, "LeftHandMiddle1", "RightHandMiddle1"),
    52: (*_BODY, *(f"{s}Hand{f}{k}" for s in ("Left", "Right") for f in _FINGERS for k in (1, 2, 3))),
}
_KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
_MOST_SHAPES = 10  # of the shape space; further directions, if any, change millimetres


@dataclass(frozen=True)
class SmplModel:
    """A body model: SMPL with 24 or SMPL-H with 52 joints.

    Attributes:
      path: the file.
      bones: J names, Mixamo's, in the file's order (parents first).
      parents: `[J]` int32, -1 for the root.
      template: `[V, 3]` float64 mean shape in the T-pose, metres, y up, the front to +z.
      shape_directions: `[V, 3, B]` float64, B at most 10: change of the template for one standard deviation.
      pose_directions: `[V, 3, 9 (J - 1)]` float32.
      joint_regressor: `[J, V]` sparse: joints from vertices.
      skin_joints: `[V, 4]` int32 and
      skin_weights: `[V, 4]` float32.
      faces: `[F, 3]` int32.
    """

    path: str
    bones: tuple[str, ...]
    parents: np.ndarray
    template: np.ndarray
    shape_directions: np.ndarray
    pose_directions: np.ndarray
    joint_regressor: sparse.csr_matrix
    skin_joints: np.ndarray
    skin_weights: np.ndarray
    faces: np.ndarray


def read_smpl(path: str | os.PathLike) -> SmplModel:
    """Read an SMPL or SMPL-H model. Raises InputError for another file, a lacking field, or one of a wrong shape."""
    fields = _fields(path)
    for key in _KEYS:
        if key not in fields:
            raise InputError(f"{path}: no SMPL model: {key!r} is missing")
    dense = {key: _dense(fields[key], f"{path}: {key}") for key in _KEYS}
    bones = _bone_names(path, dense["weights"])
    _check_shapes(path, dense, len(bones))
    parents = dense["kintree_table"][0].astype(np.int64)
    parents = np.where((parents < 0) | (parents >= len(bones)), -1, parents).astype(np.int32)
    if parents[0] != -1 or (parents[1:] < 0).any() or (parents[1:] >= np.arange(1, len(bones))).any():
        raise InputError(f"{path}: kintree_table: parents must come before their children, the root first")
    skin_joints, skin_weights = heaviest(np.asarray(dense["weights"], float))
    return SmplModel(
        path=str(path),
        bones=bones,
        parents=parents,
        template=dense["v_template"].astype(float),
        shape_directions=dense["shapedirs"][:, :, :_MOST_SHAPES].astype(float),
        pose_directions=dense["posedirs"].astype(np.float32),
        joint_regressor=sparse.csr_matrix(dense["J_regressor"].astype(float)),
        skin_joints=skin_joints,
        skin_weights=skin_weights,
        faces=dense["f"].astype(np.int32),
    )


def _bone_names(path: str | os.PathLike, weights: np.ndarray) -> tuple[str, ...]:
    count = weights.shape[1] if weights.ndim == 2 else 0
    if count == 55:
        raise InputError(f"{path}: an SMPL-X model (55 joints); SMPL (24) and SMPL-H (52) are supported")
    if count not in JOINT_NAMES:
        raise InputError(f"{path}: weights are {list(weights.shape)}; SMPL has 24 joints, SMPL-H 52")
    return JOINT_NAMES[count]


def _check_shapes(path: str | os.PathLike, dense: Mapping[str, np.ndarray], joints: int) -> None:
    """Raise InputError if the fields do not fit together."""
    count = len(dense["v_template"])
    want = {
        "v_template": (count, 3),
        "shapedirs": (count, 3, None),
        "posedirs": (count, 3, 9 * (joints - 1)),
        "J_regressor": (joints, count),
        "weights": (count, joints),
        "kintree_table": (2, joints),
        "f": (None, 3),
    }
    for key, shape in want.items():
        found = dense[key].shape
        fits = len(found) == len(shape) and all(w in (None, n) for w, n in zip(shape, found, strict=True))
        if not fits or 0 in found or not np.isfinite(dense[key].astype(float)).all():
            wanted = " x ".join("any" if w is None else str(w) for w in shape)
            raise InputError(f"{path}: {key} is {list(found)}, not a finite {wanted}")
    if dense["f"].min() < 0 or dense["f"].max() >= count:
        raise InputError(f"{path}: f names vertices beyond the {count} there are")
    if (dense["weights"].sum(1) < 0.5).any():
        raise InputError(f"{path}: weights: vertices that no bone moves")


def _dense(value: object, what: str) -> np.ndarray:
    """Return a field as a dense array. Raises InputError if it is none."""
    if isinstance(value, _StandIn):
        value = value.array(what)
    if sparse.issparse(value):
        value = value.toarray()  # type: ignore[attr-defined]
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{what}: no array of numbers")
    return array


def _fields(path: str | os.PathLike) -> Mapping[str, object]:
    """Return the fields of a model file by name."""
    try:
        data = Path(path).read_bytes()
        if data[:2] == b"PK":
            return _npz_fields(data)
        stored = _load(io.BytesIO(data))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except Exception as error:  # whatever a broken pickle makes Python raise
        raise InputError(f"{path}: no SMPL model (.npz or .pkl): {error}") from error
    if not isinstance(stored, dict):
        raise InputError(f"{path}: no SMPL model: the pickle holds no dictionary")
    return {key.decode("latin1") if isinstance(key, bytes) else str(key): value for key, value in stored.items()}


def _npz_fields(data: bytes) -> dict[str, object]:
    """Return the known fields of an .npz; objects in it (sparse regressors) go through the same narrow door."""
    fields: dict[str, object] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for key in _KEYS:
            if f"{key}.npy" in archive.namelist():
                fields[key] = _npy(archive.read(f"{key}.npy"))
    return fields


def _npy(data: bytes) -> object:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    if not read(stream)[2].hasobject:
        return np.load(io.BytesIO(data), allow_pickle=False)
    return np.asarray(_load(stream)).item()


class _StandIn:
    """Takes the state of an object whose class we do not run: chumpy's arrays and scipy's sparse matrices."""

    def __init__(self, *_: object):
        self._state: dict = {}

    def __setstate__(self, state: object) -> None:
        """Keep the state: a dictionary, or one in a pair."""
        self._state = next((part for part in (state if isinstance(state, tuple) else (state,)) if part), {})

    def array(self, what: str) -> object:
        """Return the array that the object stood for. Raises InputError if it is of no kind that we know."""
        state = self._state if isinstance(self._state, dict) else {}
        if "indptr" in state:
            shape = tuple(state.get("_shape", state.get("shape", ())))
            return self._compressed((state["data"], state["indices"], state["indptr"]), shape)
        if "x" in state:
            return _dense(state["x"], what)
        if {"a", "idxs"} <= set(state):  # chumpy.reordering.Select
            chosen = _dense(state["a"], what).ravel()[np.asarray(state["idxs"])]
            return chosen.reshape(state.get("preferred_shape", chosen.shape))
        raise InputError(f"{what}: an object of a kind that is not read; save the model's arrays as .npz")

    @staticmethod
    def _compressed(parts: tuple, shape: tuple) -> sparse.csr_matrix:
        """Return a matrix of compressed columns or rows, told apart by the length of the pointers."""
        by_column = len(parts[2]) == shape[1] + 1
        return sparse.csc_matrix(parts, shape) if by_column else sparse.csr_matrix(parts, shape)


def _reconstructed(kind: type, *_: object) -> object:
    """Stand for `copyreg._reconstructor`: make an object of an allowed class, without calling anything of it."""
    return kind.__new__(kind) if kind is _StandIn else _StandIn()


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Stand for `_codecs.encode`, as Python 2's strings come."""
    return text.encode(encoding)


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")
_ALLOWED: dict[tuple[str, str], Callable] = {
    ("copy_reg", "_reconstructor"): _reconstructed,
    ("copyreg", "_reconstructor"): _reconstructed,
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): dict,
}
for _module in _NUMPY:
    _ALLOWED |= {(_module, "ndarray"): np.ndarray, (_module, "dtype"): np.dtype}
    _ALLOWED[(_module, "_reconstruct")] = np.core.multiarray._reconstruct  # type: ignore[attr-defined]
    _ALLOWED[(_module, "scalar")] = np.core.multiarray.scalar  # type: ignore[attr-defined]


class _Unpickler(pickle.Unpickler):
    """Builds arrays and dictionaries only; nothing else that a pickle names is run."""

    def find_class(self, module: str, name: str) -> Callable:
        """Return what stands for a global. Raises InputError for any that a body model has no use for."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[(module, name)]
        if module.split(".")[0] == "chumpy" or module.startswith("scipy.sparse"):
            return _StandIn
        raise InputError(f"the pickle asks for {module}.{name}, which no body model needs; it was not run")


def _load(stream: io.BytesIO) -> object:
    return _Unpickler(stream, encoding="latin1").load()
