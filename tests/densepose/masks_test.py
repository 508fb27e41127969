import numpy as np
import pytest
from pycocotools import mask as coco_mask

from simpose_tf.densepose import masks
from simpose_tf.densepose.annotations import parse_annotations
from simpose_tf.errors import InputError
from tests.densepose import cases

SIZE = (30, 40)


def person(**outline):
    bare = cases.person(1, (10.0, 5.0, 20.0, 10.0), [(1, 1, 0.0)], **outline)
    return parse_annotations(cases.dataset([bare], [cases.image(1, SIZE)]), "file").pictures[1].people[0]


def whole(patch):
    """The patch in its picture."""
    picture = np.zeros(SIZE, bool)
    height, width = patch.pixels.shape
    picture[patch.top : patch.top + height, patch.left : patch.left + width] = patch.pixels
    return picture


def test_corners_are_cut_toward_zero_and_masks_at_the_rim():
    inside = masks.placed(np.ones((4, 6), bool), np.array([3.9, 2.1, 6.0, 4.0]), SIZE)
    assert (inside.left, inside.top, inside.pixels.shape) == (3, 2, (4, 6))
    over = masks.placed(np.ones((4, 6), bool), np.array([-2.5, 28.0, 6.0, 4.0]), SIZE)
    # x: from -2 to int(3.5) = 3; y: from 28 to 30.
    assert (over.left, over.top, over.pixels.shape) == (0, 28, (2, 3))
    for box in ((-20.0, 0.0, 6.0, 4.0), (60.0, 0.0, 6.0, 4.0), (0.0, 50.0, 6.0, 4.0)):
        assert masks.placed(np.ones((4, 6), bool), np.array(box), SIZE).area == 0


def test_masks_of_parts_are_joined_and_stretched_to_the_box():
    halves = [cases.part_mask(0, 128, 0, 256), [], cases.part_mask(0, 256, 0, 64)]
    found = whole(masks.true_patch(person(dp_masks=halves), SIZE))
    expected = np.zeros(SIZE, bool)
    expected[5:10, 10:30] = expected[5:15, 10:15] = True  # the upper half, and a quarter on the left
    np.testing.assert_array_equal(found, expected)


def test_segmentations_of_all_forms_give_the_same_mask():
    mask = np.zeros(SIZE, np.uint8)
    mask[8:20, 12:30] = 1
    packed = coco_mask.encode(np.asfortranarray(mask))
    as_text = {"size": list(SIZE), "counts": packed["counts"].decode()}
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], mask.T.ravel(), [2]]))), prepend=0)
    polygon = [[12, 8, 30, 8, 30, 20, 12, 20]]
    for segmentation in (as_text, {"size": list(SIZE), "counts": runs.tolist()}, polygon):
        np.testing.assert_array_equal(whole(masks.true_patch(person(segmentation=segmentation), SIZE)), mask > 0)


def test_parts_go_before_the_segmentation_and_none_is_nothing():
    polygon = [[12, 8, 30, 8, 30, 20, 12, 20]]
    assert masks.true_patch(person(dp_masks=[], segmentation=polygon), SIZE).area == 0
    assert masks.true_patch(person(segmentation=[]), SIZE).area == 0
    assert masks.true_patch(person(), SIZE).area == 0


def test_overlap_random_against_whole_pictures():
    rng = np.random.default_rng(0)
    for _ in range(100):
        boxes = np.concatenate([rng.uniform(-10, 40, (2, 2)), rng.uniform(1, 20, (2, 2))], 1)
        one, two = (masks.placed(rng.random((int(b[3]), int(b[2]))) < 0.7, b, SIZE) for b in boxes)
        a, b = whole(one), whole(two)
        both, either = (a & b).sum(), (a | b).sum()
        assert masks.overlap(one, two, two.area, False) == (both / either if both else 0)
        assert masks.overlap(one, two, two.area, True) == (both / a.sum() if both else 0)


@pytest.mark.parametrize(
    "outline",
    [
        {"dp_masks": [{"size": [10, 10], "counts": "a"}]},
        {"dp_masks": [3]},
        {"segmentation": {"size": [3, 3], "counts": [9]}},
        {"segmentation": "text"},
        {"segmentation": [[1, 2]]},
        {"segmentation": [{"a": 1}]},
        {"segmentation": {"size": [30, 40]}},
    ],
)
def test_what_is_no_mask_is_told_with_its_annotation(outline):
    with pytest.raises(InputError, match="annotation id 1: no mask"):
        masks.true_patch(person(**outline), SIZE)


def test_an_unjudged_region_takes_people_who_lie_in_it():
    region = masks.unjudged_region([[0, 0, 20, 0, 20, 30, 0, 30]], SIZE)
    assert region.sum() == 20 * 30
    box = np.array([10.0, 0.0, 20.0, 10.0])  # half of it in the region
    assert masks.is_judged(box, region)
    assert not masks.is_judged(np.array([4.0, 0.0, 20.0, 10.0]), region)  # 16 of 20 columns: .8 >= .7
    assert not masks.is_judged(np.array([30.0, 0.0, 0.5, 10.0]), region)  # no pixel at all
    left, right = np.zeros((10, 20), bool), np.zeros((10, 20), bool)
    left[:, :10], right[:, 10:] = True, True
    assert not masks.is_judged(box, region, left) and masks.is_judged(box, region, right)


def test_regions_of_fewer_than_three_points_hold_nothing():
    assert not masks.unjudged_region([[1.0, 2.0], [1.0, 2.0, 9.0, 9.0]], (20, 30)).any()
    square = [2.0, 3.0, 12.0, 3.0, 12.0, 8.0, 2.0, 8.0]
    assert masks.unjudged_region([[1.0, 2.0], square], (20, 30)).sum() == 10 * 5
