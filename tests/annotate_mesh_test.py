"""The command on the open body, as a rigged GLB: charts, picture, page, corrections, a figure to render; bad input."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from simpose_tf import annotate_mesh
from simpose_tf.figures.own import user_figures
from simpose_tf.figures.own.glb import read_glb_surface
from simpose_tf.figures.own.mesh_file import read_target
from simpose_tf.figures.pose import keypoints_3d
from tests.figures.glb_files import write_glb
from tests.figures.open_body import open_body
from tests.figures.own.glb_test import EXPORTS
from tests.mains import Ended, run_main

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "simpose_tf.annotate_mesh"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """`ann.glb` in centimetres, lying, and what the command made of it."""
    root = tmp_path_factory.mktemp("people")
    mesh = write_glb(root / "ann.glb", open_body(), EXPORTS["centimetres"])
    before = mesh.read_bytes()
    done = subprocess.run(
        [*COMMAND, f"--mesh={mesh}", f"--output={root / 'ann.npz'}"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
    (root / "printed.txt").write_text(done.stdout)
    assert mesh.read_bytes() == before
    return root


def by_material() -> np.ndarray:
    """The order in which the GLB lists the body's faces."""
    return np.argsort(open_body().material, kind="stable")


def test_charts_picture_and_page_are_written_and_told(folder):
    names = sorted(path.name for path in folder.iterdir() if path.name != "printed.txt")
    assert names == ["ann.glb", "ann.html", "ann.npz", "ann_charts.glb", "ann_page"]
    printed = (folder / "printed.txt").read_text()
    for wanted in ("26,756 triangles", "parts: 24 of 24", "folds: 0", "mean distance to the reference: 0."):
        assert wanted in printed
    assert printed.splitlines()[-3:] == [str(folder / name) for name in ("ann.npz", "ann_charts.glb", "ann.html")]
    page = (folder / "ann.html").read_text()
    assert f"--mesh={folder / 'ann.glb'}" in page


def test_the_charts_are_the_bodys_own(folder):
    with np.load(folder / "ann.npz", allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["faces"], read_glb_surface(folder / "ann.glb")[1])
        part, uv, order = stored["part"], stored["uv"], by_material()
        assert (part.dtype, uv.dtype) == (np.uint8, np.float32)
        assert (str(stored["reference"]), stored["layer"].any()) == ("open", False)
    same = part == open_body().part[order]
    assert same.mean() > 0.995
    assert np.abs(uv[same] - open_body().uv[order][same]).mean() < 0.005


def test_the_picture_holds_the_same_charts(folder):
    (read,) = trimesh.load(folder / "ann_charts.glb", process=False).geometry.values()
    with np.load(folder / "ann.npz") as stored:
        np.testing.assert_allclose(read.vertices[read.faces], stored["vertices"][stored["faces"]], atol=1e-5)
        np.testing.assert_array_equal(read.vertex_attributes["_UV"][read.faces], stored["uv"])
        np.testing.assert_array_equal(read.vertex_attributes["_PART"].reshape(-1)[read.faces[:, 0]], stored["part"])
    assert len(np.unique(read.visual.vertex_colors, axis=0)) > 1000


def test_the_folder_is_ready_to_render(folder):
    """The person is found, its coloured picture is nobody; parts and keypoints are those of the body."""
    figure = user_figures.load_user_figure(folder, "ann")
    assert (figure.part == open_body().part[by_material()]).mean() > 0.995
    true, found = (keypoints_3d(person, person.vertices) for person in (open_body(), figure))
    shift = true.mean(0) - found.mean(0)
    assert np.linalg.norm(found + shift - true, axis=1).max() < 0.005
    (folder / "bea.glb").symlink_to(folder / "ann.glb")
    (folder / "bea.npz").symlink_to(folder / "ann.npz")
    names = [name for split in ("train", "val") for name in user_figures.user_figure_names(folder, split)]
    assert sorted(names) == ["ann", "bea"]


def run(capsys, mesh: Path, output: Path, *more: str) -> Ended:
    return run_main(annotate_mesh, [f"--mesh={mesh}", f"--output={output}", *more], capsys)


def test_only_touched_charts_are_solved_again(folder, tmp_path, capsys):
    """Faces of the lower arm next to the hand become the hand's; undone, all is as it was."""
    with np.load(folder / "ann.npz") as stored:
        first = dict(stored)
    hand = np.isin(first["faces"], np.unique(first["faces"][first["part"] == 4])).any(1)
    rows = np.flatnonzero(hand & (first["part"] == 21))
    edits = tmp_path / "edits.json"
    edits.write_text(json.dumps({"parts": [{"part": "left_hand", "faces": rows.tolist()}]}))
    ended = run(capsys, folder / "ann.glb", tmp_path / "b.npz", f"--edits={edits}", f"--from={folder / 'ann.npz'}")
    assert (ended.status, ended.stderr) == (0, "")
    assert "solved again: left_hand, left_lower_arm_over; all other charts are as they were proposed" in ended.stdout
    assert "fit:" not in ended.stdout
    with np.load(tmp_path / "b.npz") as stored:
        np.testing.assert_array_equal(np.flatnonzero(stored["part"] != first["part"]), rows)
        kept = ~np.isin(first["part"], (4, 21))
        np.testing.assert_array_equal(stored["uv"][kept], first["uv"][kept])
        assert (stored["uv"][~kept] != first["uv"][~kept]).any()
        np.testing.assert_array_equal(stored["proposed_part"], first["part"])
    one = int(np.flatnonzero(first["part"] == 2)[0])  # a correction that changes nothing undoes the other one
    edits.write_text(json.dumps({"parts": [{"part": "torso_front", "faces": [one]}]}))
    ended = run(capsys, folder / "ann.glb", tmp_path / "b.npz", f"--edits={edits}")
    assert "solved again: none" in ended.stdout
    with np.load(tmp_path / "b.npz") as stored:
        for key, values in first.items():
            np.testing.assert_array_equal(stored[key], values)


def test_bad_edits_leave_the_result_as_it_was(folder, tmp_path, capsys):
    output, edits = tmp_path / "a.npz", tmp_path / "e.json"
    output.write_bytes((folder / "ann.npz").read_bytes())
    for text, message in (
        ("{", "e.json: not JSON: "),
        (100_000 * "[", "e.json: not JSON: "),
        ('{"parts": [{"part": "tail", "faces": [1]}]}', "e.json: parts[0]: no part 'tail'"),
        ('{"parts": [{"part": 4, "faces": [99999]}]}', "e.json: parts[0]: triangle 99999 is not there"),
        (
            '{"parts": [{"part": 4, "group": "glove"}]}',
            "e.json: parts[0]: no group 'glove'; there are body, head, person",
        ),
        ('{"seams": [{"between": [4, 5], "vertices": [1, 2]}]}', "e.json: seams[0]: its vertices[0] lies on"),
    ):
        edits.write_text(text)
        ended = run(capsys, folder / "ann.glb", output, f"--edits={edits}")
        assert ended.status == 2
        assert ended.stderr.startswith("error: ") and message in ended.stderr and ended.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "e.json"]
    assert output.read_bytes() == (folder / "ann.npz").read_bytes()


def test_bad_input_is_one_line_and_nothing_is_written(folder, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    mesh, ball = tmp_path / "in" / "a.obj", tmp_path / "in" / "ball.ply"
    mesh.write_text("v 0 0 0\nv 1 0 0\nv nan 1 0\nf 1 2 3\n")
    trimesh.creation.icosphere(subdivisions=1).export(ball)
    (tmp_path / "in" / "e.json").write_text('{"parts": [{"part": 4, "faces": [1]}]}')
    output, given = tmp_path / "out" / "a.npz", folder / "ann.glb"
    cases = [
        ((tmp_path / "none.obj", output), "--mesh: no such file"),
        ((mesh, output), "a.obj: 1 vertices that are no finite numbers; vertex 2 (counted from 0)"),
        ((ball, output), "ball.ply: 80 triangles"),
        ((mesh, tmp_path / "out" / "a.txt"), "--output: name a .npz file"),
        ((mesh, output, "--reference=closed"), "--reference: 'closed' is neither"),
        ((mesh, output, "--page=a.pdf"), "--page: name a .html file"),
        ((mesh, output, f"--from={folder / 'ann.npz'}"), "--from: is for --edits"),
        ((mesh, output, "--edits=none.json"), "--edits: no such file"),
        ((given, output, f"--edits={tmp_path / 'in' / 'e.json'}", f"--from={given}"), "not written by annotate_mesh"),
        ((folder / "ann_charts.glb", folder / "ann.npz"), "would be written over, but it is read"),
    ]
    for arguments, message in cases:
        ended = run(capsys, *arguments)
        assert ended.status == 2, arguments
        assert ended.stderr.startswith("error: ") and message in ended.stderr and ended.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_killed_leaves_nothing(folder, tmp_path):
    output = tmp_path / "a.npz"
    with subprocess.Popen(
        [*COMMAND, f"--mesh={folder / 'ann.glb'}", f"--output={output}"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert any("fit:" in line for line in process.stdout)
        os.kill(process.pid, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_the_command_starts_without_tensorflow():
    code = "import sys, simpose_tf.annotate_mesh; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_tells_how_to_correct():
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    for wanted in ("--mesh", "--reference", "--output", "--edits", "--from", "--page", '"seams"', "counted from 0"):
        assert wanted in done.stdout


@pytest.mark.slow
def test_a_mesh_that_is_not_a_human_is_refused(tmp_path, capsys):
    trimesh.creation.icosphere(subdivisions=4).export(tmp_path / "ball.ply")
    ended = run(capsys, tmp_path / "ball.ply", tmp_path / "ball.npz")
    assert ended.status == 2
    assert "ball.ply" in ended.stderr and ended.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ball.ply"]


def test_the_target_of_the_test_is_rigged(folder):
    """What the fit may use: a guard for the tests above."""
    assert read_target(folder / "ann.glb").rig is not None
