"""uv errors by hand and for u = v = 0.5 on an evenly seen chart."""

import numpy as np
import pytest

from simpose_tf.metrics.uv import uv_errors


def test_uv_errors_preset() -> None:
    pred, true = np.zeros((1, 3, 2)), np.zeros((1, 3, 2))
    pred[0, 0], pred[0, 1], pred[0, 2] = (0.3, 0.4), (1, 1), (0, 0.5)
    part = np.array([[4, 0, 24]])  # the middle pixel is background
    np.testing.assert_allclose(uv_errors(pred, true, part), [0.5, 0.5])


def test_half_on_an_even_chart_gives_the_papers_untrained_number() -> None:
    # The mean distance of a unit square's points from its middle is (sqrt 2 + ln(1 + sqrt 2)) / 6 = 0.3826.
    side = (np.arange(400) + 0.5) / 400
    true = np.stack(np.meshgrid(side, side), -1)
    error = uv_errors(np.full_like(true, 0.5), true, np.ones((400, 400), int)).mean()
    assert error == pytest.approx((np.sqrt(2) + np.log(1 + np.sqrt(2))) / 6, abs=1e-5)
