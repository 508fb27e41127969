"""Overlays of predictions."""

import numpy as np
import pytest

from simpose_tf.visualize import overlays
from tests.dolls import doll


def maps() -> overlays.DrawnMaps:
    person = doll()
    assert person.part is not None and person.u is not None and person.v is not None and person.normal is not None
    owner = np.where(person.mask, 0, -1)
    return overlays.DrawnMaps(owner, person.part, np.stack([person.u, person.v], -1), person.normal)


def drawn_person(score: float) -> overlays.DrawnPerson:
    person = doll()
    keypoints = np.concatenate([person.keypoints_xy, np.full((17, 1), score)], 1)
    return overlays.DrawnPerson(person.box_yxyx, keypoints, 0.5)


def test_picture_off_the_people_stays_as_it_is() -> None:
    image = doll(720, 600).image
    nobody = overlays.DrawnMaps(
        np.full((720, 600), -1), np.zeros((720, 600), np.uint8), np.zeros((720, 600, 2)), np.zeros((720, 600, 3))
    )
    np.testing.assert_array_equal(overlays.draw_overlay(image, nobody, []), image)


def test_small_picture_is_enlarged_by_a_whole_number() -> None:
    assert overlays.draw_overlay(doll().image, maps(), []).shape == (720, 600, 3)
    assert overlays.draw_parts(doll().image, maps()).shape == (720, 600, 3)


@pytest.mark.parametrize(("score", "seen"), [(0.0, False), (0.9, True)])
def test_keypoints_without_a_score_are_not_drawn(score: float, seen: bool) -> None:
    image = doll().image
    box_only = overlays.draw_overlay(image, maps(), [drawn_person(0.0)])
    assert np.any(overlays.draw_overlay(image, maps(), [drawn_person(score)]) != box_only) == seen


def test_lines_of_two_people_do_not_run_into_one_another() -> None:
    # Two people, each the same part with the same flat ramp, side by side: one line each, or one across both.
    part = np.full((700, 700), 2, np.uint8)
    uv = np.full((700, 700, 2), 0.05)
    uv[..., 0] = np.linspace(0, 1, 700)[:, None]
    normal = np.zeros((700, 700, 3))
    split = np.repeat([[0] * 350 + [1] * 350], 700, axis=0)
    image = np.full((700, 700, 3), 128, np.uint8)
    two = overlays.draw_overlay(image, overlays.DrawnMaps(split, part, uv, normal), [])
    one = overlays.draw_overlay(image, overlays.DrawnMaps(0 * split, part, uv, normal), [])
    differing = np.flatnonzero(np.any(two != one, axis=(0, 2)))
    assert differing.size
    assert np.abs(differing - 349.5).max() <= 2


def test_normals_are_black_off_the_people() -> None:
    drawn = overlays.draw_normals(doll().image, maps())
    assert not drawn[0, 0].any()
    assert drawn[drawn.shape[0] // 2, drawn.shape[1] // 2, 2] > 200  # the belly faces us
