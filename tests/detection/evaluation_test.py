"""Facts about `simpose_tf.detection.evaluation`: COCO's box numbers on cases worked out by hand."""

import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from simpose_tf.detection import evaluation, records
from simpose_tf.detection import input as detector_input
from simpose_tf.detection.evaluation import Detections, box_numbers, shares_at
from simpose_tf.errors import InputError
from tests.detection.small import boxed_picture

LARGE = [[0, 0, 200, 100], [0, 200, 200, 300]]  # 20,000 pixels: above 96 x 96


def picture(boxes, crowd=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    crowd = np.zeros(len(boxes), bool) if crowd is None else np.array(crowd)
    blank = dataclasses.replace(boxed_picture(0), height=400, width=400)
    return dataclasses.replace(blank, boxes_yxyx=boxes, areas=areas, crowd=crowd)


def found(boxes, scores):
    return Detections(np.array(boxes, float).reshape(-1, 4), np.array(scores, float))


def test_exact_boxes_have_ap_one():
    numbers = box_numbers([(picture(LARGE), found(LARGE, [0.9, 0.8]))])
    assert numbers["AP"] == numbers["AP50"] == numbers["AR"] == numbers["recall50"] == pytest.approx(1)
    assert numbers["APl"] == pytest.approx(1) and numbers["APs"] == numbers["APm"] == -1


def test_one_of_two_people_found_gives_half_of_the_recall_points():
    numbers = box_numbers([(picture(LARGE), found(LARGE[:1], [0.9]))])
    # Precision 1 at the recalls 0, .01, ..., .50: 51 of 101 points.
    assert numbers["AP"] == pytest.approx(51 / 101) and numbers["AR"] == numbers["recall50"] == pytest.approx(0.5)


def test_a_wrong_box_with_a_higher_score_halves_the_precision():
    numbers = box_numbers([(picture(LARGE[:1]), found([[300, 300, 400, 400], LARGE[0]], [0.9, 0.8]))])
    assert numbers["AP"] == pytest.approx(0.5) and numbers["recall50"] == pytest.approx(1)


def test_a_box_counts_at_the_thresholds_that_its_overlap_reaches():
    # 200 x 100 against its upper 124 rows: IoU .62, which reaches .5, .55 and .6 of ten.
    numbers = box_numbers([(picture(LARGE[:1]), found([[0, 0, 124, 100]], [0.9]))])
    assert numbers["AP"] == pytest.approx(0.3) and numbers["AP50"] == pytest.approx(1) and numbers["AP75"] == 0


def test_boxes_on_a_crowd_are_not_counted():
    numbers = box_numbers([(picture(LARGE, [False, True]), found([LARGE[1], LARGE[0]], [0.9, 0.8]))])
    assert numbers["AP"] == pytest.approx(1)


def test_a_box_on_a_picture_without_people_costs_precision():
    both = [(picture(LARGE[:1]), found(LARGE[:1], [0.8])), (picture([]), found(LARGE[:1], [0.9]))]
    assert box_numbers(both)["AP"] == pytest.approx(0.5)


def test_without_people_nothing_is_defined():
    assert set(box_numbers([(picture([]), found([], []))]).values()) == {-1.0}


def test_without_boxes_everything_is_missed():
    assert box_numbers([(picture(LARGE), found([], []))])["AP"] == 0


def test_a_least_score_trades_recall_for_precision():
    wrong = [300, 300, 400, 400]
    answers = [
        (picture(LARGE), found([LARGE[0], wrong, LARGE[1]], [0.9, 0.6, 0.3])),
        (picture([]), found([wrong], [0.2])),
    ]
    told = shares_at(answers, (0.1, 0.3, 0.5, 0.95))
    assert [one["recall"] for one in told] == [1, 1, 0.5, 0]
    assert [one["precision"] for one in told] == [pytest.approx(2 / 4), pytest.approx(2 / 3), 0.5, 0]


def test_a_second_box_on_a_person_is_wrong_and_one_on_a_crowd_does_not_count():
    crowd = picture([*LARGE, [210, 0, 390, 390]], crowd=[False, False, True])
    in_crowd = [220, 10, 300, 50]
    told = shares_at([(crowd, found([LARGE[0], LARGE[0], in_crowd], [0.9, 0.8, 0.7]))], (0.1,))
    assert told == [{"score": 0.1, "recall": 0.5, "precision": 0.5}]


def test_a_picture_is_read_as_stored_whatever_exif_says_as_in_training():
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees
    file = io.BytesIO()
    Image.new("RGB", (100, 60), (200, 30, 90)).save(file, "jpeg", exif=turned)
    one = dataclasses.replace(boxed_picture(0), encoded=file.getvalue(), height=60, width=100)
    assert evaluation.pixels(one).shape == tf.io.decode_jpeg(one.encoded).shape == (60, 100, 3)


def test_a_broken_picture_is_named(tmp_path):
    path = tmp_path / "a.tfrecord"
    broken = dataclasses.replace(boxed_picture(0), encoded=b"no picture", file_name="b.jpg")
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(records.encode(boxed_picture(1)))
        writer.write(records.encode(broken))
    files, nobody = detector_input.find(str(path), "--records"), found([], [])
    with pytest.raises(InputError, match=r"a\.tfrecord.*: the picture 'b\.jpg' cannot be read"):
        evaluation.evaluate(lambda image: nobody, files)
