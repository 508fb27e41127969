import numpy as np
import pytest

from simpose_tf.densepose.results import parse_results, read_results, write_results_npz
from simpose_tf.errors import InputError
from tests.densepose import cases

BOX = (10.5, 5.25, 4.75, 3.0)  # 4 x 3 pixels
GOOD = cases.result(BOX)


def test_an_entry_gives_its_pixels_back():
    iuv = np.random.default_rng(0).integers(0, 25, (3, 4, 3)).astype(np.uint8)
    one = parse_results([cases.result(BOX, iuv, 0.25, 42)], "file")[0]
    np.testing.assert_array_equal(one.iuv(), iuv)
    assert (one.image, one.category, one.score, one.size) == (42, 1, 0.25, (3, 4))
    np.testing.assert_array_equal(one.box_xywh, BOX)


def test_a_box_under_a_pixel_has_one_pixel():
    assert parse_results([cases.result((0.0, 0.0, 0.4, 0.9))], "file")[0].iuv().shape == (1, 1, 3)


def test_npz_gives_the_same_people(tmp_path):
    rng = np.random.default_rng(1)
    boxes = [(1.0, 2.0, *size) for size in ((4.5, 3.2), (1.0, 1.0), (7.9, 2.1))]
    found = parse_results([cases.result(b, cases.pixels(b, k + 1), rng.random(), k) for k, b in enumerate(boxes)], "f")
    write_results_npz(tmp_path / "found.npz", found)
    for one, again in zip(found, read_results(tmp_path / "found.npz"), strict=True):
        np.testing.assert_array_equal(again.iuv(), one.iuv())
        np.testing.assert_array_equal(again.box_xywh, one.box_xywh)
        assert (again.image, again.category, again.score) == (one.image, one.category, one.score)
    with np.load(tmp_path / "found.npz", allow_pickle=False) as stored:  # as anybody would read it
        assert stored["iuv"].shape == (3 * (4 * 3 + 1 + 7 * 2),)


def test_an_empty_list_is_an_empty_list(tmp_path):
    write_results_npz(tmp_path / "none.npz", parse_results([], "file"))
    assert read_results(tmp_path / "none.npz") == []


@pytest.mark.parametrize(
    "change, told",
    [
        ({"score": float("nan")}, "score is nan"),
        ({"score": None}, "score is None"),
        ({"score": True}, "score is True"),
        ({"score": 10**400}, "score is 1000"),
        ({"category_id": [1]}, r"category_id is \[1\], no number or text"),
        ({"category_id": None}, "category_id is None"),
        ({"bbox": [1, 2, 3]}, "bbox must be four"),
        ({"bbox": [1, 2, 5, 3]}, r"uv of another size than the box: uv_shape \[3, 3, 4\], .*\[3, 3, 5\]"),
        ({"bbox": [10**400, 2, 5, 3]}, "bbox must be four"),
        ({"uv_shape": [3, 4, 3]}, "uv of another size than the box"),
        ({"uv_shape": 3}, "uv of another size than the box"),
        ({"uv_data": 3}, "no base64"),
        ({"uv_data": "%%%"}, "no base64"),
    ],
)
def test_a_faulty_entry_is_named(change, told):
    with pytest.raises(InputError, match=f"file: result 1 .from 0., image 1: .*{told}"):
        parse_results([GOOD, GOOD | change], "file")


@pytest.mark.parametrize("number", [None, True, [1], {}])
def test_an_id_of_a_picture_is_a_number_or_text(number):
    with pytest.raises(InputError, match=r"image_id is .*, no number or text"):
        parse_results([GOOD | {"image_id": number}], "file")


@pytest.mark.parametrize(
    "name, values",
    [
        ("score", ["a", "b"]),
        ("score", [[1.0], [2.0]]),
        ("score", [1j, 2j]),
        ("score", 0.5),
        ("image_id", [[1, 2], [1, 2]]),
        ("category_id", [1]),
        ("bbox", np.zeros((2, 3))),
        ("iuv", np.zeros(24, np.uint16)),
        ("iuv", np.zeros((8, 3), np.uint8)),
    ],
)
def test_arrays_of_another_form_are_named(tmp_path, name, values):
    box = [[0.0, 0, 2, 2]] * 2
    good = {"image_id": [1, 1], "category_id": [1, 1], "bbox": box, "score": [0.5, 0.25], "iuv": np.zeros(24, np.uint8)}
    np.savez(tmp_path / "found.npz", **good)
    assert len(read_results(tmp_path / "found.npz")) == 2
    np.savez(tmp_path / "found.npz", **good | {name: values})
    with pytest.raises(InputError, match=r"no result list of . people: (score|image_id|category_id|bbox|iuv) is .*\["):
        read_results(tmp_path / "found.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_told(tmp_path, content):
    (tmp_path / "found.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"found\.npz: no result list"):
        read_results(tmp_path / "found.npz")
    with open(tmp_path / "found.npz", "wb") as stream:
        np.save(stream, np.zeros(3))  # an array, under an archive's name
    with pytest.raises(InputError, match=r"found\.npz: no result list"):
        read_results(tmp_path / "found.npz")


def test_other_forms_are_told(tmp_path):
    with pytest.raises(InputError, match="list of objects"):
        parse_results({"people": []}, "file")
    with pytest.raises(InputError, match=r"result 0 .*no uv_shape, uv_data"):
        parse_results([{k: v for k, v in GOOD.items() if not k.startswith("uv")}], "file")
    np.savez(
        tmp_path / "other.npz", image_id=[1], category_id=[1], bbox=[[0.0, 0, 2, 2]], score=[0.5], iuv=np.uint8([1])
    )
    with pytest.raises(InputError, match="uv of another size"):
        read_results(tmp_path / "other.npz")
    np.savez(tmp_path / "pickled.npz", image_id=np.array([{}], object))
    with pytest.raises(InputError, match="no result list"):
        read_results(tmp_path / "pickled.npz")
