"""Binary glTF 2.0 files: what is in them as numpy arrays (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html).

The structure comes from pygltflib; accessors, buffers, pictures and nodes are decoded here.
"""

import base64
import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pygltflib import GLTF2
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError

_COMPONENTS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_SHAPES: dict[str, tuple[int, ...]] = {
    "SCALAR": (), "VEC2": (2,), "VEC3": (3,), "VEC4": (4,), "MAT4": (4, 4)
}  # fmt: skip
# What a file may require of its reader; the compressed geometries are not among them.
_EXTENSIONS = {
    "KHR_texture_transform",
    "KHR_mesh_quantization",
    "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_unlit",
    "KHR_materials_specular",
    "KHR_materials_ior",
    "KHR_materials_emissive_strength",
    "EXT_texture_webp",
}
_COMPRESSED = {
    "KHR_draco_mesh_compression": "Draco-compressed",
    "EXT_meshopt_compression": "meshopt-compressed",
    "KHR_meshopt_compression": "meshopt-compressed",
}
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, struct.error)


@dataclass(frozen=True)
class Glb:
    """An opened file: `path` for errors, its structure, and the bytes of its buffers."""

    path: str
    gltf: GLTF2
    buffers: tuple[bytes, ...]


@contextlib.contextmanager
def told(path: str | os.PathLike) -> Iterator[None]:
    """Tell as an InputError what a file's malformed structure makes Python raise inside the block."""
    try:
        yield
    except _MALFORMED as error:
        raise InputError(f"{path}: not a valid GLB file: {error}") from error


def open_glb(path: str | os.PathLike) -> Glb:
    """Read a GLB file. Raises InputError if it is none, is cut off, or needs an extension that is not supported."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    _check_header(path, data)
    with told(path):
        gltf = GLTF2.load_from_bytes(data)
        if gltf is None or gltf.asset is None:
            raise ValueError("no JSON chunk")
        buffers = tuple(_buffer_bytes(path, gltf, k) for k in range(len(gltf.buffers)))
    for extension in gltf.extensionsRequired or ():
        if extension in _COMPRESSED:
            kind = _COMPRESSED[extension]
            raise InputError(f"{path}: {kind} meshes are not supported ({extension}); export without compression")
        if extension not in _EXTENSIONS:
            raise InputError(f"{path}: needs the glTF extension {extension}, which is not supported")
    return Glb(str(path), gltf, buffers)


def _check_header(path: str | os.PathLike, data: bytes) -> None:
    """Raise InputError unless the 12 bytes of the header say GLB, version 2 and a length that is there."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise InputError(f"{path}: not a GLB file (binary glTF 2.0)")
    version, length = struct.unpack("<II", data[4:12])
    if version != 2:
        raise InputError(f"{path}: glTF version {version}; only 2.0 is supported")
    if length > len(data):
        raise InputError(f"{path}: cut off: {len(data)} of {length} bytes")


def _buffer_bytes(path: str | os.PathLike, gltf: GLTF2, index: int) -> bytes:
    uri = gltf.buffers[index].uri
    if uri is None:
        return gltf.binary_blob() or b""
    return _data_uri(path, uri, f"buffer {index}")


def _data_uri(path: str | os.PathLike, uri: str, what: str) -> bytes:
    """Return the bytes of a `data:` URI. Raises InputError for a file outside the GLB."""
    if not uri.startswith("data:"):
        raise InputError(f"{path}: {what} lies in another file ({uri}); export everything into the GLB")
    return base64.b64decode(uri.partition(",")[2])


def accessor(glb: Glb, index: int | None, what: str) -> np.ndarray:
    """Return the values of an accessor: `[N]`, `[N, k]` or `[N, 4, 4]`; normalised integers become float32.

    Args:
      glb: the file.
      index: of the accessor.
      what: what is read, for errors.
    """
    try:
        if index is None:
            raise ValueError("it is missing")
        stored = glb.gltf.accessors[index]
        shape, kind = _SHAPES[stored.type], np.dtype(_COMPONENTS[stored.componentType]).newbyteorder("<")
        width = int(np.prod(shape, dtype=int))
        values = np.zeros((stored.count, width), kind)
        if stored.bufferView is not None:
            values = _view(glb, stored.bufferView, stored.byteOffset or 0, stored.count, width, kind)
        if stored.sparse is not None:
            values = _with_sparse(glb, stored.sparse, values)
    except _MALFORMED as error:
        raise InputError(f"{glb.path}: {what} (accessor {index}): {error}") from error
    if stored.normalized and kind.kind in "iu":
        values = np.maximum(
            values.astype(np.float32) / np.float32(2 ** (8 * kind.itemsize - (kind.kind == "i")) - 1), -1
        )
    values = values.astype(values.dtype.newbyteorder("="))
    if shape == (4, 4):
        return values.reshape(-1, 4, 4).swapaxes(1, 2)  # matrices are stored column by column
    return values.reshape(-1, *shape)


def _view(glb: Glb, index: int, offset: int, count: int, width: int, kind: np.dtype) -> np.ndarray:
    """Return `[count, width]` values of a buffer view, however they are spaced. Raises ValueError if they end early."""
    view = glb.gltf.bufferViews[index]
    if view.extensions and set(view.extensions) & set(_COMPRESSED):
        raise ValueError("meshopt-compressed data is not supported; export without compression")
    data = glb.buffers[view.buffer]
    start, size = (view.byteOffset or 0) + offset, width * kind.itemsize
    stride = view.byteStride or size
    end = start + (count - 1) * stride + size if count else start
    if end > len(data) or end > (view.byteOffset or 0) + view.byteLength:
        raise ValueError("the file ends before its data")
    return np.ndarray((count, width), kind, data, start, (stride, kind.itemsize)).copy()


def _with_sparse(glb: Glb, sparse: object, values: np.ndarray) -> np.ndarray:
    """Return values `[N, k]` with those of a sparse accessor in their places."""
    count, indices, news = sparse.count, sparse.indices, sparse.values  # type: ignore[attr-defined]
    kind = np.dtype(_COMPONENTS[indices.componentType]).newbyteorder("<")
    rows = _view(glb, indices.bufferView, indices.byteOffset or 0, count, 1, kind)[:, 0]
    values[rows] = _view(glb, news.bufferView, news.byteOffset or 0, count, values.shape[1], values.dtype)
    return values


def picture_bytes(glb: Glb, index: int) -> bytes:
    """Return the encoded bytes (png, jpg) of an image. Raises InputError if it lies outside the file."""
    try:
        image = glb.gltf.images[index]
        if image.bufferView is None:
            if image.uri is None:
                raise ValueError("it has no data")
            return _data_uri(glb.path, image.uri, f"texture {image.name or index}")
        view = glb.gltf.bufferViews[image.bufferView]
        start = view.byteOffset or 0
        return glb.buffers[view.buffer][start : start + view.byteLength]
    except _MALFORMED as error:
        raise InputError(f"{glb.path}: texture {index}: {error}") from error


def node_parents(glb: Glb) -> np.ndarray:
    """Return the parent of each node `[N]`, -1 for none. Raises InputError for a node below itself."""
    nodes = glb.gltf.nodes
    parents = np.full(len(nodes), -1)
    for index, node in enumerate(nodes):
        for child in node.children or ():
            if not 0 <= child < len(nodes):
                raise InputError(f"{glb.path}: node {index} has no child {child}: there are {len(nodes)} nodes")
            parents[child] = index
    for index in range(len(nodes)):
        above = index
        for _ in nodes:
            above = parents[above] if above >= 0 else -1
        if above >= 0:
            raise InputError(f"{glb.path}: node {index} is below itself")
    return parents


def node_transforms(glb: Glb) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return translation `[N, 3]`, rotation `[N, 4]` (x, y, z, w) and scale `[N, 3]` of the nodes."""
    count = len(glb.gltf.nodes)
    moves, turns, scales = np.zeros((count, 3)), np.tile([0.0, 0, 0, 1], (count, 1)), np.ones((count, 3))
    for index, node in enumerate(glb.gltf.nodes):
        if node.matrix:
            matrix = np.reshape(np.asarray(node.matrix, float), (4, 4)).T
            moves[index], scales[index] = matrix[:3, 3], np.linalg.norm(matrix[:3, :3], axis=0)
            scales[index, 0] *= np.sign(np.linalg.det(matrix[:3, :3])) or 1
            turns[index] = Rotation.from_matrix(matrix[:3, :3] / scales[index]).as_quat()
        moves[index] = node.translation or moves[index]
        turns[index] = node.rotation or turns[index]
        scales[index] = node.scale or scales[index]
    return moves, turns, scales


def matrices(moves: np.ndarray, turns: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return `[..., 4, 4]` of translations `[..., 3]`, quaternions `[..., 4]` (x, y, z, w) and scales `[..., 3]`."""
    result = np.zeros((*moves.shape[:-1], 4, 4))
    turn = Rotation.from_quat(turns.reshape(-1, 4)).as_matrix().reshape(*moves.shape[:-1], 3, 3)
    result[..., :3, :3] = turn * scales[..., None, :]
    result[..., :3, 3], result[..., 3, 3] = moves, 1
    return result


def world_matrices(parents: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Return `[..., N, 4, 4]` world matrices of local ones; parents may stand anywhere in the list."""
    result, done = np.array(local), set()

    def settle(index: int) -> None:
        parent = int(parents[index])
        if parent >= 0 and index not in done:
            settle(parent)
            result[..., index, :, :] = result[..., parent, :, :] @ local[..., index, :, :]
        done.add(index)

    for index in range(len(parents)):
        settle(index)
    return result
