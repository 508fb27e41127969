import pickle

import numpy as np

from simpose_tf import convert_distances
from simpose_tf.surface.distance_table import open_table
from tests.mains import run_main

DISTANCES = np.float32([[0.1], [0.2], [0.3]])


def test_the_table_lies_beside_the_pickle_unless_told(tmp_path, capsys):
    pickled = tmp_path / "Pdist_matrix.pkl"
    pickled.write_bytes(pickle.dumps({"Pdist_matrix": DISTANCES}, 2))
    ended = run_main(convert_distances, [f"--input={pickled}"], capsys)
    assert ended.status == 0 and "3 vertices" in ended.stdout
    np.testing.assert_array_equal(open_table(tmp_path / "Pdist_matrix.npy").entries, DISTANCES[:, 0])
    assert run_main(convert_distances, [f"--input={pickled}", f"--output={tmp_path}/d/t.npy"], capsys).status == 0
    assert open_table(tmp_path / "d" / "t.npy").count == 3


def test_faults_are_one_line(tmp_path, capsys):
    broken = tmp_path / "broken.pkl"
    broken.write_bytes(b"text")
    for arguments, told in (
        ([], "--input"),
        ([f"--input={tmp_path}/none.pkl"], "--input: no such file"),
        ([f"--input={broken}"], "no pickle of distances"),
        ([f"--input={broken}", f"--output={tmp_path}/t.bin"], "--output: name a .npy file"),
    ):
        ended = run_main(convert_distances, arguments, capsys)
        assert ended.status == 2 and ended.stderr.startswith("error: ") and told in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["broken.pkl"]
