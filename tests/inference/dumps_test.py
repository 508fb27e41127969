"""What predict writes for a picture, read back."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from simpose_tf.errors import InputError
from simpose_tf.inference import dumps, people
from simpose_tf.visualize import normals
from tests.inference.people_test import person


@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
def test_run_lengths_equal_pycocotools(density: float) -> None:
    mask = (np.random.default_rng(0).random((61, 83)) < density).astype(np.uint8)
    rle = coco_mask.encode(np.asfortranarray(mask))
    text = {"size": rle["size"], "counts": rle["counts"].decode()}
    np.testing.assert_array_equal(dumps.decode_rle(text, "x"), mask > 0)


def test_run_lengths_of_a_large_mask_with_long_and_shrinking_runs() -> None:
    mask = np.zeros((700, 900), np.uint8)
    mask[10:600, 100:800], mask[300:302, 400:410] = 1, 0
    rle = coco_mask.encode(np.asfortranarray(mask))
    np.testing.assert_array_equal(dumps.decode_rle({"size": [700, 900], "counts": rle["counts"].decode()}, "x"), mask)


def test_run_lengths_as_a_list() -> None:
    # Columns first: (0, 0) and (1, 0) are off, (0, 1) is on, the rest off.
    found = dumps.decode_rle({"size": [2, 3], "counts": [2, 1, 3]}, "x")
    np.testing.assert_array_equal(found, [[False, True, False], [False, False, False]])


@pytest.mark.parametrize("rle", [{"size": [2, 2], "counts": [1, 1]}, {"size": [2, 2], "counts": "o"}, {}, None])
def test_run_lengths_at_fault_are_told(rle: object) -> None:
    with pytest.raises(InputError, match="person 3: no COCO run lengths"):
        dumps.decode_rle(rle, "person 3")  # type: ignore[arg-type]


def picture_json(tmp_path: Path, **changes: object) -> Path:
    """Write NAME.json of one person in a picture of 30 x 40 pixels."""
    mask = np.zeros((4, 3))
    mask[1:3] = 1
    content = people.person_json(person((10, 20, 14, 23), mask), 5, (30, 40)) | changes
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"image": "a.jpg", "image_id": 5, "height": 30, "width": 40, "people": [content]}))
    return path


def test_picture_json_reads_back(tmp_path: Path) -> None:
    read = dumps.read_picture_json(picture_json(tmp_path))
    assert (read.image, read.image_id, read.height, read.width) == ("a.jpg", 5, 30, 40)
    (found,) = read.people
    np.testing.assert_array_equal(found.detection.box_xywh, [20, 10, 3, 4])
    np.testing.assert_array_equal(found.keypoints[1], [1.5, 2.5, 0.5])
    expected = np.zeros((30, 40), bool)
    expected[11:13, 20:23] = True
    np.testing.assert_array_equal(found.mask, expected)
    np.testing.assert_array_equal(found.detection.iuv()[..., 0] > 0, expected[10:14, 20:23])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"keypoints": [1, 2]}, "needs 17 keypoints"),
        ({"segmentation": {"size": [2, 2], "counts": [4]}}, "its mask is 2 x 2, the picture 40 x 30"),
        ({"uv_data": "x"}, "uv_data is no base64"),
        ({"score": "high"}, "score is high, not a finite number"),
    ],
)
def test_person_at_fault_is_told_with_its_place(tmp_path: Path, changes: dict, fault: str) -> None:
    with pytest.raises(InputError, match=f"a.json: result 0.*{fault}"):
        dumps.read_picture_json(picture_json(tmp_path, **changes))


@pytest.mark.parametrize(("most", "mode"), [(3, "L"), (254, "L"), (255, "I;16"), (13379, "I;16")])
def test_indices_read_back_in_as_few_bits_as_they_need(tmp_path: Path, most: int, mode: str) -> None:
    indices = np.random.default_rng(0).integers(-1, most, (9, 7))
    indices[0, :2] = -1, most
    dumps.write_indices(tmp_path / "a.png", indices)
    np.testing.assert_array_equal(dumps.read_indices(tmp_path / "a.png"), indices)
    with Image.open(tmp_path / "a.png") as stored:
        assert stored.mode == mode


def test_index_over_16_bits_is_told_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="index 65535 does not fit 16 bits"):
        dumps.write_indices(tmp_path / "a.png", np.array([[65535]]))
    assert list(tmp_path.iterdir()) == []


def test_iuv_and_normals_read_back_within_their_levels(tmp_path: Path) -> None:
    crop = person((0, 0, 8, 6), np.tile([0.2, 0.9], (8, 3)), part=7).crop
    rng = np.random.default_rng(1)
    dense = people.CropPeople(crop.mask, crop.part, rng.random((8, 6, 2)).astype(np.float32), crop.normal)
    inside = crop.mask >= 0.5
    Image.fromarray(people.iuv_image(dense)).save(tmp_path / "iuv.png")
    Image.fromarray(normals.encode(dense.normal, inside)).save(tmp_path / "normals.png")
    part, uv = dumps.read_iuv(tmp_path / "iuv.png")
    np.testing.assert_array_equal(part, np.where(inside, 7, 0))
    lost = (dense.uv - uv)[inside]  # cut, not rounded
    assert lost.min() >= 0
    assert lost.max() < 1 / 255
    normal, known = dumps.read_normals(tmp_path / "normals.png")
    np.testing.assert_array_equal(known, inside)
    assert ((normal * dense.normal).sum(-1)[inside] > np.cos(np.radians(0.8))).all()


def test_full_precision_reads_back_unchanged(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    written = dumps.Dense(
        bbox=rng.random((2, 4)),
        score=rng.random(2),
        keypoints=rng.random((2, 17, 3)),
        inds=rng.integers(0, 3, (5, 6)).astype(np.uint16),
        mask=rng.random((5, 6)).astype(np.float32),
        part=rng.integers(0, 25, (5, 6)).astype(np.uint8),
        uv=rng.random((5, 6, 2)).astype(np.float32),
        normal=rng.random((5, 6, 3)).astype(np.float32),
    )
    dumps.write_dense(tmp_path / "a.npz", written)
    read = dumps.read_dense(tmp_path / "a.npz")
    for name, values in vars(written).items():
        assert getattr(read, name).dtype == values.dtype
        np.testing.assert_array_equal(getattr(read, name), values)


def test_files_of_another_kind_are_told(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(np.full((4, 4, 3), 25, np.uint8)).save(tmp_path / "color.png")
    np.savez(tmp_path / "a.npz", part=np.zeros((2, 2)))
    np.savez(tmp_path / "object.npz", part=np.array([{}], object), allow_pickle=True)
    for read, name, fault in (
        (dumps.read_iuv, "grey.png", "three channels"),
        (dumps.read_iuv, "color.png", "part 25; parts are 0..24"),
        (dumps.read_normals, "grey.png", "three channels"),
        (dumps.read_indices, "color.png", "no grey picture"),
        (dumps.read_indices, "none.png", "no such file"),
        (dumps.read_dense, "a.npz", "no .npz of simpose_tf.predict"),
        (dumps.read_dense, "object.npz", "no .npz of simpose_tf.predict"),
        (dumps.read_picture_json, "none.json", "No such file"),
    ):
        with pytest.raises(InputError, match=fault):
            read(tmp_path / name)


def test_readers_need_no_tensorflow() -> None:
    code = "import sys, simpose_tf.inference.dumps, simpose_tf.extract_texture; "
    code += "assert not {'tensorflow', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
