"""The skinned triangles of a GLB file, welded: vertices that the file repeats at texture seams are one again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pygltflib import Primitive

from simpose_tf.errors import InputError
from simpose_tf.figures.own.glb_file import Glb, accessor, matrices, node_parents, node_transforms, world_matrices
from simpose_tf.figures.own.glb_skin import Bones

_TRIANGLES = 4
_HEAVIEST = 4
_WELD = 1e-6  # share of the mesh's size within which vertices are at one place


@dataclass(frozen=True)
class Mesh:
    """All triangles of a file, in the order of its nodes and their primitives.

    Attributes:
      vertices: `[V, 3]` float64 in the bones' rest space.
      faces: `[F, 3]` int32.
      material: `[F]` the file's material, -1 for none.
      texcoords: `[2, F, 3, 2]` float32: the corners' texture coordinates of the sets 0 and 1 (0 where there are none).
      color: `[V, 3]` float32 linear factor on the colour, 1 where there is none.
      skin_joints: `[V, 4]` int32 bones, and
      skin_weights: `[V, 4]` float32 their weights, which sum to 1.
    """

    vertices: np.ndarray
    faces: np.ndarray
    material: np.ndarray
    texcoords: np.ndarray
    color: np.ndarray
    skin_joints: np.ndarray
    skin_weights: np.ndarray


@dataclass(frozen=True)
class _Piece:
    """One primitive, its vertices as in the file; `weights` `[V, J]` of all bones."""

    vertices: np.ndarray
    faces: np.ndarray
    material: int
    texcoords: np.ndarray
    color: np.ndarray
    weights: np.ndarray


def read_mesh(glb: Glb, bones: Bones) -> Mesh:
    """Return the file's triangles. Raises InputError if there are none, or if some are not rigged."""
    pieces = list(_pieces(glb, bones))
    if not sum(len(piece.faces) for piece in pieces):
        raise InputError(f"{glb.path}: no triangles")
    starts = np.cumsum([0, *(len(piece.vertices) for piece in pieces)])
    vertices = np.concatenate([piece.vertices for piece in pieces])
    if not np.isfinite(vertices).all():
        raise InputError(f"{glb.path}: vertices that are not finite")
    faces = np.concatenate([piece.faces + start for piece, start in zip(pieces, starts, strict=False)])
    primitive = np.repeat(np.arange(len(pieces)), [len(piece.faces) for piece in pieces])
    _, corner, inverse = np.unique(_weld(vertices, faces, primitive), return_index=True, return_inverse=True)
    first = faces.ravel()[corner]
    joints, weights = heaviest(np.concatenate([piece.weights for piece in pieces])[first])
    return Mesh(
        vertices=vertices[first],
        faces=inverse.reshape(-1, 3).astype(np.int32),
        material=np.concatenate([np.full(len(piece.faces), piece.material) for piece in pieces]),
        texcoords=np.concatenate([piece.texcoords[:, piece.faces] for piece in pieces], axis=1),
        color=np.concatenate([piece.color for piece in pieces])[first],
        skin_joints=joints,
        skin_weights=weights,
    )


def heaviest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the four heaviest bones `[V, 4]` int32 of weights `[V, J]`, and their weights, float32, sum 1."""
    if weights.shape[1] < _HEAVIEST:
        weights = np.pad(weights, ((0, 0), (0, _HEAVIEST - weights.shape[1])))
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :_HEAVIEST]
    kept = np.take_along_axis(weights, joints, 1).astype(float)
    kept /= kept.sum(1, keepdims=True)
    return np.where(kept > 0, joints, 0).astype(np.int32), kept.astype(np.float32)


def _pieces(glb: Glb, bones: Bones) -> Iterator[_Piece]:
    """Yield the primitives of all nodes with a mesh, in the file's order."""
    for index, node in enumerate(glb.gltf.nodes):
        if node.mesh is None:
            continue
        if not 0 <= node.mesh < len(glb.gltf.meshes):
            raise InputError(f"{glb.path}: there is no mesh {node.mesh}")
        mesh = glb.gltf.meshes[node.mesh]
        for number, primitive in enumerate(mesh.primitives):
            what = f"mesh {mesh.name or node.mesh}, primitive {number}"
            yield _piece(glb, bones, index, primitive, what)


def _piece(glb: Glb, bones: Bones, node: int, primitive: Primitive, what: str) -> _Piece:
    """Read one primitive of a node's mesh."""
    if primitive.mode not in (_TRIANGLES, None):
        raise InputError(f"{glb.path}: {what}: mode {primitive.mode}; only triangles are read")
    attributes = vars(primitive.attributes)
    if "KHR_draco_mesh_compression" in (primitive.extensions or {}) and not _stored(glb, attributes):
        raise InputError(f"{glb.path}: {what}: Draco-compressed meshes are not supported; export without compression")
    vertices = accessor(glb, attributes.get("POSITION"), f"{what}: positions").astype(float)
    indices = primitive.indices
    order = np.arange(len(vertices)) if indices is None else accessor(glb, indices, f"{what}: indices")
    if len(order) % 3 or (len(order) and order.max() >= len(vertices)):
        raise InputError(f"{glb.path}: {what}: its indices are no triangles of its {len(vertices)} vertices")
    weights, rest_from_mesh = _weights(glb, bones, node, attributes, len(vertices), what)
    texcoords = [_texcoords(glb, attributes.get(f"TEXCOORD_{k}"), len(vertices), what) for k in (0, 1)]
    faces = order.reshape(-1, 3).astype(np.int64)
    if np.linalg.det(rest_from_mesh[:3, :3]) < 0:
        faces = faces[:, ::-1]
    return _Piece(
        vertices @ rest_from_mesh[:3, :3].T + rest_from_mesh[:3, 3],
        faces,
        -1 if primitive.material is None else primitive.material,
        np.stack(texcoords),
        _colors(glb, attributes.get("COLOR_0"), len(vertices), what),
        weights,
    )


def _stored(glb: Glb, attributes: Mapping[str, int | None]) -> bool:
    """Return whether a Draco primitive carries its positions uncompressed besides."""
    index = attributes.get("POSITION")
    return index is not None and glb.gltf.accessors[index].bufferView is not None


def _weights(glb: Glb, bones: Bones, node: int, attributes: Mapping[str, int | None], count: int, what: str) -> tuple:
    """Return weights `[V, J]` of a primitive, and the `[4, 4]` from its mesh to the bones' rest space."""
    skin = glb.gltf.nodes[node].skin
    if skin is None:
        return _hung_on_bone(glb, bones, node, count, what)
    if attributes.get("JOINTS_0") is None or attributes.get("WEIGHTS_0") is None:
        raise InputError(f"{glb.path}: {what}: no weights (JOINTS_0, WEIGHTS_0); bind the mesh to its skeleton")
    place = np.array([bones.nodes.index(joint) for joint in glb.gltf.skins[skin].joints])
    weights = np.zeros((count, len(bones.nodes)), np.float32)
    sets = 1 + (attributes.get("JOINTS_1") is not None)
    for number in range(sets):
        joints = accessor(glb, attributes[f"JOINTS_{number}"], f"{what}: joints").astype(int)
        shares = accessor(glb, attributes.get(f"WEIGHTS_{number}"), f"{what}: weights").astype(np.float32)
        if joints.shape != (count, 4) or shares.shape != (count, 4) or (count and joints.max() >= len(place)):
            raise InputError(f"{glb.path}: {what}: joints or weights do not fit its {count} vertices")
        for column in range(4):
            np.add.at(weights, (np.arange(count), place[joints[:, column]]), np.maximum(shares[:, column], 0))
    bare = np.flatnonzero(~(weights.sum(1) > 1e-6))
    if len(bare):
        raise InputError(f"{glb.path}: {what}: {len(bare)} vertices without weights, the first is {bare[0]}")
    return weights, bones.rest_from_mesh[skin]


def _hung_on_bone(glb: Glb, bones: Bones, node: int, count: int, what: str) -> tuple:
    """Return weights and `rest_from_mesh` of a mesh without skin that hangs on a bone (eyes, glasses)."""
    parents = node_parents(glb)
    bone = int(parents[node])
    while bone >= 0 and bone not in bones.nodes:
        bone = int(parents[bone])
    if bone < 0:
        raise InputError(f"{glb.path}: {what}: not rigged: neither skinned nor below a bone")
    world = world_matrices(parents, matrices(*node_transforms(glb)))
    weights = np.zeros((count, len(bones.nodes)), np.float32)
    weights[:, bones.nodes.index(bone)] = 1
    return weights, bones.rest[bones.nodes.index(bone)] @ np.linalg.inv(world[bone]) @ world[node]


def _texcoords(glb: Glb, index: int | None, count: int, what: str) -> np.ndarray:
    """Return texture coordinates `[V, 2]` float32, zeros without any."""
    if index is None:
        return np.zeros((count, 2), np.float32)
    return _of_vertices(glb, accessor(glb, index, f"{what}: texture coordinates"), count, what)[:, :2]


def _colors(glb: Glb, index: int | None, count: int, what: str) -> np.ndarray:
    """Return vertex colours `[V, 3]` float32 linear, ones without any."""
    if index is None:
        return np.ones((count, 3), np.float32)
    return _of_vertices(glb, accessor(glb, index, f"{what}: colours"), count, what)[:, :3]


def _of_vertices(glb: Glb, values: np.ndarray, count: int, what: str) -> np.ndarray:
    if len(values) != count:
        raise InputError(f"{glb.path}: {what}: {len(values)} values for {count} vertices")
    return values.astype(np.float32)


def _weld(vertices: np.ndarray, faces: np.ndarray, primitive: np.ndarray) -> np.ndarray:
    """Return an id for each corner `[F, 3]`, shared by those that are one place of one surface.

    Sheets with two sides stay two surfaces, and so do primitives that only touch along an edge. Around an edge that has
    more than two faces besides, vertices are as the file has them, or each face has its own.
    """
    grid = np.round(vertices / (_WELD * np.ptp(vertices, axis=0).max()))
    place = np.unique(grid, axis=0, return_inverse=True)[1].reshape(-1)[faces]
    sheet = _repeats(np.sort(place, axis=1))[:, None]
    ids = place + (place.max() + 1) * sheet
    for apart in (primitive[:, None], faces, np.arange(faces.size).reshape(-1, 3)):
        ids = np.where(np.isin(ids, _crowded(ids)), ids + (ids.max() + 1) * (apart + 1), ids)
        ids = np.unique(ids, return_inverse=True)[1].reshape(-1, 3)
    return ids


def _repeats(keys: np.ndarray) -> np.ndarray:
    """Return for each row `[F, 3]` how many equal rows come before it."""
    _, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = np.argsort(inverse, kind="stable")
    first = np.searchsorted(inverse[order], inverse[order])
    result = np.empty(len(keys), np.int64)
    result[order] = np.arange(len(keys)) - first
    return result


def _crowded(faces: np.ndarray) -> np.ndarray:
    """Return the ids of vertices on edges that more than two faces `[F, 3]` share."""
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    return np.unique(unique[counts > 2])
