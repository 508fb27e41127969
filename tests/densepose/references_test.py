import numpy as np
import pytest

from simpose_tf.densepose import references
from simpose_tf.errors import InputError
from simpose_tf.surface.distance_table import TableJob, entries_before
from simpose_tf.surface.reference import Reference, open_reference
from tests.densepose import cases


def silent(_line):
    pass


def tetrahedron():
    corners = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    faces = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    uv = np.tile(np.float32([[0, 0], [1, 0], [0, 1]]), (4, 1, 1))
    return Reference("small", corners, faces, np.uint8([1, 2, 3, 4]), uv, np.arange(4, dtype=np.int32))


def test_open_takes_a_table_of_its_own_size(tmp_path):
    count = len(open_reference().vertices)
    np.save(tmp_path / "open.npy", np.full(entries_before(count), 0.5, np.float32))
    body = references.load("open", str(tmp_path / "open.npy"), silent)
    assert body.distances.count == count and body.apart(np.array(0), np.array(40)) == 0.5
    np.save(tmp_path / "small.npy", np.zeros(6, np.float32))
    with pytest.raises(InputError, match=r"small\.npy: distances between 4 vertices, the 'open' reference has 13380"):
        references.load("open", str(tmp_path / "small.npy"), silent)


def test_distances_are_made_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(references, "open_reference", tetrahedron)
    said = []
    table = references.load("open", None, said.append).distances
    # An edge of length 1, one of sqrt(2) that can't be cut short.
    assert table(np.array(0), np.array(1)) == 1 and table(np.array(1), np.array(2)) == pytest.approx(np.sqrt(2))
    assert "made once and kept" in said[0]
    job = TableJob(tetrahedron().vertices, tetrahedron().faces, np.arange(4), "graph")
    assert references.cached_table(job).is_file()
    before = len(said)
    references.load("open", None, said.append)
    assert len(said) == before


def test_a_folder_is_read_and_anything_else_is_told(tmp_path):
    folder = cases.write_files(tmp_path / "official", *cases.random_body(np.random.default_rng(0)))
    assert len(references.load(str(folder), None, silent).part) == 90
    for name in (None, "", "opened", str(tmp_path / "none")):
        with pytest.raises(InputError, match=r"--reference: .* neither 'open' nor a folder with SMPL_subdiv.mat"):
            references.load(name, None, silent)
    with pytest.raises(InputError, match="--distances goes with --reference=open"):
        references.load(str(folder), "table.npy", silent)
