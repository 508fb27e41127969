"""Views put pictures, labels and points at the same place."""

import numpy as np
import pytest

from simpose_tf.visualize.views import View, fit, whole


def test_view_of_scale_one_cuts_out_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 255, (8, 9, 3), np.uint8)
    view = View(2, 3, 1.0, 4, 5)
    np.testing.assert_array_equal(view.picture(image), image[3:7, 2:7])
    np.testing.assert_array_equal(view.labels(image[..., 0]), image[3:7, 2:7, 0])
    np.testing.assert_array_equal(view.points(np.array([2.5, 3.5])), [0.5, 0.5])


def test_whole_multiples_repeat_labels() -> None:
    labels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(whole(labels, 3).labels(labels), labels.repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize("scale", [0.3, 0.77, 1.0, 2.6])
def test_picture_and_points_agree(scale: float) -> None:
    # A wide soft spot: its centroid on the canvas is where its middle's coordinates go.
    x, y = np.meshgrid(np.arange(90) + 0.5, np.arange(80) + 0.5)
    middle = np.array([43.2, 37.9])
    spot = 250 * np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * 6**2))
    view = View(7.3, 4.8, scale, int(70 * scale), int(75 * scale))
    canvas = view.picture(np.repeat(spot[..., None], 3, -1).astype(np.uint8))[..., 0].astype(float)
    cx, cy = np.meshgrid(np.arange(canvas.shape[1]) + 0.5, np.arange(canvas.shape[0]) + 0.5)
    centroid = np.array([(canvas * cx).sum(), (canvas * cy).sum()]) / canvas.sum()
    np.testing.assert_allclose(centroid, view.points(middle), atol=0.06)


def test_fit_shows_the_region_in_the_middle() -> None:
    view = fit(np.array([10, 20, 30, 24]), 100, 60)
    assert view.scale == 5
    np.testing.assert_allclose(view.points(np.array([22, 20])), [30, 50])


@pytest.mark.parametrize("multiple", [1, 2, 5])
def test_whole_multiples_equal_the_view_of_a_part_of_a_larger_picture(multiple: int) -> None:
    # A view that begins a pixel further left and above is warped, not resized.
    image = np.random.default_rng(1).integers(0, 255, (12, 9, 3), np.uint8)
    framed = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    warped = View(1, 1, multiple, 12 * multiple, 9 * multiple).picture(framed)
    # OpenCV rounds the weights of a warp to 1 / 32.
    np.testing.assert_allclose(whole(image, multiple).picture(image).astype(int), warped, atol=255 / 32)


def test_canvas_is_a_copy() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    whole(image).picture(image)[:] = 9
    assert not image.any()


def test_picture_ends_where_the_view_goes_on() -> None:
    image = np.full((4, 5, 3), 200, np.uint8)
    canvas = View(-1, 0, 2.0, 10, 14).picture(image)
    assert (canvas[:8, 2:12] == 200).all()
    assert not canvas[8:].any() and not canvas[:, :2].any() and not canvas[:, 12:].any()
