"""Videos as frames, and frames as a video: whatever the FFmpeg inside OpenCV reads, and what browsers play."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

# FFmpeg talks on stderr about every broken packet; what it means for the user is told in one line here.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np

from simpose_tf import files
from simpose_tf.errors import InputError

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".mts", ".m2ts", ".ogv",
    ".3gp",
)  # fmt: skip

# What clips are written with. VP9 in MP4 is what browsers play of all that OpenCV's wheel writes (it has no H.264);
# MPEG-4 part 2 is written some 30 times as fast and played by players, not by browsers.
CODECS = {"vp9": "vp09", "mpeg4": "mp4v"}

# After so many failed reads in a row a clip is at its end.
_FAILURES = 64

# Frame rates that a clip may have; headers tell nonsense at times.
_RATES = (0.1, 1000.0)
_USUAL_RATE = 25.0


@dataclass(frozen=True)
class ClipFacts:
    """What a clip's header says: upright size in pixels, frames a second, their number (0: it does not tell)."""

    height: int
    width: int
    rate: float
    frames: int

    @property
    def size(self) -> tuple[int, int]:
        """Height, width."""
        return self.height, self.width


@dataclass(frozen=True)
class FrameRange:
    """Which frames are taken: from `first` to before `last` (None: all), every `every`th; counted from 0."""

    first: int = 0
    last: int | None = None
    every: int = 1

    def count(self, frames: int) -> int:
        """Return how many of so many frames are taken."""
        last = frames if self.last is None else min(self.last, frames)
        return max(-(-(last - self.first) // self.every), 0)


@dataclass(frozen=True)
class Frame:
    """A frame: its number in the clip from 0, its time in seconds, uint8 RGB `[H,W,3]`; None where it is broken."""

    index: int
    time: float
    image: np.ndarray | None


def parse_frames(text: str | None, every: int) -> FrameRange:
    """Return the frames that `--frames=A:B` (either may be missing) and `--every` name. Raises InputError."""
    first, colon, last = (text or ":").partition(":")
    try:
        chosen = FrameRange(int(first or 0), int(last) if last else None, every)
    except ValueError:
        chosen = FrameRange(-1)
    if not colon or chosen.first < 0 or (chosen.last is not None and chosen.last <= chosen.first):
        raise InputError(f"--frames: name frames as A:B, from A to before B, counted from 0, not {text!r}")
    return chosen


def clip_facts(path: str) -> ClipFacts:
    """Return what a clip's header says. Raises InputError if it is no clip, or has no frames."""
    with _opened(path) as capture:
        size = (int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
        rate, frames = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if min(size) < 1:
            raise InputError(f"{path}: not a readable video: it has no frames")
        sound = np.isfinite(rate) and _RATES[0] <= rate <= _RATES[1]
        return ClipFacts(*size, float(rate) if sound else _USUAL_RATE, max(int(frames), 0))


def read_frames(path: str, chosen: FrameRange) -> Iterator[Frame]:
    """Yield the chosen frames of a clip in order, upright (rotation metadata is applied).

    A frame that cannot be decoded comes as a broken one, if any whole one follows. Raises InputError for no clip.
    """
    with _opened(path) as capture:
        rate = clip_facts(path).rate
        index, failures = 0, 0
        broken: list[Frame] = []
        time = -1 / rate
        while failures < _FAILURES and (chosen.last is None or index < chosen.last):
            wanted = index >= chosen.first and (index - chosen.first) % chosen.every == 0
            image = _next(capture, wanted)
            failures = failures + 1 if image is None else 0
            if image is None:
                broken += [Frame(index, index / rate, None)] if wanted else []
            else:
                yield from broken
                broken = []
                # Some clips do not tell the time of all frames.
                told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                time = told if told > time else time + 1 / rate
                if wanted:
                    yield Frame(index, time, image)
            index += 1


def _next(capture: cv2.VideoCapture, wanted: bool) -> np.ndarray | None:
    """Return the next frame as RGB, without its pixels if it is not wanted; None if it is broken."""
    if not capture.grab():
        return None
    if not wanted:
        return np.zeros((0, 0, 3), np.uint8)
    sound, image = capture.retrieve()
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if sound else None


@contextlib.contextmanager
def _opened(path: str) -> Iterator[cv2.VideoCapture]:
    """Yield an open clip. Raises InputError if it does not open."""
    _quiet()
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise InputError(f"{path}: not a readable video, or one without frames")
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        yield capture
    finally:
        capture.release()


def _quiet() -> None:
    """Keep OpenCV from writing to stderr what is told in one line anyway."""
    cv2.setLogLevel(0)


@contextlib.contextmanager
def clip_writer(path: str | os.PathLike, size: tuple[int, int], rate: float, codec: str) -> Iterator["ClipWriter"]:
    """Yield a writer of a clip that is there, whole, when the block ends well.

    Args:
      path: of the .mp4.
      size: (height, width) of the frames; odd ones are made even by a last row or column twice, as video needs.
      rate: frames a second.
      codec: of `CODECS`.

    Raises:
      InputError: OpenCV cannot write such a clip.
      OSError: what was written does not read back: the disk is full.
    """
    _quiet()
    with files.atomic_path(path) as temporary:
        even = [side + side % 2 for side in size]
        file = cv2.VideoWriter(
            temporary, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODECS[codec]), rate, (even[1], even[0])
        )
        if not file.isOpened():
            raise InputError(
                f"{path}: OpenCV cannot write {codec} of {even[1]} x {even[0]} pixels at {rate:g} a second"
            )
        writer = ClipWriter(file, (even[0], even[1]))
        try:
            yield writer
        finally:
            file.release()
        _require_whole(temporary, str(path), writer.count)


class ClipWriter:
    """Writes one frame after the other."""

    def __init__(self, file: cv2.VideoWriter, size: tuple[int, int]) -> None:
        """Take an open file for frames of an even `size` (height, width)."""
        self._file, self._size = file, size
        self._last = np.zeros((*size, 3), np.uint8)
        self.count = 0

    def write(self, image: np.ndarray | None) -> None:
        """Write a frame uint8 RGB `[H,W,3]`; None writes the last one once more."""
        if image is not None:
            missing = [(0, even - side) for even, side in zip(self._size, image.shape[:2], strict=True)]
            padded = np.pad(image, [*missing, (0, 0)], mode="edge")
            self._last = np.ascontiguousarray(padded[..., ::-1])
        self._file.write(self._last)
        self.count += 1


def _require_whole(temporary: str, path: str, frames: int) -> None:
    """Raise OSError unless a clip reads back with so many frames: OpenCV does not tell of failed writes."""
    try:
        found = clip_facts(temporary).frames
    except InputError:
        found = 0
    if found < frames:
        raise OSError(f"{path}: could not be written whole ({found} of {frames} frames); the disk may be full")
