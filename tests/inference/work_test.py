"""What a run is to do: sources by suffix, names that never coincide, nothing overwritten."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference import picture_files, sources, work
from tests.inference import clips


def touch(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 20)).save(folder / name)
    return [str(folder / name) for name in names]


def test_sources_are_sorted_out_by_suffix(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", "z.MP4", "c.gif", "notes.txt", "y.webm"):
        (tmp_path / name).touch()
    for pattern in (str(tmp_path), str(tmp_path / "*")):
        found = sources.find(pattern)
        assert [Path(path).name for path in found.pictures] == ["a.PNG", "b.jpg", "c.gif"]
        assert [Path(path).name for path in found.clips] == ["y.webm", "z.MP4"]
    assert sources.find(str(tmp_path / "z.MP4")) == ([], [str(tmp_path / "z.MP4")])
    assert sources.find(str(tmp_path / "notes.txt")) == ([str(tmp_path / "notes.txt")], [])
    for pattern in (None, "", str(tmp_path / "none"), str(tmp_path / "*.txt")):
        with pytest.raises(InputError, match="--input"):
            sources.find(pattern)


def test_names_with_stars_and_brackets_are_files_first(tmp_path: Path) -> None:
    paths = touch(tmp_path, "a[1].png", "b*.png", "käse 猫.png")
    for path in paths:
        assert sources.find(path).pictures == [path]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.png", "b.png"], ["a", "b"]),
        (["a.png", "a.jpg", "b.png"], ["a_png", "a_jpg", "b"]),
        (["a.png", "a.jpg", "a_jpg.png"], ["a_png", "a_jpg_2", "a_jpg"]),
        (["1/a.png", "2/a.png"], ["1_a_png", "2_a_png"]),
        (["clip.mp4", "clip.jpg"], ["clip_mp4", "clip_jpg"]),
        (["results.png", "run.mp4", "index.jpg"], ["results_png", "run_mp4", "index_jpg"]),
        (["a.b.png", "a.c.png"], ["a.b", "a.c"]),
    ],
)
def test_names_of_outputs(paths: list[str], names: list[str]) -> None:
    found = work.output_names(paths)
    assert len(set(found.values())) == len(paths)
    if "a_jpg.png" not in paths:  # which of them gets the number does not matter
        assert list(found.values()) == names


def test_names_of_many_pictures_take_no_time() -> None:
    found = work.output_names([f"{place % 7}/{place % 9_000:06d}.jpg" for place in range(20_000)])
    assert len(set(found.values())) == len(found)


def test_people_are_to_be_found_where_no_boxes_are_given(tmp_path: Path) -> None:
    paths = touch(tmp_path, "a.png", "b.png")
    planned = work.plan(paths, [], None, detect=True)
    assert [(item.boxes_yxyx, item.scores, item.size) for item in planned.pictures] == [(None, None, (20, 30))] * 2
    (tmp_path / "boxes.json").write_text(json.dumps([{"image": "a.png", "bbox": [1, 2, 3, 4]}]))
    planned = work.plan(paths, [], str(tmp_path / "boxes.json"), detect=True)
    np.testing.assert_array_equal(planned.pictures[0].boxes_yxyx, [[2, 1, 6, 4]])
    assert planned.pictures[1].boxes_yxyx.shape == (0, 4)


def test_unreadable_inputs_are_skipped_if_any_is_good(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("x")
    (tmp_path / "bad.mp4").write_text("x")
    bad = ([str(tmp_path / "bad.png")], [str(tmp_path / "bad.mp4")])
    with pytest.raises(InputError, match=r"none of 2 pictures and clips is readable, the first: .*bad\.png"):
        work.plan(*bad, None)
    clip = clips.save(tmp_path / "good.mp4", clips.walking(2))
    planned = work.plan(bad[0], [*bad[1], clip], None)
    assert [item.name for item in planned.clips] == ["good"]
    assert [Path(line.partition(":")[0]).name for line in planned.skipped] == ["bad.png", "bad.mp4"]


def test_boxes_are_for_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--boxes is for pictures: 'a\.mp4' is a video"):
        work.plan([], ["a.mp4"], str(tmp_path / "boxes.json"))


def test_inputs_are_never_overwritten(tmp_path: Path) -> None:
    def outputs(name: str) -> tuple[str, ...]:
        return picture_files.file_names(name, picture_files.USUAL)

    clip = clips.save(tmp_path / "a.mp4", clips.walking(2))
    pictures = touch(tmp_path, "b.jpg", "b_overlay.jpg", "c.jpg")
    for given in (([], [clip]), (pictures, [])):
        planned = work.plan(*given, None)
        with pytest.raises(InputError, match=r"--output: '(a\.mp4|b_overlay\.jpg)' there is one of the inputs"):
            work.refuse_overwriting(tmp_path, planned, outputs)
        work.refuse_overwriting(tmp_path / "out", planned, outputs)
    work.refuse_overwriting(tmp_path, work.plan([pictures[0]], [], None), outputs)
