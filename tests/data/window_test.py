import numpy as np
import pytest

from simpose_tf.data.window import Window, WindowConfig, cut_image, cut_labels, window_around
from simpose_tf.errors import InputError
from simpose_tf.geometry import extend_box

PAPER = WindowConfig(crop_height=353, crop_width=257, max_enlargement=1.5, max_rotation_deg=40, max_box_height=353)


def test_margin_preset():
    assert WindowConfig(353, 257, 1.5, 0, 353).margin == pytest.approx(1.5)
    assert PAPER.margin == pytest.approx(1.5 * np.hypot(353, 257) / 353)
    assert WindowConfig(100, 100, 1.0, 45, 100).margin == pytest.approx(np.sqrt(2))
    assert WindowConfig(100, 50, 1.0, 90, 100).margin == pytest.approx(np.hypot(1, 0.5))


@pytest.mark.parametrize("limit", [0, 7, 25, 40, 60, 120])
def test_margin_is_the_farthest_reach_of_all_turned_crops(limit):
    config = WindowConfig(353, 257, 1.3, limit, 353)
    angles = np.radians(np.linspace(0, limit, 20001))
    tall, wide = 353 / 353, 257 / 353
    reach_y = tall * np.abs(np.cos(angles)) + wide * np.abs(np.sin(angles))
    reach_x = wide * np.abs(np.cos(angles)) + tall * np.abs(np.sin(angles))
    assert config.margin == pytest.approx(1.3 * max(reach_y.max(), reach_x.max()), rel=1e-6)


def test_every_crop_lies_inside_the_window():
    rng = np.random.default_rng(0)
    for _ in range(300):
        y, x = rng.uniform(2000, 3000, 2)
        box = np.array([y, x, y + rng.uniform(5, 400), x + rng.uniform(5, 400)])
        window = window_around(box, (6000, 6000), PAPER)
        ymin, xmin, ymax, xmax = extend_box(box, PAPER.aspect, rng.uniform(1, 1.5))
        t = np.radians(rng.uniform(-40, 40))
        half = np.array([[xmax - xmin, ymax - ymin], [xmin - xmax, ymax - ymin]]) / 2
        corners = half @ np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
        centre = np.array([(xmin + xmax) / 2, (ymin + ymax) / 2])
        corners = np.concatenate([centre + corners, centre - corners])
        assert np.all(corners >= [window.x0, window.y0])
        assert np.all(corners <= [window.x0 + window.width, window.y0 + window.height])


def test_window_stays_inside_the_picture():
    window = window_around(np.array([-5.0, 90, 60, 130]), (100, 120), PAPER)
    assert window.y0 == 0
    assert window.x0 + window.width == 120
    assert window.y0 + window.height <= 100


def test_extended_box_is_never_higher_than_asked_and_never_scaled_up():
    large = window_around(np.array([0.0, 0, 800, 100]), (1000, 1000), PAPER)
    assert large.scale == pytest.approx(353 / 800)
    wide = window_around(np.array([0.0, 0, 100, 800]), (1000, 1000), PAPER)
    assert wide.scale * 800 * 353 / 257 == pytest.approx(353)
    assert window_around(np.array([0.0, 0, 80, 10]), (1000, 1000), PAPER).scale == 1.0


@pytest.mark.parametrize(
    ("box", "line"),
    [
        ([10, 10, 10, 20], "no area"),
        ([10, 10, 20, 5], "no area"),
        ([0, 0, np.nan, 5], "no area"),
        ([0, 50, 10, 60], "off the picture"),
        ([-20, 0, 0, 10], "off the picture"),
    ],
)
def test_window_around_raises(box, line):
    with pytest.raises(InputError, match=line):
        window_around(np.array(box, float), (40, 50), PAPER)


def test_settings_that_make_no_window_raise():
    with pytest.raises(ValueError, match="positive"):
        WindowConfig(0, 257, 1.5, 0, 353)
    with pytest.raises(ValueError, match="at least 1"):
        WindowConfig(353, 257, 0.9, 0, 353)
    with pytest.raises(ValueError, match="max_rotation_deg"):
        WindowConfig(353, 257, 1.5, -1, 353)


def area_mean_slowly(image, window):
    """Mean over the area of each record pixel, one pixel at a time; the last ones take what there is."""
    region = image[window.y0 : window.y0 + window.height, window.x0 : window.x0 + window.width].astype(float)
    rows, columns = window.record_size
    result = np.zeros((rows, columns, 3))
    for i in range(rows):
        for j in range(columns):
            total, weight = np.zeros(3), 0.0
            for y in range(window.height):
                for x in range(window.width):
                    dy = min(y + 1, (i + 1) / window.scale) - max(y, i / window.scale)
                    dx = min(x + 1, (j + 1) / window.scale) - max(x, j / window.scale)
                    if dy > 0 and dx > 0:
                        total += dy * dx * region[y, x]
                        weight += dy * dx
            result[i, j] = total / weight
    return result


@pytest.mark.parametrize("scale", [0.31, 0.5, 0.77, 1.0])
def test_image_is_the_mean_over_the_area_of_each_pixel(scale):
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    window = Window(3, 5, 17, 22, float(np.float32(scale)))
    cut = cut_image(image, window)
    assert cut.shape == (*window.record_size, 3)
    assert np.abs(cut - area_mean_slowly(image, window)).max() <= 0.501


@pytest.mark.parametrize("scale", [0.23, 0.5, 0.77, 1.0])
def test_labels_are_those_at_the_pixels_centres(scale):
    labels = np.random.default_rng(2).integers(0, 1000, (40, 50, 2))
    window = Window(3, 5, 17, 22, float(np.float32(scale)))
    cut = cut_labels(labels, window)
    assert cut.shape == (*window.record_size, 2)
    for i in range(cut.shape[0]):
        for j in range(cut.shape[1]):
            y = min(3 + int((i + 0.5) / window.scale), 3 + 16)
            x = min(5 + int((j + 0.5) / window.scale), 5 + 21)
            assert np.array_equal(cut[i, j], labels[y, x])


def test_picture_points_and_stored_window_speak_of_the_same_place():
    # A picture whose values are its own coordinates: column x has the value x, its centre is x + 0.5.
    image = np.broadcast_to(np.arange(240, dtype=np.uint8)[None, :, None], (200, 240, 3)).copy()
    window = window_around(np.array([20.0, 30, 190, 150]), (200, 240), WindowConfig(353, 257, 1.25, 0, 71))
    cut = cut_image(image, window)
    x0, y0, scale = window.stored.astype(float)
    centres = x0 + (np.arange(cut.shape[1]) + 0.5) / scale
    assert np.abs(cut[5, :-1, 0] - (centres[:-1] - 0.5)).max() <= 0.51
    points = np.array([[100.25, 60.5], [0.0, 0.0]])
    back = [x0, y0] + window.points(points) / scale
    assert np.allclose(back, points, atol=1e-3)
    box = window.box(np.array([60.5, 100.25, 70, 110]))
    assert np.allclose(box[[1, 0]], window.points(points)[0])
