import numpy as np
import pytest

from simpose_tf.metrics import matching
from simpose_tf.metrics.matching import AREAS, Candidates, Matched, match

AREA = 2000.0  # medium


def picture(similarity, scores=None, **changes):
    """D detections and G people of one size, none ignored, boxes that do not touch."""
    similarity = np.array(similarity, float)
    found, people = similarity.shape
    values = {
        "scores": np.linspace(0.9, 0.1, found) if scores is None else np.array(scores, float),
        "pred_areas": np.full(found, AREA), "true_areas": np.full(people, AREA),
        "ignored": np.zeros(people, bool), "crowd": np.zeros(people, bool), "countable": np.ones(people, bool),
        "similarity": similarity, "box_iou": np.zeros((found, people)),
    }  # fmt: skip
    return Candidates(**(values | {key: np.array(value) for key, value in changes.items()}))


def hits(one, kind="densepose", area="all"):
    """Hit and ignored at the lowest threshold."""
    found = match(one, AREAS[area], kind)
    return found.hit[0].tolist(), found.ignored[0].tolist()


def test_a_detection_takes_the_most_similar_person_left():
    assert hits(picture([[0.6, 0.9], [0.55, 0.95]])) == ([True, True], [False, False])
    found = match(picture([[0.6, 0.9], [0.55, 0.95]]), AREAS["all"], "densepose")
    # The first takes person 2 up to .9; the second has .55 for person 1. At .95 the first has nobody, person 2 is left.
    assert found.hit.sum(0).tolist() == [9, 2 + 1]


def test_of_equally_similar_people_the_last_is_taken():
    # Detection 1 takes person 2 and leaves person 1 to detection 2, which knows only person 1.
    assert hits(picture([[0.8, 0.8], [0.8, 0.0]]))[0] == [True, True]
    assert hits(picture([[0.8, 0.8], [0.0, 0.8]]))[0] == [True, False]


def test_a_similarity_of_exactly_the_threshold_is_enough_and_one_is_enough_for_all():
    assert hits(picture([[0.5]]))[0] == [True] and hits(picture([[np.nextafter(0.5, 0)]]))[0] == [False]
    assert match(picture([[1.0]]), AREAS["all"], "densepose").hit.all()


def test_an_ignored_person_is_taken_only_if_no_other_fits():
    both = picture([[0.6, 0.9]], ignored=[False, True])
    assert hits(both) == ([True], [False])
    assert hits(picture([[0.4, 0.9]], ignored=[False, True])) == ([True], [True])


def test_people_and_unmatched_detections_out_of_the_range_are_ignored():
    small = picture([[0.9, 0.0], [0.0, 0.0]], true_areas=[AREA, 10.0], pred_areas=[10.0, 10.0])
    assert hits(small, area="medium") == ([True, False], [False, True])
    assert match(small, AREAS["medium"], "densepose").people == 1


def test_all_detections_are_ignored_where_nobody_counts():
    assert hits(picture([[0.0]], ignored=[True])) == ([False], [True])
    assert hits(picture([[0.0]], ignored=[True]), "coco") == ([False], [False])
    assert hits(picture(np.zeros((2, 0)))) == ([False, False], [True, True])
    assert hits(picture(np.zeros((2, 0))), "coco") == ([False, False], [False, False])


def test_a_detection_left_over_is_as_ignored_as_the_person_in_its_box():
    ignored = {"ignored": [False, True]}
    assert hits(picture([[0, 0]], box_iou=[[0.0, 0.8]], **ignored)) == ([False], [True])
    assert hits(picture([[0, 0]], box_iou=[[0.0, 0.79]], **ignored)) == ([False], [False])
    assert hits(picture([[0, 0]], box_iou=[[0.0, 0.8]], **ignored), "coco") == ([False], [False])
    # The best overlap decides, the last of equals: here a person that counts, or the ignored one.
    assert hits(picture([[0, 0]], box_iou=[[0.9, 0.85]], **ignored)) == ([False], [False])
    assert hits(picture([[0, 0]], box_iou=[[0.9, 0.9]], **ignored)) == ([False], [True])
    # It was matched to an ignored person at low thresholds, but a person that counts is in its box: that clears it.
    assert hits(picture([[0, 0.6]], box_iou=[[0.9, 0.0]], **ignored)) == ([True], [False])


def test_an_ignored_person_takes_one_left_over_detection():
    two = picture([[0], [0]], ignored=[True], box_iou=[[0.9], [0.9]])
    found = match(two, AREAS["all"], "densepose")
    assert found.hit[-1].tolist() == [True, False] and not found.hit[:-1].any()


def of(scores, hit, ignored=None, people=1):
    hit = np.tile(np.array(hit, bool), (10, 1))
    ignored = np.zeros_like(hit) if ignored is None else np.tile(np.array(ignored, bool), (10, 1))
    return Matched(np.array(scores, float), hit, ignored, people)


def test_precision_over_recall_by_hand():
    # By score: right, wrong, right, wrong; 4 people. Precisions 1, .5, .667, .5 at recalls .25, .25, .5, .5. What comes
    # later and is better counts before: 1 up to .25 (26 recalls of 101), .667 up to .5 (25), then 0.
    precision, recall = matching.precision_and_recall([of([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0], people=4)])
    np.testing.assert_allclose(precision[0], [1.0] * 26 + [2 / 3] * 25 + [0.0] * 50)
    assert recall.tolist() == [0.5] * 10


def test_ignored_detections_are_neither_right_nor_wrong():
    precision, recall = matching.precision_and_recall([of([0.9, 0.8, 0.7], [1, 0, 1], [1, 1, 0])])
    np.testing.assert_allclose(precision, 1.0)
    assert recall.tolist() == [1.0] * 10


def test_pictures_are_joined_by_score_and_equal_ones_in_order():
    first, second = of([0.5], [0]), of([0.5], [1], people=0)
    assert matching.precision_and_recall([first, second])[0][0, 0] == pytest.approx(0.5)
    assert matching.precision_and_recall([second, first])[0][0, 0] == pytest.approx(1.0)


def test_without_people_all_is_undefined_and_without_detections_zero():
    assert set(np.unique(matching.precision_and_recall([of([0.5], [0], people=0)])[0])) == {-1.0}
    empty = Matched(np.zeros(0), np.zeros((10, 0), bool), np.zeros((10, 0), bool), 2)
    assert not matching.precision_and_recall([empty])[0].any() and not matching.precision_and_recall([empty])[1].any()


def test_ten_numbers_take_their_thresholds_and_categories():
    good = [picture([[0.76]])]  # reaches .5 to .75: 6 of 10
    numbers = matching.ten_numbers([good, []], "densepose")
    assert numbers["AP"] == pytest.approx(0.6) and numbers["AR"] == pytest.approx(0.6)
    assert (numbers["AP50"], numbers["AP75"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (numbers["APm"], numbers["APl"]) == (pytest.approx(0.6), -1.0)
    assert tuple(numbers) == matching.NUMBERS
