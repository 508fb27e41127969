"""Any mesh of a person from a file: OBJ, PLY or GLB, with its skeleton where it has one."""

import os
from pathlib import Path

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_glb import read_glb
from simpose_tf.figures.own.mesh_obj import Polygons, read_obj
from simpose_tf.figures.own.mesh_ply import read_ply
from simpose_tf.figures.own.mesh_repair import MeshFile, sound
from simpose_tf.surface.target import Target

FORMATS = (".obj", ".ply", ".glb")
_COLORS = 256  # so many of the colours on vertices are groups, the most frequent ones
_PAINTED = 3  # vertices at least; fewer hold no face


def read_target(path: str | os.PathLike) -> Target:
    """Return the mesh of a file, made sound.

    Vertices are in the file's axes and unit: of a GLB in its scene's, skinned meshes as they were bound. Its triangles
    are in the file's order; polygons are fans, one after the other. The triangles of a rigged GLB are exactly those
    of `own.glb.read_glb_surface`. Groups of vertices: `g`, `o` and `usemtl` of an OBJ, nodes, meshes and materials of a
    GLB, and colours painted on vertices as `#rrggbb` (sRGB).

    Raises:
      InputError: no mesh in that format, or damaged beyond repair; the line names the fault and where it is.
    """
    if not Path(path).is_file():
        raise InputError(f"no such file: {str(path)!r}")
    return sound(read_mesh_file(path))


def read_mesh_file(path: str | os.PathLike) -> MeshFile:
    """Return the mesh of a file as it stands there. Raises InputError if there is none."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path}: meshes are read from {', '.join(FORMATS)} files, not {suffix or 'others'}")
    if not Path(path).stat().st_size:
        raise InputError(f"{path}: the file is empty")
    if suffix == ".glb":
        mesh, colors = read_glb(path)
    else:
        mesh, colors = _plain(path, read_obj(path) if suffix == ".obj" else read_ply(path))
    painted = {} if colors is None else _color_groups(colors)
    return MeshFile(mesh.vertices, mesh.faces, mesh.groups | painted, mesh.rig, mesh.notes, mesh.place)


def _plain(path: str | os.PathLike, found: Polygons) -> tuple[MeshFile, np.ndarray | None]:
    return MeshFile(found.vertices, found.faces, found.groups, None, (), str(path)), found.colors


def _color_groups(colors: np.ndarray) -> dict[str, np.ndarray]:
    """Return `#rrggbb` -> vertices `[W]` bool of the most frequent of colours `[W, 3]` uint8, if there are several."""
    code = colors.astype(np.int64) @ [65536, 256, 1]
    values, counts = np.unique(code, return_counts=True)
    if len(values) < 2:
        return {}
    most = np.argsort(-counts, kind="stable")[:_COLORS]
    return {f"#{values[k]:06x}": code == values[k] for k in most if counts[k] >= _PAINTED}
