"""Writes rigged GLB files for tests: the inverse of what the reader does, in the frames and units that tools export."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pygltflib as gl
from scipy.spatial.transform import Rotation

from simpose_tf.figures.figure import Figure
from simpose_tf.figures.motion.clips import Clip, world_rotations

_TYPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}


@dataclass
class Blob:
    """Buffer, views and accessors under construction."""

    data: bytearray = field(default_factory=bytearray)
    views: list = field(default_factory=list)
    accessors: list = field(default_factory=list)

    def view(self, content: bytes, stride: int | None = None) -> int:
        self.data.extend(b"\0" * (-len(self.data) % 4))
        view = gl.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(content), byteStride=stride)
        self.views.append(view)
        self.data.extend(content)
        return len(self.views) - 1

    def add(self, values: np.ndarray, normalized: bool = False) -> int:
        values = np.ascontiguousarray(values)
        shape = values.shape[1:]
        stored = values.swapaxes(1, 2) if shape == (4, 4) else values
        component = _COMPONENTS[values.dtype.str[1:]]
        view = self.view(np.ascontiguousarray(stored).tobytes())
        self.accessors.append(
            gl.Accessor(
                bufferView=view, componentType=component, count=len(values), type=_TYPES[shape], normalized=normalized
            )
        )
        return len(self.accessors) - 1


@dataclass(frozen=True)
class Export:
    """How a tool writes a person.

    Attributes:
      file_from_figure: `[3, 3]` rotation and scale from the figure's frame to the file's bind space.
      scene_from_file: `[4, 4]` the armature node's matrix.
      rename: what bones are called.
      bone_frames: whether bones have axes of their own (else all are parallel to the file's).
      weights: dtype of the weights: `f4`, `u1` or `u2`.
    """

    file_from_figure: np.ndarray = field(default_factory=lambda: np.eye(3))
    scene_from_file: np.ndarray = field(default_factory=lambda: np.eye(4))
    rename: dict[str, str] = field(default_factory=dict)
    prefix: str = "mixamorig:"
    bone_frames: bool = True
    weights: str = "f4"


Change = Callable[[gl.GLTF2, Blob], None]


def write_glb(
    path: Path, figure: Figure, export: Export = Export(), clips: tuple[Clip, ...] = (), change: Change | None = None
) -> Path:
    """Write a figure (and clips of its skeleton); `change` alters the structure before."""
    blob, bones = Blob(), len(figure.skeleton.names)
    bound = _bound(figure, export)
    gltf = gl.GLTF2(asset=gl.Asset(version="2.0"), scene=0, scenes=[gl.Scene(nodes=[0])])
    gltf.nodes = [_armature(figure, export), *_bone_nodes(figure, export, bound)]
    gltf.nodes.append(gl.Node(name="person", mesh=0, skin=0))
    gltf.nodes[0].children.append(bones + 1)
    gltf.skins = [gl.Skin(joints=[j + 1 for j in range(bones)], inverseBindMatrices=0)]
    blob.add(np.linalg.inv(bound).astype("f4"))
    gltf.meshes = [gl.Mesh(name="person", primitives=_primitives(blob, figure, export))]
    gltf.materials = [_material(material) for material in figure.materials]
    for picture in figure.textures:
        ok, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))
        assert ok
        gltf.images.append(gl.Image(bufferView=blob.view(data.tobytes()), mimeType="image/png"))
        gltf.textures.append(gl.Texture(source=len(gltf.images) - 1))
    gltf.animations = [_animation(blob, figure, export, bound, clip) for clip in clips]
    if change is not None:
        change(gltf, blob)
    return save(path, gltf, blob)


def save(path: Path, gltf: gl.GLTF2, blob: Blob) -> Path:
    gltf.bufferViews, gltf.accessors = blob.views, blob.accessors
    gltf.buffers = [gl.Buffer(byteLength=len(blob.data))]
    gltf.set_binary_blob(bytes(blob.data))
    gltf.save_binary(str(path))
    return path


def _bound(figure: Figure, export: Export) -> np.ndarray:
    """Return the bones in the bind pose `[J, 4, 4]`, with axes of their own."""
    heads = figure.skeleton.heads @ export.file_from_figure.T
    bound = np.tile(np.eye(4), (len(heads), 1, 1))
    bound[:, :3, 3] = heads
    if export.bone_frames:
        bound[:, :3, :3] = Rotation.random(len(heads), random_state=3).as_matrix()
    return bound


def _armature(figure: Figure, export: Export) -> gl.Node:
    roots = [int(j) + 1 for j in np.flatnonzero(figure.skeleton.parents < 0)]
    return gl.Node(name="Armature", matrix=export.scene_from_file.T.ravel().tolist(), children=roots)


def _bone_nodes(figure: Figure, export: Export, bound: np.ndarray) -> list[gl.Node]:
    nodes, skeleton = [], figure.skeleton
    for j, (name, parent) in enumerate(zip(skeleton.names, skeleton.parents, strict=True)):
        local = bound[j] if parent < 0 else np.linalg.inv(bound[parent]) @ bound[j]
        nodes.append(
            gl.Node(
                name=export.rename.get(name, export.prefix + name),
                translation=local[:3, 3].tolist(),
                rotation=Rotation.from_matrix(local[:3, :3]).as_quat().tolist(),
                children=[int(c) + 1 for c in np.flatnonzero(skeleton.parents == j)],
            )
        )
    return nodes


def _primitives(blob: Blob, figure: Figure, export: Export) -> list[gl.Primitive]:
    """One primitive for each material, vertices repeated where their texture coordinates differ."""
    texture_uv = figure.texture_uv if figure.texture_uv is not None else np.zeros((len(figure.faces), 3, 2))
    primitives = []
    for material in range(len(figure.materials)):
        rows = figure.material == material
        keys = np.column_stack([figure.faces[rows].reshape(-1, 1), texture_uv[rows].reshape(-1, 2)])
        unique, indices = np.unique(keys, axis=0, return_inverse=True)
        ids = unique[:, 0].astype(int)
        weights = figure.skin_weights[ids].astype("f4")
        if export.weights != "f4":
            weights = np.round(weights * np.iinfo(export.weights).max).astype(export.weights)
        attributes = gl.Attributes(
            POSITION=blob.add((figure.vertices[ids] @ export.file_from_figure.T).astype("f4")),
            TEXCOORD_0=blob.add(unique[:, 1:].astype("f4")),
            COLOR_0=blob.add(linear_from_srgb(figure.shade[ids]).astype("f4")),
            JOINTS_0=blob.add(figure.skin_joints[ids].astype("u1")),
            WEIGHTS_0=blob.add(weights, normalized=export.weights != "f4"),
        )
        indices = blob.add(indices.reshape(-1).astype("u4"))
        primitives.append(gl.Primitive(attributes=attributes, indices=indices, material=material))
    return primitives


def linear_from_srgb(color: np.ndarray) -> np.ndarray:
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def _material(material) -> gl.Material:
    linear = linear_from_srgb(np.array(material.color, float))
    texture = gl.TextureInfo(index=material.texture) if material.texture >= 0 else None
    pbr = gl.PbrMetallicRoughness(
        baseColorFactor=[*linear.tolist(), 1.0],
        metallicFactor=material.metallic,
        roughnessFactor=material.roughness,
        baseColorTexture=texture,
    )
    return gl.Material(name=material.name, pbrMetallicRoughness=pbr, alphaMode="MASK" if material.cutout else "OPAQUE")


def _animation(blob: Blob, figure: Figure, export: Export, bound: np.ndarray, clip: Clip) -> gl.Animation:
    """Rotations of all bones, linearly interpolated."""
    turn = export.file_from_figure / np.cbrt(np.linalg.det(export.file_from_figure))
    world = turn @ world_rotations(clip.skeleton.parents, clip.rotations) @ turn.T @ bound[:, :3, :3]
    times = blob.add((np.arange(len(world)) / clip.frames_per_second).astype("f4"))
    animation = gl.Animation(name=clip.name)
    for j, parent in enumerate(figure.skeleton.parents):
        local = world[:, j] if parent < 0 else world[:, parent].swapaxes(1, 2) @ world[:, j]
        values = blob.add(Rotation.from_matrix(local).as_quat().astype("f4"))
        animation.samplers.append(gl.AnimationSampler(input=times, output=values, interpolation="LINEAR"))
        target = gl.AnimationChannelTarget(node=j + 1, path="rotation")
        animation.channels.append(gl.AnimationChannel(sampler=j, target=target))
    return animation
