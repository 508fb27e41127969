"""Pictures of every kind become upright RGB."""

import contextlib
import subprocess
import sys
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


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_exif_turn_gives_the_upright_picture(tmp_path: Path, turn: int) -> None:
    # What a camera stores so that the turn of its number shows COLORS (EXIF 2.3, tag 274).
    stored = {
        1: COLORS,
        2: COLORS[:, ::-1],
        3: COLORS[::-1, ::-1],
        4: COLORS[::-1],
        5: COLORS.transpose(1, 0, 2),
        6: np.rot90(COLORS),
        7: COLORS.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(COLORS, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path, "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    np.testing.assert_array_equal(pictures.read_picture(path), COLORS)
    assert pictures.picture_size(path) == (2, 3)


def test_cmyk_without_adobe_s_marker_is_inverted_as_well(tmp_path: Path) -> None:
    # All programs that write CMYK into JPEG invert it, whether they note it (marker APP14) or not.
    flat = Image.new("RGB", (16, 16), (200, 40, 90)).convert("CMYK")
    path = Path(saved(tmp_path, "a.jpg", flat, quality=100))
    data = path.read_bytes()
    marker = data.find(b"\xff\xee")
    assert data[marker + 4 : marker + 9] == b"Adobe"
    path.write_bytes(data[:marker] + data[marker + 2 + int.from_bytes(data[marker + 2 : marker + 4]) :])
    assert np.abs(pictures.read_picture(str(path)).astype(int) - [200, 40, 90]).max() <= 3


def test_grey_with_transparency_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.array([[[0, 255], [0, 0], [100, 255], [0, 51]]], np.uint8)
    path = saved(tmp_path, "a.png", Image.fromarray(pixels, "LA"))
    np.testing.assert_array_equal(pictures.read_picture(path)[0, :, 0], [0, 255, 100, 204])


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_of_a_moving_picture_the_first_frame_is_read(tmp_path: Path, suffix: str) -> None:
    first, second = (Image.new("RGB", (20, 10), color) for color in ((250, 0, 0), (0, 0, 250)))
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path, f"a.{suffix}", first, save_all=True, append_images=[second], **options)
    assert np.abs(pictures.read_picture(path).astype(int) - [250, 0, 0]).max() <= 3


def test_floats_that_are_none_are_black(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.tiff", Image.fromarray(np.array([[np.nan, 100.4, np.inf, -5]], np.float32)))
    np.testing.assert_array_equal(pictures.read_picture(path)[0, :, 0], [0, 100, 255, 0])


@pytest.mark.parametrize("side", [9_600, 13_300])
def test_large_pictures_are_read_without_a_word_up_to_a_limit(tmp_path: Path, side: int) -> None:
    # Pillow warns from 89 Mpx on and refuses from 179 Mpx on; 9600 ** 2 is 92 Mpx, 13 300 ** 2 is 177 Mpx.
    path = saved(tmp_path, "a.png", Image.new("1", (side, side)))
    code = f"import sys; from simpose_tf.inference import pictures; print(pictures.picture_size({path!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (f"({side}, {side})", "")


def test_larger_pictures_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.new("1", (13_500, 13_500)))
    for read in (pictures.picture_size, pictures.read_picture):
        with pytest.raises(InputError, match=r"a\.png: not a readable picture .*exceeds limit of 178956970 pixels"):
            read(path)


def test_spoilt_files_raise_input_errors_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (24, 30, 3), np.uint8))
    kinds = {"a.jpg": {}, "b.png": {}, "c.webp": {}, "d.gif": {}, "e.bmp": {}, "f.avif": {}, "g.jp2": {}}
    for name, options in kinds.items():
        data = Path(saved(tmp_path, name, picture, **options)).read_bytes()
        for trial in range(30):
            spoilt = bytearray(data[: rng.integers(len(data))] if trial % 3 == 0 else data)
            for place in rng.integers(0, max(len(spoilt), 1), 4 * (trial % 3)):
                spoilt[place] = rng.integers(256)
            (tmp_path / name).write_bytes(spoilt)
            for read in (pictures.picture_size, pictures.read_picture):
                with contextlib.suppress(InputError):
                    read(str(tmp_path / name))
