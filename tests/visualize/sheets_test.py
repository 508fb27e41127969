"""Contact sheets: a row per person, and reasons where labels are absent."""

import dataclasses

import numpy as np

from simpose_tf.visualize import sheets
from tests.dolls import doll, photographed


def cells_of(sheet: np.ndarray, rows: int, height: int) -> list[list[np.ndarray]]:
    """Cut a sheet into its cells."""
    widths = [height] + [height * 3 // 4] * (len(sheets.COLUMNS) - 1)
    lefts = 6 + np.concatenate([[0], np.cumsum(np.array(widths) + 6)])
    tops = [44 + row * (26 + height + 6) + 26 for row in range(rows)]
    return [
        [sheet[top : top + height, left : left + width] for left, width in zip(lefts, widths, strict=False)]
        for top in tops
    ]


def test_simulated_person_fills_every_cell_and_a_photograph_says_what_it_lacks() -> None:
    sheet = sheets.contact_sheet([doll(), photographed(doll())], ["one", "two"], 200)
    simulated, photo = cells_of(sheet, 2, 200)
    assert sheet.shape == (44 + 2 * 232 + 6, 6 + 206 + 6 * 156, 3)
    assert all(len(np.unique(cell.reshape(-1, 3), axis=0)) > 50 for cell in simulated)
    for same in (0, 1, 2):
        np.testing.assert_array_equal(photo[same], simulated[same])
    for absent in (3, 4, 5, 6):
        assert tuple(photo[absent][0, 0]) == (38, 40, 46)
        assert np.any(photo[absent] != (38, 40, 46))  # the reason is written there


def test_person_without_keypoints_gets_a_reason() -> None:
    person = dataclasses.replace(doll(), visibility=np.zeros(17, int))
    ((_, cell, *_),) = cells_of(sheets.contact_sheet([person], ["one"], 200), 1, 200)
    assert tuple(cell[0, 0]) == (38, 40, 46)


def test_other_people_are_tinted_blue_in_the_mask_cell() -> None:
    others = np.zeros((240, 200), bool)
    others[100:140, 40:70] = True
    plain, tinted = (
        cells_of(sheets.contact_sheet([p], ["one"], 200), 1, 200)[0][2].astype(int)
        for p in (doll(), dataclasses.replace(doll(), others=others))
    )
    changed = np.any(plain != tinted, axis=-1)
    assert changed.sum() > 100
    assert (tinted[changed][:, 2] > tinted[changed][:, 0]).all()


def test_grid_places_pictures_row_by_row_with_a_line_below_each() -> None:
    pictures = [np.full((30, 40, 3), 50 * (i + 1), np.uint8) for i in range(3)]
    sheet = sheets.grid_sheet(pictures, ["one", "", "a line that is much wider than its picture"], 2)
    assert sheet.shape == (6 + 2 * (30 + 26), 6 + 2 * (40 + 6), 3)
    for i, (top, left) in enumerate([(6, 6), (6, 52), (62, 6)]):
        np.testing.assert_array_equal(sheet[top : top + 30, left : left + 40], pictures[i])
    paper = sheet[0, 0]
    assert np.any(sheet[36:60, 6:46] != paper) and np.all(sheet[36:60, 52:92] == paper)
    assert np.all(sheet[62:, 46:] == paper)  # nothing runs out of its cell
