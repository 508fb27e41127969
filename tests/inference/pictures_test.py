"""Pictures of every kind become upright RGB."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference import pictures

COLORS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 20, 30], [200, 100, 50], [255, 255, 255]]], np.uint8)


def saved(folder: Path, name: str, picture: Image.Image, **options: object) -> str:
    picture.save(folder / name, **options)
    return str(folder / name)


def test_rgb_is_read_as_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.fromarray(COLORS))
    np.testing.assert_array_equal(pictures.read_picture(path), COLORS)
    assert pictures.picture_size(path) == (2, 3)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_of_8_and_16_bits(tmp_path: Path, bits: int) -> None:
    levels = np.array([[0, 100, 200, 255]])
    stored = levels.astype(np.uint8) if bits == 8 else (levels * 257).astype(np.uint16)
    path = saved(tmp_path, "a.png", Image.fromarray(stored))
    np.testing.assert_array_equal(pictures.read_picture(path), levels[..., None].repeat(3, -1))


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    path = saved(tmp_path, "a.png", Image.fromarray(pixels, "RGBA"))
    np.testing.assert_array_equal(pictures.read_picture(path), [[[255, 0, 0], [255, 255, 255], [204, 204, 204]]])


def test_palette_with_transparency(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    picture.putpalette([200, 0, 0, 0, 0, 200])
    path = saved(tmp_path, "a.png", picture, transparency=1)
    np.testing.assert_array_equal(pictures.read_picture(path), [[[200, 0, 0], [255, 255, 255]]])


def test_cmyk_is_converted(tmp_path: Path) -> None:
    flat = np.broadcast_to(np.array([200, 40, 90], np.uint8), (16, 16, 3))
    path = saved(tmp_path, "a.jpg", Image.fromarray(np.ascontiguousarray(flat)).convert("CMYK"), quality=100)
    assert np.abs(pictures.read_picture(path).astype(int) - flat).max() <= 3


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show the picture turned clockwise by 90 degrees
    path = saved(tmp_path, "a.png", Image.fromarray(COLORS), exif=exif)
    np.testing.assert_array_equal(pictures.read_picture(path), np.rot90(COLORS, -1))
    assert pictures.picture_size(path) == (3, 2)


@pytest.mark.parametrize("cut", [10, 400])
def test_cut_off_picture_raises(tmp_path: Path, cut: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = Path(saved(tmp_path, "a.jpg", Image.fromarray(noise)))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"a.jpg: not a readable picture"):
        pictures.read_picture(str(path))


def test_text_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    for read in (pictures.read_picture, pictures.picture_size):
        with pytest.raises(InputError, match=r"a.jpg: not a readable picture"):
            read(str(tmp_path / "a.jpg"))
