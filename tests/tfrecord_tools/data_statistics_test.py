"""Counting people: by hand on the doll, against slow loops on random people."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simpose_tf import charts, keypoints
from simpose_tf.data import schema
from simpose_tf.visualize import statistics
from simpose_tf.visualize.statistics import Statistics
from tests.data import synthetic
from tests.dolls import doll, photographed
from tfrecord_tools.data_statistics import add_person, normalized_keypoints, picture_box, seen_from_behind


def counted(*people: schema.Person) -> Statistics:
    result = Statistics()
    for person in people:
        add_person(result, person)
    return result


@pytest.fixture(scope="module")
def crowd() -> list[schema.Person]:
    rng = np.random.default_rng(3)
    return [synthetic.person(rng, size=(120, 100)) for _ in range(8)]


def test_doll_is_counted_by_hand():
    one = counted(dataclasses.replace(doll(), pose="walk-0017", seed=5))
    assert (one.people, one.dense, dict(one.figures), dict(one.poses)) == (1, 1, {"doll": 1}, {"walk-0017": 1})
    assert dict(one.pictures) == {("doll", 5, 7): 1}
    # It hides its right ear and lacks the label of its left one: 15 visible, 1 of 16 hidden.
    right, left = (keypoints.NAMES.index(f"{side}_ear") for side in ("right", "left"))
    assert one.visibility[right].tolist() == [0, 1, 0] and one.visibility[left].tolist() == [1, 0, 0]
    assert one.visible[15] == 1 and one.hidden_shares[1] == 1
    assert one.edges.tolist() == [0, 0, 0, 0] and one.cut == 0
    assert not one.others_shares.any()


def test_people_of_one_picture_are_counted_together_whatever_their_order():
    people = [dataclasses.replace(doll(), image_id=i, seed=s) for i, s in ((1, 0), (2, 0), (1, 0), (1, 9))]
    assert sorted(counted(*people).pictures.values()) == [1, 1, 2]


def test_picture_box_undoes_the_window():
    person = dataclasses.replace(doll(), window=np.array([30, 40, 0.5]), box_yxyx=np.array([5, 6, 25, 36.0]))
    np.testing.assert_allclose(picture_box(person), [50, 42, 90, 102])


@pytest.mark.parametrize(
    ("pixels", "scale", "size"), [(1023, 1, 0), (1024, 1, 1), (9215, 1, 1), (9216, 1, 2), (256, 0.5, 1)]
)
def test_sizes_go_by_the_masks_area_in_the_picture(pixels, scale, size):
    mask = np.zeros((240, 200), bool)
    mask.flat[:pixels] = True
    person = dataclasses.replace(doll(), mask=mask, window=np.array([0, 0, scale]))
    assert counted(person).sizes.tolist() == [int(k == size) for k in range(3)]


def test_person_without_a_mask_has_no_size():
    assert counted(dataclasses.replace(photographed(doll()), mask=np.zeros((240, 200), bool))).sizes.sum() == 0


@pytest.mark.parametrize(
    ("box", "edges"),
    [
        ((0, 10, 50, 60), (0, 1, 0, 0)),
        ((10, 0.9, 50, 60), (1, 0, 0, 0)),
        ((10, 10, 240, 199.5), (0, 0, 1, 1)),
        ((1, 1, 239, 199), (0, 0, 0, 0)),
    ],
)
def test_boxes_within_a_pixel_of_an_edge_touch_it(box, edges):
    one = counted(dataclasses.replace(doll(), box_yxyx=np.array(box, float)))
    assert tuple(one.edges) == edges and one.cut == int(any(edges))


@pytest.mark.parametrize(("covered", "share"), [(0, 0), (1, 1), (10, 1), (11, 2), (100, 10)])
def test_share_of_the_box_that_others_cover(covered, share):
    others = np.zeros((240, 200), bool)
    box = np.zeros((10, 10), bool)
    box.flat[:covered] = True
    others[20:30, 30:40] = box
    one = counted(dataclasses.replace(doll(), others=others, box_yxyx=np.array([20, 30, 30, 40.0])))
    assert one.others_shares.tolist() == [int(k == share) for k in range(statistics.SHARE_BINS)]


def test_dense_counts_equal_a_slow_loop(crowd):
    result = counted(*crowd)
    part_pixels, part_people = np.zeros(25, int), np.zeros(25, int)
    cells = np.zeros_like(result.chart_cells)
    tilts, away = np.zeros(statistics.TILT_BINS, int), 0
    side = statistics.UV_CELLS
    for person in crowd:
        seen = set()
        for y, x in zip(*np.nonzero(person.part), strict=True):
            part = int(person.part[y, x])
            seen.add(part)
            part_pixels[part] += 1
            row, column = min(int(person.v[y, x] * side), side - 1), min(int(person.u[y, x] * side), side - 1)
            cells[part - 1, row, column] += 1
            angle = np.degrees(np.arccos(-float(person.normal[y, x, 2])))
            away += angle > 90
            tilts[min(int(angle / 5), statistics.TILT_BINS - 1)] += angle <= 90
        part_people[list(seen)] += 1
    np.testing.assert_array_equal(result.part_pixels, part_pixels)
    np.testing.assert_array_equal(result.part_people, part_people)
    np.testing.assert_array_equal(result.chart_cells, cells)
    np.testing.assert_array_equal(result.tilts, tilts)
    assert result.normals_away == away
    assert result.normal_cells.sum() == tilts.sum() == part_pixels.sum() - away


def test_part_counts_hold_no_background(crowd):
    result = counted(*crowd)
    assert result.part_pixels[0] == result.part_people[0] == 0
    assert result.part_people.shape == (charts.NUM_PARTS + 1,)


def test_normals_fall_into_the_half_of_the_disc_that_they_point_to():
    person = doll()
    right = np.zeros_like(person.normal)
    right[100, 100] = (0.8, 0, -0.6)
    up = np.zeros_like(person.normal)
    up[100, 100] = (0, -0.8, -0.6)
    half = statistics.NORMAL_CELLS // 2
    ((row, column),) = np.argwhere(counted(dataclasses.replace(person, normal=right)).normal_cells)
    assert column > half + 5 and row == half
    ((row, column),) = np.argwhere(counted(dataclasses.replace(person, normal=up)).normal_cells)
    assert row < half - 5 and column == half


def test_normalized_keypoints_do_not_depend_on_place_and_size():
    person = doll()
    moved = dataclasses.replace(person, keypoints_xy=person.keypoints_xy * 1.7 + [30, -12])
    first, second = normalized_keypoints(person), normalized_keypoints(moved)
    np.testing.assert_allclose(first, second, atol=1e-5)
    limbs = first[5:]
    assert np.mean(np.sum((limbs - limbs.mean(0)) ** 2, -1)) == pytest.approx(1)
    np.testing.assert_allclose(first[[11, 12]].mean(0), 0, atol=1e-6)
    assert np.isnan(first[keypoints.NAMES.index("left_ear")]).all()  # has no label


def test_person_without_a_labelled_ankle_is_in_no_cloud():
    visibility = doll().visibility.copy()
    visibility[16] = 0
    result = counted(dataclasses.replace(doll(), visibility=visibility))
    assert not result.clouds and not result.cloud_cells.any() and result.facing == result.behind == 0


def test_people_seen_from_behind_are_mirrored_into_the_cloud():
    front = dataclasses.replace(doll(), visibility=np.full(17, 2))
    xy = front.keypoints_xy * [-1, 1] + [200, 0]
    behind = dataclasses.replace(front, keypoints_xy=xy)
    assert not seen_from_behind(front) and seen_from_behind(behind)
    one, two = counted(front), counted(behind)
    assert (one.facing, one.behind, two.facing, two.behind) == (1, 0, 0, 1)
    np.testing.assert_allclose(one.clouds[""].mean(), two.clouds[""].mean(), atol=1e-6)
    left, right = one.clouds[""].mean()[[5, 6], 0]
    assert left > 0 > right


def test_cloud_has_the_mean_and_covariance_of_a_slow_computation(crowd):
    people = [
        dataclasses.replace(p, visibility=np.full(17, 2), pose=f"{'run' if i % 3 else 'sit'}-{i:04d}")
        for i, p in enumerate(crowd)
    ]
    result = counted(*people)
    assert set(result.clouds) == {"run", "sit"}
    running = [normalized_keypoints(p) * [-1 if seen_from_behind(p) else 1, 1] for p in people if "run" in p.pose]
    cloud = result.clouds["run"]
    np.testing.assert_allclose(cloud.mean(), np.mean(running, axis=0), atol=1e-6)
    for k in range(17):
        expected = np.cov(np.array(running)[:, k].T, bias=True)
        np.testing.assert_allclose(cloud.covariance()[k], expected, atol=1e-6)
    assert result.cloud_cells.sum((1, 2)).tolist() == [len(people)] * 17


def test_photographs_have_no_dense_counts(tmp_path: Path):
    result = counted(photographed(doll()))
    assert result.dense == 0 and not result.chart_cells.any() and not result.tilts.any() and not result.poses
