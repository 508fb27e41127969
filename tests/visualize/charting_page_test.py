"""The report page of a charted mesh and its table."""

import dataclasses
import re
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from simpose_tf.surface.reference import open_reference
from simpose_tf.visualize import charting_page, charting_table
from simpose_tf.visualize.charted_mesh import ChartedMesh


@pytest.fixture(scope="module")
def body() -> ChartedMesh:
    """Return the reference with a distance of 3 mm at the left and 13 mm at the right, one fold and a layer."""
    reference = open_reference()
    far = np.where(reference.vertices[:, 0] > 0, 0.003, 0.013)
    uv = reference.uv.copy()
    fold = int(np.flatnonzero(reference.part == 9)[7])
    uv[fold] = uv[fold, ::-1]
    return ChartedMesh(
        reference.vertices, reference.faces, reference.part, uv, reference.part == 5, None, far, body=reference
    )


@pytest.fixture(scope="module")
def page(body: ChartedMesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "my body.html"
    about = {"file": "a <b>.obj", "command": "annotate_mesh --mesh=a"}
    charting_page.write_page(str(path), "Charts of a & b", body, about, ["2 vertices were welded & so on"])
    return path


def row(text: str, part: str) -> list[str]:
    found = re.search(rf"<tr><td>[^/]*</s>{part}</td>(.*?)</tr>", text)
    assert found
    return re.findall(r"<td[^>]*>(.*?)</td>", found[1])


def test_all_pictures_of_the_page_are_there(page: Path):
    sources = re.findall(r'src="([^"]+)"', page.read_text())
    assert len(sources) == len(set(sources)) == 4 * 5 + 4 + 12 + 24
    for source in sources:
        picture = cv2.imread(str(page.parent / unquote(source)))
        assert picture is not None and np.ptp(picture) > 0, source
    assert {p.name for p in page.parent.iterdir()} == {"my body.html", "my body_page"}
    assert len(list((page.parent / "my body_page").iterdir())) == len(sources)


def test_page_tells_what_it_was_told(page: Path):
    text = page.read_text()
    for told in (
        "Charts of a &amp; b",
        "a &lt;b&gt;.obj",
        "annotate_mesh --mesh=a",
        "2 vertices were welded &amp; so on",
    ):
        assert told in text
    assert "24 of 24" in text and f"{26756:,}" in text


def test_page_counts_folds_in_red(page: Path):
    text = page.read_text()
    assert '<div class="tile bad"><b>1</b><span>folded' in text
    assert '<b class="fold">1</b>' in row(text, "9 right upper leg front")
    assert '<b class="fold">' not in "".join(row(text, "10 left upper leg front"))


def test_page_without_folds_has_no_red(tmp_path: Path):
    reference = open_reference()
    mesh = ChartedMesh(reference.vertices, reference.faces, reference.part, reference.uv)
    charting_page.write_page(str(tmp_path / "x.html"), "x", mesh, {})
    text = (tmp_path / "x.html").read_text()
    assert 'class="tile bad"' not in text and 'b class="fold"' not in text
    assert "Distance to the reference" not in text and "The reference beneath" not in text and ">Layers<" not in text


def test_corners_without_a_place_do_not_stop_the_page(body: ChartedMesh, tmp_path: Path):
    lost = body.uv.copy()
    lost[:40:2], lost[1:40:2] = np.nan, 1e9
    broken = dataclasses.replace(body, uv=lost, body=None, distance=None, layer=None)
    with np.errstate(all="raise"):
        charting_page.write_page(str(tmp_path / "x.html"), "x", broken, {})
    assert 'class="tile bad"' in (tmp_path / "x.html").read_text()


def test_table_tells_faces_layers_and_distances(body: ChartedMesh):
    text = charting_table.table(body)
    reference = open_reference()
    foot = row(text, "5 left foot")
    assert foot[0] == foot[1] == f"{(reference.part == 5).sum():,}"
    assert foot[-2:] == ["3.0", "3.0"]
    assert row(text, "6 right foot")[-2:] == ["13.0", "13.0"]
    assert row(text, "6 right foot")[1] == "0"
    assert row(text, "1 torso back")[3].split(" ")[0] == re.sub("<.*?>", "", row(text, "1 torso back")[3]).split()[1]


def test_distances_are_means_by_area():
    # A triangle of area 3 at 1 mm and one of area 1 at 5 mm.
    vertices = np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0], [9, 0, 0], [11, 0, 0], [9, 1, 0]], float)
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    distance = np.array([1, 1, 1, 5, 5, 5]) / 1000
    mesh = ChartedMesh(vertices, faces, np.array([1, 1]), np.zeros((2, 3, 2)), distance=distance)
    assert charting_table.distances(mesh, np.array([True, True])) == pytest.approx((2, 5))
    assert charting_table.distances(mesh, np.array([True, False])) == pytest.approx((1, 1))
    assert np.isnan(charting_table.distances(mesh, np.array([False, False]))[0])


def test_the_scale_of_distances_holds_95_percent(body: ChartedMesh):
    assert charting_page.distance_scale(body) == 0.02
    near = dataclasses.replace(body, distance=np.full(len(body.vertices), 0.001))
    assert charting_page.distance_scale(near) == 0.01


def test_half_of_the_surface_is_stretched_less_than_the_median():
    uv = np.array([[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    mesh = ChartedMesh(square, faces, np.array([7, 7]), uv[faces])
    assert charting_page.median_stretch(mesh) == pytest.approx(1)
