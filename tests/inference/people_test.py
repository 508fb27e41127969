"""A person's json forms, and people put into one picture."""

import base64
import dataclasses

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from simpose_tf import geometry
from simpose_tf.inference import people
from simpose_tf.inference.people import CropPeople, PredictedPerson


def person(box: tuple, mask: np.ndarray, part: int = 2, uv: tuple = (0.5, 0.25), seed: int = 0) -> PredictedPerson:
    """Return a person whose crop is exactly its box."""
    height, width = mask.shape
    normal = np.random.default_rng(seed).normal(size=(height, width, 3))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    box_yxyx = np.array(box, float)
    return PredictedPerson(
        box_yxyx=box_yxyx,
        score=0.75,
        keypoints=np.concatenate([np.arange(34.0).reshape(17, 2), np.full((17, 1), 0.5)], 1),
        crop=CropPeople(
            mask=mask.astype(np.float32),
            part=np.full(mask.shape, part, np.uint8),
            uv=np.broadcast_to(np.array(uv, np.float32), (*mask.shape, 2)),
            normal=normal.astype(np.float32),
        ),
        crop_from_image=geometry.crop_from_image(box_yxyx, height, width),
    )


def slow_sample(crop: CropPeople, place_x: float, place_y: float) -> tuple[float, int, np.ndarray]:
    """Return mask, part and uv at a crop place, from its four pixels, one at a time."""
    height, width = crop.mask.shape
    x, y = np.clip(place_x - 0.5, 0, width - 1), np.clip(place_y - 0.5, 0, height - 1)
    weights: dict[tuple[int, int], float] = {}
    for j, wx in ((int(x), 1 - x % 1), (min(int(x) + 1, width - 1), x % 1)):
        for i, wy in ((int(y), 1 - y % 1), (min(int(y) + 1, height - 1), y % 1)):
            weights[i, j] = weights.get((i, j), 0) + wx * wy
    votes: dict[int, float] = {}
    for place, weight in weights.items():
        votes[int(crop.part[place])] = votes.get(int(crop.part[place]), 0) + weight
    part = max(votes, key=lambda p: votes[p])
    mask = sum(w * crop.mask[place] for place, w in weights.items())
    uv = sum(w * crop.uv[place] for place, w in weights.items() if crop.part[place] == part) / votes[part]
    return float(mask), part, uv


def test_sampling_equals_slow_loop() -> None:
    rng = np.random.default_rng(0)
    crop = CropPeople(
        mask=rng.random((6, 5)).astype(np.float32),
        part=rng.integers(1, 4, (6, 5)).astype(np.uint8),
        uv=rng.random((6, 5, 2)).astype(np.float32),
        normal=np.broadcast_to(np.array([0, 0, -1], np.float32), (6, 5, 3)),
    )
    matrix = geometry.crop_from_image(np.array([3.0, 2, 15, 12]), 6, 5)
    someone = PredictedPerson(np.zeros(4), 1.0, np.zeros((17, 3)), crop, matrix)
    x, y = np.sort(rng.uniform(2, 12, 9)), np.sort(rng.uniform(3, 15, 11))
    sampled = someone.sample(x, y)
    for i, j in np.ndindex(11, 9):
        mask, part, uv = slow_sample(crop, (x[j] - 2) / 2, (y[i] - 3) / 2)
        assert sampled.part[i, j] == part
        assert sampled.mask[i, j] == pytest.approx(mask, abs=1e-6)
        np.testing.assert_allclose(sampled.uv[i, j], uv, atol=1e-6)


def test_sampling_in_strips_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = person((0, 0, 20, 16), np.random.default_rng(1).random((10, 8)))
    x, y = np.linspace(0, 16, 30), np.linspace(0, 20, 50)
    whole = someone.sample(x, y)
    monkeypatch.setattr(people, "_STRIP_PIXELS", 70)
    for name in ("mask", "part", "uv", "normal"):
        np.testing.assert_array_equal(getattr(someone.sample(x, y), name), getattr(whole, name))


def test_crop_on_the_pixel_grid_comes_back_unchanged() -> None:
    mask = np.random.default_rng(2).random((7, 5))
    someone = person((3, 4, 10, 9), mask)
    dense = someone.sample(np.arange(4, 9) + 0.5, np.arange(3, 10) + 0.5)
    np.testing.assert_allclose(dense.mask, mask, atol=1e-6)
    np.testing.assert_allclose(dense.normal, someone.crop.normal, atol=1e-6)


def test_densepose_entry_of_a_whole_box() -> None:
    mask = np.ones((4, 3))
    mask[0, 0] = 0.2
    entry = people.densepose_entry(person((10, 20, 14, 23), mask, part=24, uv=(0.999, 0.5)), 139)
    assert (entry["image_id"], entry["category_id"], entry["score"]) == (139, 1, 0.75)
    assert entry["bbox"] == [20, 10, 3, 4]
    assert entry["uv_shape"] == [3, 4, 3]
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(entry["uv_data"]), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    expected = np.tile(np.array([24, 254, 127]), (4, 3, 1))  # .999 * 255 = 254.7 and 127.5, cut
    expected[0, 0] = 0
    np.testing.assert_array_equal(pixels, expected)


def test_densepose_pixels_lie_half_a_pixel_into_the_box() -> None:
    someone = person((10, 20, 14, 23), np.ones((4, 3)))
    columns, rows = np.meshgrid(np.arange(3), np.arange(4))
    uv = np.stack([(columns + 0.5) / 10, (rows + 0.5) / 10], -1).astype(np.float32)
    varied = dataclasses.replace(someone, crop=dataclasses.replace(someone.crop, uv=uv))
    data = np.frombuffer(base64.b64decode(people.densepose_entry(varied, 1)["uv_data"]), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(pixels[0, :, 1], [12, 38, 63])  # .05, .15, .25 times 255, cut
    np.testing.assert_array_equal(pixels[:, 0, 2], [12, 38, 63, 89])


def test_densepose_entry_of_a_fractional_box_has_the_size_of_its_whole_part() -> None:
    entry = people.densepose_entry(person((1.5, 2.5, 6.4, 2.9), np.ones((4, 3))), 1)
    assert entry["uv_shape"] == [3, 4, 1]
    assert entry["bbox"] == pytest.approx([2.5, 1.5, 0.4, 4.9])


def test_person_json_in_cocos_conventions() -> None:
    mask = np.zeros((4, 3))
    mask[1:3] = 1
    content = people.person_json(person((10, 20, 14, 23), mask), 5, (30, 40))
    # COCO names a pixel by its index: (2, 3) continuous is (1.5, 2.5).
    assert content["keypoints"][3:6] == [1.5, 2.5, 0.5]
    decoded = coco_mask.decode(content["segmentation"])
    expected = np.zeros((30, 40))
    expected[11:13, 20:23] = 1
    np.testing.assert_array_equal(decoded, expected)


def test_mask_over_the_rim_is_cut_at_the_picture() -> None:
    rle = people.mask_rle(person((-2, -1, 2, 2), np.ones((4, 3))), (5, 6))
    expected = np.zeros((5, 6))
    expected[:2, :2] = 1
    np.testing.assert_array_equal(coco_mask.decode(rle), expected)


def test_overlapping_pixels_go_to_the_higher_probability() -> None:
    first = person((0, 0, 4, 4), np.full((4, 4), 0.7), part=3)
    strong = np.full((4, 4), 0.9)
    strong[0] = 0.6
    second = person((2, 2, 6, 6), strong, part=5)
    for order in ([first, second], [second, first]):
        dense, owner = people.compose(order, (6, 6))
        assert (dense.part[:2, :4] == 3).all()
        assert (dense.part[2, 2:4] == 3).all()  # .7 against .6
        assert (dense.part[3, 2:4] == 5).all()  # .7 against .9
        assert (owner[3, 2:4] == (0 if order[0] is second else 1)).all()
        assert owner[5, 0] == -1
        assert dense.mask[5, 0] == 0


def test_region_far_outside_keeps_one_pixel() -> None:
    far = dataclasses.replace(
        person((0, 0, 4, 4), np.ones((4, 4))),
        crop_from_image=geometry.crop_from_image(np.array([50.0, 60, 54, 64]), 4, 4),
    )
    dense, owner = people.compose([far], (10, 10))
    assert (owner == -1).all()
    assert not dense.mask.any()


def wavy(seed: int) -> PredictedPerson:
    """Return a person whose maps vary, at a fractional place over the picture's upper left corner."""
    rng = np.random.default_rng(seed)
    plain = person((-3.3, -2.6, 22.1, 19.7), cv2.GaussianBlur(rng.random((14, 11)), (3, 3), 0))
    crop = dataclasses.replace(
        plain.crop,
        part=rng.integers(1, 4, (14, 11)).astype(np.uint8),
        uv=rng.random((14, 11, 2)).astype(np.float32),
    )
    return dataclasses.replace(plain, crop=crop)


@pytest.mark.parametrize("strip_pixels", [1 << 18, 40])
def test_own_places_are_those_of_the_whole_grid(monkeypatch: pytest.MonkeyPatch, strip_pixels: int) -> None:
    someone, x, y = wavy(5), np.arange(-5, 25) + 0.5, np.arange(-6, 26) + 0.3
    whole = someone.sample(x, y)
    monkeypatch.setattr(people, "_STRIP_PIXELS", strip_pixels)
    own = np.zeros(whole.mask.shape, bool)
    for places, dense in someone.own_sample(x, y):
        own[places] = True
        for name in people.DENSE:
            np.testing.assert_array_equal(getattr(dense, name), getattr(whole, name)[places])
    np.testing.assert_array_equal(own, whole.mask >= people.MASK_THRESHOLD)
    assert 0 < own.sum() < own.size


def test_forms_of_a_person_hold_the_same_pixels() -> None:
    # The box lies between pixels; its result list entry has its own grid, the mask and the whole have the picture's.
    someone = wavy(6)
    dense, owner = people.compose([someone], (30, 25))
    np.testing.assert_array_equal(coco_mask.decode(people.mask_rle(someone, (30, 25))), owner == 0)
    grid = someone.sample(np.arange(25) + 0.5, np.arange(30) + 0.5)
    np.testing.assert_array_equal(people.iuv_image(dense), people.iuv_image(grid))
    entry = people.densepose_entry(someone, 1)
    x, y = -2.6 + np.arange(22) + 0.5, -3.3 + np.arange(25) + 0.5
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(entry["uv_data"]), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(pixels, people.iuv_image(someone.sample(x, y)))
