"""Facts about `simpose_tf.serving.differences`, on answers made by hand."""

import numpy as np
import pytest

from simpose_tf.serving.differences import difference, joined


def people(crops: int = 2) -> dict[str, np.ndarray]:
    """Return answers for crops of 4 x 5 pixels; the person is the left two columns, all part 3."""
    mask = np.tile(np.where(np.arange(5) < 2, 0.9, 0.1).astype(np.float32), (crops, 4, 1))
    return {
        "score": np.full(crops, 0.5, np.float32),
        "confidence": np.full((crops, 5), 0.5, np.float32),
        "keypoints": np.full((crops, 17, 3), 2.0, np.float32),
        "mask": mask,
        "part": np.full(mask.shape, 3, np.uint8),
        "uv": np.full((*mask.shape, 2), 0.25, np.float32),
        "normal": np.full((*mask.shape, 3), -1.0, np.float32),
    }


def test_equal_answers_differ_by_nothing() -> None:
    found = difference(people(), people())
    assert all((distance.max, distance.mean) == (0, 0) for distance in (*found.values.values(), found.keypoints))
    assert (found.near_keypoints, found.same_part, found.same_mask) == (1, 1, 1)


def test_what_changes_is_counted() -> None:
    one, other = people(), people()
    other["keypoints"][0, 0, :2] += (3, 4)  # one of 34 keypoints by 5 pixels
    other["keypoints"][:, :, 2] = 0  # scores are none of the distance
    other["part"][1, 0, 0] = 200  # one of the 16 pixels of two people; bytes that would wrap if subtracted
    other["uv"][1, 0, 0] = 0.9  # of another part: not counted
    other["uv"][0, 0, 0, 0] = 0.75  # .5, of 15 pixels x 2
    other["mask"][0, 0, 4] = 0.6  # one of 40 pixels, by .5
    found = difference(one, other)
    assert (found.keypoints.max, found.near_keypoints) == (5, 33 / 34)
    assert found.keypoints.mean == pytest.approx(5 / 34)
    assert found.same_part == 15 / 16
    assert found.values["uv"].max == 0.5 and found.values["uv"].mean == pytest.approx(0.5 / 30)
    assert found.same_mask == 39 / 40
    assert found.values["mask"].max == pytest.approx(0.5) and found.values["mask"].mean == pytest.approx(0.5 / 40)


def test_parts_off_the_person_do_not_count() -> None:
    other = people()
    other["part"][:, :, 2:] = 7
    other["uv"][:, :, 2:] = 1
    found = difference(people(), other)
    assert found.same_part == 1 and found.values["uv"].max == 0


def test_nobody_in_the_crops_is_no_fault() -> None:
    one = people()
    one["mask"][:] = 0
    found = difference(one, one)
    assert found.same_part == 1 and found.values["uv"].max == 0


def test_joined_answers_follow_one_another() -> None:
    one, other = people(1), people(2)
    other["score"][:] = 0.7
    np.testing.assert_allclose(joined([one, other])["score"], [0.5, 0.7, 0.7])
    assert joined([one, other])["normal"].shape == (3, 4, 5, 3)


def test_it_is_told_in_lines_and_json() -> None:
    found = difference(people(), people())
    assert found.about()["values"]["mask"] == {"max": 0.0, "mean": 0.0}
    assert "keypoints, pixels: at most 0, mean 0" in found.lines()
