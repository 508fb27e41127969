"""uv and normals out of files: pictures of labels, DensePose's points, what is told of bad ones."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from simpose_tf.data import coco, schema
from simpose_tf.errors import InputError
from simpose_tf.evaluation import dense_files
from simpose_tf.visualize import normals

HEIGHT, WIDTH = 60, 80
BOX = [20.0, 10.0, 30.0, 40.0]  # x, y, width, height


def person() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return part, u, v and normals of a person who fills its box: the left half torso, the right half left arm."""
    part = np.zeros((HEIGHT, WIDTH), np.uint8)
    part[10:50, 20:35], part[10:50, 35:50] = 2, 15
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    on = part > 0
    normal = np.where(on[..., None], [0.0, 0.0, -1.0], 0.0)
    return part, x / WIDTH * on, y / HEIGHT * on, normal


def png(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[..., ::-1])


def write_truth(folder: Path, **more) -> str:
    """Write annotations of one picture, `scene.png`, with its labels."""
    part, u, v, normal = person()
    one = {
        "id": 1, "image_id": 5, "category_id": 1, "iscrowd": 0, "bbox": BOX, "area": 1200,
        "segmentation": coco.run_lengths(part > 0), **more,
    }  # fmt: skip
    png(folder / "labels" / "scene_iuv.png", schema.iuv_levels(part, u, v))
    png(folder / "labels" / "scene_normals.png", schema.normal_levels(normal))
    image = {"id": 5, "file_name": "scene.png", "height": HEIGHT, "width": WIDTH}
    content = {"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "person"}]}
    (folder / "truth.json").write_text(json.dumps(content))
    return str(folder / "truth.json")


def entry(iuv: np.ndarray, box: list[float] = BOX, **more) -> dict:
    """Return a DensePose result whose pixels are those of `iuv` `[H,W,3]` in its box."""
    x, y, width, height = (int(side) for side in box)
    inside = np.ascontiguousarray(iuv[y : y + height, x : x + width, ::-1])
    data = base64.b64encode(cv2.imencode(".png", inside)[1].tobytes()).decode()
    shape = [3, height, width]
    return {"image_id": 5, "category_id": 1, "bbox": box, "score": 0.9, "uv_shape": shape, "uv_data": data, **more}


def predicted(folder: Path, entries: list[dict]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "found.json").write_text(json.dumps(entries))
    return str(folder / "found.json")


def true_iuv() -> np.ndarray:
    part, u, v, _ = person()
    return np.stack([part, u * 255, v * 255], -1).astype(np.uint8)


def test_exact_uv_errs_by_less_than_a_level(tmp_path: Path) -> None:
    found = dense_files.of_uv(write_truth(tmp_path), predicted(tmp_path, [entry(true_iuv())]), None)
    # u and v are cut to 8 bits: each is at most 1 / 255 too small.
    assert 0 < found.numbers["uv_l2"] < np.sqrt(2) / 255
    assert found.numbers["part_accuracy"] == found.numbers["found"] == 1
    assert found.on == "1 people (1 found), 1200 pixels of theirs"
    assert list(found.details["by_part"]) == ["torso_front", "left_upper_arm_front"]
    assert list(found.details["by_size"]) == ["medium"]


def test_a_shift_of_u_a_wrong_part_and_a_hole_are_counted_as_they_are(tmp_path: Path) -> None:
    iuv = true_iuv().astype(int)
    iuv[:, 20:35, 1] += 51 * (iuv[:, 20:35, 0] > 0)  # .2 off in u on the torso, 600 pixels
    iuv[10:30, 35:50, 0] = 16  # 300 pixels of the arm are the other arm's
    iuv[30:50, 35:50] = 0  # 300 pixels are missed
    found = dense_files.of_uv(write_truth(tmp_path), predicted(tmp_path, [entry(iuv.astype(np.uint8))]), None)
    assert found.numbers["uv_l2"] == pytest.approx(0.2, abs=2 / 255)
    assert found.numbers["part_accuracy"] == 600 / 1200
    assert found.numbers["found"] == 900 / 1200


def test_each_person_is_compared_with_the_box_that_fits_best(tmp_path: Path) -> None:
    off = [BOX[0] + 3, *BOX[1:]]
    wrong = np.zeros_like(true_iuv())
    found = [entry(wrong, off, score=1.0), entry(true_iuv()), entry(wrong, [0.0, 0.0, 5.0, 5.0])]
    assert dense_files.of_uv(write_truth(tmp_path), predicted(tmp_path, found), None).numbers["part_accuracy"] == 1
    far = dense_files.of_uv(write_truth(tmp_path), predicted(tmp_path, found[2:]), None)
    assert (far.numbers["found"], far.numbers["people_found"]) == (0, 0)


def test_points_of_densepose_are_used_where_there_are_some(tmp_path: Path) -> None:
    # Points in 1/255 of the box: pixel (35, 30) is (15, 20) in the box: 15 / 30 * 255, 20 / 40 * 255. The second one
    # lies on no part and does not count.
    points = {"dp_x": [127.6, 3], "dp_y": [127.6, 3], "dp_I": [15, 0], "dp_U": [0.1375, 0], "dp_V": [0.5, 0]}
    truth = write_truth(tmp_path, **points)
    found = dense_files.of_uv(truth, predicted(tmp_path, [entry(true_iuv())]), None)
    # There u is 35 / 80 = .4375: .3 off, and cut to 111 / 255; v is 30 / 60 = .5, cut to 127 / 255.
    expected = np.hypot(111 / 255 - 0.1375, 127 / 255 - 0.5)
    assert found.numbers["uv_l2"] == pytest.approx(expected, abs=1e-9)
    assert found.on == "1 people (1 found), 1 annotated points"
    pictures = dense_files.of_uv(truth, predicted(tmp_path, [entry(true_iuv())]), str(tmp_path / "labels"))
    assert pictures.on.endswith("1200 pixels of theirs")


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    normal = person()[3]
    return np.where(normal[..., 2:] < 0, [np.sin(angle), 0.0, -np.cos(angle)], normal)


def test_normals_turned_by_20_degrees_are_20_degrees_off(tmp_path: Path) -> None:
    truth, part = write_truth(tmp_path), person()[0]
    normal = np.where((part == 15)[..., None], turned(20.0), person()[3])
    png(tmp_path / "pred" / "scene_normals.png", normals.encode(normal, part > 0))
    found = dense_files.of_normals(truth, str(tmp_path / "pred"), None)
    # Half of the pixels 0, half 20 degrees, up to the 8 bits of the picture (half a level is .22 degrees).
    assert found.numbers["normal_add_deg"] == pytest.approx(10, abs=0.5)
    assert found.numbers["share_under_11.25_deg"] == 0.5
    assert found.numbers["share_under_22.5_deg"] == found.numbers["found"] == 1
    assert found.details["by_part"]["left_upper_arm_front"]["normal_add_deg"] == pytest.approx(20, abs=0.5)
    assert found.details["by_part"]["torso_front"]["normal_add_deg"] < 0.5


def test_pixels_without_a_normal_are_left_out_and_told(tmp_path: Path) -> None:
    truth, part = write_truth(tmp_path), person()[0]
    png(tmp_path / "pred" / "scene_normals.png", normals.encode(person()[3], part == 2))
    found = dense_files.of_normals(truth, str(tmp_path / "pred"), None)
    assert found.numbers["found"] == 0.5 and found.numbers["normal_add_deg"] < 0.5


def test_files_that_are_missing_or_wrong_are_told(tmp_path: Path) -> None:
    truth, found = write_truth(tmp_path), predicted(tmp_path, [entry(true_iuv())])
    with pytest.raises(InputError, match=r"^--results: none of the pictures' NAME_normals.png"):
        dense_files.of_normals(truth, found, None)
    png(tmp_path / "scene_normals.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"^--results: .*scene_normals.png: 9 x 9 pixels, but 80 x 60"):
        dense_files.of_normals(truth, found, None)
    with pytest.raises(InputError, match=r"^--labels: no such folder"):
        dense_files.of_uv(truth, found, str(tmp_path / "none"))
    wrong = true_iuv()
    wrong[..., 0] = 25
    with pytest.raises(InputError, match="part 25"):
        dense_files.of_uv(truth, predicted(tmp_path, [entry(wrong)]), None)
    png(tmp_path / "labels" / "scene_iuv.png", wrong)
    with pytest.raises(InputError, match=r"^--labels: .*scene_iuv.png: a pixel of part 25"):
        dense_files.of_uv(truth, found, None)
    (tmp_path / "labels" / "scene_iuv.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"^--labels: .*no PNG of three channels"):
        dense_files.of_uv(truth, found, None)
    (tmp_path / "labels" / "scene_iuv.png").unlink()
    with pytest.raises(InputError, match=r"^--labels: 1 of 1 pictures are not in"):
        dense_files.of_uv(truth, found, None)
