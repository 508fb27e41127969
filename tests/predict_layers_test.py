"""`predict --draw` and `--dump`: layers, files of full precision, and the texture that is taken from them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf import extract_texture, predict
from simpose_tf.densepose import results
from simpose_tf.inference import dumps
from simpose_tf.surface import chart_vertices
from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import atlas
from tests import mains
from tests.inference import savedmodels
from tests.predict_test import run_main, scene


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return savedmodels.save(savedmodels.EchoModel(65, 49), tmp_path_factory.mktemp("echo") / "model")


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
    assert done.stdout.startswith("1 person, ")
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
