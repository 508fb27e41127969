import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simpose_tf.errors import InputError
from simpose_tf.figures import makehuman, pose
from simpose_tf.figures.figure import Figure
from simpose_tf.figures.own import smpl
from tests.figures import smpl_files
from tests.figures.open_body import atlas_uv

NAME = "smpl-train-000003"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smpl")
    reference = smpl_files.open_reference()
    texture_uv = atlas_uv(reference.part, reference.uv)
    return smpl_files.write_npz(folder / "m.npz"), smpl_files.write_charts(folder / "c.npz", texture_uv=texture_uv)


@pytest.fixture(scope="module")
def figure(files) -> Figure:
    return smpl.load_smpl_figure(*files, None, NAME)


def betas_of(name: str) -> np.ndarray:
    return smpl.sample_betas(4, smpl._split_and_rng(name)[1])


def slow_smpl(fields: dict, betas: np.ndarray, rotations: np.ndarray, vertex: int) -> np.ndarray:
    """One vertex by the formula of Loper et al. 2015 (Eq. 2 to 10), written as loops; the root joint stays in place."""
    shaped = fields["v_template"].copy()
    for beta, direction in zip(betas, np.moveaxis(fields["shapedirs"], 2, 0), strict=True):
        shaped = shaped + beta * direction
    joints = fields["J_regressor"] @ shaped
    place = shaped[vertex].copy()
    for j in range(1, 24):
        for row in range(3):
            for column in range(3):
                difference = rotations[j, row, column] - float(row == column)
                place += difference * fields["posedirs"][vertex, :, 9 * (j - 1) + 3 * row + column]
    result = np.zeros(3)
    for j in range(24):
        world, k = np.eye(4), j
        while k is not None:  # from the joint up to the root
            parent = None if k == 0 else int(fields["kintree_table"][0, k])
            local = np.eye(4)
            local[:3, :3], local[:3, 3] = rotations[k], joints[k] - (0 if parent is None else joints[parent])
            world, k = local @ world, parent
        moved = world[:3, :3] @ (place - joints[j]) + world[:3, 3]
        result += fields["weights"][vertex, j] * moved
    return result


def test_a_posed_shape_equals_a_slow_loop_of_the_formula(figure):
    fields, betas, rng = smpl_files.smpl_fields(), betas_of(NAME), np.random.default_rng(2)
    rotations = Rotation.from_rotvec(rng.normal(0, 0.5, (24, 3))).as_matrix()
    fast = pose.pose_vertices(figure, rotations)
    shaped = fields["v_template"] + fields["shapedirs"] @ betas
    origin = (fields["J_regressor"] @ shaped)[0] - figure.skeleton.heads[0]
    for vertex in rng.integers(0, len(fast), 40):
        want = slow_smpl(fields, betas, rotations, vertex) - origin
        np.testing.assert_allclose(fast[vertex], want, atol=2e-5)


def test_pose_directions_do_something(figure):
    rotations = Rotation.from_rotvec(np.full((24, 3), 0.4)).as_matrix()
    moved = pose.pose_offset(figure.skeleton, figure.pose_offsets, rotations)
    assert np.abs(moved).max() > 0.001
    assert np.abs(pose.pose_offset(figure.skeleton, figure.pose_offsets, np.tile(np.eye(3), (24, 1, 1)))).max() == 0


def test_the_feet_stand_on_the_ground_around_the_origin(figure):
    assert abs(figure.vertices[:, 1].min()) < 1e-6
    feet = [figure.skeleton.heads[figure.skeleton.names.index(f"{s}Foot")] for s in ("Left", "Right")]
    np.testing.assert_allclose((feet[0] + feet[1])[[0, 2]], 0, atol=1e-6)
    assert feet[0][0] > 0  # x to the person's left
    toes = figure.skeleton.heads[figure.skeleton.names.index("LeftToeBase")]
    assert toes[2] > feet[0][2]  # the front to +z


def test_bones_end_at_their_children(figure):
    skeleton = figure.skeleton
    for bone, follower in (
        ("LeftUpLeg", "LeftLeg"),
        ("RightForeArm", "RightHand"),
        ("Hips", "Spine"),
        ("Neck", "Head"),
    ):
        want = skeleton.heads[skeleton.names.index(follower)]
        np.testing.assert_array_equal(skeleton.tails[skeleton.names.index(bone)], want)
    head = skeleton.names.index("Head")
    assert 0.08 < np.linalg.norm(skeleton.tails[head] - skeleton.heads[head]) < 0.35


def test_keypoints_lie_on_the_shape(files, figure):
    """The model's shapes are the open body's, so its regressor tells the truth (but for eyeballs and joint cubes)."""
    base, betas = makehuman.load_base(), betas_of(NAME)
    neutral = makehuman.shape_vertices(base, makehuman.Shape())
    truth = neutral.copy()
    for beta, shape in zip(betas, smpl_files._SHAPES, strict=True):
        truth += beta * (makehuman.shape_vertices(base, makehuman.Shape(**shape)) - neutral) / 2
    shift = figure.vertices[0] - truth[0]
    miss = pose.keypoints_3d(figure, figure.vertices) - (base.keypoint_regressor @ truth + shift)
    assert np.linalg.norm(miss, axis=1).max() < 0.01


def test_names_of_the_splits_are_disjoint_and_shapes_differ(files):
    train, val = smpl.smpl_names(5, "train"), smpl.smpl_names(5, "val")
    assert train[0] == "smpl-train-000000"
    assert not set(train) & set(val)
    shapes = np.stack([smpl.load_smpl_figure(*files, None, name).vertices for name in train + val])
    gaps = np.abs(shapes[:, None] - shapes[None]).max((2, 3)) + np.eye(10)
    assert gaps.min() > 1e-3


def test_the_same_name_gives_the_same_person(files, figure):
    again = smpl.load_smpl_figure(*files, None, NAME)
    np.testing.assert_array_equal(again.vertices, figure.vertices)
    np.testing.assert_array_equal(again.material, figure.material)
    assert again.materials == figure.materials


def test_shapes_are_normal_and_cut_at_two_and_a_half_deviations():
    betas = smpl.sample_betas(20000, np.random.default_rng(0))
    assert np.abs(betas).max() <= smpl.MOST_DEVIATION
    assert abs(betas.mean()) < 0.03
    # Standard deviation of a normal distribution cut at 2.5.
    assert abs(betas.std() - 0.9545) < 0.02


def test_textures_are_drawn_from_the_split(tmp_path, files):
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"t{number}.png"), np.full((30, 40, 3), 10 * number, np.uint8))
    seen = {}
    for split in ("train", "val"):
        people = [smpl.load_smpl_figure(*files, str(tmp_path), name) for name in smpl.smpl_names(25, split)]
        assert all(p.textures.shape == (1, 512, 512, 4) for p in people)
        seen[split] = {int(p.textures[0, 0, 0, 0]) for p in people}
    assert (len(seen["train"]), len(seen["val"])) == (4, 1)
    assert not seen["train"] & seen["val"]
    np.testing.assert_allclose(people[0].texture_uv, np.load(files[1])["texture_uv"])
    assert [m.texture for m in people[0].materials] == [0]


def test_textures_without_their_coordinates_are_refused(tmp_path, files):
    (tmp_path / "t").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "t" / f"{number}.png"), np.zeros((4, 4, 3), np.uint8))
    bare = smpl_files.write_charts(tmp_path / "bare.npz")
    with pytest.raises(InputError, match=r"bare\.npz: --textures needs texture_uv"):
        smpl.load_smpl_figure(files[0], bare, str(tmp_path / "t"), NAME)


def test_charts_of_another_mesh_and_other_names_are_refused(tmp_path, files):
    other = smpl_files.write_charts(tmp_path / "other.npz", faces=smpl_files.open_reference().faces[::-1])
    with pytest.raises(InputError, match=r"other\.npz: charts of another mesh"):
        smpl.load_smpl_figure(files[0], other, None, NAME)
    for name in ("anna", "smpl-test-000001", "smpl-train-x"):
        with pytest.raises(InputError, match="no person"):
            smpl.load_smpl_figure(*files, None, name)
    with pytest.raises(InputError, match="no split"):
        smpl.smpl_names(3, "test")
