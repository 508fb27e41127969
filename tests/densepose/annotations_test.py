import json

import numpy as np
import pytest

from simpose_tf.densepose.annotations import parse_annotations, read_annotations
from simpose_tf.errors import InputError
from tests.densepose import cases

BOX = (10.0, 5.0, 40.0, 50.0)
GOOD = cases.person(7, BOX, [(20, 20, 0.5), (0, 10, 0.25)])


def without(annotation, *keys):
    return {key: value for key, value in annotation.items() if key not in keys}


def test_pictures_come_by_id_and_people_in_the_files_order():
    images = [cases.image(12), cases.image(3)]
    people = [cases.person(n, BOX, [(1, 1, 0.0)], image_id=i) for n, i in ((5, 12), (2, 3), (1, 12), (9, 77))]
    read = parse_annotations(cases.dataset(people, images), "file")
    assert list(read.pictures) == [3, 12] and read.categories == [1]
    assert [person.number for person in read.pictures[12].people] == [5, 1]  # 77 is no picture of the file


def test_points_keep_their_place_part_and_uv():
    points = parse_annotations(cases.dataset([GOOD]), "file").pictures[1].people[0].points
    np.testing.assert_allclose(points.xy, [[20 * 255 / 40, 20 * 255 / 50], [0, 10 * 255 / 50]])
    np.testing.assert_array_equal(points.part, [1, 1])
    np.testing.assert_allclose(points.uv, [[0.5, 0], [0.25, 0]])


def test_parts_that_are_no_whole_numbers_are_no_parts():
    points = parse_annotations(cases.dataset([{**GOOD, "dp_I": [1.5, 24.0]}]), "file").pictures[1].people[0].points
    np.testing.assert_array_equal(points.part, [0, 24])


def test_people_without_the_key_have_no_points_and_an_empty_list_has_none():
    people = [GOOD, cases.without_points({**GOOD, "id": 8}), cases.person(9, BOX)]
    points = [person.points for person in parse_annotations(cases.dataset(people), "file").pictures[1].people]
    assert points[1] is None and points[2].part.shape == (0,)


@pytest.mark.parametrize(
    "person, told",
    [
        (without(GOOD, "dp_I", "dp_V"), "annotation id 7: dp_x without dp_I, dp_V"),
        (without(GOOD, "bbox"), "annotation id 7: no bbox"),
        (without(GOOD, "id"), "annotation number 0 .from 0.: no id"),
        ({**GOOD, "bbox": [1, 2, 3]}, "bbox must be four finite numbers"),
        ({**GOOD, "bbox": [1, 2, 3, float("nan")]}, "bbox must be four finite numbers"),
        ({**GOOD, "bbox": [1, 2, -3, 4]}, "negative width"),
        ({**GOOD, "area": "big"}, "area must be numbers"),
        ({**GOOD, "dp_U": [0.5]}, r"\[2, 2, 2, 1, 2\] entries"),
        ({**GOOD, "dp_U": [0.5, None]}, "must be (finite|lists of numbers)"),
        ({**GOOD, "dp_V": [0.5, float("inf")]}, "must be finite"),
        ({**GOOD, "dp_x": 3.0}, "lists of numbers"),
        ({**GOOD, "dp_I": [1, 25]}, r"dp_I must lie in 0\.\.24"),
        ({**GOOD, "image_id": [1]}, "image_id and category_id must be numbers or text"),
        ({**GOOD, "category_id": None}, "image_id and category_id must be numbers or text"),
        ({**GOOD, "iscrowd": "yes"}, "iscrowd is 'yes', not 0 or 1"),
        ("person", "no object"),
    ],
)
def test_a_faulty_annotation_is_named(person, told):
    with pytest.raises(InputError, match=told):
        parse_annotations(cases.dataset([person]), "file.json")


@pytest.mark.parametrize("region", [3, [3], [["a", "b", "c"]], "text", {"a": 1}])
def test_regions_of_another_form_are_told(region):
    images = [cases.image(5, ignore_regions_x=region, ignore_regions_y=region)]
    with pytest.raises(InputError, match="file: image 5: ignore_regions_x and _y must be lists of lists"):
        parse_annotations(cases.dataset([GOOD], images), "file")


def test_files_of_another_form_are_told(tmp_path):
    with pytest.raises(InputError, match="'images' and 'annotations'"):
        parse_annotations([GOOD], "file")
    with pytest.raises(InputError, match="second one with this id"):
        parse_annotations(cases.dataset([GOOD, GOOD]), "file")
    with pytest.raises(InputError, match="image number 0"):
        parse_annotations(cases.dataset([GOOD], [{"height": 3}]), "file")
    with pytest.raises(InputError, match=r"--annotations: .*missing.json"):
        read_annotations(tmp_path / "missing.json")
    (tmp_path / "text.json").write_text("{")
    with pytest.raises(InputError, match="no json file"):
        read_annotations(tmp_path / "text.json")
    (tmp_path / "good.json").write_text(json.dumps(cases.dataset([GOOD])))
    assert list(read_annotations(tmp_path / "good.json").pictures) == [1]


def test_a_file_tells_whether_it_has_anything_of_denseposes():
    bare = cases.without_points(GOOD)
    has_dense = [parse_annotations(cases.dataset([one]), "file").has_dense for one in (GOOD, bare)]
    assert has_dense == [True, False]
    masks_only = {**bare, "dp_masks": []}
    read = parse_annotations(cases.dataset([masks_only]), "file")
    assert read.has_dense and read.pictures[1].people[0].points is None
