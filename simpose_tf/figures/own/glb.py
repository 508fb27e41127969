"""A person of the user's from a rigged GLB file (Renderpeople, Mixamo, any tool's) and its charts."""

import os

import numpy as np

from simpose_tf.colors import srgb_from_linear
from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure, Skeleton
from simpose_tf.figures.own import charted, glb_looks, glb_skin
from simpose_tf.figures.own.glb_file import Glb, open_glb, told
from simpose_tf.figures.own.glb_mesh import Mesh, read_mesh


def read_glb_figure(path: str | os.PathLike, charts_path: str | os.PathLike, name: str) -> Figure:
    """Return the person of a rigged GLB file with its charts.

    The rest pose is the one that the mesh was bound in; the person is turned upright to +z, scaled to metres and put
    on y = 0. Bones have Mixamo's names where they are known. At most four bones move a vertex.

    Args:
      path: binary glTF 2.0 with meshes under one armature.
      charts_path: `.npz` with `part` and `uv` of its faces (`charted.read_charts`).
      name: of the figure.

    Raises:
      InputError: no such file, not rigged, unsupported, or the charts are another mesh's.
    """
    glb = open_glb(path)
    with told(path):
        return _figure(glb, charts_path, name)


def _figure(glb: Glb, charts_path: str | os.PathLike, name: str) -> Figure:
    """Return the person of an opened file."""
    bones = glb_skin.read_bones(glb)
    mesh = read_mesh(glb, bones)
    charts = charted.read_charts(charts_path, len(mesh.faces), len(mesh.vertices))
    if charts.faces is not None and not np.array_equal(charts.faces, mesh.faces):
        how = f"chart it anew: {charted.HOW_TO_CHART}"
        raise InputError(f"{charts_path}: charts of another mesh: its faces are not those of {glb.path}; {how}")
    vertices, heads = _in_metres(mesh, bones, glb.path)
    used, material = np.unique(mesh.material, return_inverse=True)
    materials, textures = glb_looks.read_materials(glb, used)
    skeleton = glb_skin.skeleton_of(bones, heads, bone_ends(mesh, bones.names, heads, vertices))
    depth = _distances_to_bones(mesh, skeleton, vertices)
    keypoint_vertices, keypoint_weights = charted.keypoints_of(charts, mesh.faces, str(charts_path), depth)
    return Figure(
        name=name,
        vertices=vertices.astype(np.float32),
        faces=mesh.faces,
        part=charts.part,
        uv=charts.uv,
        material=material.reshape(-1).astype(np.uint8),
        materials=materials,
        skin_joints=mesh.skin_joints,
        skin_weights=mesh.skin_weights,
        skeleton=skeleton,
        keypoint_vertices=keypoint_vertices,
        keypoint_weights=keypoint_weights,
        shade=srgb_from_linear(mesh.color).astype(np.float32),
        textures=textures,
        texture_uv=glb_looks.texture_uv(glb, mesh.texcoords, mesh.material) if len(textures) else None,
    )


def read_glb_surface(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Return what is charted of a GLB: vertices `[V, 3]` float32 (metres, figure frame), faces `[F, 3]` int32."""
    glb = open_glb(path)
    with told(path):
        bones = glb_skin.read_bones(glb)
        mesh = read_mesh(glb, bones)
        return _in_metres(mesh, bones, glb.path)[0].astype(np.float32), mesh.faces


def _in_metres(mesh: Mesh, bones: glb_skin.Bones, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices `[V, 3]` and bones' heads `[J, 3]` in the figure's frame: upright, metres, on y = 0."""
    rotation = glb_skin.upright(bones, place)
    scene_size = np.cbrt(abs(np.linalg.det(bones.rest_from_world[:3, :3])))
    vertices, heads = (points @ rotation.T / scene_size for points in (mesh.vertices, bones.rest[:, :3, 3]))
    unit = glb_skin.metres(float(np.ptp(vertices[:, 1])), place)
    feet = np.mean([heads[bones.names.index(f"{side}Foot")] for side in ("Left", "Right")], axis=0)
    origin = np.array([feet[0], vertices[:, 1].min(), feet[2]])
    return (vertices - origin) * unit, (heads - origin) * unit


def bone_ends(mesh: Mesh, names: tuple[str, ...], heads: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Return where bones without children end, `[J, 3]`: as far as the skin that they move; the head at its top."""
    ends = np.array(heads, float)
    owner = mesh.skin_joints[:, 0]
    for bone in np.unique(owner):
        away = vertices[owner == bone] - heads[bone]
        middle = away.mean(0)
        length = np.linalg.norm(middle)
        if length > 1e-6:
            ends[bone] += middle / length * max((away @ middle / length).max(), 0.01)
        if names[bone] == "Head":
            ends[bone] = heads[bone] + [0, max(away[:, 1].max(), 0.05), 0]
    bare = np.linalg.norm(ends - heads, axis=1) < 1e-4
    ends[bare] += [0, 0.05, 0]  # bones that move nothing need only a direction
    return ends


def _distances_to_bones(mesh: Mesh, skeleton: Skeleton, vertices: np.ndarray) -> np.ndarray:
    """Return how far vertices `[V, 3]` lie from the bone that moves them most, `[V]` metres: what is over what."""
    owner = mesh.skin_joints[:, 0]
    heads, along = skeleton.heads[owner], (skeleton.tails - skeleton.heads)[owner]
    share = ((vertices - heads) * along).sum(1) / np.maximum((along**2).sum(1), 1e-9)
    return np.linalg.norm(vertices - heads - np.clip(share, 0, 1)[:, None] * along, axis=1)
