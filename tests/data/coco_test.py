import json
import re

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as rle_masks
from pycocotools.coco import COCO

from simpose_tf.data.coco import PeopleFilter, box_mask, polygon_area, rasterize, read_picture, read_pictures
from simpose_tf.errors import InputError
from tests.tfrecord_tools.coco_files import HEIGHT, WIDTH, Sample, person, run_lengths


@pytest.fixture
def sample(tmp_path):
    return Sample(tmp_path, count=2)


def people_of(sample):
    return [p for picture in read_pictures(sample.images, sample.write().file) for p in picture.people]


def fault_of(sample):
    """Return the only fault of the sample; everybody else is sound."""
    faults = [p.fault for p in people_of(sample) if p.fault]
    assert len(faults) == 1
    return faults[0]


def test_sound_people_are_read_with_their_frames(sample):
    first = people_of(sample)[0]
    assert (first.person_id, first.crowd, first.fault) == (100, False, "")
    assert np.allclose(first.box_yxyx, [30, 33, 90, 57])
    # Keypoints are indices of pixels in COCO, continuous coordinates here.
    assert np.allclose(first.keypoints_xy[:2], [[45.5, 32.5], [45.5, 35.5]])
    assert first.visibility.tolist() == [2 - k % 2 for k in range(17)]


def test_compressed_run_lengths_are_read(sample):
    rng = np.random.default_rng(0)
    mask = (rng.random((HEIGHT, WIDTH)) < 0.3) * rng.integers(0, 2, (HEIGHT, 1))
    mask[:, 30:90] = 1
    text = rle_masks.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    sample.annotation(1).update(segmentation={"size": [HEIGHT, WIDTH], "counts": text})
    assert np.array_equal(rasterize(people_of(sample)[1].segmentation, HEIGHT, WIDTH), mask)
    sample.annotation(1).update(segmentation={"size": [HEIGHT, WIDTH], "counts": text[:-4]})
    assert "run lengths sum to" in fault_of(sample)


def test_unlabelled_keypoints_have_no_place(sample):
    sample.annotation(0)["keypoints"][:3] = [0, 0, 0]
    first = people_of(sample)[0]
    assert first.keypoints_xy[0].tolist() == [0, 0]
    assert first.visibility[0] == 0
    assert first.becomes_record(PeopleFilter(16))
    assert not first.becomes_record(PeopleFilter(17))


def test_masks_equal_those_of_pycocotools(sample):
    sample.annotation(0)["segmentation"].append([100, 5, 120, 5, 120, 25, 100, 25])
    oracle = COCO(str(sample.write().file))
    for one in people_of(sample):
        mask = rasterize(one.segmentation, HEIGHT, WIDTH)
        assert np.array_equal(mask, oracle.annToMask(oracle.anns[one.person_id]))


def test_run_lengths_equal_those_of_pycocotools(sample):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:50, 30:90] = 1
    compressed = rle_masks.encode(np.asfortranarray(mask))
    plain = run_lengths(mask)
    assert np.array_equal(rasterize(plain, HEIGHT, WIDTH), mask)
    assert np.array_equal(rasterize(compressed, HEIGHT, WIDTH), mask)
    sample.annotation(1).update(segmentation=plain, iscrowd=1)
    crowd = people_of(sample)[1]
    assert crowd.crowd
    assert crowd.fault == ""
    assert not crowd.becomes_record(PeopleFilter(0))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"bbox": [10, 10, 0, 20]}, "box .* has no area"),
        ({"bbox": [10, 10, 5, -1]}, "box .* has no area"),
        ({"bbox": [10, 10, 5]}, "not four numbers"),
        ({"bbox": [10, 10, 5, None]}, "not four numbers"),
        ({"bbox": [WIDTH, 10, 5, 5]}, "lies off the picture"),
        ({"keypoints": [1, 2, 2]}, "not 51 numbers"),
        ({"keypoints": [5, 5, 3] * 17}, "not 0, 1 or 2"),
        ({"keypoints": [5, 5, 2] * 16 + [WIDTH + 1, 5, 2]}, r"keypoint 16 at \(161, 5\) lies off the picture"),
        ({"keypoints": [-2, 5, 1] + [5, 5, 2] * 16}, r"keypoint 0 at \(-2, 5\) lies off"),
        ({"segmentation": [[1, 1, 9, 9]]}, "polygon 0 has less than 3 points"),
        ({"segmentation": [[1, 1, 9, 9, 5]]}, "polygon 0 has less than 3 points"),
        ({"segmentation": [[1, 1, 9, 9, 5, 5]]}, "polygon 0 has no area"),
        ({"segmentation": [[200, 1, 209, 1, 209, 9]]}, "cover no pixel"),
        ({"segmentation": {"size": [3, 3], "counts": [9]}}, "run lengths are of size"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [9]}}, "run lengths sum to 9"),
        ({"segmentation": {"size": 5, "counts": [9]}}, "run lengths are of size"),
        ({"segmentation": {"size": [HEIGHT, WIDTH]}}, "neither a list"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": ["9"]}}, "not whole numbers"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [-9, HEIGHT * WIDTH + 9]}}, "not whole numbers"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": 9}}, "neither a list"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": "P"}}, "neither a list"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": "52"}}, "run lengths sum to 7"),
    ],
)
def test_faults_are_named_and_others_stay(sample, change, line):
    sample.annotation(2).update(change)
    assert re.search(line, fault_of(sample))


def test_keypoint_up_to_one_pixel_outside_is_moved_to_the_edge(sample):
    sample.annotation(0)["keypoints"] = [-1, HEIGHT, 2] * 17
    first = people_of(sample)[0]
    assert first.fault == ""
    assert np.allclose(first.keypoints_xy, [0.5, HEIGHT - 0.5])


def test_unlabelled_keypoints_may_lie_anywhere(sample):
    sample.annotation(0)["keypoints"][:3] = [-50, 4000, 0]
    assert people_of(sample)[0].fault == ""


def test_person_without_mask_is_no_fault_and_no_record(sample):
    sample.annotation(0)["segmentation"] = []
    first = people_of(sample)[0]
    assert first.fault == ""
    assert not first.becomes_record(PeopleFilter(0))


def test_other_categories_are_left_alone(sample):
    sample.data["categories"].append({"id": 2, "name": "dog"})
    sample.data["annotations"].append(person(999, 10, 50, 50) | {"category_id": 2})
    assert len(people_of(sample)) == 4


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
def test_missing_key_of_the_file_is_named(sample, key):
    del sample.data[key]
    with pytest.raises(InputError, match=f"not a COCO annotation file: the key '{key}' is missing"):
        people_of(sample)


@pytest.mark.parametrize("key", ["id", "image_id", "bbox", "keypoints"])
def test_missing_key_of_an_annotation_is_named(sample, key):
    del sample.annotation(1)[key]
    with pytest.raises(InputError, match=rf"annotations\[1\]: the key '{key}' is missing"):
        people_of(sample)


def test_files_that_are_no_coco_raise(sample):
    for text, line in [("{", "not JSON"), ("[]", "no object but a list"), ('{"images": 3}', "'images' is no list")]:
        sample.file.write_text(text)
        with pytest.raises(InputError, match=line):
            read_pictures(sample.images, sample.file)
    sample.file.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="not JSON"):
        read_pictures(sample.images, sample.file)
    sample.data["images"][0]["height"] = "120"
    sample.file.write_text(json.dumps(sample.data))
    with pytest.raises(InputError, match=r"images\[0\]: 'height' is '120', no int"):
        read_pictures(sample.images, sample.file)


def test_missing_pictures_and_unknown_ids_raise(sample):
    (sample.images / "001.png").unlink()
    with pytest.raises(InputError, match=r"1 of 2 pictures are not in .*, first '001.png'"):
        people_of(sample)
    sample.annotation(0)["image_id"] = 77
    with pytest.raises(InputError, match="annotation 100: no image has the id 77"):
        people_of(sample)


def test_polygon_area_preset():
    assert polygon_area(np.array([[0, 0], [4, 0], [4, 3]])) == 6
    assert polygon_area(np.array([[1000, 1000], [1000, 1002], [1002, 1002], [1002, 1000]])) == 4
    assert polygon_area(np.array([[0, 0], [1, 1], [2, 2]])) == 0


def test_box_mask_holds_every_pixel_that_the_box_touches():
    mask = box_mask(np.array([1.5, 2.0, 3.0, 4.1]), 6, 7)
    assert np.argwhere(mask).tolist() == [[y, x] for y in (1, 2) for x in (2, 3, 4)]


def test_colour_grey_palette_and_alpha_pictures_become_rgb(tmp_path):
    colours = np.random.default_rng(3).integers(0, 256, (9, 11, 3), np.uint8)
    grey = Image.fromarray(colours[..., 0])
    for name, picture, expected in [
        ("rgb.png", Image.fromarray(colours), colours),
        ("alpha.png", Image.fromarray(np.dstack([colours, colours[..., :1]])), colours),
        ("grey.png", grey, np.repeat(colours[..., :1], 3, -1)),
        ("palette.png", grey.convert("P"), np.repeat(colours[..., :1], 3, -1)),
    ]:
        picture.save(tmp_path / name)
        assert np.array_equal(read_picture(str(tmp_path / name), 9, 11), expected), name


def test_cmyk_jpeg_becomes_the_colours_it_shows(tmp_path):
    path = str(tmp_path / "cmyk.jpg")
    Image.new("RGB", (16, 8), (200, 60, 20)).convert("CMYK").save(path, quality=95)
    assert Image.open(path).mode == "CMYK"
    assert np.abs(read_picture(path, 8, 16).astype(int) - [200, 60, 20]).max() <= 4


def test_exif_turn_is_not_applied(tmp_path):
    path = str(tmp_path / "turned.jpg")
    picture = Image.new("RGB", (16, 8), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 8, 8))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(path, exif=exif, quality=95)
    assert cv2.imread(path).shape == (16, 8, 3)  # a reader that does turn it
    stored = read_picture(path, 8, 16)
    assert stored[:, :7].min() > 200
    assert stored[:, 9:].max() < 50


def test_broken_and_foreign_pictures_raise(tmp_path):
    picture = Image.fromarray(np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8))
    for name in ("cut.jpg", "cut.png"):
        picture.save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(InputError, match=f"{name}: no picture, or a broken one"):
            read_picture(str(tmp_path / name), 64, 64)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"text.jpg: no picture"):
        read_picture(str(tmp_path / "text.jpg"), 64, 64)
    picture.save(tmp_path / "size.png")
    with pytest.raises(InputError, match=r"size.png: 64 x 64 pixels, but 32 x 64 in the annotations"):
        read_picture(str(tmp_path / "size.png"), 64, 32)
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(InputError, match="only 8-bit"):
        read_picture(str(tmp_path / "deep.png"), 8, 8)
