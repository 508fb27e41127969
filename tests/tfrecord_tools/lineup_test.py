"""The line-up: who and which poses are drawn, and that everybody is whole in the picture."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.figures.motion.bank import PoseBank
from simpose_tf.sim.renderer import RenderConfig, Renderer
from tests.mains import run_main
from tests.sim.spheres import sphere_figure
from tfrecord_tools import lineup
from tfrecord_tools.lineup import Posed

HEIGHT, WIDTH = 150, 100


def bank() -> PoseBank:
    families = ("walk",) * 5 + ("sit",) * 2 + ("run",) * 4
    names = tuple(f"{family}-{i:04d}" for i, family in enumerate(families))
    return PoseBank(names, families, ("Hips",), np.zeros((11, 1, 3), np.float32))


def test_poses_are_spread_over_the_families():
    chosen = lineup.spread_poses(bank(), 6, [], seed=3)
    assert [bank().families[i] for i in chosen] == ["run", "run", "sit", "sit", "walk", "walk"]
    assert len(set(chosen)) == 6
    assert chosen == lineup.spread_poses(bank(), 6, [], seed=3)


def test_families_that_run_out_leave_their_turns_to_the_others():
    chosen = lineup.spread_poses(bank(), 9, ["sit", "walk"], seed=0)
    assert sorted(chosen) == [0, 1, 2, 3, 4, 5, 6]
    assert [bank().families[i] for i in chosen] == ["sit"] * 2 + ["walk"] * 5


def test_other_seeds_choose_other_poses():
    assert len({tuple(lineup.spread_poses(bank(), 3, ["walk"], seed)) for seed in range(8)}) > 1


def test_unknown_names_raise_and_tell_which_there_are():
    with pytest.raises(InputError, match=r"--families: no 'fly'; there are run, sit, walk"):
        lineup.spread_poses(bank(), 3, ["fly"], 0)
    with pytest.raises(InputError, match=r"--names: no 'zoe' in this split; there are anna, boris"):
        lineup.chosen_names(("anna", "boris"), ["anna", "zoe"])
    assert lineup.chosen_names(("anna", "boris"), ["all"]) == ["anna", "boris"]
    assert lineup.chosen_names(("anna", "boris"), ["boris"]) == ["boris"]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(HEIGHT, WIDTH, RenderConfig(1, 64, 1))


def sphere_pixels(renderer: Renderer, radius: float, view: str) -> np.ndarray:
    """Return where a red sphere is drawn: its part 2 faces the front, part 1 the back."""
    figure = sphere_figure(radius=radius, subdivisions=3)
    red = dataclasses.replace(figure, materials=(dataclasses.replace(figure.materials[0], color=(0.9, 0.05, 0.05)),))
    picture = lineup.draw(renderer, Posed("sphere", np.eye(3)[None], view, ""), red).astype(int)
    return picture[..., 0] > 2 * picture[..., 1:].max(-1)


@pytest.mark.parametrize("radius", [0.3, 0.9, 2.0])
@pytest.mark.parametrize("view", ["front", "side"])
def test_everybody_is_whole_in_the_middle_of_the_picture(renderer, radius, view):
    rows, columns = np.nonzero(sphere_pixels(renderer, radius, view))
    assert rows.min() > 0 and columns.min() > 0 and rows.max() < HEIGHT - 1 and columns.max() < WIDTH - 1
    assert (columns.min() + columns.max()) / 2 == pytest.approx(WIDTH / 2 - 0.5, abs=1.5)


def test_people_who_fit_are_drawn_at_one_scale(renderer):
    small, large = (np.ptp(np.nonzero(sphere_pixels(renderer, r, "front"))[0]) for r in (0.2, 0.4))
    assert large == pytest.approx(2 * small, abs=3)


def test_parts_view_shows_the_charts_of_the_front(renderer):
    figure = sphere_figure(subdivisions=3)
    picture = lineup.draw(renderer, Posed("sphere", np.eye(3)[None], "parts", ""), figure).astype(int)
    plain = lineup.draw(renderer, Posed("sphere", np.eye(3)[None], "front", ""), figure).astype(int)
    changed = np.any(picture != plain, -1)
    assert 0.1 < changed.mean() < 0.6
    expected = 0.25 * plain + 0.75 * charts.PART_COLORS[2].astype(int)
    # At the rim a face of part 1 may be seen.
    assert np.mean(np.abs(picture - expected)[changed].max(-1) <= 1) > 0.99


def test_main_draws_bodies_at_rest_and_in_poses(tmp_path: Path, capsys: pytest.CaptureFixture):
    common = ["--source=body", "--num_bodies=2", "--cell_height=60"]
    ended = run_main(lineup, [f"--output={tmp_path}/rest.png", "--views=front,back", *common], capsys)
    assert ended.status == 0, ended.stderr
    with Image.open(tmp_path / "rest.png") as sheet:
        assert sheet.size == (6 + 2 * 46, 6 + 2 * (60 + 26))
    ended = run_main(lineup, [f"--output={tmp_path}/poses.png", "--poses=5", "--columns=3", *common], capsys)
    assert ended.status == 0, ended.stderr
    with Image.open(tmp_path / "poses.png") as sheet:
        assert sheet.size == (6 + 3 * 46, 6 + 2 * (60 + 26))


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--output=sheet.jpg", "--output: name a .png file"),
        ("--views=above", "--views: no 'above'"),
        ("--names=nobody", "--names: no 'nobody'"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, capsys, argument, line):
    arguments = [f"--output={tmp_path}/sheet.png", "--source=body", "--num_bodies=1", argument]
    ended = run_main(lineup, arguments, capsys)
    assert ended.status == 2 and line in ended.stderr and ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
