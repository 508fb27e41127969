"""The people of a video: NAME.mp4 with the drawn frames, NAME.jsonl with the people of each.

A line of NAME.jsonl is one frame:

    frame      its number in the clip, from 0
    time       seconds
    image_id   of its people in results.json
    people     as in NAME.json of a picture, each with `track`: the same person has the same number in all frames
    broken     true where the frame could not be decoded; NAME.mp4 then shows the one before once more

Both files are there when the clip is done: a clip that is killed halfway is done anew (a video cannot be gone on with
unless it is compressed a second time).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from absl import flags

from simpose_tf import files
from simpose_tf.errors import InputError
from simpose_tf.inference import people, pipeline, video_files, wording
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.picture_files import Wanted
from simpose_tf.inference.pipeline import Progress
from simpose_tf.inference.tracks import TrackedPerson, Tracker
from simpose_tf.inference.video_files import ClipWriter, Frame, FrameRange
from simpose_tf.inference.work import ClipWork, Predict
from simpose_tf.visualize import overlays
from simpose_tf.visualize.overlays import DrawnMaps, DrawnPerson
from simpose_tf.visualize.prediction_page import PageClip


@dataclass(frozen=True)
class ClipOptions:
    """Which frames are taken, the time constant of smoothing in seconds (0: none), the codec of what is written."""

    frames: FrameRange
    smooth: float
    codec: str


@dataclass(frozen=True)
class ClipJob:
    """One clip of a run: the clip, `image_id` of its frame 0, what its drawings show, how it is read and written."""

    item: ClipWork
    first_id: int
    wanted: Wanted
    options: ClipOptions


@dataclass(frozen=True)
class ClipDone:
    """What is told of a clip: its frames, those broken, the people of all frames, tracks, the last `image_id`."""

    frames: int
    broken: int
    people: int
    tracks: int
    last_id: int


@dataclass(frozen=True)
class AnsweredFrame:
    """A frame with its people."""

    frame: Frame
    found: list[TrackedPerson]


@dataclass(frozen=True)
class DrawnFrame:
    """A frame's line of NAME.jsonl, and the drawing uint8 RGB `[H,W,3]`; None where the frame is broken."""

    index: int
    time: float
    tracks: tuple[int, ...]
    line: str
    picture: np.ndarray | None
    broken: bool


def define_flags() -> None:
    """Define the flags that `options_of` reads."""
    flags.DEFINE_string(
        "frames", None, "Of videos: only frames A to before B, as A:B, :B or A:, counted from 0. Default: all."
    )
    flags.DEFINE_integer("every", 1, "Of videos: only every Nth frame.", lower_bound=1)
    flags.DEFINE_float(
        "smooth",
        0.0,
        "Of videos: steady boxes and keypoints over time, with this time constant in seconds for who stands still "
        "(0.3 is a good start); fast movements are smoothed less. 0: not at all.",
        lower_bound=0.0,
    )
    flags.DEFINE_enum(
        "codec",
        "vp9",
        list(video_files.CODECS),
        "How NAME.mp4 is compressed: vp9 plays in browsers, mpeg4 is written some 30 times as fast and plays in "
        "players only.",
    )


def options_of(options: flags.FlagValues) -> ClipOptions:
    """Return what the flags ask for. Raises InputError."""
    return ClipOptions(video_files.parse_frames(options.frames, options.every), options.smooth, options.codec)


def output_names(name: str) -> tuple[str, str]:
    """Return the names of a clip's files."""
    return f"{name}.mp4", f"{name}.jsonl"


def predict_clip(predict: Predict, job: ClipJob, output: Path, say: Callable[[str], None]) -> ClipDone:
    """Predict all frames of a clip and write its files.

    Args:
      predict: picture, boxes, scores -> people.
      job: what is asked.
      output: folder.
      say: takes lines.

    Raises:
      InputError: no frame at all can be read.
      OSError: the clip cannot be written whole.
    """
    item, frames = job.item, job.options.frames
    tally = _Tally(job)
    progress = Progress(frames.count(item.facts.frames), "frames", lambda line: say(f"{Path(item.path).name}: {line}"))
    film, lines = (output / name for name in output_names(item.name))
    with (
        files.atomic_path(lines) as temporary,
        open(temporary, "w", encoding="utf-8") as text,
        video_files.clip_writer(film, item.facts.size, item.facts.rate / frames.every, job.options.codec) as writer,
    ):
        for done in _written(predict, job, text, writer):
            tally.add(done)
            progress(tally.frames, tally.people)
        if not tally.frames:
            raise InputError(f"{item.path}: none of the frames asked for can be read")
    for line in tally.remarks():
        say(f"{Path(item.path).name}: {line}")
    return tally.done()


def _written(predict: Predict, job: ClipJob, text: TextIO, writer: ClipWriter) -> Iterator[DrawnFrame]:
    """Yield the frames when they are written; reading, predicting, drawing and writing go on at the same time."""

    def share(_: object) -> float:
        return pipeline.share_of(job.item.facts.height * job.item.facts.width)

    def write(drawn: DrawnFrame) -> DrawnFrame:
        text.write(drawn.line)
        writer.write(drawn.picture)
        return replace(drawn, line="", picture=None)

    tracker = Tracker(job.options.smooth)
    frames = pipeline.ahead(video_files.read_frames(job.item.path, job.options.frames), share(None))
    answered = (answer(predict, frame, job.item, tracker) for frame in frames)
    drawn = pipeline.in_order(lambda one: draw_frame(one, job), answered, pipeline.writers(), share)
    return pipeline.in_order(write, drawn, 1, share)


def answer(predict: Predict, frame: Frame, item: ClipWork, tracker: Tracker) -> AnsweredFrame:
    """Return a frame with its people; without a detector the whole frame is one person's box."""
    if frame.image is None:
        return AnsweredFrame(frame, [])
    whole = (np.array([[0.0, 0.0, *frame.image.shape[:2]]]), np.ones(1))
    found = predict(frame.image, *((None, None) if item.detect else whole))
    return AnsweredFrame(frame, tracker(frame.time, found))


def draw_frame(one: AnsweredFrame, job: ClipJob) -> DrawnFrame:
    """Return a frame's line and drawing, in the size of the clip."""
    frame, size = one.frame, job.item.facts.size
    tracks = tuple(tracked.track for tracked in one.found)
    image_id = job.first_id + frame.index
    entries = [people.person_json(t.person, image_id, size) | {"track": t.track} for t in one.found]
    content = {"frame": frame.index, "time": round(frame.time, 6), "image_id": image_id, "people": entries}
    content |= {"broken": True} if frame.image is None else {}
    picture = None if frame.image is None else _overlay(frame.image, [t.person for t in one.found], job.wanted)
    return DrawnFrame(frame.index, frame.time, tracks, json.dumps(content) + "\n", picture, frame.image is None)


def _overlay(image: np.ndarray, found: list[PredictedPerson], wanted: Wanted) -> np.ndarray:
    """Return the drawing of a frame, in the frame's size: small ones are drawn larger and shrunk."""
    height, width = image.shape[:2]
    dense, owner = people.compose(found, (height, width))
    maps = DrawnMaps(owner, dense.part, dense.uv, dense.normal)
    drawn = [DrawnPerson(person.box_yxyx, person.keypoints, person.score) for person in found]
    overlay = overlays.draw_overlay(image, maps, drawn, wanted.layers, wanted.texture)
    return cv2.resize(overlay, (width, height), interpolation=cv2.INTER_AREA)


class _Tally:
    """Counts what a clip's frames hold."""

    def __init__(self, job: ClipJob) -> None:
        self._job, self._tracks, self._broken = job, set[int](), list[int]()
        self._first: tuple[int, float] | None = None
        self._last = self._uneven = 0
        self.frames = self.people = 0

    def add(self, done: DrawnFrame) -> None:
        """Count one frame."""
        self.frames += 1
        self.people += len(done.tracks)
        self._tracks |= set(done.tracks)
        self._last = done.index
        self._first = self._first or (done.index, done.time)
        awaited = self._first[1] + (done.index - self._first[0]) / self._job.item.facts.rate
        self._uneven += abs(done.time - awaited) * self._job.item.facts.rate > 1
        self._broken += [done.index] if done.broken else []

    def remarks(self) -> list[str]:
        """Return what a user should know about the clip."""
        lines = []
        if self._broken:
            shown = ", ".join(map(str, self._broken[:5])) + (", ..." if len(self._broken) > 5 else "")
            lines.append(f"{len(self._broken)} broken frames ({shown}), the one before is shown instead")
        awaited = self._job.options.frames.count(self._job.item.facts.frames)
        if self.frames < awaited:
            lines.append(f"ends after {self.frames} of {awaited} frames; what follows cannot be read")
        if self._uneven:
            rate = self._job.item.facts.rate / self._job.options.frames.every
            lines.append(
                f"its frames come at uneven times; the drawn clip shows {rate:g} a second, the .jsonl has the times"
            )
        return lines

    def done(self) -> ClipDone:
        """Return the sums."""
        last_id = self._job.first_id + self._last
        return ClipDone(self.frames, len(self._broken), self.people, len(self._tracks), last_id)


def page_clip(item: ClipWork, frames: int, tracks: int) -> PageClip:
    """Return a clip's part of the page: `frames` were predicted, in which so many `tracks` were followed."""
    done = f"{wording.counted(frames, 'frame')}, {wording.people(tracks)} followed"
    note = f"{item.facts.width} x {item.facts.height} pixels, {done}"
    names = output_names(item.name)
    return PageClip(Path(item.path).name, note, names[0], tuple((name, name) for name in names))
