"""A whole run: every kind of picture, failures, stops, and going on."""

import json
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, picture_files, prediction_run, sources, work
from simpose_tf.inference.prediction_run import Request
from simpose_tf.inference.video import ClipOptions
from simpose_tf.inference.video_files import FrameRange
from simpose_tf.visualize import prediction_page
from tests.inference import clips
from tests.inference.people_by_rule import find_disc


def request_of(output: Path, **settings: object) -> Request:
    return Request(output, picture_files.USUAL, ClipOptions(FrameRange(), 0.0, "mpeg4"), settings)


def run(folder: Path, request: Request, predict: object = find_disc) -> list[str]:
    """Predict a folder and return the lines of progress."""
    lines: list[str] = []
    found = sources.find(str(folder))
    planned = work.plan(found.pictures, found.clips, None, detect=True)
    prediction_run.predict_all(predict, planned, request, lines.append)
    return lines


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of eight pictures with a disc each, whose place tells them apart."""
    (tmp_path / "in").mkdir()
    for place in range(8):
        Image.fromarray(clips.disc(40, 60, 15 + 4 * place)).save(tmp_path / "in" / f"p{place}.png")
    return tmp_path / "in"


def save_odd_pictures(folder: Path) -> tuple[set[str], set[str]]:
    """Write every odd kind of picture; return the names of the readable and of the unreadable ones."""
    disc = Image.fromarray(clips.disc(40, 60, 30))
    disc.convert("L").save(folder / "grey.jpg")
    disc.convert("LA").save(folder / "grey alpha.png")
    disc.convert("RGBA").save(folder / "rgba.webp")
    disc.convert("P").save(folder / "palette.png", transparency=3)
    disc.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    disc.convert("1").save(folder / "bits.png")
    disc.convert("YCbCr").save(folder / "ycbcr.tif", compression="jpeg")
    Image.fromarray(np.full((9, 7), 30_000, np.uint16)).save(folder / "deep.png")
    Image.fromarray(np.full((9, 7), np.nan, np.float32)).save(folder / "nan.tiff")
    disc.save(folder / "moves.gif", save_all=True, append_images=[disc.rotate(90)])
    disc.save(folder / "moves.webp", save_all=True, append_images=[disc.rotate(90)])
    disc.save(folder / "progressive.jpg", progressive=True)
    disc.save(folder / "in truth a png.jpg", format="PNG")
    disc.save(folder / "käse 猫.bmp")
    disc.save(folder / "same.png")
    disc.save(folder / "same.jpg")
    disc.save(folder / "results.png")
    disc.resize((1, 1)).save(folder / "one.png")
    disc.resize((16, 16)).save(folder / "small.png")
    disc.resize((3000, 2)).save(folder / "long.png")
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        disc.save(folder / f"turn{turn}.jpg", exif=exif)
    good = {path.name for path in folder.iterdir()}
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.jpg").write_bytes((folder / "progressive.jpg").read_bytes()[:300])
    (folder / "folder.jpg").mkdir()
    (folder / "nowhere.png").symlink_to(folder / "there is no such file")
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    return good, {path.name for path in folder.iterdir()} - good


def test_every_picture_works_or_is_skipped_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    good, bad = save_odd_pictures(tmp_path / "in")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = run(tmp_path / "in", request_of(tmp_path / "out"))
    skipped = [line for line in lines if line.startswith("skipped: ")]
    assert sorted(Path(line.split(": ")[1]).name for line in skipped) == sorted(bad)
    assert f"people in {len(good)} pictures, {len(bad)} skipped" in lines[-1]
    written = {}
    for path in (tmp_path / "out").glob("*.json"):
        if path.name != "results.json":
            about = dumps.read_picture_json(path)
            written[about.image] = path.stem
            assert dumps.read_iuv(tmp_path / "out" / f"{path.stem}_iuv.png")[0].shape == (about.height, about.width)
    assert set(written) == good
    assert {written[name] for name in ("same.png", "same.jpg", "results.png")} == {
        "same_png",
        "same_jpg",
        "results_png",
    }


def test_results_are_in_the_order_of_the_pictures(pictures: Path, tmp_path: Path) -> None:
    run(pictures, request_of(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [entry["image_id"] for entry in found] == list(range(1, 9))
    middles = [entry["bbox"][0] + entry["bbox"][2] / 2 for entry in found]
    np.testing.assert_allclose(middles, 15 + 4 * np.arange(8), atol=0.6)


def test_reading_and_writing_go_on_while_the_network_works(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The network answers for the second picture only when the first is written and the third is read.
    written, third_read = threading.Event(), threading.Event()
    save, read = picture_files.save, prediction_run.read_picture

    def save_and_tell(output: Path, drawn: picture_files.Output) -> None:
        save(output, drawn)
        if drawn.file == "previews/p0_normals.jpg":
            written.set()

    def read_and_tell(path: str) -> np.ndarray:
        if path.endswith("p2.png"):
            third_read.set()
        return read(path)

    monkeypatch.setattr(picture_files, "save", save_and_tell)
    monkeypatch.setattr(prediction_run, "read_picture", read_and_tell)
    calls = iter(range(100))

    def predict(image: np.ndarray, *boxes: object) -> list:
        if next(calls) == 1:
            assert written.wait(20)
            assert third_read.wait(20)
        return find_disc(image, None, None)

    run(pictures, request_of(tmp_path / "out"), predict)
    assert next(calls) == 8


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(pictures: Path, tmp_path: Path) -> None:
    clips.save(pictures / "walk.mp4", clips.walking(4))
    run(pictures, request_of(tmp_path / "whole"))
    calls: list[int] = []

    def stop_at_six(image: np.ndarray, *boxes: object) -> list:
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return find_disc(image, None, None)

    with pytest.raises(KeyboardInterrupt):
        run(pictures, request_of(tmp_path / "out"), stop_at_six)
    assert not (tmp_path / "out" / "results.json").exists()
    done = len((tmp_path / "out" / "run.jsonl").read_text().splitlines()) - 1
    assert done <= 5  # what had begun is finished, what waited is not
    lines = run(pictures, request_of(tmp_path / "out"), stop_at_six)
    assert done == 0 or lines[0] == f"{done} of 8 pictures are done already (--redo does them anew)"
    assert len(calls) == 6 + (8 - done) + 4
    assert contents(tmp_path / "out").keys() == contents(tmp_path / "whole").keys()
    for name, data in contents(tmp_path / "whole").items():
        if name != "run.jsonl":
            assert contents(tmp_path / "out")[name] == data, name
    assert run(pictures, request_of(tmp_path / "out"), stop_at_six)[:2] == [
        "8 of 8 pictures are done already (--redo does them anew)",
        "walk.mp4 is done already (--redo does it anew)",
    ]
    assert len(calls) == 6 + (8 - done) + 4


def test_other_settings_do_all_anew(pictures: Path, tmp_path: Path) -> None:
    run(pictures, request_of(tmp_path / "out", model="one"))
    lines = run(pictures, request_of(tmp_path / "out", model="two"))
    assert lines[0] == "--output: holds a run with other settings (model); all is done anew"
    assert "8 people in 8 pictures, 0 skipped" in lines[-1]


def test_a_failed_write_ends_the_run_and_leaves_whole_files(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = picture_files.save

    def full(output: Path, drawn: picture_files.Output) -> None:
        if drawn.file == "p3_normals.png":
            raise OSError(28, "No space left on device")
        save(output, drawn)

    monkeypatch.setattr(picture_files, "save", full)
    with pytest.raises(OSError, match="No space left"):
        run(pictures, request_of(tmp_path / "out"))
    names = contents(tmp_path / "out")
    assert not any(".part" in name for name in names)
    assert not {"results.json", "index.html"} & set(names)
    noted = [json.loads(line)["name"] for line in names["run.jsonl"].decode().splitlines()[1:]]
    assert "p3" not in noted
    for name in noted:
        assert set(picture_files.file_names(name, picture_files.USUAL)) <= set(names)


def test_only_unreadable_ones_raise_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cut = clips.disc(64, 64, 30)
    Image.fromarray(cut).save(tmp_path / "in" / "a.jpg")
    data = (tmp_path / "in" / "a.jpg").read_bytes()
    (tmp_path / "in" / "a.jpg").write_bytes(data[: len(data) // 2])  # the header is whole
    with pytest.raises(InputError, match=r"none of 1 pictures is readable, the first: .*a\.jpg"):
        run(tmp_path / "in", request_of(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_ids_of_frames_follow_those_of_pictures(pictures: Path, tmp_path: Path) -> None:
    clips.save(pictures / "a.mp4", clips.walking(3))
    clips.save(pictures / "b.mp4", clips.walking(2))
    run(pictures, request_of(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [entry["image_id"] for entry in found] == list(range(1, 14))
    assert "track" not in found[-1]
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<video") == 2
    # A longer first clip moves the second one's ids: it is done anew.
    clips.save(pictures / "a.mp4", clips.walking(5))
    lines = run(pictures, request_of(tmp_path / "out"))
    assert not any("b.mp4 is done" in line for line in lines)
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [entry["image_id"] for entry in found] == list(range(1, 16))


def test_many_pictures_get_several_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_page, "ROWS", 3)
    (tmp_path / "in").mkdir()
    for place in range(7):
        Image.fromarray(clips.disc(16, 16, 8)).save(tmp_path / "in" / f"p{place}.png")
    run(tmp_path / "in", request_of(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").glob("*.html")) == [
        "index.html",
        "index_2.html",
        "index_3.html",
    ]
    assert "p6.png" in (tmp_path / "out" / "index_3.html").read_text()
    for place in range(2, 7):
        (tmp_path / "in" / f"p{place}.png").unlink()
    run(tmp_path / "in", request_of(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").glob("*.html")] == ["index.html"]
