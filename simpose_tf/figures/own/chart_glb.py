"""Charts to look at: a GLB of the mesh whose vertices have the colour of their part, shaded by u and v."""

import os
from pathlib import Path

import numpy as np
import pygltflib as gl

from simpose_tf.charts import PART_COLORS
from simpose_tf.colors import linear_from_srgb
from simpose_tf.files import atomic_path

_SUFFIX = "_charts.glb"
_TYPES = {1: "SCALAR", 3: "VEC3", 2: "VEC2", 4: "VEC4"}
_COMPONENTS = {np.dtype("f4"): gl.FLOAT, np.dtype("u1"): gl.UNSIGNED_BYTE, np.dtype("u4"): gl.UNSIGNED_INT}


def colored_path(charts_path: str | os.PathLike) -> Path:
    """Return where the coloured mesh of a charts file stands: `NAME_charts.glb` beside `NAME.npz`."""
    path = Path(charts_path)
    return path.with_name(path.stem + _SUFFIX)


def is_colored(path: Path) -> bool:
    """Return whether a file is the coloured mesh of charts beside it, rather than a person."""
    charts = path.with_name(path.name.removesuffix(_SUFFIX) + ".npz")
    return path.name.endswith(_SUFFIX) and charts.is_file()


def shaded(part: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return colours `[..., 3]` in [0, 1], sRGB, of parts and uv `[..., 2]`: darker for small u, paler for large v."""
    u, v = uv[..., :1], uv[..., 1:]
    color = PART_COLORS[part] / 255 * (0.5 + 0.5 * u)
    return color + 0.4 * v * (1 - color)


def write_colored(path: str | os.PathLike, vertices: np.ndarray, faces: np.ndarray, charts: tuple) -> None:
    """Write a mesh with its charts' colours, as a GLB that any viewer opens.

    Vertices are repeated where charts meet. They carry `COLOR_0`, `_PART` and `_UV`. There is
    no material: where there is one, some tools show it in place of the colours.

    Args:
      path: the file.
      vertices: `[W, 3]`.
      faces: `[G, 3]`; their order is kept.
      charts: part `[G]` and uv `[G, 3, 2]`.
    """
    part, uv = charts
    corners = np.column_stack([faces.ravel(), np.repeat(part, 3), uv.reshape(-1, 2).astype(np.float32).view("i4")])
    unique, indices = np.unique(corners, axis=0, return_inverse=True)
    own_part, own_uv = unique[:, 1], unique[:, 2:].astype("i4").view(np.float32)
    color = np.ones((len(unique), 4))
    color[:, :3] = linear_from_srgb(shaded(own_part, own_uv))
    position = vertices[unique[:, 0]].astype("f4")
    arrays = {
        "POSITION": position,
        "COLOR_0": np.round(255 * color).astype("u1"),
        "_UV": own_uv,
        "_PART": own_part[:, None].astype("f4"),
    }
    with atomic_path(path) as temporary:
        _save(temporary, arrays, indices.reshape(-1).astype("u4"))


def _save(path: str, arrays: dict[str, np.ndarray], indices: np.ndarray) -> None:
    gltf, data = gl.GLTF2(asset=gl.Asset(version="2.0", generator="simpose_tf"), scene=0), bytearray()
    for values in (*arrays.values(), indices[:, None]):
        target = gl.ELEMENT_ARRAY_BUFFER if values.dtype == np.dtype("u4") else gl.ARRAY_BUFFER
        view = gl.BufferView(buffer=0, byteOffset=len(data), byteLength=values.nbytes, target=target)
        component = _COMPONENTS[values.dtype]
        accessor = gl.Accessor(componentType=component, count=len(values), type=_TYPES[values.shape[1]])
        accessor.bufferView, accessor.normalized = len(gltf.bufferViews), values.dtype == np.dtype("u1")
        if values.shape[1] == 3:
            accessor.min, accessor.max = values.min(0).tolist(), values.max(0).tolist()
        gltf.bufferViews.append(view)
        gltf.accessors.append(accessor)
        data += np.ascontiguousarray(values).tobytes()
    attributes = gl.Attributes(**{name: k for k, name in enumerate(arrays)})
    gltf.meshes = [gl.Mesh(primitives=[gl.Primitive(attributes=attributes, indices=len(arrays))])]
    gltf.nodes, gltf.scenes = [gl.Node(name="charts", mesh=0)], [gl.Scene(nodes=[0])]
    gltf.buffers = [gl.Buffer(byteLength=len(data))]
    gltf.set_binary_blob(bytes(data))
    gltf.save_binary(path)
