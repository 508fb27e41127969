import numpy as np
import pygltflib as gl
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.own import glb_skin
from simpose_tf.figures.own.glb_file import open_glb
from simpose_tf.figures.own.glb_mesh import read_mesh
from tests.figures.glb_files import Blob, Export, write_glb
from tests.figures.stick_person import stick_person

PERSON = stick_person()


def bones_of(tmp_path, export: Export | None = None, change=None) -> glb_skin.Bones:
    return glb_skin.read_bones(open_glb(write_glb(tmp_path / "a.glb", PERSON, export or Export(), change=change)))


def second_skin(shift: np.ndarray, turn: bool = False):
    """Put the second primitive under a skin of its own, whose mesh is shifted, with the joints backward."""

    def change(gltf: gl.GLTF2, blob: Blob) -> None:
        bound = np.linalg.inv(inverse_binds(blob))[::-1].copy()
        bound[:, :3, 3] += shift
        if turn:
            bound[0, :3, 3] += [0.3, 0, 0]
        joints = list(reversed(gltf.skins[0].joints))
        gltf.skins.append(gl.Skin(joints=joints, inverseBindMatrices=blob.add(np.linalg.inv(bound).astype("f4"))))
        primitive = gltf.meshes[0].primitives.pop()
        count = blob.accessors[primitive.attributes.POSITION].count
        head = joints.index(PERSON.skeleton.names.index("Head") + 1)
        face = np.arange(6, dtype=int) + 6 * PERSON.skeleton.names.index("Head")
        primitive.attributes.POSITION = blob.add((PERSON.vertices[face] + shift).astype("f4"))
        primitive.attributes.JOINTS_0 = blob.add(np.tile(np.array([head, 0, 0, 0], "u1"), (count, 1)))
        gltf.meshes.append(gl.Mesh(primitives=[primitive]))
        gltf.nodes.append(gl.Node(mesh=1, skin=1))

    return change


def inverse_binds(blob: Blob) -> np.ndarray:
    """The inverse bind matrices, which are written first."""
    count = blob.accessors[0].count
    return np.frombuffer(bytes(blob.data), "f4", count * 16).reshape(-1, 4, 4).swapaxes(1, 2)


def test_bones_lie_where_they_were_bound_even_if_the_nodes_are_posed(tmp_path):
    def pose_nodes(gltf: gl.GLTF2, _: Blob) -> None:
        for node in gltf.nodes[1:8]:
            node.rotation = Rotation.random(random_state=5).as_quat().tolist()

    bones = bones_of(tmp_path, change=pose_nodes)
    order = [PERSON.skeleton.names.index(name) for name in bones.names]
    np.testing.assert_allclose(bones.rest[:, :3, 3], PERSON.skeleton.heads[order], atol=1e-5)


def test_two_skins_of_one_armature_are_joined(tmp_path):
    shift = np.array([5.0, 1, 2])
    glb = open_glb(write_glb(tmp_path / "a.glb", PERSON, change=second_skin(shift)))
    bones = glb_skin.read_bones(glb)
    np.testing.assert_allclose(bones.rest_from_mesh[1][:3, 3], -shift, atol=1e-5)
    mesh = read_mesh(glb, bones)
    head = mesh.faces[mesh.material == 1].ravel()
    assert np.linalg.norm(mesh.vertices[head] - [0, 1.55, 0], axis=1).max() < 0.041
    assert {bones.names[j] for j in mesh.skin_joints[head, 0]} == {"Head"}


def test_skins_bound_in_different_poses_are_refused(tmp_path):
    with pytest.raises(InputError, match="bound to the skeleton in different poses"):
        bones_of(tmp_path, change=second_skin(np.zeros(3), turn=True))


def test_a_skin_without_bind_matrices_or_with_singular_ones_is_refused(tmp_path):
    def drop(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.skins[0].inverseBindMatrices = None

    def flatten(gltf: gl.GLTF2, blob: Blob) -> None:
        gltf.skins[0].inverseBindMatrices = blob.add(np.zeros((20, 4, 4), "f4"))

    with pytest.raises(InputError, match="no inverse bind matrices"):
        bones_of(tmp_path, change=drop)
    with pytest.raises(InputError, match="cannot be inverted"):
        bones_of(tmp_path, change=flatten)


@pytest.mark.parametrize("euler", [(0, 0, 0), (90, 0, 0), (-90, 90, 0), (180, 0, 90), (30, 40, 50)])
def test_any_orientation_is_set_upright(tmp_path, euler):
    turn = Rotation.from_euler("xyz", euler, degrees=True).as_matrix()
    bones = bones_of(tmp_path, Export(file_from_figure=turn))
    np.testing.assert_allclose(glb_skin.upright(bones, "x"), turn.T, atol=1e-5)


def test_a_bind_pose_that_leans_a_little_is_not_set_upright(tmp_path):
    turn = Rotation.from_euler("x", 8, degrees=True).as_matrix()
    np.testing.assert_array_equal(glb_skin.upright(bones_of(tmp_path, Export(file_from_figure=turn)), "x"), np.eye(3))


@pytest.mark.parametrize(
    ("height", "unit"), [(1.75, 1), (0.9, 1), (175.0, 0.01), (17.5, 0.1), (1750.0, 0.001), (0.0175, 100)]
)
def test_units_are_told_by_a_persons_height(height, unit):
    assert glb_skin.metres(height, "x") == unit


def test_a_height_of_no_unit_is_refused():
    with pytest.raises(InputError, match="5 units high"):
        glb_skin.metres(5, "x")


def test_bones_end_where_the_next_begins(tmp_path):
    bones = bones_of(tmp_path)
    heads = bones.rest[:, :3, 3]
    skeleton = glb_skin.skeleton_of(bones, heads, heads + np.array([0, 0, 9.0]))

    def tail(name: str) -> np.ndarray:
        return skeleton.tails[skeleton.names.index(name)]

    def head(name: str) -> np.ndarray:
        return skeleton.heads[skeleton.names.index(name)]

    np.testing.assert_array_equal(tail("LeftUpLeg"), head("LeftLeg"))
    np.testing.assert_array_equal(tail("Hips"), head("Spine"))  # not between spine and thighs
    np.testing.assert_allclose(tail("LeftHand"), head("LeftHand") + np.array([0, 0, 9]))
