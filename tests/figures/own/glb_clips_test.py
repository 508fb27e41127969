import numpy as np
import pygltflib as gl
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures.motion.clips import Clip
from simpose_tf.figures.own.glb_clips import read_clips, sampled
from tests.figures.glb_files import Blob, Export, write_glb
from tests.figures.stick_person import stick_person

PERSON = stick_person()


def a_clip(frames: int = 5, frames_per_second: float = 30.0) -> Clip:
    turns = np.random.default_rng(3).normal(0, 0.3, (frames * len(PERSON.skeleton.names), 3))
    rotations = Rotation.from_rotvec(turns).as_matrix().reshape(frames, -1, 3, 3)
    return Clip("dance", PERSON.skeleton, rotations, frames_per_second)


def order_of(clip: Clip) -> list[int]:
    return [PERSON.skeleton.names.index(name) for name in clip.skeleton.names]


LYING = Export(100 * Rotation.from_euler("x", 90, degrees=True).as_matrix(), bone_frames=True)


@pytest.mark.parametrize("export", [Export(), Export(bone_frames=False, prefix=""), LYING])
def test_a_clip_comes_back_frame_by_frame(tmp_path, export):
    clip = a_clip()
    (read,) = read_clips(write_glb(tmp_path / "a.glb", PERSON, export, (clip,)))
    assert (read.name, read.frames_per_second) == ("dance", 30)
    order = order_of(read)
    assert sorted(order) == list(range(len(PERSON.skeleton.names)))
    np.testing.assert_allclose(read.rotations, clip.rotations[:, order], atol=1e-5)
    size = np.cbrt(np.linalg.det(export.file_from_figure))
    np.testing.assert_allclose(read.skeleton.heads / size, PERSON.skeleton.heads[order], atol=1e-5)


def test_a_clip_at_10_frames_a_second_is_filled_to_30(tmp_path):
    clip = a_clip(4, 10.0)
    (read,) = read_clips(write_glb(tmp_path / "a.glb", PERSON, clips=(clip,)))
    assert len(read.rotations) == 10
    np.testing.assert_allclose(read.rotations[::3], clip.rotations[:, order_of(read)], atol=1e-5)


def test_all_animations_are_read(tmp_path):
    read = read_clips(write_glb(tmp_path / "a.glb", PERSON, clips=(a_clip(3), a_clip(7))))
    assert [len(clip.rotations) for clip in read] == [3, 7]


def test_an_armature_without_mesh_is_enough(tmp_path):
    def drop_mesh(gltf: gl.GLTF2, _: Blob) -> None:
        gltf.meshes, gltf.skins = [], []
        gltf.nodes[-1].mesh = gltf.nodes[-1].skin = None

    clip = a_clip()
    (read,) = read_clips(write_glb(tmp_path / "a.glb", PERSON, clips=(clip,), change=drop_mesh))
    for j, name in enumerate(read.skeleton.names):
        if name in PERSON.skeleton.names:
            want = clip.rotations[:, PERSON.skeleton.names.index(name)]
            np.testing.assert_allclose(read.rotations[:, j], want, atol=1e-5)


def test_bones_that_no_channel_moves_stay_as_the_file_leaves_them(tmp_path):
    def drop_channels(gltf: gl.GLTF2, _: Blob) -> None:
        arm = PERSON.skeleton.names.index("LeftArm") + 1
        kept = [channel for channel in gltf.animations[0].channels if channel.target.node == arm]
        gltf.animations[0].channels = kept

    clip = a_clip()
    path = write_glb(tmp_path / "a.glb", PERSON, Export(bone_frames=False), (clip,), drop_channels)
    (read,) = read_clips(path)
    for j, name in enumerate(read.skeleton.names):
        if name != "LeftArm":
            np.testing.assert_allclose(read.rotations[:, j], np.broadcast_to(np.eye(3), (5, 3, 3)), atol=1e-6)


def test_step_holds_and_linear_interpolates():
    keys, values = np.array([0.0, 1, 3]), np.array([[0.0, 0, 0], [2, 4, 6], [4, 4, 4]])
    times = np.array([-1, 0, 0.5, 1, 2, 3, 9])
    step = sampled(times, keys, values, "STEP", False)
    np.testing.assert_array_equal(step[:, 0], [0, 0, 0, 2, 2, 4, 4])
    linear = sampled(times, keys, values, "LINEAR", False)
    np.testing.assert_allclose(linear[:, 1], [0, 0, 2, 4, 4, 4, 4])
    assert sampled(times, keys[:1], values[1:2], "LINEAR", False)[:, 2].tolist() == [6] * 7


def test_rotations_go_the_short_way_around():
    keys = np.array([0.0, 1])
    ends = Rotation.from_euler("y", [[0], [90]], degrees=True).as_quat()
    ends[1] *= -1  # the same rotation
    middle = sampled(np.array([0.5]), keys, ends, "LINEAR", True)
    assert abs(Rotation.from_quat(middle[0]).magnitude() - np.pi / 4) < 1e-9


def test_cubic_splines_are_hermites(tmp_path):
    rng = np.random.default_rng(5)
    keys, table = np.array([0.0, 0.4, 1.0, 1.1]), rng.normal(size=(4, 3, 3))
    table[:, 0] = table[:, 2]  # one tangent at each key, so that SciPy's spline is the same
    times = np.linspace(0, 1.1, 23)
    want = CubicHermiteSpline(keys, table[:, 1], table[:, 2])(times)
    np.testing.assert_allclose(sampled(times, keys, table.reshape(12, 3), "CUBICSPLINE", False), want, atol=1e-12)
    turns = sampled(times, keys, rng.normal(size=(12, 4)), "CUBICSPLINE", True)
    np.testing.assert_allclose(np.linalg.norm(turns, axis=1), 1)


def test_files_without_animations_and_broken_ones_are_refused(tmp_path):
    def too_few(gltf: gl.GLTF2, blob: Blob) -> None:
        gltf.animations[0].samplers[0].output = blob.add(np.zeros((2, 4), "f4"))

    def of_weights(gltf: gl.GLTF2, _: Blob) -> None:
        for channel in gltf.animations[0].channels:
            channel.target.path = "weights"

    with pytest.raises(InputError, match=r"a\.glb: no animations"):
        read_clips(write_glb(tmp_path / "a.glb", PERSON))
    with pytest.raises(InputError, match="animation 0, channel 0: 2 values at 5 times"):
        read_clips(write_glb(tmp_path / "a.glb", PERSON, clips=(a_clip(),), change=too_few))
    with pytest.raises(InputError, match="animation 0 moves no bones"):
        read_clips(write_glb(tmp_path / "a.glb", PERSON, clips=(a_clip(),), change=of_weights))
