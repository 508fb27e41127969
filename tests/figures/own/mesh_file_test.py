from pathlib import Path

import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_file import read_target

SPHERE = trimesh.creation.icosphere(subdivisions=3)
POINTS, FACES = np.array(SPHERE.vertices), np.array(SPHERE.faces)


def write_obj(path: Path) -> Path:
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in POINTS.tolist()] + [
        f"f {a + 1} {b + 1} {c + 1}" for a, b, c in FACES
    ]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("name", ["a.obj", "a.ply", "text.ply", "a.glb", "A.OBJ"])
def test_all_formats_give_the_same_mesh_in_the_files_order(tmp_path, name):
    path = tmp_path / name
    if path.suffix.lower() == ".obj":
        write_obj(path)
    else:
        SPHERE.export(path, **({"encoding": "ascii"} if name == "text.ply" else {}))
    target = read_target(path)
    np.testing.assert_allclose(target.file_vertices[target.file_faces], POINTS[FACES], atol=1e-6)
    np.testing.assert_allclose(target.vertices[target.faces], POINTS[FACES], atol=1e-6)
    assert (target.rig, target.place) == (None, str(path))
    assert target.repairs == ()


@pytest.mark.parametrize("name", ["a.ply", "a.glb"])
def test_painted_vertices_are_groups_by_their_colour(tmp_path, name):
    mesh = SPHERE.copy()
    colors = np.tile(np.array([255, 255, 255, 255], np.uint8), (len(POINTS), 1))
    top = POINTS[:, 2] > 0.5
    colors[top] = [255, 0, 0, 255]
    colors[0, :3] = 1, 2, 3  # one vertex holds no face
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=colors)
    mesh.export(tmp_path / name)
    target = read_target(tmp_path / name)
    groups = {name: rows for name, rows in target.groups.items() if name.startswith("#")}
    assert set(groups) == {"#ff0000", "#ffffff"}
    np.testing.assert_array_equal(groups["#ff0000"], top & (np.arange(len(top)) > 0))


def test_a_scan_with_a_photographs_colours_has_few_groups(tmp_path):
    mesh = SPHERE.copy()
    colors = np.random.default_rng(0).integers(0, 256, (len(POINTS), 4), dtype=np.uint8)
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=colors)
    mesh.export(tmp_path / "a.ply")
    assert not read_target(tmp_path / "a.ply").groups


def test_files_that_are_no_mesh_are_refused(tmp_path):
    (tmp_path / "a.fbx").write_bytes(b"Kaydara")
    (tmp_path / "empty.obj").write_bytes(b"")
    (tmp_path / "bare").write_text("v 0 0 0")
    with pytest.raises(InputError, match=r"no such file: '.*none\.obj'"):
        read_target(tmp_path / "none.obj")
    with pytest.raises(InputError, match=r"a\.fbx: meshes are read from \.obj, \.ply, \.glb files, not \.fbx"):
        read_target(tmp_path / "a.fbx")
    with pytest.raises(InputError, match=r"bare: meshes are read from"):
        read_target(tmp_path / "bare")
    with pytest.raises(InputError, match=r"empty\.obj: the file is empty"):
        read_target(tmp_path / "empty.obj")
    SPHERE.export(tmp_path / "cut.glb")
    (tmp_path / "cut.glb").write_bytes((tmp_path / "cut.glb").read_bytes()[:5000])
    with pytest.raises(InputError, match=r"cut\.glb: cut off: 5000 of"):
        read_target(tmp_path / "cut.glb")
