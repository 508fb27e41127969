"""Pictures as a server takes them: JPEG or PNG, upright."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference.people import encode_png
from simpose_tf.inference.pictures import FAULTS, read_picture

# A file's path, a file's content, or pixels uint8 RGB `[H,W,3]`.
Picture = str | Path | bytes | np.ndarray

# EXIF's orientation and the values that ask for a turn.
_ORIENTATION, _TURNED = 0x0112, range(2, 9)


def name_of(picture: Picture, place: int) -> str:
    """Return how messages call a picture: its path, or its place in the list."""
    return str(picture) if isinstance(picture, str | Path) else f"picture {place}"


def for_server(picture: Picture, name: str) -> bytes:
    """Return a picture as the server takes it.

    Upright JPEGs and PNGs in colour or grey go as they are. What must be turned, and kinds that the server does not
    decode, or not to the last bit as the Python predictor reads them, go as PNG.

    Args:
      picture: what a user has.
      name: what errors call it.

    Raises:
      InputError: no such file, no picture, pixels of another kind.
    """
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or not picture.size:
            raise InputError(f"{name}: pixels must be uint8 RGB [H,W,3], not {picture.dtype} {list(picture.shape)}")
        return encode_png(picture)
    data = picture if isinstance(picture, bytes) else _content(Path(picture))
    if _goes_as_it_is(data):
        return data
    return encode_png(read_picture(name, BytesIO(data)))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not a readable picture ({error.strerror})") from error


def _goes_as_it_is(data: bytes) -> bool:
    """Return whether the server's decoder gives what `read_picture` does; False for what is broken."""
    try:
        with Image.open(BytesIO(data)) as opened:
            plain = opened.mode in ("RGB", "L") and "transparency" not in opened.info
            kind = opened.format in ("JPEG", "MPO", "PNG")
            return plain and kind and opened.getexif().get(_ORIENTATION, 1) not in _TURNED
    except FAULTS:  # `read_picture` tells of them
        return False
