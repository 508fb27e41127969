"""GLB files as meshes to be charted: rigged ones as people are read from them, others as their scene stands."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pygltflib import Primitive

from simpose_tf.colors import srgb_from_linear
from simpose_tf.errors import InputError
from simpose_tf.figures.own import glb_skin
from simpose_tf.figures.own.glb import bone_ends
from simpose_tf.figures.own.glb_file import (
    Glb,
    accessor,
    matrices,
    node_parents,
    node_transforms,
    open_glb,
    told,
    world_matrices,
)
from simpose_tf.figures.own.glb_mesh import read_mesh
from simpose_tf.figures.own.mesh_repair import MeshFile
from simpose_tf.surface.target import Rig

_TRIANGLES = 4
_HEIGHT = 1.7  # metres, about; only for what bones without children end at


@dataclass(frozen=True)
class _Piece:
    """One primitive: vertices in the scene's frame, triangles, linear colours `[V, 3]` or None, its group's names."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray | None
    names: tuple[str, ...]


def read_glb(path: str | os.PathLike) -> tuple[MeshFile, np.ndarray | None]:
    """Return a file's mesh, and colours of its vertices `[W, 3]` uint8 sRGB, if it has any.

    Vertices of a rigged file are those of `glb.read_glb_surface`, welded, else its primitives' one after the other.
    A skeleton that is not understood is left out and said so. Raises InputError for a file without triangles.
    """
    glb = open_glb(path)
    with told(path):
        if not any(node.mesh is not None and node.skin is not None for node in glb.gltf.nodes):
            return _static(glb, ())
        try:
            return _rigged(glb)
        except InputError as error:
            reason = str(error).removeprefix(f"{path}: ")
            return _static(glb, (f"read without its skeleton: {reason}",))


def _rigged(glb: Glb) -> tuple[MeshFile, np.ndarray | None]:
    bones = glb_skin.read_bones(glb)
    mesh = read_mesh(glb, bones)
    turn = glb_skin.upright(bones, glb.path)
    unit = _HEIGHT / max(float(np.ptp(mesh.vertices @ turn[1])), 1e-30)
    heads, upright = (points @ turn.T * unit for points in (bones.rest[:, :3, 3], mesh.vertices))
    skeleton = glb_skin.skeleton_of(bones, heads, bone_ends(mesh, bones.names, heads, upright))
    to_scene = np.linalg.inv(bones.rest_from_world)

    def placed(points: np.ndarray) -> np.ndarray:
        return points @ to_scene[:3, :3].T + to_scene[:3, 3]

    rig = Rig(
        names=bones.names,
        parents=bones.parents,
        heads=placed(heads / unit @ turn),
        tails=placed(skeleton.tails / unit @ turn),
        skin_joints=mesh.skin_joints,
        skin_weights=mesh.skin_weights,
    )
    groups = _groups([(names, count) for _, _, names, count in _primitives(glb)], mesh.faces, len(mesh.vertices))
    colors = _srgb(mesh.color) if (mesh.color != 1).any() else None
    return MeshFile(placed(mesh.vertices), mesh.faces.astype(np.int64), groups, rig, (), glb.path), colors


def _static(glb: Glb, notes: tuple[str, ...]) -> tuple[MeshFile, np.ndarray | None]:
    """Return all triangles of the scene; skinned meshes as they were bound, whatever the node they hang on."""
    world = world_matrices(node_parents(glb), matrices(*node_transforms(glb)))
    pieces = [_piece(glb, world[node], primitive, names) for node, primitive, names, _ in _primitives(glb)]
    if not sum(len(piece.faces) for piece in pieces):
        raise InputError(f"{glb.path}: no triangles")
    counts = [len(piece.vertices) for piece in pieces]
    starts = np.cumsum([0, *counts[:-1]])
    faces = np.concatenate([piece.faces + start for piece, start in zip(pieces, starts, strict=True)])
    groups = _groups([(piece.names, len(piece.faces)) for piece in pieces], faces, sum(counts))
    colors = None
    if any(piece.colors is not None for piece in pieces):
        white = [
            np.ones((count, 3)) if piece.colors is None else piece.colors
            for count, piece in zip(counts, pieces, strict=True)
        ]
        colors = _srgb(np.concatenate(white))
    vertices = np.concatenate([piece.vertices for piece in pieces])
    return MeshFile(vertices, faces, groups, None, notes, glb.path), colors


def _primitives(glb: Glb) -> Iterator[tuple[int, Primitive, tuple[str, ...], int]]:
    """Yield node, primitive, names (node, mesh, material) and number of triangles of all meshes in the file's order."""
    for index, node in enumerate(glb.gltf.nodes):
        if node.mesh is None:
            continue
        if not 0 <= node.mesh < len(glb.gltf.meshes):
            raise InputError(f"{glb.path}: there is no mesh {node.mesh}")
        mesh = glb.gltf.meshes[node.mesh]
        for primitive in mesh.primitives:
            material = None if primitive.material is None else glb.gltf.materials[primitive.material].name
            names = tuple(name for name in (node.name, mesh.name, material) if name)
            used = primitive.attributes.POSITION if primitive.indices is None else primitive.indices
            yield index, primitive, names, 0 if used is None else glb.gltf.accessors[used].count // 3


def _piece(glb: Glb, world: np.ndarray, primitive: Primitive, names: tuple[str, ...]) -> _Piece:
    """Read one primitive of a mesh that no bone moves, or whose bones are of no use."""
    what, attributes = " / ".join(names) or "a mesh", vars(primitive.attributes)
    if primitive.mode not in (_TRIANGLES, None):
        raise InputError(f"{glb.path}: {what}: mode {primitive.mode}; only triangles are read")
    if "KHR_draco_mesh_compression" in (primitive.extensions or {}):
        raise InputError(f"{glb.path}: {what}: Draco-compressed meshes are not supported; export without compression")
    vertices = accessor(glb, attributes.get("POSITION"), f"{what}: positions").astype(float)
    indices = primitive.indices
    order = np.arange(len(vertices)) if indices is None else accessor(glb, indices, f"{what}: indices")
    if len(order) % 3 or (len(order) and order.max() >= len(vertices)):
        raise InputError(f"{glb.path}: {what}: its indices are no triangles of its {len(vertices)} vertices")
    faces = order.reshape(-1, 3).astype(np.int64)
    if attributes.get("JOINTS_0") is not None:
        world = np.eye(4)
    if np.linalg.det(world[:3, :3]) < 0:
        faces = faces[:, ::-1]
    index = attributes.get("COLOR_0")
    colors = None if index is None else accessor(glb, index, f"{what}: colours")[:, :3]
    if colors is not None and len(colors) != len(vertices):
        raise InputError(f"{glb.path}: {what}: {len(colors)} colours for {len(vertices)} vertices")
    with np.errstate(invalid="ignore", over="ignore"):  # numbers that are none are told later, with their place
        placed = vertices @ world[:3, :3].T + world[:3, 3]
    return _Piece(placed, faces, colors, names)


def _groups(primitives: list[tuple[tuple[str, ...], int]], faces: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Return the vertices `[W]` bool of each name of primitives, whose triangles follow one another."""
    groups: dict[str, np.ndarray] = {}
    first = 0
    for names, number in primitives:
        for name in names:
            groups.setdefault(name, np.zeros(count, bool))[faces[first : first + number]] = True
        first += number
    return groups


def _srgb(linear: np.ndarray) -> np.ndarray:
    return np.round(255 * srgb_from_linear(linear)).astype(np.uint8)
