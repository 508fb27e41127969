import numpy as np
from pycocotools.cocoeval import Params

from simpose_tf import keypoints


def test_sigmas_are_pycocotools():
    np.testing.assert_allclose(keypoints.SIGMAS, Params("keypoints").kpt_oks_sigmas)


def test_flip_exchanges_left_and_right_and_mirrors_x():
    xy, visibility = np.zeros((17, 2)), np.zeros(17, int)
    left, right = keypoints.NAMES.index("left_wrist"), keypoints.NAMES.index("right_wrist")
    xy[left], visibility[left] = (3, 5), 2
    flipped_xy, flipped_visibility = keypoints.flip(xy, visibility, 10)
    assert flipped_xy[right].tolist() == [7, 5] and flipped_visibility[right] == 2
    assert flipped_visibility[left] == 0


def test_flip_twice_is_identity_random():
    rng = np.random.default_rng(0)
    xy, visibility = rng.random((4, 17, 2)), rng.integers(0, 3, (4, 17))
    again = keypoints.flip(*keypoints.flip(xy, visibility, 1.0), 1.0)
    np.testing.assert_allclose(again[0], xy)
    np.testing.assert_array_equal(again[1], visibility)


def test_skeleton_joins_each_side_to_itself():
    for a, b in keypoints.SKELETON:
        sides = {keypoints.NAMES[k].split("_")[0] for k in (a, b)}
        assert sides != {"left", "right"} or {a, b} in ({1, 2}, {5, 6}, {11, 12})
