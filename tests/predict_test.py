"""The prediction main: files, page, and refusals."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from simpose_tf import extract_texture, predict
from simpose_tf.densepose import results
from simpose_tf.errors import InputError
from simpose_tf.inference import dumps
from simpose_tf.inference.work import plan
from simpose_tf.surface import chart_vertices
from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import atlas, normals
from tests import mains
from tests.inference import savedmodels


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


@pytest.fixture(scope="module")
def everything(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predict two people of one picture with all layers and dumps."""
    folder = tmp_path_factory.mktemp("everything")
    (folder / "in").mkdir()
    Image.fromarray(np.concatenate([scene(120, 90)] * 2, 1)).save(folder / "in" / "a.png")
    boxes = [{"image": "a.png", "bbox": [x, 0, 90, 120]} for x in (0, 90)]
    (folder / "boxes.json").write_text(json.dumps(boxes))
    arguments = [f"--model={model}", f"--input={folder / 'in'}", f"--output={folder / 'out'}"]
    arguments += [f"--boxes={folder / 'boxes.json'}", "--dump=npz,vertices"]
    done = run_main(*arguments, "--draw=contours,keypoints,boxes,parts,u,v,normals,masks,texture")
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_every_layer_is_drawn_alone_and_all_beside_the_picture(everything: Path) -> None:
    layers = ["contours", "keypoints", "boxes", "parts", "u", "v", "normals", "masks", "texture"]
    drawings = [f"a_{kind}.jpg" for kind in [*layers, "overlay", "beside"]]
    data = ["a.json", "a.npz", "a_iuv.png", "a_normals.png", "a_inds.png", "a_vertices.png"]
    rest = ["results.json", "results.npz", "index.html", "previews", "run.jsonl"]
    assert sorted(p.name for p in everything.iterdir()) == sorted([*drawings, *data, *rest])
    for kind in [*layers, "overlay"]:
        with Image.open(everything / f"a_{kind}.jpg") as drawn:
            assert drawn.size == (6 * 180, 6 * 120)  # 1000 / 180: six times as large


def test_page_shows_every_drawing(everything: Path) -> None:
    for target in re.findall(r'(?:src|href)="([^"]+)"', (everything / "index.html").read_text()):
        assert (everything / target).is_file(), target


def test_full_precision_agrees_with_the_8_bits(everything: Path) -> None:
    dense = dumps.read_dense(everything / "a.npz")
    part, uv = dumps.read_iuv(everything / "a_iuv.png")
    normal, person = dumps.read_normals(everything / "a_normals.png")
    np.testing.assert_array_equal(dense.part, part)
    np.testing.assert_array_equal(person, part > 0)
    np.testing.assert_array_equal(dumps.read_indices(everything / "a_inds.png"), dense.inds.astype(int) - 1)
    assert set(np.unique(dense.inds)) == {0, 1, 2}
    assert (dense.uv - uv)[person].min() > -1e-6  # cut, not rounded
    assert (dense.uv - uv)[person].max() < 1 / 255
    assert np.degrees(np.arccos(np.clip((dense.normal * normal).sum(-1)[person], -1, 1))).max() < 0.8
    content = dumps.read_picture_json(everything / "a.json")
    for place, someone in enumerate(content.people):
        np.testing.assert_array_equal(someone.detection.box_xywh, dense.bbox[place])
        np.testing.assert_allclose(someone.keypoints, dense.keypoints[place], atol=5.1e-4)  # three digits
        assert someone.detection.score == dense.score[place]
        assert (someone.mask[dense.inds == place + 1]).all()


def test_vertices_are_the_nearest_of_the_open_reference(everything: Path) -> None:
    dense, vertices = dumps.read_dense(everything / "a.npz"), dumps.read_indices(everything / "a_vertices.png")
    np.testing.assert_array_equal(
        vertices, chart_vertices.of_reference(open_reference()).mesh_vertices(dense.part, dense.uv)
    )


def test_both_result_lists_hold_the_same(everything: Path) -> None:
    pairs = zip(
        results.read_results(everything / "results.json"), results.read_results(everything / "results.npz"), strict=True
    )
    for one, other in pairs:
        assert (one.image, one.category, one.score) == (other.image, other.category, other.score)
        np.testing.assert_array_equal(one.box_xywh, other.box_xywh)
        np.testing.assert_array_equal(one.iuv(), other.iuv())


def test_texture_is_taken_from_predictions(everything: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = [
        f"--predictions={everything}",
        f"--images={everything.parent / 'in'}",
        f"--output={tmp_path / 'a.png'}",
    ]
    done = mains.run_main(extract_texture, [*arguments, "--side=50", "--people=a:1"], capsys)
    assert done.status == 0, done.stderr
    assert done.stdout.startswith("1 people, ")
    taken = atlas.read_atlas(str(tmp_path / "a.png"))
    assert taken.side == 50
    # The echo model's u and v are the picture's red and green: so is each texel's place in its tile.
    part, row, column = np.nonzero(taken.known)
    assert len(part) > 100
    # At the disc's rim, 30 pixels from (45, 60), crop pixels mix its colours with the background's, so the model's own
    # u and v are others there; further in they are the texel's place. u = 200 / 255 of x / 90, v of y / 120.
    x, y = column / 49 * 255 / 200 * 90, (1 - row / 49) * 255 / 200 * 120
    inside = np.hypot(x - 45, y - 60) < 26
    assert inside.sum() > 100
    for channel, place in ((0, column / 49), (1, 1 - row / 49)):
        lost = np.abs(taken.colors[part, row, column, channel] - place * 255)[inside]
        # A part is two texels wide here: one in ten lies on its border, where few pixels tell.
        assert np.median(lost) < 1 and np.quantile(lost, 0.9) < 6


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--people=b:0"], "'b:0' is no NAME:PLACE"),
        (["--people=a:7"], "a.json has 2 people, from 0"),
        (["--images=/nowhere"], "--images: no such folder"),
        (["--predictions=/"], "no NAME_iuv.png of simpose_tf.predict"),
    ],
)
def test_extraction_tells_what_is_wrong(
    everything: Path, tmp_path: Path, capsys: pytest.CaptureFixture, options: list[str], fault: str
) -> None:
    arguments = [
        f"--predictions={everything}",
        f"--images={everything.parent / 'in'}",
        f"--output={tmp_path / 'a.png'}",
    ]
    done = mains.run_main(extract_texture, [*arguments, *options], capsys)
    assert done.status == 2
    assert fault in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("--draw=contour", "--draw: no layer 'contour'; layers are contours, keypoints, boxes, parts"),
        ("--dump=pickle", "--dump: no dump 'pickle'; dumps are npz, vertices"),
        ("--atlas=a.png", "--atlas is for the layer texture"),
    ],
)
def test_unknown_drawings_and_dumps_end_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture, option: str, fault: str
) -> None:
    Image.fromarray(scene(20, 30)).save(tmp_path / "a.png")
    arguments = ["--model=m", f"--input={tmp_path / 'a.png'}", f"--output={tmp_path / 'out'}", option]
    done = mains.run_main(predict, arguments, capsys)
    assert done.status == 2
    assert fault in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


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
