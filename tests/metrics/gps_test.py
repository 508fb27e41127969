import numpy as np
import pytest

from simpose_tf import charts
from simpose_tf.errors import InputError
from simpose_tf.metrics import gps

WHOLE = np.array([0.0, 0.0, 100.0, 100.0])


def test_k_follows_the_coarse_part():
    expected = {
        "torso": 0.351, "hand": 0.107, "foot": 0.126, "upper_leg": 0.237, "lower_leg": 0.173, "upper_arm": 0.142,
        "lower_arm": 0.128, "head": 0.150,
    }  # fmt: skip
    for part in range(1, charts.NUM_PARTS + 1):
        (value,) = [k for name, k in expected.items() if name in charts.PART_NAMES[part]]
        assert gps.kappas("part")[part] == value
    np.testing.assert_array_equal(gps.kappas("0.255"), 0.255)


@pytest.mark.parametrize("setting", ["parts", "0", "-0.2", "nan", "inf", ""])
def test_other_settings_of_k_are_told(setting):
    with pytest.raises(InputError, match="--kappa: 'part' or a distance"):
        gps.kappas(setting)


def test_positions_are_255ths_of_the_box_and_cut_toward_zero():
    points = np.array([[255.0, 0.0], [127.5, 51.0], [25.5, 102.0]])
    true_box, pred_box = np.array([10.0, 20.0, 50.0, 100.0]), np.array([12.5, 19.0, 40.0, 50.0])
    # x: 10 + 50, 25, 5 - 12.5 = 47.5, 22.5, 2.5; y: 20 + 0, 20, 40 - 19 = 1, 21, 41.
    pixels, inside = gps.point_pixels(points, true_box, pred_box)
    np.testing.assert_array_equal(pixels, [[47, 1], [22, 21], [2, 41]])
    np.testing.assert_array_equal(inside, [False, True, True])


def test_a_point_less_than_a_pixel_before_the_box_is_inside():
    points = np.array([[9.01, 50.0], [9.0, 50.0], [50.0, 109.99], [50.0, 110.0]]) * 255 / 100
    pixels, inside = gps.point_pixels(points, WHOLE, np.array([10.0, 10.0, 100.0, 100.0]))
    np.testing.assert_array_equal(inside, [True, False, True, False])
    assert pixels[0, 0] == 0
    assert not gps.point_pixels(points[2:3], WHOLE, np.array([10.0, 10.0, 100.0, 99.9]))[1].any()  # int(99.9) = 99 rows
    assert gps.point_pixels(points[3:], WHOLE, np.array([10.0, 10.01, 100.0, 100.0]))[1].all()


def test_similarity_by_hand():
    # d = k sqrt(2 ln 2) is one half; the very vertex is 1, off the detection 0. Mean of .5, 1, 0.
    distances = np.float32([0.351 * np.sqrt(2 * np.log(2)), 0, np.inf])
    assert gps.gps(distances, np.full(3, 0.351)) == pytest.approx(0.5, abs=1e-7)
    assert gps.gps(np.zeros((4, 0), np.float32), np.zeros(0)).tolist() == [0, 0, 0, 0]


def test_similarity_random_against_a_loop():
    rng = np.random.default_rng(0)
    distances = rng.uniform(0, 1, (6, 30)).astype(np.float32)
    distances[rng.random(distances.shape) < 0.2] = np.inf
    kappa = rng.uniform(0.1, 0.4, 30)
    expected = [
        np.mean([np.exp(-(float(d) ** 2) / (2 * k**2)) for d, k in zip(row, kappa, strict=True)]) for row in distances
    ]
    np.testing.assert_allclose(gps.gps(distances, kappa), expected, rtol=1e-6)
