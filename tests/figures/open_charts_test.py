import subprocess
import sys

import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.figures import open_charts
from simpose_tf.surface.reference import load_reference, open_reference


@pytest.fixture(scope="module")
def asset(tmp_path_factory):
    """The file that the main writes, and what it prints."""
    path = tmp_path_factory.mktemp("asset") / "a.npz"
    command = [sys.executable, "-m", "simpose_tf.figures.open_charts", f"--output={path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return path, done.stdout


@pytest.fixture(scope="module")
def rebuilt(asset):
    return load_reference(asset[0])


def test_a_rebuild_has_the_same_parts_faces_and_mirror(rebuilt):
    committed = open_reference()
    for key in ("faces", "part", "mirror"):
        np.testing.assert_array_equal(getattr(rebuilt, key), getattr(committed, key))


def test_a_rebuild_has_the_same_places_and_uv(rebuilt):
    committed = open_reference()
    np.testing.assert_allclose(rebuilt.vertices, committed.vertices, atol=1e-6)
    np.testing.assert_allclose(rebuilt.uv, committed.uv, atol=1e-5)  # the solver's last bits differ by machine


def test_the_main_names_every_part_and_the_asset_is_small(asset):
    path, printed = asset
    assert [line.split()[1] for line in printed.strip().splitlines()] == list(charts.PART_NAMES[1:])
    assert path.stat().st_size < 1_000_000


def test_find_anchors_tells_the_two_copies_of_a_cut_vertex_apart():
    loop, base = np.arange(6), np.array([7, 1, 2, 7, 3, 4])
    turned, places = open_charts._find_anchors(loop, base, [7, 1, 7, 3])
    np.testing.assert_array_equal(turned, loop)
    assert places == [0, 1, 3, 4]
    turned, places = open_charts._find_anchors(loop, base, [7, 2, 1, 7, 4])
    np.testing.assert_array_equal(turned[places], [3, 2, 1, 0, 5])


def test_find_anchors_raises_if_the_boundary_misses_one():
    with pytest.raises(ValueError, match="does not meet"):
        open_charts._find_anchors(np.arange(3), np.array([4, 5, 6]), [4, 9])
