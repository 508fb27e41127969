"""Small clips to test with: a disc that walks, written by OpenCV."""

import struct
from pathlib import Path

import cv2
import numpy as np

# Codec and suffix of what OpenCV writes here.
KINDS = [("mp4v", ".mp4"), ("mp4v", ".mov"), ("MJPG", ".avi"), ("VP80", ".webm"), ("FFV1", ".mkv")]


def disc(height: int, width: int, x: float) -> np.ndarray:
    """Return a frame uint8 RGB with a disc in the middle row, blue as `EchoDetector` and `EchoModel` look for."""
    rows, columns = np.indices((height, width)) + 0.5
    inside = np.hypot(columns - x, rows - height / 2) < height / 4
    return np.where(inside[..., None], [120, 60, 250], [20, 90, 90]).astype(np.uint8)


def walking(frames: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Return frames in which the disc walks 1.5 pixels at a time."""
    return [disc(height, width, 16 + 1.5 * place) for place in range(frames)]


def save(path: Path, frames: list[np.ndarray], codec: str = "mp4v", rate: float = 25.0) -> str:
    """Write a clip by OpenCV."""
    height, width = frames[0].shape[:2]
    file = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), rate, (width, height))
    assert file.isOpened(), f"OpenCV writes no {codec}"
    for frame in frames:
        file.write(np.ascontiguousarray(frame[..., ::-1]))
    file.release()
    return str(path)


def turn(path: str) -> None:
    """Note in an .mp4's header that its pictures are to be turned clockwise by 90 degrees, as telephones do."""
    data = bytearray(Path(path).read_bytes())
    matrix = data.find(b"tkhd") + 4 + 40
    assert struct.unpack(">9i", data[matrix : matrix + 36])[0] == 1 << 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    Path(path).write_bytes(data)


def spoil(path: str, frame: int) -> None:
    """Overwrite one frame of a Motion JPEG .avi."""
    data = bytearray(Path(path).read_bytes())
    place = data.find(b"movi")
    for _ in range(frame + 1):
        place = data.find(b"00dc", place + 1)
    size = struct.unpack("<I", data[place + 4 : place + 8])[0]
    data[place + 8 : place + 8 + size] = bytes(size)
    Path(path).write_bytes(data)
