"""Clips of every kind are read in order and upright; what is written reads back."""

import os
from pathlib import Path

import numpy as np
import pytest

from simpose_tf.errors import InputError
from simpose_tf.inference import video_files
from simpose_tf.inference.video_files import FrameRange
from tests.inference import clips


def near(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two frames are the same but for compression."""
    return one.shape == other.shape and float(np.abs(one.astype(int) - other).mean()) < 6


@pytest.mark.parametrize(("codec", "suffix"), clips.KINDS)
def test_frames_come_in_order_with_their_times(tmp_path: Path, codec: str, suffix: str) -> None:
    path = clips.save(tmp_path / f"a{suffix}", clips.walking(12), codec)
    facts = video_files.clip_facts(path)
    assert (facts.size, facts.rate) == ((48, 64), 25.0)
    frames = list(video_files.read_frames(path, FrameRange()))
    assert [frame.index for frame in frames] == list(range(12))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(12) / 25, atol=1e-3)
    for frame, true in zip(frames, clips.walking(12), strict=True):
        assert near(frame.image, true)


@pytest.mark.parametrize(("first", "last", "every"), [(0, None, 1), (3, 8, 1), (0, None, 5), (2, 11, 4), (30, None, 1)])
def test_chosen_frames_are_those_of_a_slice(tmp_path: Path, first: int, last: int | None, every: int) -> None:
    path = clips.save(tmp_path / "a.mp4", clips.walking(12))
    chosen = FrameRange(first, last, every)
    expected = list(range(12))[first:last:every]
    assert [frame.index for frame in video_files.read_frames(path, chosen)] == expected
    assert chosen.count(12) == len(expected)


def test_rotation_of_the_header_is_applied(tmp_path: Path) -> None:
    path = clips.save(tmp_path / "a.mp4", clips.walking(3))
    clips.turn(path)
    assert video_files.clip_facts(path).size == (64, 48)
    for frame, true in zip(video_files.read_frames(path, FrameRange()), clips.walking(3), strict=True):
        assert near(frame.image, np.rot90(true, -1))


def test_broken_frame_is_told_in_its_place(tmp_path: Path) -> None:
    path = clips.save(tmp_path / "a.avi", clips.walking(9), "MJPG")
    clips.spoil(path, 4)
    frames = list(video_files.read_frames(path, FrameRange()))
    assert [frame.index for frame in frames] == list(range(9))
    assert [frame.image is None for frame in frames] == [place == 4 for place in range(9)]
    assert near(frames[5].image, clips.walking(9)[5])
    assert frames[5].time == pytest.approx(0.2)


def test_cut_off_clip_gives_what_is_there(tmp_path: Path) -> None:
    path = clips.save(tmp_path / "a.avi", clips.walking(20), "MJPG")
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[: len(data) // 2])
    frames = list(video_files.read_frames(path, FrameRange()))
    assert 5 <= len(frames) < 15
    assert all(frame.image is not None for frame in frames)


@pytest.mark.parametrize("content", [b"", b"no clip", b"\0" * 5000])
def test_what_is_no_clip_raises(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mp4: not a readable video"):
        video_files.clip_facts(str(tmp_path / "a.mp4"))


@pytest.mark.parametrize("codec", video_files.CODECS)
@pytest.mark.parametrize("size", [(48, 64), (49, 65), (1, 1), (2, 301)])
def test_what_is_written_reads_back(tmp_path: Path, codec: str, size: tuple[int, int]) -> None:
    frames = clips.walking(7, *size)
    with video_files.clip_writer(tmp_path / "a.mp4", size, 24000 / 1001, codec) as writer:
        for frame in frames:
            writer.write(frame)
    facts = video_files.clip_facts(str(tmp_path / "a.mp4"))
    assert facts.size == tuple(side + side % 2 for side in size)
    assert (facts.rate, facts.frames) == (pytest.approx(23.976, abs=1e-3), 7)
    if min(size) > 2:
        for frame, true in zip(video_files.read_frames(str(tmp_path / "a.mp4"), FrameRange()), frames, strict=True):
            assert near(frame.image[: size[0], : size[1]], true)


def test_nothing_repeats_the_last_frame(tmp_path: Path) -> None:
    with video_files.clip_writer(tmp_path / "a.mp4", (48, 64), 25.0, "mpeg4") as writer:
        for frame in (clips.disc(48, 64, 20), None, clips.disc(48, 64, 44)):
            writer.write(frame)
    found = [frame.image for frame in video_files.read_frames(str(tmp_path / "a.mp4"), FrameRange())]
    assert near(found[0], found[1])
    assert not near(found[1], found[2])


def test_a_failure_leaves_no_clip(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="full"),
        video_files.clip_writer(tmp_path / "a.mp4", (48, 64), 25.0, "vp9") as writer,
    ):
        writer.write(clips.disc(48, 64, 20))
        raise OSError("full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_noticed_though_opencv_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The temporary file is a link to a device that is always full.
    (tmp_path / f".a.mp4.{os.getpid()}.part.mp4").symlink_to("/dev/full")
    with (
        pytest.raises((OSError, InputError), match=r"a\.mp4"),
        video_files.clip_writer(tmp_path / "a.mp4", (48, 64), 25.0, "mpeg4") as writer,
    ):
        for frame in clips.walking(30):
            writer.write(frame)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, (0, None)), (":", (0, None)), ("3:", (3, None)), (":7", (0, 7)), ("3:7", (3, 7))],
)
def test_frames_are_named_as_slices(text: str | None, expected: tuple) -> None:
    assert video_files.parse_frames(text, 2) == FrameRange(*expected, 2)


@pytest.mark.parametrize("text", ["7", "a:b", "-1:", "7:7", "8:3", "1:2:3"])
def test_bad_frames_raise(text: str) -> None:
    with pytest.raises(InputError, match="--frames: name frames as A:B"):
        video_files.parse_frames(text, 1)
