"""Pictures of any kind as RGB."""

import warnings
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from simpose_tf import files
from simpose_tf.errors import InputError

PICTURE_SUFFIXES = (*files.IMAGE_SUFFIXES, ".gif", ".jfif", ".avif", ".jp2")

# What Pillow has to say about odd files is told in one line, or does not matter.
warnings.filterwarnings("ignore", module=r"PIL\.")

# What Pillow raises for files that are broken, cut off, no pictures, or far too large.
# RuntimeError comes of AVIF, MemoryError of sizes that headers make up.
FAULTS = (OSError, SyntaxError, ValueError, RuntimeError, MemoryError, Image.DecompressionBombError)


def read_picture(path: str, content: BinaryIO | None = None) -> np.ndarray:
    """Read a picture as uint8 RGB `[H,W,3]`, upright.

    The rotation that a camera noted (EXIF) is applied, transparency is laid on white, 16-bit grey is scaled to 8
    bits, CMYK and palettes are converted.

    Args:
      path: of its file.
      content: what the file would hold, where it does not lie at `path`, which then is a name for errors.

    Raises:
      InputError: no such file, no picture, cut off.
    """
    try:
        with Image.open(content or path) as opened:
            opened.load()
            return _rgb(ImageOps.exif_transpose(opened))
    except FAULTS as error:
        raise InputError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from error


def picture_size(path: str) -> tuple[int, int]:
    """Return (height, width) of a picture, upright, from its header. Raises InputError."""
    try:
        with Image.open(path) as opened:
            width, height = opened.size
            turned = opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except FAULTS as error:
        raise InputError(f"{path}: not a readable picture ({' '.join(str(error).split())})") from error
    return (width, height) if turned else (height, width)


def _rgb(picture: Image.Image) -> np.ndarray:
    """Return the pixels of a Pillow picture as RGB."""
    if picture.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(picture, np.float64))
        grey = values / 257 if picture.mode.startswith("I") else values
        return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=-1)
    if "A" in picture.getbands() or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.asarray(picture.convert("RGB"))
