import numpy as np
import pygltflib as gl
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.figures.own.glb import read_glb_surface
from simpose_tf.figures.own.mesh_file import read_target
from simpose_tf.figures.own.mesh_glb import read_glb
from tests.figures.glb_files import Blob, write_glb
from tests.figures.open_body import open_body
from tests.figures.own.glb_test import EXPORTS
from tests.figures.stick_person import stick_person


@pytest.mark.parametrize("name", EXPORTS)
def test_a_rigged_body_has_the_triangles_of_a_person_and_its_skeleton(tmp_path, name):
    path, body = write_glb(tmp_path / "a.glb", open_body(), EXPORTS[name]), open_body()
    target = read_target(path)
    _, faces = read_glb_surface(path)
    by_material = np.argsort(body.material, kind="stable")
    np.testing.assert_array_equal(target.file_faces, faces)
    unit = np.cbrt(np.linalg.det(EXPORTS[name].scene_from_file[:3, :3] @ EXPORTS[name].file_from_figure))
    away = target.file_vertices[faces[::50]].reshape(-1, 1, 3) - target.rig.heads
    own = body.vertices[body.faces[by_material[::50]]].reshape(-1, 1, 3) - body.skeleton.heads
    order = [target.rig.names.index(bone) for bone in body.skeleton.names]
    distances = np.linalg.norm(away[:, order], axis=2) / unit
    np.testing.assert_allclose(distances, np.linalg.norm(own, axis=2), atol=0.001)
    lengths = np.linalg.norm(target.rig.tails - target.rig.heads, axis=1)[order] / unit
    own_lengths = np.linalg.norm(body.skeleton.tails - body.skeleton.heads, axis=1)
    for bone in ("LeftArm", "LeftForeArm", "RightUpLeg", "RightLeg", "Spine"):
        k = body.skeleton.names.index(bone)
        assert lengths[k] == pytest.approx(own_lengths[k], abs=0.01)
    np.testing.assert_allclose(target.rig.skin_weights.sum(1), 1, atol=1e-5)
    assert target.rig.skin_joints.shape == (len(target.vertices), 4)
    assert target.repairs == ()


def test_nodes_materials_and_their_triangles_are_groups(tmp_path):
    mesh, _ = read_glb(write_glb(tmp_path / "a.glb", stick_person()))
    assert set(mesh.groups) == {"person", "cloth", "face"}
    head = mesh.groups["face"]
    assert head.sum() == 6
    assert (mesh.groups["cloth"] | head).all()


def test_a_skeleton_that_is_not_understood_is_left_out_and_said(tmp_path):
    def rename(gltf: gl.GLTF2, _: Blob) -> None:
        for number, node in enumerate(gltf.nodes):
            node.name = f"thing {number}"

    path = write_glb(tmp_path / "a.glb", open_body(), change=rename)
    target = read_target(path)
    assert target.rig is None
    assert target.repairs[0].startswith("read without its skeleton: the skeleton lacks bones that poses need")
    rigged = read_target(write_glb(tmp_path / "b.glb", open_body()))
    np.testing.assert_allclose(target.vertices[target.faces], rigged.vertices[rigged.faces], atol=1e-6)


def test_a_scene_is_put_together_by_its_nodes(tmp_path):
    scene, ball = trimesh.Scene(), trimesh.creation.icosphere(subdivisions=2)
    mirrored, moved = np.diag([-2.0, 2, 2, 1]), trimesh.transformations.translation_matrix([5, 0, 0])
    scene.add_geometry(ball, node_name="big", geom_name="ball", transform=mirrored)
    scene.add_geometry(ball, node_name="far", geom_name="ball", transform=moved)
    scene.export(tmp_path / "a.glb")
    target = read_target(tmp_path / "a.glb")
    assert {"big", "far"} <= set(target.groups)
    for name, volume in (("big", 8 * ball.volume), ("far", ball.volume)):
        rows = target.groups[name][target.file_faces].all(1)
        corners = target.file_vertices[target.file_faces[rows]]
        assert len(corners) == 320
        assert np.linalg.det(corners).sum() / 6 == pytest.approx(volume, rel=1e-5)
    assert target.repairs == ()


def test_files_without_triangles_are_refused(tmp_path):
    def of_lines(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.skins, gltf.nodes[-1].skin = [], None
        gltf.meshes[0].primitives[0].mode = 1

    def without(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.skins, gltf.meshes = [], []
        gltf.nodes[-1].skin = gltf.nodes[-1].mesh = None

    with pytest.raises(InputError, match=r"a\.glb: .* mode 1; only triangles are read"):
        read_glb(write_glb(tmp_path / "a.glb", stick_person(), change=of_lines))
    with pytest.raises(InputError, match=r"a\.glb: no triangles"):
        read_glb(write_glb(tmp_path / "a.glb", stick_person(), change=without))


@pytest.mark.filterwarnings("error")
def test_positions_that_are_no_numbers_are_told_without_warnings(tmp_path):
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.vertices[7] = np.inf
    ball.export(tmp_path / "a.glb")
    with pytest.raises(InputError, match=r"a\.glb: 1 vertices that are no finite numbers; vertex 7 "):
        read_target(tmp_path / "a.glb")
