"""Facts about `simpose_tf.visualize.comparison` and `bars`."""

import dataclasses

import numpy as np

from simpose_tf.visualize import bars, comparison
from simpose_tf.visualize.comparison import DrawnCrop, comparison_sheet

HEIGHT, WIDTH = 40, 30


def crop_of(rng):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5:35, 8:22] = True
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return DrawnCrop(
        keypoints_xy=rng.uniform([0, 0], [WIDTH, HEIGHT], (17, 2)),
        visibility=np.full(17, 2),
        mask=mask,
        part=np.where(mask, 1 + (y > 20), 0),
        uv=np.stack([x / WIDTH, y / HEIGHT], -1),
        normal=np.where(mask[..., None], [0.0, 0.0, -1.0], 0.0),
    )


def cells(sheet):
    """Return the pairs of cells of a sheet's first row: [(truth, prediction)] in the order of columns."""
    height, width = 80, 60
    lefts = comparison._lefts(width)
    row = sheet[comparison._TITLE : comparison._TITLE + height]
    cut = [row[:, left : left + width] for left in lefts]
    return list(zip(cut[1::2], cut[2::2], strict=True))


def test_a_perfect_prediction_looks_like_the_truth_and_any_other_does_not():
    rng = np.random.default_rng(0)
    truth, image = crop_of(rng), rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    for true, predicted in cells(comparison_sheet([image], [truth], [truth], 80)):
        np.testing.assert_array_equal(true, predicted)
    other = DrawnCrop(
        keypoints_xy=truth.keypoints_xy[::-1],
        visibility=truth.visibility,
        mask=np.roll(truth.mask, 4, 1),
        part=np.roll(truth.part, 4, 1),
        uv=1 - truth.uv**2,
        normal=truth.normal[..., [2, 0, 1]],
    )
    for true, predicted in cells(comparison_sheet([image], [truth], [other], 80)):
        assert np.any(true != predicted)


def test_missing_labels_leave_cells_that_say_so():
    rng = np.random.default_rng(1)
    full, image = crop_of(rng), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    real = dataclasses.replace(full, part=None, uv=None, normal=None, visibility=np.zeros(17, int))
    pairs = cells(comparison_sheet([image], [real], [full], 80))
    for column, (true, _) in enumerate(pairs):
        empty = np.all(true[0] == comparison._EMPTY)
        assert empty == (comparison.COLUMNS[column][0] != "mask")


def test_dense_predictions_are_drawn_inside_the_predicted_mask_only():
    rng = np.random.default_rng(2)
    full = crop_of(rng)
    everywhere = {"part": np.full((HEIGHT, WIDTH), 3), "uv": full.uv, "normal": np.ones((HEIGHT, WIDTH, 3))}
    scores = np.array([0.5] * 8 + [0.008] * 8 + [0.0])
    drawn = comparison.predicted(np.column_stack([full.keypoints_xy, scores]), full.mask, everywhere)
    np.testing.assert_array_equal(drawn.part > 0, full.mask)
    np.testing.assert_array_equal(np.any(drawn.normal != 0, -1), full.mask)
    assert drawn.visibility.tolist() == [2] * 8 + [1] * 8 + [0]


def test_bars_grow_with_their_values():
    def blue(values):
        picture = bars.draw_layer_bars({"title": (values, dict.fromkeys(values, 0.1))}).astype(int)
        return np.sum((picture[..., 2] > 120) & (picture[..., 0] < 80))

    low, high = blue({"a": 1.0, "b": 0.1}), blue({"a": 1.0, "b": 0.9})
    assert low > 100 and high > 1.4 * low
