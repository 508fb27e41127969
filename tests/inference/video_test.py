"""A clip's people: frame by frame, followed, drawn, and all or nothing on the disk."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, picture_files, video, video_files
from simpose_tf.inference.tracks import Tracker
from simpose_tf.inference.video import ClipJob, ClipOptions
from simpose_tf.inference.video_files import Frame, FrameRange
from simpose_tf.inference.work import ClipWork
from tests.inference import clips
from tests.inference.people_by_rule import find_disc


def job_of(path: str, detect: bool = True, **options: object) -> ClipJob:
    """Return a job that numbers its frames from 100."""
    usual = ClipOptions(FrameRange(), 0.0, "mpeg4")
    item = ClipWork(path, "a", video_files.clip_facts(path), detect)
    return ClipJob(item, 100, picture_files.USUAL, replace(usual, **options))


@pytest.fixture
def walk(tmp_path: Path) -> str:
    return clips.save(tmp_path / "walk.avi", clips.walking(14), "MJPG")


def test_each_frame_has_its_line_and_the_walker_one_track(walk: str, tmp_path: Path) -> None:
    done = video.predict_clip(find_disc, job_of(walk), tmp_path / "out", print)
    assert (done.frames, done.broken, done.people, done.tracks, done.last_id) == (14, 0, 14, 1, 113)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jsonl", "a.mp4"]
    for place, frame in enumerate(dumps.read_frames(tmp_path / "out" / "a.jsonl")):
        assert (frame.frame, frame.image_id, frame.tracks, frame.broken) == (place, 100 + place, (1,), False)
        assert frame.time == pytest.approx(place / 25, abs=1e-3)
        (person,) = frame.people
        assert person.detection.image == 100 + place
        x, y, width, height = person.detection.box_xywh
        # The disc: its middle at 16 + 1.5 place, its diameter 24; compression moves its rim by a pixel.
        assert abs(x + width / 2 - (16 + 1.5 * place)) < 1.5
        assert abs(y + height / 2 - 24) < 1.5
        assert abs(person.mask.sum() / (np.pi * 12**2) - 1) < 0.1


def test_the_drawn_clip_has_the_source_s_size_rate_and_frames(walk: str, tmp_path: Path) -> None:
    video.predict_clip(find_disc, job_of(walk), tmp_path / "out", print)
    facts = video_files.clip_facts(str(tmp_path / "out" / "a.mp4"))
    assert (facts.size, facts.rate, facts.frames) == ((48, 64), 25.0, 14)
    frames = video_files.read_frames(str(tmp_path / "out" / "a.mp4"), FrameRange())
    for frame, true in zip(frames, clips.walking(14), strict=True):
        assert np.abs(frame.image.astype(int) - true)[:8, :8].mean() < 12  # nobody, no line: as it was
        assert np.abs(frame.image.astype(int) - true)[14:34].mean() > 4  # drawn upon


def test_every_third_frame_of_some_plays_as_fast(walk: str, tmp_path: Path) -> None:
    done = video.predict_clip(find_disc, job_of(walk, frames=FrameRange(1, 12, 3)), tmp_path / "out", print)
    assert (done.frames, done.last_id) == (4, 110)
    frames = list(dumps.read_frames(tmp_path / "out" / "a.jsonl"))
    assert [frame.frame for frame in frames] == [1, 4, 7, 10]
    assert [frame.image_id for frame in frames] == [101, 104, 107, 110]
    facts = video_files.clip_facts(str(tmp_path / "out" / "a.mp4"))
    assert (facts.rate, facts.frames) == (pytest.approx(25 / 3, abs=1e-3), 4)


def test_without_a_detector_the_frame_is_the_box(walk: str, tmp_path: Path) -> None:
    video.predict_clip(find_disc, job_of(walk, detect=False), tmp_path / "out", print)
    for frame in dumps.read_frames(tmp_path / "out" / "a.jsonl"):
        np.testing.assert_array_equal(frame.people[0].detection.box_xywh, [0, 0, 64, 48])


def test_broken_frame_is_told_and_the_one_before_shown(walk: str, tmp_path: Path) -> None:
    clips.spoil(walk, 5)
    lines: list[str] = []
    done = video.predict_clip(find_disc, job_of(walk), tmp_path / "out", lines.append)
    assert (done.frames, done.broken, done.people) == (14, 1, 13)
    assert lines == ["walk.avi: 1 broken frames (5), the one before is shown instead"]
    frames = list(dumps.read_frames(tmp_path / "out" / "a.jsonl"))
    assert [frame.frame for frame in frames if frame.broken] == [5]
    assert frames[5].people == ()
    drawn = [
        frame.image.astype(int) for frame in video_files.read_frames(str(tmp_path / "out" / "a.mp4"), FrameRange())
    ]
    assert np.abs(drawn[5] - drawn[4]).mean() < 1.5 < np.abs(drawn[6] - drawn[5]).mean()


def test_clip_that_ends_early_is_told(walk: str, tmp_path: Path) -> None:
    data = Path(walk).read_bytes()
    Path(walk).write_bytes(data[: len(data) // 2])
    lines: list[str] = []
    done = video.predict_clip(find_disc, job_of(walk), tmp_path / "out", lines.append)
    assert lines == [f"walk.avi: ends after {done.frames} of 14 frames; what follows cannot be read"]


def test_no_frame_asked_for_raises_and_writes_nothing(walk: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"walk\.avi: none of the frames asked for can be read"):
        video.predict_clip(find_disc, job_of(walk, frames=FrameRange(40)), tmp_path / "out", print)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failure_in_the_middle_leaves_the_former_files(walk: str, tmp_path: Path) -> None:
    video.predict_clip(find_disc, job_of(walk), tmp_path / "out", print)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    calls = iter(range(100))

    def fail(image: np.ndarray, *boxes: object) -> list:
        if next(calls) == 9:
            raise KeyboardInterrupt
        return find_disc(image, None, None)

    with pytest.raises(KeyboardInterrupt):
        video.predict_clip(fail, job_of(walk), tmp_path / "out", print)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_clip_without_people(tmp_path: Path) -> None:
    path = clips.save(tmp_path / "empty.avi", [np.full((48, 64, 3), 90, np.uint8)] * 4, "MJPG")
    done = video.predict_clip(find_disc, job_of(path), tmp_path / "out", print)
    assert (done.frames, done.people, done.tracks) == (4, 0, 0)
    assert [json.loads(line)["people"] for line in (tmp_path / "out" / "a.jsonl").read_text().splitlines()] == [[]] * 4


def test_uneven_times_are_told(walk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # OpenCV writes even times only: those of the second half are made to come late.
    def late(path: str, chosen: FrameRange) -> object:
        for frame in read_frames(path, chosen):
            yield Frame(frame.index, frame.time + (0.5 if frame.index > 7 else 0), frame.image)

    read_frames = video_files.read_frames
    monkeypatch.setattr(video_files, "read_frames", late)
    lines: list[str] = []
    video.predict_clip(find_disc, job_of(walk), tmp_path / "out", lines.append)
    assert len(lines) == 1
    assert "walk.avi: its frames come at uneven times; the drawn clip shows 25 a second" in lines[0]
    assert [frame.time for frame in dumps.read_frames(tmp_path / "out" / "a.jsonl")][-1] == pytest.approx(13 / 25 + 0.5)


def test_smoothing_follows_the_walker(walk: str, tmp_path: Path) -> None:
    video.predict_clip(find_disc, job_of(walk, smooth=0.3), tmp_path / "out", print)
    x = [frame.people[0].keypoints[8, 0] for frame in dumps.read_frames(tmp_path / "out" / "a.jsonl")]
    # 37 pixels a second, 1.6 sizes: less than 1.5 frames (1.5 pixels each) behind.
    assert np.abs(np.array(x) + 0.5 - (16 + 1.5 * np.arange(14))).max() < 2.3


def test_steps_can_be_timed_alone(walk: str) -> None:
    job = job_of(walk)
    (frame,) = video_files.read_frames(walk, FrameRange(0, 1))
    answered = video.answer(find_disc, frame, job.item, Tracker())
    drawn = video.draw_frame(answered, job)
    assert drawn.picture.shape == (48, 64, 3)
    assert cv2.absdiff(drawn.picture, frame.image).max() > 30


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2: no frame of simpose_tf.predict"),
        ('{"frame": 1, "time": 0, "image_id": 1, "people": [{"track": 1}]}', "line 2: no frame"),
        ("[]", "line 2: no frame"),
    ],
)
def test_bad_lines_are_told(walk: str, tmp_path: Path, line: str, fault: str) -> None:
    video.predict_clip(find_disc, job_of(walk, frames=FrameRange(0, 3)), tmp_path / "out", print)
    path = tmp_path / "out" / "a.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(InputError, match=fault):
        list(dumps.read_frames(path))
