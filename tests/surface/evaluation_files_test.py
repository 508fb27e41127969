import os

import numpy as np
import pytest
import scipy.io

from simpose_tf.errors import InputError
from simpose_tf.surface.evaluation_files import load_evaluation_files
from tests.densepose import cases


@pytest.fixture
def body():
    return cases.random_body(np.random.default_rng(0))


@pytest.fixture
def folder(tmp_path, body):
    return cases.write_files(tmp_path / "official", *body)


def silent(_line):
    pass


def test_the_three_files_give_the_body_back(folder, body):
    part, uv, vertex, triangle, count = body
    loaded = load_evaluation_files(folder, silent)
    np.testing.assert_array_equal(loaded.part, part)
    np.testing.assert_array_equal(loaded.uv, uv)
    np.testing.assert_array_equal(loaded.vertex, vertex)
    assert loaded.distances.count == count
    np.testing.assert_array_equal(loaded.distances.entries, triangle)


def test_the_pickle_is_converted_once_and_again_when_it_is_newer(folder):
    said = []
    load_evaluation_files(folder, said.append)
    load_evaluation_files(folder, said.append)
    assert len(said) == 1 and "Pdist_matrix.npy" in said[0]
    late = (folder / "Pdist_matrix.npy").stat().st_mtime + 10
    os.utime(folder / "Pdist_matrix.pkl", (late, late))
    load_evaluation_files(folder, said.append)
    assert len(said) == 2
    (folder / "Pdist_matrix.pkl").unlink()
    assert load_evaluation_files(folder, said.append).distances.count == 30 and len(said) == 2


@pytest.mark.parametrize("name", ["SMPL_subdiv.mat", "SMPL_SUBDIV_TRANSFORM.mat", "Pdist_matrix.pkl"])
def test_a_missing_or_broken_file_is_named(folder, name):
    (folder / name).write_bytes(b"no such thing")
    with pytest.raises(InputError, match=name):
        load_evaluation_files(folder, silent)
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name}: no such file.*densepose_eval_data"):
        load_evaluation_files(folder, silent)


@pytest.mark.parametrize(
    "name, arrays, told",
    [
        ("SMPL_subdiv.mat", {"U_subdiv": [1.0]}, "no Part_ID_subdiv, V_subdiv in it"),
        ("SMPL_subdiv.mat", {"U_subdiv": [1.0], "V_subdiv": [1.0], "Part_ID_subdiv": [1, 2]}, "2 entries of Part"),
        ("SMPL_subdiv.mat", {"U_subdiv": [np.nan], "V_subdiv": [1.0], "Part_ID_subdiv": [1]}, "must be finite"),
        ("SMPL_subdiv.mat", {"U_subdiv": [0.0], "V_subdiv": [1.0], "Part_ID_subdiv": [25]}, r"must lie in 1\.\.24"),
        ("SMPL_SUBDIV_TRANSFORM.mat", {"index": [1, 2]}, "2 entries of index"),
        ("SMPL_SUBDIV_TRANSFORM.mat", {"index": np.zeros(90)}, "numbers from 1"),
        ("SMPL_SUBDIV_TRANSFORM.mat", {"index": np.full(90, 31)}, "index goes up to 31, .* knows 30 vertices"),
    ],
)
def test_files_that_do_not_fit_are_told(folder, name, arrays, told):
    scipy.io.savemat(folder / name, arrays)
    with pytest.raises(InputError, match=told):
        load_evaluation_files(folder, silent)
