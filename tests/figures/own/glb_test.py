from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf import keypoints
from simpose_tf.errors import InputError
from simpose_tf.figures import pose
from simpose_tf.figures.dressed.catalogue import figure_names, load_figure
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.own import glb
from tests.figures.glb_files import Export, write_glb
from tests.figures.open_body import open_body

RENDERPEOPLE = {
    "Hips": "hip",
    "Spine": "spine_01",
    "Spine1": "spine_02",
    "Spine2": "spine_03",
    "Neck": "neck",
    "Head": "head",
}
for _side, _end in (("Left", "l"), ("Right", "r")):
    for _bone, _called in (
        ("Shoulder", "shoulder"), ("Arm", "upperarm"), ("ForeArm", "lowerarm"), ("Hand", "hand"),
        ("UpLeg", "upperleg"), ("Leg", "lowerleg"), ("Foot", "foot"), ("ToeBase", "ball"),
    ):  # fmt: skip
        RENDERPEOPLE[_side + _bone] = f"{_called}_{_end}"
    for _finger in ("Thumb", "Index", "Middle", "Ring", "Pinky"):
        for _joint in (1, 2, 3):
            RENDERPEOPLE[f"{_side}Hand{_finger}{_joint}"] = f"{_finger.lower()}_0{_joint}_{_end}"


def turned(degrees: float, axis: str = "x", size: float = 1.0) -> np.ndarray:
    return size * Rotation.from_euler(axis, degrees, degrees=True).as_matrix()


def scene(matrix: np.ndarray) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3] = matrix
    return result


# Mixamo in metres; z up in centimetres with the armature node that mends it (Blender, FBX); Renderpeople's names and
# bones along the axes; lying, backward and in centimetres without any mending node.
EXPORTS = {
    "mixamo": Export(),
    "centimetres": Export(turned(90, size=100), scene(np.linalg.inv(turned(90, size=100)))),
    "renderpeople": Export(turned(-90), scene(turned(90)), RENDERPEOPLE, "", bone_frames=False, weights="u2"),
    "unmended": Export(turned(180, "y", 100) @ turned(90), np.eye(4), prefix="", weights="u1"),
}


def charts_of(figure: Figure, path: Path) -> Path:
    """Write the charts of a figure in the order in which its GLB lists the faces: by material."""
    order = np.argsort(figure.material, kind="stable")
    np.savez(path, part=figure.part[order], uv=figure.uv[order])
    return path


@pytest.fixture(scope="module", params=EXPORTS)
def pair(request, tmp_path_factory) -> tuple[Figure, Figure]:
    """The open body, and what comes back of it through a GLB file."""
    folder = tmp_path_factory.mktemp("glb")
    body, export = open_body(), EXPORTS[request.param]
    write_glb(folder / "body.glb", body, export)
    return body, glb.read_glb_figure(folder / "body.glb", charts_of(body, folder / "body.npz"), "body")


def corners(figure: Figure, values: np.ndarray) -> np.ndarray:
    """Values of the corners of all faces `[F, 3, ...]`, in the order of the materials."""
    return values[figure.faces[np.argsort(figure.material, kind="stable")]]


def offset(body: Figure, read: Figure) -> np.ndarray:
    """What the reader adds to put the origin between the feet."""
    return read.skeleton.heads[read.skeleton.names.index("Hips")] - body.skeleton.heads[0]


def test_a_body_comes_back_upright_in_metres_with_the_feet_on_the_ground(pair):
    body, read = pair
    np.testing.assert_allclose(
        corners(read, read.vertices), corners(body, body.vertices) + offset(body, read), atol=2e-5
    )
    assert abs(read.vertices[:, 1].min()) < 1e-6
    feet = [read.skeleton.heads[read.skeleton.names.index(f"{s}Foot")] for s in ("Left", "Right")]
    np.testing.assert_allclose((feet[0] + feet[1])[[0, 2]], 0, atol=1e-6)
    assert feet[0][0] > 0.05  # x points to the person's left


def test_seams_of_the_texture_are_welded(pair):
    body, read = pair
    assert len(read.vertices) == len(np.unique(body.faces))


def test_bones_are_mixamos_and_lie_where_they_were(pair):
    body, read = pair
    assert sorted(read.skeleton.names) == sorted(body.skeleton.names)
    order = [read.skeleton.names.index(name) for name in body.skeleton.names]
    np.testing.assert_allclose(read.skeleton.heads[order], body.skeleton.heads + offset(body, read), atol=2e-5)
    assert all(parent < j for j, parent in enumerate(read.skeleton.parents))
    for name in ("LeftArm", "RightForeArm", "LeftUpLeg", "RightLeg", "Spine1", "LeftHandIndex2"):
        j, k = read.skeleton.names.index(name), body.skeleton.names.index(name)
        want = body.skeleton.tails[k] - body.skeleton.heads[k]
        np.testing.assert_allclose(read.skeleton.tails[j] - read.skeleton.heads[j], want, atol=1e-4)


def test_posed_bodies_agree_to_a_tenth_of_a_millimetre_and_keypoints_to_a_centimetre(pair):
    body, read = pair
    order = [body.skeleton.names.index(name) for name in read.skeleton.names]
    rng = np.random.default_rng(1)
    for _ in range(3):
        rotations = Rotation.from_rotvec(rng.normal(0, 0.3, (52, 3))).as_matrix()
        posed, again = pose.pose_vertices(body, rotations), pose.pose_vertices(read, rotations[order])
        error = corners(read, again) - corners(body, posed) - offset(body, read)
        assert np.linalg.norm(error, axis=-1).max() < 2e-3  # weights of 8 bits
        assert np.linalg.norm(error, axis=-1).mean() < 1e-4
        miss = pose.keypoints_3d(read, again) - pose.keypoints_3d(body, posed) - offset(body, read)
        worst = np.linalg.norm(miss, axis=1)
        assert worst.max() < 0.01, keypoints.NAMES[worst.argmax()]


def test_charts_materials_and_textures_come_back(pair):
    body, read = pair
    order = np.argsort(body.material, kind="stable")
    np.testing.assert_array_equal(read.part, body.part[order])
    np.testing.assert_array_equal(read.uv, body.uv[order])
    np.testing.assert_array_equal(read.material, body.material[order])
    np.testing.assert_array_equal(read.textures, body.textures)
    np.testing.assert_allclose(read.texture_uv, body.texture_uv[order], atol=1e-6)
    for a, b in zip(read.materials, body.materials, strict=True):
        np.testing.assert_allclose(a.color, b.color, atol=1e-6)
        assert (a.name, a.texture, a.cutout) == (b.name, b.texture, b.cutout)
        np.testing.assert_allclose([a.roughness, a.metallic], [b.roughness, b.metallic])


def test_colours_of_vertices_come_back(pair):
    body, read = pair
    np.testing.assert_allclose(corners(read, read.shade), corners(body, body.shade), atol=1e-5)


def test_weights_are_four_and_sum_to_one(pair):
    assert pair[1].skin_joints.shape == pair[1].skin_weights.shape == (len(pair[1].vertices), 4)
    np.testing.assert_allclose(pair[1].skin_weights.sum(1), 1, atol=1e-6)


def test_what_is_charted_is_what_is_read(tmp_path):
    body = open_body()
    write_glb(tmp_path / "a.glb", body)
    read = glb.read_glb_figure(tmp_path / "a.glb", charts_of(body, tmp_path / "a.npz"), "a")
    vertices, faces = glb.read_glb_surface(tmp_path / "a.glb")
    np.testing.assert_array_equal(vertices, read.vertices)
    np.testing.assert_array_equal(faces, read.faces)
    np.savez(tmp_path / "own.npz", part=read.part, uv=read.uv, faces=faces)
    assert glb.read_glb_figure(tmp_path / "a.glb", tmp_path / "own.npz", "a").name == "a"
    np.savez(tmp_path / "other.npz", part=read.part, uv=read.uv, faces=faces[::-1])
    with pytest.raises(InputError, match=r"other\.npz: charts of another mesh"):
        glb.read_glb_figure(tmp_path / "a.glb", tmp_path / "other.npz", "a")


def test_a_person_whose_left_and_right_bones_are_swapped_is_refused(tmp_path):
    body = open_body()
    names = tuple(n.replace("Left", "*").replace("Right", "Left").replace("*", "Right") for n in body.skeleton.names)
    swapped = replace(body, skeleton=replace(body.skeleton, names=names))
    write_glb(tmp_path / "a.glb", swapped)
    with pytest.raises(InputError, match="toes point backward"):
        glb.read_glb_figure(tmp_path / "a.glb", charts_of(body, tmp_path / "a.npz"), "a")


def test_a_height_that_nobody_has_is_refused(tmp_path):
    write_glb(tmp_path / "a.glb", open_body(), Export(turned(0, size=0.0003)))
    with pytest.raises(InputError, match="nobody's height"):
        glb.read_glb_surface(tmp_path / "a.glb")


def test_a_skeleton_that_lacks_arms_is_refused_with_their_names(tmp_path):
    write_glb(tmp_path / "a.glb", open_body(), Export(rename={"LeftArm": "thing", "RightArm": "other"}))
    with pytest.raises(InputError, match=r"a\.glb: the skeleton lacks bones that poses need: LeftArm, RightArm"):
        glb.read_glb_surface(tmp_path / "a.glb")


def test_a_dressed_person_of_several_layers_keeps_looks_and_keypoints(tmp_path):
    person = load_figure(figure_names("train")[0])
    write_glb(tmp_path / "a.glb", person)
    read = glb.read_glb_figure(tmp_path / "a.glb", charts_of(person, tmp_path / "a.npz"), "a")
    assert [m.name for m in read.materials] == [person.materials[k].name for k in np.unique(person.material)]
    rotations = Rotation.from_rotvec(np.random.default_rng(3).normal(0, 0.2, (52, 3))).as_matrix()
    order = [person.skeleton.names.index(name) for name in read.skeleton.names]
    posed, again = pose.pose_vertices(person, rotations), pose.pose_vertices(read, rotations[order])
    error = corners(read, again) - corners(person, posed) - offset(person, read)
    assert np.linalg.norm(error, axis=-1).max() < 1e-3
    miss = pose.keypoints_3d(read, again) - pose.keypoints_3d(person, posed) - offset(person, read)
    assert np.linalg.norm(miss, axis=1).max() < 0.01
