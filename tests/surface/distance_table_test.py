import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh

from simpose_tf.errors import InputError
from simpose_tf.surface import distance_table, geodesics
from simpose_tf.surface.distance_table import DistanceTable, TableJob, open_table, write_table
from tests.surface import densepose_files

SPHERE = trimesh.creation.icosphere(2)  # 162 vertices


def job_of(mesh, method="graph", order=None):
    order = np.arange(len(mesh.vertices)) if order is None else order
    return TableJob(np.asarray(mesh.vertices), np.asarray(mesh.faces), order, method)


def silent(_line):
    pass


def test_entries_stand_row_by_row_below_the_diagonal():
    table = DistanceTable(np.float32([10, 20, 21, 30, 31, 32]), 4)
    np.testing.assert_array_equal(table([1, 2, 2, 3, 3, 3], [0, 0, 1, 0, 1, 2]), [10, 20, 21, 30, 31, 32])
    np.testing.assert_array_equal(table([0, 1, 3], [3, 1, 3]), [30, 0, 0])
    np.testing.assert_array_equal(table(np.arange(4)[:, None], np.arange(4))[2], [20, 21, 0, 32])
    assert table(2, 1) == 21
    for i, j in ((4, 0), (0, -1)):
        with pytest.raises(IndexError, match=r"0\.\.3"):
            table(i, j)


@pytest.mark.parametrize("method", geodesics.METHODS)
def test_a_table_holds_all_distances_of_both_methods(tmp_path, method):
    write_table(tmp_path / "a.npy", job_of(SPHERE, method), 2, silent)
    table = open_table(tmp_path / "a.npy")
    every = np.arange(162)
    expected = geodesics.distances(SPHERE.vertices, SPHERE.faces, every, method)
    np.testing.assert_allclose(table(every[:, None], every), expected, rtol=1e-6)
    assert table.count == 162 and os.listdir(tmp_path) == ["a.npy"]
    raw = np.load(tmp_path / "a.npy")
    np.testing.assert_allclose(raw, expected[np.tril_indices(162, -1)], rtol=1e-6)


def test_rows_follow_the_order_given_with_doubles_and_strays(tmp_path):
    order = np.array([5, 5, -1, 7, -1, 0])
    write_table(tmp_path / "a.npy", job_of(SPHERE, order=order), 1, silent)
    table = open_table(tmp_path / "a.npy")
    d = geodesics.distances(SPHERE.vertices, SPHERE.faces, np.array([5, 7]))
    assert table(0, 1) == 0
    np.testing.assert_allclose(table([0, 3, 5], [3, 1, 3]), [d[0, 7], d[1, 5], d[1, 0]], rtol=1e-6)
    assert np.isinf(table([2, 2, 4], [0, 4, 5])).all() and table(2, 2) == 0


def test_a_table_of_one_vertex_is_empty(tmp_path):
    write_table(tmp_path / "a.npy", job_of(SPHERE, order=np.array([3])), 1, silent)
    table = open_table(tmp_path / "a.npy")
    assert table.count == 1 and table(0, 0) == 0


def test_progress_is_told_with_the_time_left(tmp_path):
    lines = []
    write_table(tmp_path / "a.npy", job_of(SPHERE), 1, lines.append)
    assert lines[-1] == "6 of 6 blocks  100.0%  0:00:00 left"


def test_files_that_are_no_table_raise(tmp_path):
    (tmp_path / "text.npy").write_text("hello")
    np.save(tmp_path / "square.npy", np.zeros((4, 4), np.float32))
    np.save(tmp_path / "length.npy", np.zeros(7, np.float32))
    np.save(tmp_path / "double.npy", np.zeros(6))
    for name in ("none.npy", "text.npy", "square.npy", "length.npy", "double.npy"):
        with pytest.raises(InputError, match="no distance table"):
            open_table(tmp_path / name)


def test_a_full_disk_is_told_before_work_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(distance_table.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(InputError, match=r"are needed, 0\.0 GB are free"):
        write_table(tmp_path / "a.npy", job_of(SPHERE), 1, silent)
    assert not os.listdir(tmp_path)


def blocks_done(notes):
    return len(json.loads(notes.read_text())["done"]) if notes.exists() else 0


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    mesh = trimesh.creation.uv_sphere(count=[22, 10])  # 402 vertices: 101 blocks of the exact method
    written = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    densepose_files.write_obj(tmp_path / "sphere.obj", *written)
    mesh_and_output = ["--mesh", str(tmp_path / "sphere.obj"), "--output", str(tmp_path / "a.npy")]
    command = [sys.executable, "-m", "simpose_tf.geodesic_table", "--method=exact", "--workers=1", *mesh_and_output]
    notes = tmp_path / ".a.npy.json"
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while blocks_done(notes) < 1 and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "a.npy").exists()
    assert 1 <= blocks_done(notes) < 101
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "going on: " in again.stdout and "of 101 blocks are there" in again.stdout
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "sphere.obj"]
    rows = np.array([1, 5, 100, 300, 401])
    expected = geodesics.distances(*written, rows, "exact")
    np.testing.assert_allclose(open_table(tmp_path / "a.npy")(rows[:, None], np.arange(402)), expected, rtol=1e-5)


def peak_megabytes(process):
    """Return the largest memory that a process and its children have had so far, added up."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    own = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(own.split()[1]) / 1024 + sum(peak_megabytes(int(child)) for child in children)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_table_of_30000_vertices_needs_less_than_4_gigabytes(tmp_path):
    mesh = trimesh.creation.torus(0.5, 0.2, major_sections=200, minor_sections=150)
    assert len(mesh.vertices) == 30_000
    densepose_files.write_obj(tmp_path / "torus.obj", np.asarray(mesh.vertices), np.asarray(mesh.faces))
    files = ["--mesh", str(tmp_path / "torus.obj"), "--output", str(tmp_path / "a.npy")]
    running = subprocess.Popen([sys.executable, "-m", "simpose_tf.geodesic_table", *files], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while blocks_done(tmp_path / ".a.npy.json") < 20 and time.monotonic() < until:
        time.sleep(0.1)
    peak, blocks = peak_megabytes(running.pid), blocks_done(tmp_path / ".a.npy.json")
    running.kill()
    running.wait()
    size = (tmp_path / ".a.npy.part").stat().st_size
    (tmp_path / ".a.npy.part").unlink()
    assert blocks >= 20
    assert peak < 4000
    assert size == pytest.approx(1.8e9, rel=0.01)


def test_what_was_begun_for_another_mesh_is_begun_anew(tmp_path):
    other = trimesh.creation.icosphere(1)
    job = job_of(other)
    distance_table._resume(tmp_path / ".a.npy.part", tmp_path / ".a.npy.json", job, silent)
    lines = []
    write_table(tmp_path / "a.npy", job_of(SPHERE), 1, lines.append)
    assert lines[0].startswith("starting anew")
    assert open_table(tmp_path / "a.npy").count == 162
