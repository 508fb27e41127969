import struct

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.own.mesh_ply import read_ply

POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 1.5, 0]])
COLORS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7], [1, 2, 3]], np.uint8)
POLYGONS = ((0, 1, 2, 3), (3, 2, 4))
TRIANGLES = [[0, 1, 2], [0, 2, 3], [3, 2, 4]]

HEADER = """ply
format {format} 1.0
comment made by a test
element vertex 5
property double x
property double y
property double z
property uchar red
property uchar green
property uchar blue
element face {faces}
property list uchar int {name}
property float quality
element edge 1
property int vertex1
property int vertex2
end_header
"""


def written(tmp_path, kind: str, polygons=POLYGONS, name: str = "vertex_indices"):
    path = tmp_path / "a.ply"
    head = HEADER.format(format=kind, faces=len(polygons), name=name).encode()
    path.write_bytes(head + (as_text(polygons) if kind == "ascii" else as_bytes(polygons, kind)))
    return path


def as_text(polygons) -> bytes:
    rows = [[*map(repr, map(float, p)), *map(str, c)] for p, c in zip(POINTS, COLORS, strict=True)]
    rows += [[str(len(f)), *map(str, f), "0.5"] for f in polygons]
    return "\n".join(" ".join(row) for row in [*rows, ["0", "1"]]).encode() + b"\n"


def as_bytes(polygons, kind: str) -> bytes:
    order = "<" if "little" in kind else ">"
    rows = [struct.pack(f"{order}3d3B", *p, *c) for p, c in zip(POINTS, COLORS.tolist(), strict=True)]
    rows += [struct.pack(f"{order}B{len(f)}if", len(f), *f, 0.5) for f in polygons]
    return b"".join(rows) + struct.pack(f"{order}2i", 0, 1)


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("name", ["vertex_indices", "vertex_index"])
def test_all_formats_are_read(tmp_path, kind, name):
    mesh = read_ply(written(tmp_path, kind, name=name))
    np.testing.assert_array_equal(mesh.vertices, POINTS)
    np.testing.assert_array_equal(mesh.colors, COLORS)
    assert mesh.faces.tolist() == TRIANGLES


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_triangles_alone_are_read_in_their_order(tmp_path, kind):
    faces = np.random.default_rng(0).permuted(np.tile(np.arange(5), (40, 1)), axis=1)[:, :3].tolist()
    assert read_ply(written(tmp_path, kind, faces)).faces.tolist() == faces


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_a_file_that_was_cut_off_is_refused(tmp_path, kind):
    path = written(tmp_path, kind)
    whole = path.read_bytes()
    body = whole.index(b"end_header\n") + 11
    for end in range(body + 1, len(whole) - 1, 5):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"a\.ply: cut off or damaged: "):
            read_ply(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"ply\n", b"png\n"), "not a PLY file"),
        ((b"end_header", b"the_header"), "not a PLY file"),
        ((b"double z", b"real z"), "a PLY header that is not understood: 'property real z'"),
        ((b"format ascii", b"format utf8"), "a PLY header that is not understood"),
        ((b"double z", b"double w"), "it lacks vertices with x, y, z"),
        ((b"vertex_indices", b"corners"), "or faces with vertex_indices"),
        ((b"\n4 0 1 2 3", b"\n2 0 1"), "face 0 has 2 corners"),
        ((b"3 3 2 4 ", b"3 3 2 5 "), "face 1: vertex 5 is not there; the file has 5"),
        ((b"element face 2", b"element face -2"), "a PLY header that is not understood: 'element face -2'"),
        ((b"3 3 2 4 ", b"3 3 2 nan "), "face 1: vertex nan is not there"),
        ((b"3 3 2 4 ", b"3 3 2 -1 "), "face 1: vertex -1 is not there"),
        ((b"3 3 2 4 ", b"3 3 2 1.5 "), "face 1: vertex 1.5 is not there"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, change, message):
    path = written(tmp_path, "ascii")
    path.write_bytes(path.read_bytes().replace(*change))
    with pytest.raises(InputError, match=message):
        read_ply(path)


def test_lists_as_coordinates_are_refused(tmp_path):
    head = "ply\nformat ascii 1.0\nelement vertex 1\nproperty list uchar float x\nproperty float y\nproperty float z\n"
    path = tmp_path / "a.ply"
    path.write_text(head + "element face 1\nproperty list uchar int vertex_indices\nend_header\n1 0 0 0\n3 0 0 0\n")
    with pytest.raises(InputError, match="it lacks vertices with x, y, z"):
        read_ply(path)


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_lists_beside_coordinates_are_passed_over(tmp_path, kind):
    head = f"ply\nformat {kind} 1.0\nelement vertex 3\n"
    head += "property float x\nproperty list uchar float more\nproperty float y\n"
    head += "property float z\nelement face 1\nproperty list uchar uchar vertex_indices\nend_header\n"
    if kind == "ascii":
        body = b"0 2 8 9 1 2\n3 0 4 5\n6 1 7 7 8\n3 0 1 2\n"
    else:
        numbers = [np.array(row, "<f4").tobytes() for row in ([0], [8, 9], [1, 2], [3], [], [4, 5], [6], [7], [7, 8])]
        for k, length in ((1, 2), (4, 0), (7, 1)):
            numbers[k] = bytes([length]) + numbers[k]
        body = b"".join(numbers) + bytes([3, 0, 1, 2])
    path = tmp_path / "a.ply"
    path.write_bytes(head.encode() + body)
    mesh = read_ply(path)
    assert mesh.vertices.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert mesh.faces.tolist() == [[0, 1, 2]]
