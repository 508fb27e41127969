import json
from dataclasses import replace

import numpy as np
import pygltflib as gl
import pytest

from simpose_tf.errors import InputError
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.own import glb_mesh
from simpose_tf.figures.own.glb import read_glb_surface
from simpose_tf.figures.own.glb_file import open_glb
from simpose_tf.figures.own.glb_skin import read_bones
from tests.figures.glb_files import Blob, write_glb
from tests.figures.stick_person import stick_person


def read(tmp_path, figure: Figure | None = None, change=None) -> glb_mesh.Mesh:
    glb = open_glb(write_glb(tmp_path / "a.glb", figure or stick_person(), change=change))
    return glb_mesh.read_mesh(glb, read_bones(glb))


def with_faces(faces: list[list[int]], material: int = 0, figure: Figure | None = None) -> Figure:
    """The stick person with more faces."""
    figure = figure or stick_person()
    count = len(faces)
    return replace(
        figure,
        faces=np.concatenate([figure.faces, np.array(faces, np.int32)]),
        part=np.append(figure.part, [2] * count).astype(np.uint8),
        uv=np.concatenate([figure.uv, np.zeros((count, 3, 2), np.float32)]),
        material=np.append(figure.material, [material] * count).astype(np.uint8),
    )


def test_heaviest_keeps_four_and_shares_the_rest_among_them():
    joints, weights = glb_mesh.heaviest(np.array([[0.1, 0.2, 0.05, 0.3, 0.35, 0.0], [0, 0, 0, 0, 0, 2.0]]))
    assert joints[0].tolist() == [4, 3, 1, 0]
    np.testing.assert_allclose(weights[0], np.array([0.35, 0.3, 0.2, 0.1]) / 0.95)
    assert (joints[1].tolist(), weights[1].tolist()) == ([5, 0, 0, 0], [1, 0, 0, 0])
    assert glb_mesh.heaviest(np.ones((2, 1)))[1].tolist() == [[1, 0, 0, 0]] * 2


def test_a_second_set_of_weights_is_read(tmp_path):
    def add_set(gltf: gl.GLTF2, blob: Blob) -> None:
        attributes = gltf.meshes[0].primitives[0].attributes
        count = (
            gltf.accessors[attributes.POSITION].count if gltf.accessors else blob.accessors[attributes.POSITION].count
        )
        attributes.JOINTS_1 = blob.add(np.tile(np.array([4, 0, 0, 0], "u1"), (count, 1)))
        attributes.WEIGHTS_1 = blob.add(np.tile(np.array([1, 0, 0, 0], "f4"), (count, 1)))

    glb = open_glb(write_glb(tmp_path / "a.glb", stick_person(), change=add_set))
    bones = read_bones(glb)
    mesh = glb_mesh.read_mesh(glb, bones)
    of_leg = np.flatnonzero(np.abs(mesh.vertices - stick_person().skeleton.heads[10]).max(1) < 0.05)
    for vertex in of_leg:
        found = dict(zip(mesh.skin_joints[vertex].tolist(), mesh.skin_weights[vertex].tolist(), strict=True))
        assert found[bones.names.index("Neck")] == found[bones.names.index("LeftLeg")] == 0.5


def test_the_texture_set_and_the_colours_of_vertices_are_read(tmp_path):
    def paint(gltf: gl.GLTF2, blob: Blob) -> None:
        for primitive in gltf.meshes[0].primitives:
            count = blob.accessors[primitive.attributes.POSITION].count
            primitive.attributes.COLOR_0 = blob.add(np.tile(np.array([255, 51, 0, 255], "u1"), (count, 1)), True)
            primitive.attributes.TEXCOORD_1 = blob.add(np.full((count, 2), 0.25, "f4"))

    mesh = read(tmp_path, change=paint)
    np.testing.assert_allclose(mesh.color, np.tile([1, 0.2, 0], (len(mesh.vertices), 1)))
    assert (mesh.texcoords[1] == 0.25).all()


def test_a_mesh_that_hangs_on_a_bone_follows_it(tmp_path):
    def hang(gltf: gl.GLTF2, blob: Blob) -> None:
        head = stick_person().skeleton.names.index("Head")
        attributes = gl.Attributes(POSITION=blob.add(np.array([[0, 0, 0.1], [0.1, 0, 0.1], [0, 0.1, 0.1]], "f4")))
        gltf.meshes.append(gl.Mesh(primitives=[gl.Primitive(attributes=attributes)]))
        gltf.nodes.append(gl.Node(name="glasses", mesh=1, translation=[0, 0.02, 0]))
        gltf.nodes[head + 1].children.append(len(gltf.nodes) - 1)
        gltf.nodes[head + 1].rotation = [0, 0, 0, 1]

    glb = open_glb(write_glb(tmp_path / "a.glb", stick_person(), change=hang))
    bones = read_bones(glb)
    mesh = glb_mesh.read_mesh(glb, bones)
    corners = mesh.faces[-1]
    assert (mesh.skin_joints[corners, 0] == bones.names.index("Head")).all()
    assert (mesh.material[-1], mesh.skin_weights[corners, 0].min()) == (-1, 1)
    to_head = np.linalg.inv(bones.rest[bones.names.index("Head")])
    local = mesh.vertices[corners] @ to_head[:3, :3].T + to_head[:3, 3]
    np.testing.assert_allclose(local, [[0, 0.02, 0.1], [0.1, 0.02, 0.1], [0, 0.12, 0.1]], atol=1e-6)


def test_both_sides_of_a_sheet_stay_apart(tmp_path):
    one_sided = with_faces([[0, 6, 12]])
    mesh = read(tmp_path, with_faces([[0, 12, 6]], figure=one_sided))
    last = mesh.faces[mesh.material == 0][-2:]
    assert not set(last[0]) & set(last[1])
    np.testing.assert_array_equal(mesh.vertices[last[0]][:, None].min(), mesh.vertices[last[1]][:, None].min())


def test_an_edge_of_three_faces_is_parted(tmp_path):
    mesh, whole = read(tmp_path, with_faces([[0, 2, 20]])), read(tmp_path)
    sides = np.sort(np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]), axis=1)
    assert np.unique(sides, axis=0, return_counts=True)[1].max() == 2
    old = np.delete(mesh.faces, np.count_nonzero(mesh.material == 0) - 1, axis=0)
    np.testing.assert_array_equal(mesh.vertices[old], whole.vertices[whole.faces])
    parted, times = np.unique(mesh.vertices, axis=0, return_counts=True)
    ends = whole.vertices[whole.faces[0, :2]]  # of the edge that has three faces
    np.testing.assert_allclose(parted[times > 1], np.unique(ends, axis=0), atol=1e-7)


def test_primitives_that_touch_along_an_edge_are_no_fault(tmp_path):
    mesh = read(tmp_path, with_faces([[0, 2, 20]], material=1))
    assert len(mesh.faces) == len(stick_person().faces) + 1


def unskinned(gltf: gl.GLTF2, _: Blob) -> None:
    gltf.skins, gltf.nodes[-1].skin = [], None


def without_weights(gltf: gl.GLTF2, _: Blob) -> None:
    del gltf.meshes[0].primitives[0].attributes.WEIGHTS_0


def with_a_bare_vertex(gltf: gl.GLTF2, blob: Blob) -> None:
    attributes = gltf.meshes[0].primitives[0].attributes
    attributes.WEIGHTS_0 = blob.add(np.zeros((blob.accessors[attributes.POSITION].count, 4), "f4"))


def of_lines(gltf: gl.GLTF2, _: Blob) -> None:
    gltf.meshes[0].primitives[0].mode = 1


def of_nothing(gltf: gl.GLTF2, blob: Blob) -> None:
    for primitive in gltf.meshes[0].primitives:
        primitive.indices = blob.add(np.zeros(0, "u4"))


def with_a_broken_index(gltf: gl.GLTF2, blob: Blob) -> None:
    gltf.meshes[0].primitives[0].indices = blob.add(np.array([0, 1, 9999], "u4"))


def with_draco(gltf: gl.GLTF2, blob: Blob) -> None:
    primitive = gltf.meshes[0].primitives[0]
    primitive.extensions = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {}}}
    blob.accessors[primitive.attributes.POSITION].bufferView = None


def with_a_ground(gltf: gl.GLTF2, blob: Blob) -> None:
    attributes = gl.Attributes(POSITION=blob.add(np.eye(3, dtype="f4")))
    gltf.meshes.append(gl.Mesh(name="ground", primitives=[gl.Primitive(attributes=attributes)]))
    gltf.nodes.append(gl.Node(mesh=1))


def with_morphs_alone(gltf: gl.GLTF2, _: Blob) -> None:
    unskinned(gltf, _)
    gltf.meshes[0].primitives[0].targets = [gl.Attributes(POSITION=0)]


@pytest.mark.parametrize(
    "key", ["nodes/3/translation/2", "skins/0", "meshes/0/primitives/0/attributes", "nodes", "accessors/0/type"]
)
def test_a_malformed_structure_is_told_in_one_line(tmp_path, key):
    path = write_glb(tmp_path / "a.glb", stick_person())
    data = path.read_bytes()
    size = int.from_bytes(data[12:16], "little")
    content = json.loads(data[20 : 20 + size])
    *above, last = [int(k) if k.isdigit() else k for k in key.split("/")]
    inner = content
    for k in above:
        inner = inner[k]
    inner[last] = None
    text = json.dumps(content).encode().ljust(size)[: max(size, len(json.dumps(content)))]
    body = len(text).to_bytes(4, "little") + b"JSON" + text + data[20 + size :]
    path.write_bytes(data[:8] + (12 + len(body)).to_bytes(4, "little") + body)
    with pytest.raises(InputError, match=r"a\.glb: "):
        read_glb_surface(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unskinned, "not rigged: no mesh has a skin"),
        (with_morphs_alone, "not rigged: no mesh has a skin"),
        (without_weights, r"mesh person, primitive 0: no weights \(JOINTS_0, WEIGHTS_0\)"),
        (with_a_bare_vertex, "vertices without weights, the first is 0"),
        (of_lines, "mode 1; only triangles"),
        (of_nothing, "no triangles"),
        (with_a_broken_index, "no triangles of its"),
        (with_draco, "Draco-compressed"),
        (with_a_ground, "mesh ground, primitive 0: not rigged: neither skinned nor below a bone"),
    ],
)
def test_what_cannot_be_posed_is_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, change=change)
