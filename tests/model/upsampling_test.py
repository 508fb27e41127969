"""Facts about `simpose_tf.model.upsampling`."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.model.upsampling import interpolation_matrix, upsample


def test_matrix_preset():
    np.testing.assert_allclose(interpolation_matrix(2, 3), [[1, 0], [0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(interpolation_matrix(3, 5)[1], [0.5, 0.5, 0])


@pytest.mark.parametrize("sizes", [(2, 9), (17, 33), (45, 353), (7, 97), (5, 5)])
def test_matrix_equals_numpy_interp(sizes):
    values = np.random.default_rng(0).normal(size=sizes[0])
    expected = np.interp(np.linspace(0, sizes[0] - 1, sizes[1]), np.arange(sizes[0]), values)
    np.testing.assert_allclose(interpolation_matrix(*sizes) @ values, expected, atol=1e-5)


def slow_bilinear(maps, height, width):
    """Interpolate at every output pixel from its four neighbours."""
    size, h, w, channels = maps.shape
    out = np.zeros((size, height, width, channels))
    for y, x in np.ndindex(height, width):
        fy, fx = y * (h - 1) / (height - 1), x * (w - 1) / (width - 1)
        y0, x0 = min(int(fy), h - 2), min(int(fx), w - 2)
        dy, dx = fy - y0, fx - x0
        top = maps[:, y0, x0] * (1 - dx) + maps[:, y0, x0 + 1] * dx
        bottom = maps[:, y0 + 1, x0] * (1 - dx) + maps[:, y0 + 1, x0 + 1] * dx
        out[:, y, x] = top * (1 - dy) + bottom * dy
    return out


@pytest.mark.parametrize("jit", [False, True])
def test_upsample_equals_slow_loops(jit):
    maps = np.random.default_rng(1).normal(size=(2, 5, 4, 3)).astype(np.float32)
    compiled = tf.function(upsample, jit_compile=jit)
    np.testing.assert_allclose(compiled(tf.constant(maps), 33, 25), slow_bilinear(maps, 33, 25), atol=1e-5)


def test_grid_cells_keep_their_values():
    maps = np.random.default_rng(2).normal(size=(1, 17, 13, 2)).astype(np.float32)
    np.testing.assert_allclose(upsample(tf.constant(maps), 129, 97)[:, ::8, ::8], maps, atol=1e-5)


def test_ramps_stay_ramps_up_to_the_borders():
    y, x = np.meshgrid(np.arange(17.0), np.arange(13.0), indexing="ij")
    ramps = tf.constant(np.stack([x, y], -1)[None], tf.float32)
    got = upsample(ramps, 33, 25)[0]
    np.testing.assert_allclose(got[..., 0], np.tile(np.arange(25) / 2, (33, 1)), atol=1e-5)
    np.testing.assert_allclose(got[..., 1], np.tile(np.arange(33) / 2, (25, 1)).T, atol=1e-5)
