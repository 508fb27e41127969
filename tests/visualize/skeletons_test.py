"""Skeletons: sides in their colours, hidden joints hollow, unlabelled ones absent."""

import numpy as np

from simpose_tf import keypoints
from simpose_tf.visualize import skeletons
from simpose_tf.visualize.views import View

WRIST = {side: keypoints.NAMES.index(f"{side}_wrist") for side in ("left", "right")}


def drawn(visibility: dict[int, int], xy: dict[int, tuple[float, float]]) -> np.ndarray:
    canvas = np.full((60, 60, 3), 100, np.uint8)
    flags, places = np.zeros(17, int), np.full((17, 2), 30.0)
    for k, flag in visibility.items():
        flags[k], places[k] = flag, xy[k]
    skeletons.draw_skeleton(canvas, View(0, 0, 1.0, 60, 60), places, flags, 5.0)
    return canvas


def test_joints_have_their_sides_color_at_their_place() -> None:
    canvas = drawn({WRIST["left"]: 2, WRIST["right"]: 2}, {WRIST["left"]: (15.5, 20.5), WRIST["right"]: (45.5, 40.5)})
    assert tuple(canvas[20, 15]) == skeletons.LEFT
    assert tuple(canvas[40, 45]) == skeletons.RIGHT


def test_hidden_joint_is_hollow() -> None:
    canvas = drawn({WRIST["left"]: 1}, {WRIST["left"]: (30.5, 30.5)})
    assert canvas[30, 30].max() < 40
    ring = (canvas.astype(int) - skeletons.LEFT).__abs__().sum(-1) < 60
    assert ring.any()


def test_unlabelled_joint_is_not_drawn() -> None:
    assert (drawn({}, {}) == 100).all()


def test_limb_needs_both_ends() -> None:
    elbow = keypoints.NAMES.index("left_elbow")
    places = {WRIST["left"]: (10.5, 30.5), elbow: (50.5, 30.5)}
    both = drawn({WRIST["left"]: 2, elbow: 2}, places)
    one = drawn({WRIST["left"]: 2}, places)
    assert tuple(both[30, 30]) == skeletons.LEFT
    assert tuple(one[30, 30]) == (100, 100, 100)


def test_limbs_across_the_body_are_neutral() -> None:
    assert skeletons.side_color(5, 6) == skeletons.MIDDLE
    assert skeletons.side_color(0) == skeletons.MIDDLE
    assert skeletons.side_color(5, 7) == skeletons.LEFT
    assert skeletons.side_color(6, 8) == skeletons.RIGHT


def test_box_is_drawn_on_its_rim() -> None:
    canvas = np.full((40, 40, 3), 100, np.uint8)
    skeletons.draw_box(canvas, View(0, 0, 1.0, 40, 40), np.array([10.5, 8.5, 30.5, 20.5]))
    for rim in (canvas[20, 8], canvas[10, 14]):  # up to smoothing
        assert np.abs(rim.astype(int) - (255, 230, 60)).max() < 30
    assert (canvas[20, 14] == 100).all()
