import base64
import struct

import numpy as np
import pygltflib as gl
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.own import glb_file
from tests.figures.glb_files import Blob, save, write_glb
from tests.figures.stick_person import stick_person


def opened(tmp_path, blob: Blob, **fields) -> glb_file.Glb:
    gltf = gl.GLTF2(asset=gl.Asset(version="2.0"))
    for key, value in fields.items():
        setattr(gltf, key, value)
    return glb_file.open_glb(save(tmp_path / "a.glb", gltf, blob))


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "u4", "f4"])
@pytest.mark.parametrize("shape", [(), (2,), (3,), (4,)])
def test_accessors_of_all_types_come_back(tmp_path, kind, shape):
    blob, values = Blob(), np.random.default_rng(0).integers(0, 100, (7, *shape)).astype(kind)
    blob.add(values)
    read = glb_file.accessor(opened(tmp_path, blob), 0, "x")
    np.testing.assert_array_equal(read, values)
    assert read.dtype == values.dtype


def test_matrices_are_stored_column_by_column(tmp_path):
    blob, values = Blob(), np.arange(32, dtype="f4").reshape(2, 4, 4)
    blob.add(values)
    stored = np.frombuffer(bytes(blob.data), "f4")
    assert stored[1] == values[0, 1, 0]
    np.testing.assert_array_equal(glb_file.accessor(opened(tmp_path, blob), 0, "x"), values)


def test_normalised_integers_become_shares(tmp_path):
    blob = Blob()
    blob.add(np.array([0, 51, 255], "u1"), normalized=True)
    blob.add(np.array([-128, -127, 127], "i1"), normalized=True)
    blob.add(np.array([0, 65535], "u2"), normalized=True)
    read = opened(tmp_path, blob)
    np.testing.assert_allclose(glb_file.accessor(read, 0, "x"), [0, 0.2, 1])
    np.testing.assert_allclose(glb_file.accessor(read, 1, "x"), [-1, -1, 1])
    np.testing.assert_allclose(glb_file.accessor(read, 2, "x"), [0, 1])


def test_interleaved_and_sparse_values_are_found(tmp_path):
    blob = Blob()
    table = np.arange(20, dtype="f4").reshape(4, 5)
    view = blob.view(table.tobytes(), stride=20)
    blob.accessors.append(gl.Accessor(bufferView=view, byteOffset=8, componentType=5126, count=4, type="VEC3"))
    rows, news = blob.view(np.array([1, 3], "u2").tobytes()), blob.view(np.array([[7, 8], [9, 10]], "f4").tobytes())
    sparse = gl.Sparse(
        count=2,
        indices=gl.AccessorSparseIndices(bufferView=rows, componentType=5123),
        values=gl.AccessorSparseValues(bufferView=news),
    )
    blob.accessors.append(gl.Accessor(componentType=5126, count=4, type="VEC2", sparse=sparse))
    read = opened(tmp_path, blob)
    np.testing.assert_array_equal(glb_file.accessor(read, 0, "x"), table[:, 2:])
    np.testing.assert_array_equal(glb_file.accessor(read, 1, "x"), [[0, 0], [7, 8], [0, 0], [9, 10]])


def test_pictures_may_lie_in_a_view_or_in_a_data_uri_but_not_outside(tmp_path):
    blob = Blob()
    images = [
        gl.Image(bufferView=blob.view(b"\x89PNG")),
        gl.Image(uri="data:image/png;base64," + base64.b64encode(b"abc").decode()),
        gl.Image(uri="skin.png"),
    ]
    read = opened(tmp_path, blob, images=images)
    assert glb_file.picture_bytes(read, 0) == b"\x89PNG"
    assert glb_file.picture_bytes(read, 1) == b"abc"
    with pytest.raises(InputError, match=r"another file \(skin.png\); export everything into the GLB"):
        glb_file.picture_bytes(read, 2)
    with pytest.raises(InputError, match="texture 3"):
        glb_file.picture_bytes(read, 3)


def test_matrices_follow_their_parents_in_any_order():
    rng = np.random.default_rng(2)
    local = glb_file.matrices(rng.normal(size=(4, 3)), Rotation.random(4, 1).as_quat(), rng.uniform(0.5, 2, (4, 3)))
    world = glb_file.world_matrices(np.array([2, -1, 3, -1]), local)
    np.testing.assert_allclose(world[0], local[3] @ local[2] @ local[0])
    np.testing.assert_allclose(world[1], local[1])


def test_a_nodes_matrix_is_taken_apart(tmp_path):
    matrix = glb_file.matrices(np.array([1.0, 2, 3]), Rotation.random(random_state=1).as_quat(), np.array([2, 3, 4.0]))
    read = opened(tmp_path, Blob(), nodes=[gl.Node(matrix=matrix.T.ravel().tolist()), gl.Node()])
    again = glb_file.matrices(*glb_file.node_transforms(read))
    np.testing.assert_allclose(again, [matrix, np.eye(4)], atol=1e-12)


def test_a_node_below_itself_is_refused(tmp_path):
    read = opened(tmp_path, Blob(), nodes=[gl.Node(children=[1]), gl.Node(children=[0])])
    with pytest.raises(InputError, match="below itself"):
        glb_file.node_parents(read)


def test_what_is_no_glb_is_refused_in_one_line(tmp_path):
    good = write_glb(tmp_path / "good.glb", stick_person()).read_bytes()
    bad = {
        "not a GLB file": b'{"asset": {"version": "2.0"}}' * 3,
        "glTF version 1": good[:4] + struct.pack("<I", 1) + good[8:],
        "cut off": good[: len(good) // 2],
        "not a valid GLB file": good[:20] + b"#" * 40 + good[60:],
    }
    for message, data in bad.items():
        path = tmp_path / "bad.glb"
        path.write_bytes(data)
        with pytest.raises(InputError, match=message) as caught:
            glb_file.open_glb(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        glb_file.open_glb(tmp_path / "none.glb")


@pytest.mark.parametrize("extension", ["KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu"])
def test_compression_and_unknown_extensions_are_refused(tmp_path, extension):
    def require(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.extensionsRequired = [extension]

    with pytest.raises(InputError, match=extension):
        glb_file.open_glb(write_glb(tmp_path / "a.glb", stick_person(), change=require))


def test_an_accessor_that_ends_early_is_refused(tmp_path):
    blob = Blob()
    blob.add(np.zeros((4, 3), "f4"))
    blob.accessors[0].count = 5
    with pytest.raises(InputError, match=r"positions \(accessor 0\): the file ends before its data"):
        glb_file.accessor(opened(tmp_path, blob), 0, "positions")
    with pytest.raises(InputError, match="it is missing"):
        glb_file.accessor(opened(tmp_path, blob), None, "positions")
