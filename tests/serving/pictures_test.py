"""What goes to a server: pictures that it decodes as the Python predictor reads them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference.pictures import read_picture
from simpose_tf.serving.pictures import for_server, name_of
from simpose_tf.serving.signatures import decode_picture
from tests.serving.whole_model import encoded

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (23, 31, 3)).astype(np.uint8)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(NOISE, "JPEG", exif=exif)


AS_THEY_ARE = {
    "jpeg": encoded(NOISE, "JPEG"),
    "grey jpeg": encoded(NOISE, "JPEG", "L"),
    "progressive jpeg": encoded(NOISE, "JPEG", progressive=True),
    "png": encoded(NOISE),
    "grey png": encoded(NOISE, "PNG", "L"),
    "orientation 1": turned(1),
    "orientation out of range": turned(9),
}
AS_PNG = {
    "cmyk jpeg": encoded(NOISE, "JPEG", "CMYK"),
    "rgba": encoded(RNG.integers(0, 256, (9, 7, 4)).astype(np.uint8), "PNG", "RGBA"),
    "grey and alpha": encoded(NOISE, "PNG", "LA"),
    "palette": encoded(NOISE, "PNG", "P"),
    "one bit": encoded(NOISE, "PNG", "1"),
    "sixteen bits": encoded(RNG.integers(0, 65536, (9, 7)).astype(np.uint16), "PNG", "I;16"),
    "gif": encoded(NOISE, "GIF"),
    "bmp": encoded(NOISE, "BMP"),
    "webp": encoded(NOISE, "WEBP"),
    "tiff": encoded(NOISE, "TIFF"),
    **{f"orientation {k}": turned(k) for k in range(2, 9)},
}


@pytest.mark.parametrize("name", [*AS_THEY_ARE, *AS_PNG])
def test_the_server_decodes_what_the_predictor_reads(tmp_path: Path, name: str) -> None:
    data = (AS_THEY_ARE | AS_PNG)[name]
    (tmp_path / "picture").write_bytes(data)
    path = str(tmp_path / "picture")
    sent = for_server(data, "x")
    assert (sent == data) == (name in AS_THEY_ARE)
    assert sent == for_server(path, path) == for_server(Path(path), path)
    np.testing.assert_array_equal(decode_picture(tf.constant(sent)), read_picture(path))


def test_pixels_go_without_loss() -> None:
    np.testing.assert_array_equal(decode_picture(tf.constant(for_server(NOISE, "x"))), NOISE)


@pytest.mark.parametrize("pixels", [NOISE[..., :1], NOISE[0], NOISE.astype(np.float32), NOISE[:0]])
def test_other_pixels_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"^here: pixels must be uint8 RGB"):
        for_server(pixels, "here")


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(NOISE)[:60], encoded(NOISE, "WEBP")[:60]])
def test_broken_pictures_are_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^here: not a readable picture"):
        for_server(data, "here")


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(InputError, match=f"^{path}: not a readable picture"):
            for_server(path, str(path))


def test_names_are_paths_or_places() -> None:
    assert [name_of("a.jpg", 3), name_of(Path("b/c.jpg"), 4), name_of(b"", 5), name_of(NOISE, 6)] == [
        "a.jpg",
        "b/c.jpg",
        "picture 5",
        "picture 6",
    ]
