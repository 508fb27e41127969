"""Result lists: written and read back, and what is told of those at fault."""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf.errors import InputError
from simpose_tf.inference import people, results
from simpose_tf.inference.results import Entry
from tests.inference.people_test import person


def png(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def entry(**changes: object) -> dict:
    """Return an entry of a box of 3 x 2 pixels."""
    iuv = np.zeros((2, 3, 3), np.uint8)
    iuv[0, 1] = 24, 255, 7
    usual = {"image_id": 5, "category_id": 1, "bbox": [1, 2, 3.7, 2.2], "score": 0.5, "uv_shape": [3, 2, 3]}
    return usual | {"uv_data": png(iuv)} | changes


def test_list_of_people_reads_back_from_json_and_npz(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    found = [person((1.5, 2, 12, 9.25), rng.random((7, 5)), part=p) for p in (3, 24)]
    written = [people.densepose_entry(someone, number) for number, someone in enumerate(found, 7)]
    (tmp_path / "results.json").write_text(json.dumps(written))
    read = results.read_results(tmp_path / "results.json")
    results.write_results_npz(tmp_path / "results.npz", read)
    for again in (read, results.read_results(tmp_path / "results.npz")):
        assert len(again) == 2
        for one, someone, number in zip(again, found, (7, 8), strict=True):
            x, y = np.arange(7) + 2.5, np.arange(10) + 2.0  # the box is 7.25 x 10.5 from (2, 1.5)
            np.testing.assert_array_equal(one.iuv, people.iuv_image(someone.sample(x, y)))
            assert (one.image_id, one.category_id, one.score) == (number, 1, 0.75)
            np.testing.assert_array_equal(one.bbox, [2, 1.5, 7.25, 10.5])


def test_empty_list_reads_back(tmp_path: Path) -> None:
    results.write_results_npz(tmp_path / "results.npz", [])
    assert results.read_results(tmp_path / "results.npz") == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"score": float("nan")}, "bbox must be four numbers and score one"),
        ({"score": None}, "no entry of a DensePose result list"),
        ({"bbox": [1, 2, 3]}, "no entry|four numbers"),
        ({"bbox": [1, 2, 4, 2]}, "uv is 3 x 2 pixels, its box 4 x 2"),
        ({"uv_shape": [3, 3, 2]}, r"uv_shape is \[3, 3, 2\], uv_data is 3 x 2"),
        ({"uv_data": "###"}, "uv_data is not base64"),
        ({"uv_data": "aGVsbG8="}, "uv_data is no PNG"),
        ({"uv_data": png(np.zeros((2, 3), np.uint8))}, "no PNG of three channels"),
        ({"uv_data": png(np.full((2, 3, 3), 25, np.uint8))}, "part 25; parts are 0..24"),
    ],
)
def test_entry_at_fault_is_told_with_its_place(tmp_path: Path, changes: dict, fault: str) -> None:
    (tmp_path / "r.json").write_text(json.dumps([entry(), entry(**changes)]))
    with pytest.raises(InputError, match=f"r.json, entry 1: .*({fault})"):
        results.read_results(tmp_path / "r.json")


def test_files_that_are_no_lists_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("[")
    (tmp_path / "c.npz").write_text("x")
    np.savez(tmp_path / "d.npz", image_id=np.zeros(1))
    for name, fault in (("a.json", "no list"), ("b.json", "not JSON"), ("c.npz", "no .npz"), ("d.npz", "no .npz")):
        with pytest.raises(InputError, match=fault):
            results.read_results(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        results.read_results(tmp_path / "e.json")


def test_npz_whose_pixels_do_not_add_up_is_told(tmp_path: Path) -> None:
    results.write_results_npz(
        tmp_path / "a.npz", [Entry(1, 1, np.array([0, 0, 2.0, 2]), 1.0, np.zeros((2, 2, 3), np.uint8))]
    )
    with np.load(tmp_path / "a.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "b.npz", **arrays | {"iuv": arrays["iuv"][:-1]})
    with pytest.raises(InputError, match="iuv has 3 pixels, uv_shape asks for 4"):
        results.read_results(tmp_path / "b.npz")


def test_readers_need_no_tensorflow() -> None:
    code = "import sys, simpose_tf.inference.dumps, simpose_tf.extract_texture; "
    code += "assert not {'tensorflow', 'cv2', 'pycocotools'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
