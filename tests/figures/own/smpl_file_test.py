import io
import os
import pickle
import pickletools

import numpy as np
import pytest
from scipy import sparse

from simpose_tf.errors import InputError
from simpose_tf.figures.own import smpl_file
from simpose_tf.figures.own.smpl_file import JOINT_NAMES, read_smpl
from tests.figures import smpl_files

MODEL = smpl_files.small_fields()


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    return smpl_files.write_npz(tmp_path_factory.mktemp("smpl") / "model.npz", MODEL)


def assert_is_the_model(model: smpl_file.SmplModel) -> None:
    fields = MODEL
    np.testing.assert_array_equal(model.template, fields["v_template"])
    np.testing.assert_array_equal(model.shape_directions, fields["shapedirs"])
    np.testing.assert_array_equal(model.pose_directions, fields["posedirs"].astype(np.float32))
    np.testing.assert_array_equal(model.faces, fields["f"])
    np.testing.assert_allclose(model.joint_regressor.toarray(), fields["J_regressor"].toarray())
    dense = np.zeros_like(fields["weights"])
    for column in range(4):
        dense[np.arange(len(dense)), model.skin_joints[:, column]] += model.skin_weights[:, column]
    np.testing.assert_allclose(dense, fields["weights"], atol=1e-6)


def test_arrays_are_read(npz):
    assert_is_the_model(read_smpl(npz))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_with_chumpy_and_scipy_are_read_without_chumpy(tmp_path, protocol):
    path = smpl_files.write_pkl(tmp_path / "model.pkl", MODEL, protocol)
    named = [arg for op, arg, _ in pickletools.genops(path.read_bytes()) if isinstance(arg, str)]
    assert any("chumpy" in arg for arg in named)
    assert_is_the_model(read_smpl(path))


def test_bones_are_mixamos_with_their_parents(npz):
    model = read_smpl(npz)
    assert model.bones == JOINT_NAMES[24]
    parent = {name: model.bones[p] if p >= 0 else "" for name, p in zip(model.bones, model.parents, strict=True)}
    assert parent["Hips"] == ""
    assert parent["LeftForeArm"] == "LeftArm"
    assert parent["RightLeg"] == "RightUpLeg"
    assert parent["LeftHandMiddle1"] == "LeftHand"
    assert parent["Head"] == "Neck"


def test_names_of_the_hands_model_follow_its_order():
    names = JOINT_NAMES[52]
    assert len(names) == len(set(names)) == 52
    assert names[22:25] == ("LeftHandIndex1", "LeftHandIndex2", "LeftHandIndex3")
    assert names[28] == "LeftHandPinky1"  # index, middle, pinky, ring, thumb
    assert names[-1] == "RightHandThumb3"


def test_at_most_ten_shape_directions_are_kept(tmp_path):
    wide = np.tile(MODEL["shapedirs"], (1, 1, 4))
    model = read_smpl(smpl_files.write_npz(tmp_path / "a.npz", MODEL, shapedirs=wide))
    np.testing.assert_array_equal(model.shape_directions, wide[:, :, :10])


def test_a_sparse_regressor_inside_an_npz_is_read(tmp_path, npz):
    stored = dict(np.load(npz))
    stored["J_regressor"] = np.array(sparse.csr_matrix(stored["J_regressor"]), dtype=object)
    np.savez(tmp_path / "a.npz", **stored)
    assert_is_the_model(read_smpl(tmp_path / "a.npz"))


class Harm:
    """A pickle that would make a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_asks_for_anything_else_is_refused_and_not_run(tmp_path):
    target = tmp_path / "harmed"
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({"v_template": Harm(target)}))
    with pytest.raises(InputError, match=r"bad\.pkl: the pickle asks for posix\.mkdir.*it was not run"):
        read_smpl(path)
    objects = np.array(Harm(target), dtype=object)
    np.savez(tmp_path / "bad.npz", v_template=objects)
    with pytest.raises(InputError, match="it was not run"):
        read_smpl(tmp_path / "bad.npz")
    assert not target.exists()


@pytest.mark.parametrize("name", ["eval", "exec", "getattr", "__import__"])
def test_builtins_are_not_reachable(name):
    code = b"cbuiltins\n" + name.encode() + b"\n."
    with pytest.raises(InputError, match=name):
        smpl_file._load(io.BytesIO(code))


def test_selections_of_chumpy_are_resolved():
    chosen = smpl_file._StandIn()
    chosen.__setstate__({"a": np.arange(12.0), "idxs": np.array([1, 3, 5, 7]), "preferred_shape": (2, 2)})
    assert smpl_file._dense(chosen, "x").tolist() == [[1, 3], [5, 7]]
    unknown = smpl_file._StandIn()
    unknown.__setstate__({"dims": 3})
    with pytest.raises(InputError, match="shapedirs: an object of a kind that is not read"):
        smpl_file._dense(unknown, "shapedirs")


COUNT = 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"posedirs": None}, "'posedirs' is missing"),
        ({"weights": np.ones((COUNT, 55)) / 55}, "SMPL-X model"),
        ({"weights": np.ones((COUNT, 23)) / 23}, "SMPL has 24 joints"),
        ({"posedirs": np.zeros((COUNT, 3, 200))}, "posedirs is .60, 3, 200., not a finite 60 x 3 x 207"),
        ({"v_template": np.full((COUNT, 3), np.nan)}, "v_template is"),
        ({"f": np.array([[0, 1, COUNT]])}, "f names vertices beyond"),
        ({"weights": np.zeros((COUNT, 24))}, "vertices that no bone moves"),
        ({"kintree_table": np.zeros((2, 24), int)}, "kintree_table"),
        ({"v_template": np.array(["a"])}, "no array of numbers"),
    ],
)
def test_models_that_do_not_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as caught:
        read_smpl(smpl_files.write_npz(tmp_path / "a.npz", MODEL, **changes))
    assert "a.npz" in str(caught.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"what is this")
    (tmp_path / "b.pkl").write_bytes(pickle.dumps([1, 2]))
    (tmp_path / "c.npz").write_bytes(b"PK\3\4broken")
    for name in ("a.pkl", "b.pkl", "c.npz", "none.npz"):
        with pytest.raises(InputError, match=name):
            read_smpl(tmp_path / name)
