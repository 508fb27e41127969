"""Atlases: how they lie in files, painting them onto people, taking them from pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.visualize import atlas
from simpose_tf.visualize.atlas import Atlas, AtlasMaker
from tests.dolls import doll


def numbered(side: int = 2) -> Atlas:
    """Return an atlas whose texel (row, column) of part p is (p, row, column)."""
    part, row, column = np.meshgrid(np.arange(1, 25), np.arange(side), np.arange(side), indexing="ij")
    return Atlas(np.stack([part, row, column], -1).astype(np.uint8), np.ones(part.shape, bool))


def smooth(side: int) -> Atlas:
    """Return an atlas with colours that change slowly, another in each part."""
    made = numbered(side)
    return Atlas((made.colors * [10, 200 / (side - 1), 200 / (side - 1)]).astype(np.uint8), made.known)


def dolls_maps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None
    return np.where(person.part > 0, 0, -1), person.part, np.stack([person.u, person.v], -1)


def test_part_7_heads_the_second_of_four_columns() -> None:
    grid = atlas.atlas_picture(numbered())
    assert grid.shape == (12, 8, 4)
    # Tiles of 2 x 2: column 0 has parts 1..6 from top to bottom, column 1 has 7..12.
    np.testing.assert_array_equal(grid[::2, ::2, 0], [[1, 7, 13, 19], [2, 8, 14, 20], [3, 9, 15, 21], [4, 10, 16, 22],
                                                      [5, 11, 17, 23], [6, 12, 18, 24]])  # fmt: skip
    np.testing.assert_array_equal(grid[1, 2], [7, 1, 0, 255])  # row 1, column 0 of part 7


def test_written_atlas_reads_back_with_its_holes(tmp_path: Path) -> None:
    known = np.random.default_rng(0).random((24, 5, 5)) < 0.5
    made = Atlas(np.random.default_rng(1).integers(0, 256, (24, 5, 5, 3), dtype=np.uint8), known)
    atlas.write_atlas(tmp_path / "a.png", made)
    again = atlas.read_atlas(str(tmp_path / "a.png"))
    np.testing.assert_array_equal(again.known, known)
    np.testing.assert_array_equal(again.colors[known], made.colors[known])
    assert not again.colors[~known].any()


def test_atlas_of_six_columns_is_read_row_by_row(tmp_path: Path) -> None:
    grid = np.zeros((8, 12, 3), np.uint8)
    grid[2:4, 4:6] = 99  # row 1, column 2 of 6: the ninth
    Image.fromarray(grid).save(tmp_path / "wide.png")
    assert np.flatnonzero(atlas.read_atlas(str(tmp_path / "wide.png")).colors.max((1, 2, 3))).tolist() == [8]


def test_folder_of_pictures_is_read_by_number_or_name(tmp_path: Path) -> None:
    for name, color in (("part_03", 3), ("11", 11), ("left_head", 24)):
        Image.fromarray(np.full((4, 4, 3), color, np.uint8)).save(tmp_path / f"{name}.png")
    made = atlas.read_atlas(str(tmp_path))
    assert made.side == 4
    for part in range(1, 25):
        there = part in (3, 11, 24)
        assert (made.known[part - 1] == there).all()
        assert (made.colors[part - 1] == (part if there else 0)).all()


@pytest.mark.parametrize(
    ("pictures", "fault"),
    [
        ({"body.png": (4, 4)}, "its name tells no part 1..24"),
        ({"25.png": (4, 4)}, "its name tells no part 1..24"),
        ({"3.png": (4, 4), "03.png": (4, 4)}, "a second picture of part 3"),
        ({"3.png": (4, 5)}, "is 5 x 4; a part's texture is square"),
        ({"3.png": (4, 4), "4.png": (6, 6)}, "pictures of 4 and 6 texels"),
        ({}, "no pictures"),
    ],
)
def test_folder_at_fault_is_told(tmp_path: Path, pictures: dict, fault: str) -> None:
    for name, size in pictures.items():
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / name)
    with pytest.raises(InputError, match=fault):
        atlas.read_atlas(str(tmp_path))


def test_file_that_is_no_atlas_is_told(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((100, 80, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("x")
    for name, fault in (("a.png", "is 80 x 100; an atlas is"), ("b.png", "not a readable"), ("c.png", "no such file")):
        with pytest.raises(InputError, match=fault):
            atlas.read_atlas(str(tmp_path / name))


def test_u_goes_right_and_v_up_in_a_tile() -> None:
    colors = np.zeros((24, 3, 3, 3), np.uint8)
    colors[4, 0, 0] = 10  # part 5: u 0, v 1
    colors[4, 2, 2] = 20  # u 1, v 0
    colors[4, 1, 1], colors[4, 1, 2] = 100, 200  # u .5, v .5 and u 1, v .5
    uv = np.array([[[0, 1], [1, 0], [0.75, 0.5]]])
    painted, known = atlas.paint(Atlas(colors, np.ones((24, 3, 3), bool)), np.full((1, 3), 5), uv)
    np.testing.assert_array_equal(painted[0, :, 0], [10, 20, 150])  # u .75: the mean of 100 and 200
    assert known.all()


def test_painting_at_texels_is_denseposes_lookup() -> None:
    # Row (255 - V) * (N - 1) / 255 and column U * (N - 1) / 255 of the part's tile.
    made, rng = numbered(52), np.random.default_rng(0)
    part, uv = rng.integers(1, 25, (6, 7)), rng.integers(0, 52, (6, 7, 2)) * 5  # 255 / 51 = 5: exactly at texels
    painted, _ = atlas.paint(made, part, uv / 255)
    for place in np.ndindex(6, 7):
        u, v = uv[place]
        np.testing.assert_array_equal(
            painted[place], made.colors[part[place] - 1, (255 - v) * 51 // 255, u * 51 // 255]
        )


def test_painting_equals_a_slow_loop_about_holes() -> None:
    rng = np.random.default_rng(3)
    made = Atlas(rng.integers(0, 256, (24, 4, 4, 3), dtype=np.uint8), rng.random((24, 4, 4)) < 0.6)
    part, uv = rng.integers(0, 25, (9, 8)), rng.random((9, 8, 2))
    painted, known = atlas.paint(made, part, uv)
    for place in np.ndindex(9, 8):
        total, weight = np.zeros(3), 0.0
        if part[place]:
            x, y = 3 * uv[place][0], 3 * (1 - uv[place][1])
            for row, column in np.ndindex(4, 4):
                share = max(1 - abs(row - y), 0) * max(1 - abs(column - x), 0)
                if made.known[part[place] - 1, row, column]:
                    weight += share
                    total += share * made.colors[part[place] - 1, row, column]
        assert known[place] == (weight >= 0.05)
        expected = np.round(total / weight) if known[place] else np.zeros(3)
        np.testing.assert_allclose(painted[place], expected, atol=1e-9)


def test_texture_taken_from_a_painted_person_is_the_one_it_wears() -> None:
    owner, part, uv = dolls_maps()
    made = smooth(40)
    image, _ = atlas.paint(made, part, uv)
    maker = AtlasMaker(40)
    maker.add(image, owner, part, uv)
    taken = maker.atlas()
    shown = {int(p) for p in np.unique(part)} - {0}
    assert {p + 1 for p in np.flatnonzero(taken.known.any((1, 2)))} == shown
    # Two levels: colours are rounded in the picture, and u is flat at the ends of the doll's limbs.
    assert np.abs(taken.colors.astype(int) - made.colors)[taken.known].max() <= 2
    again, known = atlas.paint(taken, part, uv)
    assert known.sum() > 0.9 * np.count_nonzero(part)
    assert np.abs(again.astype(int) - image)[known].max() <= 8


def test_known_texels_are_those_between_pixels() -> None:
    # Pixels about u = .2, .3, .4 and v = .8, .7: tiles of 11 x 11 have texels at every .1.
    uv = np.stack(np.meshgrid([0.199, 0.3, 0.401], [0.801, 0.699]), -1)
    maker = AtlasMaker(11)
    maker.add(np.full((2, 3, 3), 50, np.uint8), np.zeros((2, 3), int), np.full((2, 3), 9), uv)
    rows, columns = np.nonzero(maker.atlas().known[8])
    assert sorted(set(zip(rows.tolist(), columns.tolist(), strict=True))) == [
        (2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (3, 4),
    ]  # fmt: skip
    assert (maker.atlas().colors[8][rows, columns] == 50).all()


def test_pictures_are_averaged_by_their_pixels_on_a_texel() -> None:
    def square(step: float) -> np.ndarray:
        return np.stack(np.meshgrid([0.401, 0.401 + step], [0.599, 0.599 - step]), -1)

    maker, owner, part = AtlasMaker(21), np.zeros((2, 2), int), np.full((2, 2), 3)
    maker.add(np.full((2, 2, 3), 100, np.uint8), owner, part, square(0.1))
    maker.add(np.full((2, 2, 3), 200, np.uint8), owner, part, square(0.05))
    colors = maker.atlas().colors[2, :, :, 0]
    # u = .45, v = .55 is row 9, column 9 and seen by both: the second shows it 4 times as large: (100 + 4 * 200) / 5.
    assert colors[9, 9] == 180
    # u = .5, v = .5 is seen by the first alone.
    assert colors[10, 10] == 100


def test_cuts_and_borders_between_people_are_not_bridged() -> None:
    maker, part = AtlasMaker(101), np.full((2, 4), 3)
    u = np.array([0.099, 0.111, 0.599, 0.611])
    uv = np.stack([np.broadcast_to(u, (2, 4)), np.array([[0.5], [0.49]]) * np.ones((2, 4))], -1)
    maker.add(np.full((2, 4, 3), 9, np.uint8), np.zeros((2, 4), int), part, uv)
    assert np.flatnonzero(maker.atlas().known[2].any(0)).tolist() == [10, 11, 60, 61]
    maker = AtlasMaker(101)
    u = np.array([0.099, 0.111, 0.139, 0.151])
    uv[..., 0] = u
    maker.add(np.full((2, 4, 3), 9, np.uint8), np.array([[0, 0, 1, 1]] * 2), part, uv)
    assert np.flatnonzero(maker.atlas().known[2].any(0)).tolist() == [10, 11, 14, 15]


def test_nobody_gives_an_atlas_of_holes() -> None:
    maker = AtlasMaker(8)
    maker.add(np.zeros((4, 4, 3), np.uint8), np.full((4, 4), -1), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2)))
    assert not maker.atlas().known.any()


def test_checks_have_the_parts_colors() -> None:
    made = atlas.checker_atlas(16, 4)
    for part in range(1, charts.NUM_PARTS + 1):
        np.testing.assert_array_equal(made.colors[part - 1, 0, 0], charts.PART_COLORS[part])
        assert (made.colors[part - 1, 0, 4] < charts.PART_COLORS[part] + (charts.PART_COLORS[part] == 0)).all()
