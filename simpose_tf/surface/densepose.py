"""The DensePose reference out of a user's folder: `UV_Processed.mat`, SMPL's template, maybe the table of flips.

`UV_Processed.mat` names chart vertices (a vertex on a seam has one in each chart): `All_vertices` is the template's
vertex of each, `All_U_norm` and `All_V_norm` its coordinates, `All_Faces` triples of chart vertices, `All_FaceIndices`
their parts. Everything counts from 1. Of SMPL's 13,776 triangles it charts 13,774: one is left out at each small toe,
in the middle of the foot's cut. We put them back, as ears of the charts: so the surface is closed and the cut one path.
"""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io

from simpose_tf.charts import NUM_PARTS
from simpose_tf.errors import InputError
from simpose_tf.surface.harmonic import boundary_edges
from simpose_tf.surface.reference import Reference
from simpose_tf.surface.symmetry import mirror_vertices
from simpose_tf.surface.template import Template, find_template

CHARTS_FILE = "UV_Processed.mat"
FLIPS_FILE = "UV_symmetry_transforms.mat"
WHERE = "it comes with DensePose: https://dl.fbaipublicfiles.com/densepose/densepose_uv_data.tar.gz"
_KEYS = ("All_Faces", "All_FaceIndices", "All_U_norm", "All_V_norm", "All_vertices")
_TABLE_SIZE = 256
_HEIGHTS = (0.5, 2.5)  # metres; SMPL's template is 1.6 to 1.8 high
_LONGEST_EDGE = 0.25  # of the height: no triangle of a body is as long


def load_densepose(folder: str | os.PathLike) -> Reference:
    """Return the DensePose reference of a user's folder.

    Vertices are the template's in its own order, in the figure frame: feet put on y = 0, the head's seam at x = 0.
    Faces are those of `All_Faces` in its order; holes of one triangle are closed by more at the end.

    Args:
      folder: holds `UV_Processed.mat`, the template under any name as `.obj` or `.npz` (`v_template` or `vertices`,
        maybe `f`; y up, front to +z, metres), and maybe `UV_symmetry_transforms.mat`.

    Raises:
      InputError: a file is missing, is none of the kind, or does not fit the others; the line names it.
    """
    folder = Path(folder)
    path = folder / CHARTS_FILE
    stored = read_mat(path, _KEYS)
    chart_faces, of_mesh, part, uv = _charts(path, stored)
    template = find_template(folder, int(of_mesh.max()) + 1)
    _check_faces(template, of_mesh[chart_faces], path)
    ears, ear_part = _ears(chart_faces, of_mesh, part)
    chart_faces, part = np.concatenate([chart_faces, ears]), np.concatenate([part, ear_part])
    faces = of_mesh[chart_faces]
    vertices = _in_figure_frame(template, faces, part)
    return Reference(
        name="densepose",
        vertices=vertices,
        faces=faces.astype(np.int32),
        part=part,
        uv=uv[chart_faces],
        mirror=mirror_vertices(vertices),
        flip_table=_flip_table(folder / FLIPS_FILE),
    )


def read_mat(path: Path, keys: tuple[str, ...], where: str = WHERE) -> dict[str, np.ndarray]:
    """Return arrays of a MATLAB file. Raises InputError if it is none or lacks one; `where` tells where to get it."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; {where}")
    try:
        stored = scipy.io.loadmat(path, variable_names=keys)
    except NotImplementedError as error:
        raise InputError(f"{path}: a MATLAB 7.3 file; save it with -v7, or take the official one: {where}") from error
    except Exception as error:  # scipy raises what it likes on bytes that are no MATLAB file
        raise InputError(f"{path}: no MATLAB file ({error}); {where}") from error
    missing = [key for key in keys if key not in stored]
    if missing:
        raise InputError(f"{path}: no {', '.join(missing)} in it; {where}")
    return {key: stored[key] for key in keys}


def _charts(path: Path, stored: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return chart faces `[F, 3]`, the mesh vertex `[C]` of chart vertices, part `[F]` uint8 and uv `[C, 2]` float32.

    Raises InputError if the arrays do not fit each other.
    """
    faces, of_mesh = stored["All_Faces"].astype(np.int64) - 1, stored["All_vertices"].astype(np.int64).ravel() - 1
    part = stored["All_FaceIndices"].astype(np.int64).ravel()
    u, v = (stored[key].astype(np.float64).ravel() for key in ("All_U_norm", "All_V_norm"))
    fits = {
        "All_Faces must be [F, 3]": faces.ndim == 2 and faces.shape[1:] == (3,) and len(faces) > 0,
        "All_FaceIndices must have one part per face": len(part) == len(faces),
        "All_U_norm, All_V_norm and All_vertices must have one entry per chart vertex": len(u)
        == len(v)
        == len(of_mesh),
    }
    for what, holds in fits.items():
        if not holds:
            raise InputError(f"{path}: {what}; {WHERE}")
    if faces.min() < 0 or faces.max() >= len(of_mesh) or of_mesh.min() < 0:
        raise InputError(f"{path}: All_Faces and All_vertices must count from 1, faces up to {len(of_mesh)}")
    if set(np.unique(part)) != set(range(1, NUM_PARTS + 1)):
        raise InputError(f"{path}: All_FaceIndices must hold the parts 1 to {NUM_PARTS}, all of them")
    uv = np.stack([u, v], -1)
    if not np.isfinite(uv).all() or uv.min() < 0 or uv.max() > 1:
        raise InputError(f"{path}: All_U_norm and All_V_norm must lie in [0, 1]")
    return faces, of_mesh, part.astype(np.uint8), uv.astype(np.float32)


def _ears(chart_faces: np.ndarray, of_mesh: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the triangles `[E, 3]` (chart vertices) that close holes of three edges within a chart, and their parts.

    A vertex of a hole that lies on a cut has several chart vertices: a triangle takes those by which it joins the chart
    along two sides. # not in the paper: it does not speak of the two triangles that the official table lacks
    """
    following = dict(boundary_edges(of_mesh[chart_faces]).tolist())
    sides = {edge: p for face, p in zip(chart_faces.tolist(), part.tolist(), strict=True) for edge in _sides(face)}
    copies = {vertex: np.flatnonzero(of_mesh == vertex).tolist() for vertex in following}
    ears, parts = [], []
    for a, b in following.items():
        c = following.get(b)
        if c is None or following.get(c) != a or a != min(a, b, c):
            continue
        for triangle in itertools.product(copies[c], copies[b], copies[a]):
            beyond = [sides.get(edge[::-1]) for edge in _sides(triangle)]
            joined = [p for p in beyond if p is not None]
            if len(joined) >= 2 and len(set(joined)) == 1:
                ears.append(triangle)
                parts.append(joined[0])
                break
    return np.array(ears, np.int64).reshape(-1, 3), np.array(parts, np.uint8)


def _sides(face: Sequence[int]) -> list[tuple[int, int]]:
    """Return the directed sides of a triangle."""
    return [(face[0], face[1]), (face[1], face[2]), (face[2], face[0])]


def _check_faces(template: Template, faces: np.ndarray, charts: Path) -> None:
    """Raise InputError unless the charted triangles `[F, 3]` are the template's own, seen from the same side."""
    if template.faces is None:
        return
    known = {_turned(face) for face in template.faces.tolist()}
    strange = [face for face in faces.tolist() if _turned(face) not in known]
    if strange:
        one = [n + 1 for n in strange[0]]
        raise InputError(
            f"{template.path}: {len(strange)} of {len(faces)} triangles of {charts.name} are not among its faces, "
            f"for example {one} (from 1): another topology or order of vertices than SMPL's"
        )


def _turned(face: list[int]) -> tuple[int, ...]:
    """Return a triangle that starts with its smallest vertex, in the same direction."""
    start = face.index(min(face))
    return tuple(face[start:] + face[:start])


def _in_figure_frame(template: Template, faces: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return the template's vertices `[V, 3]` float32, feet on y = 0 and the head's seam at x = 0.

    Raises InputError for other axes, another unit or another order of vertices.
    """
    vertices = template.vertices
    height = float(np.ptp(vertices[:, 1]))
    if not _HEIGHTS[0] <= height <= _HEIGHTS[1]:
        raise InputError(f"{template.path}: {height:.4g} high along y; SMPL's template is in metres with y up")
    longest = float(np.linalg.norm(vertices[faces] - vertices[np.roll(faces, -1, 1)], axis=2).max())
    if longest > _LONGEST_EDGE * height:
        where = f"a charted triangle is {longest:.2f} m long"
        raise InputError(f"{template.path}: {where}: another order of vertices than SMPL's, or not a body")
    middle = {k: vertices[faces[part == k]].mean((0, 1)) for k in range(1, NUM_PARTS + 1)}
    placed = {
        "the head must be above the feet (y up)": middle[23][1] > middle[5][1],
        "the left hand must be at larger x than the right one": middle[4][0] > middle[3][0],
        "the front must face +z": middle[2][2] > middle[1][2],
    }
    for what, holds in placed.items():
        if not holds:
            raise InputError(f"{template.path}: {what}; SMPL's own template is meant, in its rest pose")
    seam = np.intersect1d(faces[part == 23], faces[part == 24])
    shift = np.array([vertices[seam, 0].mean(), vertices[:, 1].min(), 0.0])
    return (vertices - shift).astype(np.float32)


def _flip_table(path: Path) -> np.ndarray | None:
    """Return `[24, 256, 256, 2]` float32 (u, v) by [part - 1, v, u], or None without the file.

    The file's values are seen both in [0, 1] and in 0..255.
    """
    if not path.exists():
        return None
    stored = read_mat(path, ("U_transforms", "V_transforms"))
    both = np.stack([_cells(path, key, stored[key]) for key in ("U_transforms", "V_transforms")], -1)
    if not np.isfinite(both).all() or both.min() < 0 or both.max() > 255:
        raise InputError(f"{path}: values must lie in [0, 1] or in 0..255")
    return both / np.float32(255 if both.max() > 1 else 1)


def _cells(path: Path, key: str, stored: np.ndarray) -> np.ndarray:
    """Return `[24, 256, 256]` float32 of 24 MATLAB cells or of one array."""
    try:
        cells = np.stack(
            [np.asarray(cell, np.float32) for cell in (stored.ravel() if stored.dtype == object else stored)]
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {key} must hold 24 tables of 256 x 256: {error}") from error
    if cells.shape != (NUM_PARTS, _TABLE_SIZE, _TABLE_SIZE):
        raise InputError(f"{path}: {key} must hold 24 tables of 256 x 256, not {list(cells.shape)}")
    return cells
