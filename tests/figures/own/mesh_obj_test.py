import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_obj import fans, read_obj

TEXT = """# a house
mtllib house.mtl
o wall
v 0 0 0
v 1 0 0 \t
v 1 1 0
v 0 1 0
vt 0 0
vn 0 0 1
g front lower
usemtl brick
f 1/1/1 2/1/1 3/1/1 4/1/1
o roof
g
v 0.5 1.5 0
f 4//1 3//1 \\
  -1//1
v 9 9 9
"""


def write(tmp_path, text: str):
    path = tmp_path / "a.obj"
    path.write_text(text)
    return path


def test_polygons_negative_indices_and_groups_are_read(tmp_path):
    mesh = read_obj(write(tmp_path, TEXT))
    np.testing.assert_array_equal(mesh.vertices[:2], [[0, 0, 0], [1, 0, 0]])
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [3, 2, 4]]
    assert mesh.colors is None
    members = {name: np.flatnonzero(rows).tolist() for name, rows in mesh.groups.items()}
    square = [0, 1, 2, 3]
    assert members == {
        "wall": square, "front": square, "lower": square, "brick": [0, 1, 2, 3, 4], "roof": [2, 3, 4]
    }  # fmt: skip


def test_files_of_windows_are_read_alike(tmp_path):
    path = tmp_path / "a.obj"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    mesh = read_obj(path)
    plain = read_obj(write(tmp_path, TEXT))
    np.testing.assert_array_equal(mesh.faces, plain.faces)
    assert mesh.groups.keys() == plain.groups.keys()


@pytest.mark.parametrize("colors", ["1 0.5 0", "255 128 0"])
def test_colours_of_vertices_are_read(tmp_path, colors):
    mesh = read_obj(write(tmp_path, f"v 0 0 0 {colors}\nv 1 0 0 0 0 0\nv 0 1 0 0 0 1\nf 1 2 3\n"))
    np.testing.assert_array_equal(mesh.colors[0], [255, 128, 0])


def test_fans_keep_the_order_of_polygons():
    assert fans(np.arange(12), np.array([3, 5, 4])).tolist() == [
        [0, 1, 2], [3, 4, 5], [3, 5, 6], [3, 6, 7], [8, 9, 10], [8, 10, 11]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v 0 0\n", r"a\.obj: line 1: a vertex of 2 numbers"),
        ("v 0 0 0\nv 0 zero 0\n", r"a\.obj: line 2: not a vertex: '0 zero 0'"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\n\nf 1 2\n", r"a\.obj: line 5: a face of 2 corners"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 x\n", r"a\.obj: line 4: not a face: '1 2 x'"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 4\n", r"a\.obj: line 5: vertex 4 is not there; the file has 3"),
        ("v 0 0 0\nv 1 0 0\nf 1 2 0\n", r"a\.obj: line 3: vertex 0 is not there"),
        ("v 0 0 0\nv 1 0 0\nf 1 2 -3\n", r"a\.obj: line 3: vertex -3 is not there"),
        ("v 0 0 0\n\0\0", "not an OBJ file"),
    ],
)
def test_what_is_no_mesh_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_obj(write(tmp_path, text))


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_lines_may_end_as_other_systems_end_them(tmp_path, ending):
    (tmp_path / "b.obj").write_bytes(TEXT.replace("\n", ending).encode())
    np.testing.assert_array_equal(read_obj(tmp_path / "b.obj").faces, read_obj(write(tmp_path, TEXT)).faces)


def test_a_file_without_anything_has_no_faces(tmp_path):
    assert read_obj(write(tmp_path, "hello\n")).faces.shape == (0, 3)
