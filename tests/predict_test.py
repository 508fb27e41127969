"""The prediction main: files, page, and refusals."""

import base64
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from simpose_tf import predict
from simpose_tf.errors import InputError
from simpose_tf.inference import dumps
from simpose_tf.inference.work import plan
from simpose_tf.visualize import normals
from tests import mains
from tests.inference import clips, savedmodels


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return savedmodels.save(savedmodels.EchoModel(65, 49), tmp_path_factory.mktemp("echo") / "model")


def scene(height: int, width: int) -> np.ndarray:
    """Return a picture with one blue disc, which the echo model takes for a person."""
    y, x = np.indices((height, width)) + 0.5
    inside = np.hypot(x - width / 2, y - height / 2) < min(height, width) / 3
    color = np.stack([200 * x / width, 200 * y / height, np.full_like(x, 250)], -1)
    return np.where(inside[..., None], color, [90, 90, 20]).astype(np.uint8)


def run_main(*args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "simpose_tf.predict", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def run(model: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess, Path]:
    """Predict on odd pictures: tiny, grey, RGBA, CMYK, turned by EXIF, one broken, one with a # in its name."""
    folder = tmp_path_factory.mktemp("predict")
    pictures = folder / "in"
    pictures.mkdir()
    picture = Image.fromarray(scene(120, 90))
    picture.save(pictures / "0plain.png")
    picture.convert("L").save(pictures / "1grey.jpg")
    picture.convert("RGBA").save(pictures / "2rgba #1.png")
    picture.convert("CMYK").save(pictures / "3cmyk.jpg")
    Image.fromarray(scene(16, 16)).save(pictures / "4tiny.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(pictures / "5turned.jpg", exif=exif)
    (pictures / "6broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return run_main(f"--model={model}", f"--input={pictures}", f"--output={folder / 'out'}"), folder / "out"


def test_every_readable_picture_gets_its_files(run: tuple) -> None:
    done, out = run
    assert done.returncode == 0, done.stderr
    names = ["0plain", "1grey", "2rgba #1", "3cmyk", "4tiny", "5turned"]
    files = [f"{n}{kind}" for n in names for kind in (".json", "_iuv.png", "_normals.png", "_inds.png", "_overlay.jpg")]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [*files, "results.json", "index.html", "previews", "run.jsonl"]
    )


def test_broken_picture_is_named_and_counted(run: tuple) -> None:
    done, out = run
    assert "6broken.jpg: not a readable picture" in done.stdout
    assert "6 people in 6 pictures, 1 skipped" in done.stdout
    assert "6broken.jpg" in (out / "index.html").read_text()


def test_results_and_picture_files_agree(run: tuple) -> None:
    _, out = run
    content = json.loads((out / "0plain.json").read_text())
    (person,) = content["people"]
    assert (content["image"], content["height"], content["width"]) == ("0plain.png", 120, 90)
    assert person["bbox"] == [0, 0, 90, 120]
    results = json.loads((out / "results.json").read_text())
    assert [r["image_id"] for r in results] == [1, 2, 3, 4, 5, 6]
    assert set(results[0]) == {"image_id", "category_id", "bbox", "score", "uv_shape", "uv_data"}
    assert results[0].items() <= person.items()
    # The box is the picture, so uv_data is NAME_iuv.png, and the mask is where a part is.
    data = np.frombuffer(base64.b64decode(person["uv_data"]), np.uint8)
    iuv = np.asarray(Image.open(out / "0plain_iuv.png"))
    np.testing.assert_array_equal(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], iuv)
    np.testing.assert_array_equal(coco_mask.decode(person["segmentation"]), iuv[..., 0] > 0)
    _, known = normals.decode(np.asarray(Image.open(out / "0plain_normals.png")))
    np.testing.assert_array_equal(known, iuv[..., 0] > 0)
    np.testing.assert_array_equal(np.asarray(Image.open(out / "0plain_inds.png")), iuv[..., 0] > 0)


def test_iuv_shows_the_disc_where_it_is(run: tuple) -> None:
    _, out = run
    iuv = np.asarray(Image.open(out / "0plain_iuv.png")).astype(int)
    picture = scene(120, 90)
    wrong = (iuv[..., 0] > 0) != (picture[..., 2] > 127)
    assert wrong.mean() < 0.02
    inside = cv2.erode((iuv[..., 0] > 0).astype(np.uint8), np.ones((7, 7))) > 0
    # v is green; u is red, up to half a crop pixel (2.3 picture pixels, 2.6 levels) at part borders.
    assert np.abs(iuv[..., 2] - picture[..., 1])[inside].max() <= 3
    assert np.abs(iuv[..., 1] - picture[..., 0])[inside].max() <= 6


def test_turned_picture_is_predicted_upright(run: tuple) -> None:
    _, out = run
    with Image.open(out / "5turned_iuv.png") as iuv:
        assert iuv.size == (120, 90)


def test_small_pictures_get_an_enlarged_overlay(run: tuple) -> None:
    _, out = run
    with Image.open(out / "4tiny_iuv.png") as iuv, Image.open(out / "4tiny_overlay.jpg") as overlay:
        assert (iuv.size, overlay.size) == ((16, 16), (1008, 1008))


def test_page_links_only_files_that_are_there(run: tuple) -> None:
    _, out = run
    text = (out / "index.html").read_text()
    targets = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(targets) == 6 * (2 * 3 + 4)
    for target in targets:
        assert not target.startswith(("/", "http"))
        assert (out / target.replace("%20", " ").replace("%23", "#")).is_file(), target


def test_results_load_with_pycocotools(run: tuple) -> None:
    _, out = run
    coco = COCO()
    coco.dataset = {"images": [{"id": i} for i in range(1, 7)], "categories": [{"id": 1}], "annotations": []}
    coco.createIndex()
    assert len(coco.loadRes(str(out / "results.json")).anns) == 6


@pytest.mark.parametrize(
    ("boxes", "fault"),
    [
        ([{"image": "b.png", "bbox": [0, 0, 5, 5]}], "unknown picture 'b.png'"),
        ([{"image": "a.png", "bbox": [0, 0, 0, 5]}], "has no area"),
        ([{"image": "a.png", "bbox": [40, 0, 5, 5]}], r"lies outside .*a.png \(30 x 20 pixels\)"),
    ],
)
def test_bad_boxes_are_told_before_anything_is_done(tmp_path: Path, boxes: list, fault: str) -> None:
    Image.fromarray(scene(20, 30)).save(tmp_path / "a.png")
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    with pytest.raises(InputError, match=fault):
        plan([str(tmp_path / "a.png")], [], str(tmp_path / "boxes.json"))


def test_whole_picture_is_the_box_by_default_and_stems_stay_apart(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        Image.fromarray(scene(20, 30)).save(tmp_path / name)
    planned = plan([str(tmp_path / name) for name in ("a.jpg", "a.png", "b.png")], [], None)
    assert [w.name for w in planned.pictures] == ["a_jpg", "a_png", "b"]
    np.testing.assert_array_equal(planned.pictures[0].boxes_yxyx, [[0, 0, 20, 30]])
    assert planned.skipped == []


def test_only_broken_pictures_raise(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("x")
    with pytest.raises(InputError, match=r"none of 1 pictures is readable, the first: .*a.jpg"):
        plan([str(tmp_path / "a.jpg")], [], None)


def test_folder_that_is_no_model_ends_with_one_line_and_nothing_written(tmp_path: Path) -> None:
    Image.fromarray(scene(20, 30)).save(tmp_path / "a.png")
    done = run_main(f"--model={tmp_path}", f"--input={tmp_path / 'a.png'}", f"--output={tmp_path / 'out'}")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "is no SavedModel" in done.stderr
    assert not (tmp_path / "out").exists()


def test_clip_and_picture_in_one_command(model: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(scene(40, 30)).save(tmp_path / "in" / "a.png")
    clips.save(tmp_path / "in" / "walk.avi", clips.walking(9), "MJPG")
    arguments = [f"--model={model}", f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"]
    options = ["--every=2", "--frames=1:8", "--smooth=0.3", "--codec=mpeg4"]
    done = mains.run_main(predict, [*arguments, *options], capsys)
    assert done.status == 0, done.stderr
    assert "5 people in 1 picture and 1 clip, 0 skipped" in done.stdout
    frames = list(dumps.read_frames(tmp_path / "out" / "walk.jsonl"))
    assert [frame.frame for frame in frames] == [1, 3, 5, 7]
    for frame in frames:
        (person,) = frame.people
        # The echo model's mask is where blue is: the disc of clips.disc, through a crop as large as the frame.
        columns = np.nonzero(person.mask)[1]
        assert abs(columns.mean() + 0.5 - (16 + 1.5 * frame.frame)) < 1
    again = mains.run_main(predict, [*arguments, *options], capsys)
    assert "1 of 1 pictures are done already" in again.stdout
    assert "walk.avi is done already" in again.stdout
    other = mains.run_main(predict, [*arguments, *options, "--every=3"], capsys)
    assert "holds a run with other settings (every)" in other.stdout


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--frames=5"], "--frames: name frames as A:B"),
        (["--every=0"], "--every"),
        (["--smooth=-1"], "--smooth"),
        (["--codec=h264"], "--codec"),
        (["--boxes=b.json"], "--boxes is for pictures"),
        (["--output=in"], "--output: 'walk.mp4' there is one of the inputs"),
    ],
)
def test_bad_options_of_clips_end_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, options: list[str], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    clips.save(Path("in/walk.mp4"), clips.walking(3))
    done = mains.run_main(predict, ["--model=m", "--input=in/walk.mp4", "--output=out", *options], capsys)
    assert done.status == 2
    assert fault in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_help_tells_every_option() -> None:
    text = run_main("--help").stdout
    for name in (
        "model",
        "input",
        "output",
        "boxes",
        "flip",
        "nms",
        "redo",
        "draw",
        "dump",
        "frames",
        "smooth",
        "codec",
    ):
        assert re.search(rf"^  --(\[no\])?{name}:", text, re.MULTILINE), name


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_stopped_run_leaves_whole_files_and_goes_on(model: str, tmp_path: Path, number: int, status: int) -> None:
    (tmp_path / "in").mkdir()
    for place in range(150):  # some seconds of work after the first five
        Image.fromarray(scene(300 + place, 200)).save(tmp_path / "in" / f"p{place:03d}.jpg")
    command = [sys.executable, "-m", "simpose_tf.predict", f"--model={model}", f"--input={tmp_path / 'in'}"]
    running = subprocess.Popen(
        [*command, f"--output={tmp_path / 'out'}"],
        stdout=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would what we start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    log = tmp_path / "out" / "run.jsonl"
    while running.poll() is None and not (log.is_file() and len(log.read_text().splitlines()) > 5):
        time.sleep(0.01)
    running.send_signal(number)
    said, _ = running.communicate()
    assert running.returncode == status
    if status > 0:
        assert said.endswith("stopped; the same command goes on where this run ends\n")
        assert not list((tmp_path / "out").rglob(".*"))
    for path in (tmp_path / "out").rglob("[!.]*.*"):
        if path.suffix in (".jpg", ".png"):
            with Image.open(path) as opened:
                opened.load()
        elif path.suffix == ".json":
            json.loads(path.read_text())
    for folder in ("out", "whole"):
        done = subprocess.run([*command, f"--output={tmp_path / folder}"], capture_output=True, text=True, check=True)
        assert ("pictures are done already" in done.stdout) == (folder == "out")
    names = {str(path.relative_to(tmp_path / "whole")) for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    assert {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()} == names
    for name in names - {"run.jsonl"}:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
