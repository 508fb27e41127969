import numpy as np
import pytest

from simpose_tf.colors import linear_from_srgb, srgb_from_linear


@pytest.mark.parametrize(("srgb", "linear"), [(0, 0), (0.04, 0.04 / 12.92), (0.5, 0.2140411), (0.735357, 0.5), (1, 1)])
def test_srgb_and_linear_preset(srgb, linear):
    assert linear_from_srgb(np.array(float(srgb))) == pytest.approx(linear, abs=1e-6)
    assert srgb_from_linear(np.array(float(linear))) == pytest.approx(srgb, abs=1e-6)


@pytest.mark.parametrize(("linear", "srgb"), [(0, 0), (1, 1), (0.214041, 0.5), (0.001, 0.01292), (2, 1)])
def test_srgb_from_linear_preset(linear, srgb):
    assert abs(srgb_from_linear(np.array(linear)) - srgb) < 1e-5


def test_there_and_back_gives_every_value_of_a_byte():
    values = np.arange(256)
    for kind in (np.float32, np.float64):
        linear = linear_from_srgb((values / 255).astype(kind))
        assert linear.dtype == kind and np.all(np.diff(linear) > 0)
        np.testing.assert_array_equal(np.round(255 * srgb_from_linear(linear)), values)


def test_light_beyond_white_is_clipped():
    np.testing.assert_allclose(srgb_from_linear(np.array([-0.1, 1.7])), [0, 1], atol=1e-12)
