import numpy as np

from simpose_tf import geometry
from simpose_tf.densepose import evaluation
from simpose_tf.densepose.annotations import parse_annotations
from simpose_tf.densepose.results import parse_results
from simpose_tf.densepose.simulated import COARSE_PART, POINTS_OF_PART, dense_labels
from simpose_tf.surface.chart_vertices import of_reference
from simpose_tf.surface.distance_table import DistanceTable
from simpose_tf.surface.reference import open_reference
from tests.densepose import cases
from tests.dolls import doll


def labels_of(record):
    return dense_labels(record.part, record.u, record.v, record.box_yxyx)


def annotation_of(record):
    box = geometry.box_xywh_from_yxyx(record.box_yxyx)
    return cases.without_points(cases.person(1, box.tolist())) | labels_of(record)


def test_points_lie_on_pixels_of_their_part_and_carry_its_uv():
    record = doll()
    labels = labels_of(record)
    ymin, xmin, ymax, xmax = record.box_yxyx
    columns = (np.array(labels["dp_x"]) / 255 * (xmax - xmin) + xmin - 0.5).round().astype(int)
    rows = (np.array(labels["dp_y"]) / 255 * (ymax - ymin) + ymin - 0.5).round().astype(int)
    np.testing.assert_array_equal(record.part[rows, columns], labels["dp_I"])
    np.testing.assert_array_equal(record.u[rows, columns], np.float32(labels["dp_U"]))
    np.testing.assert_array_equal(record.v[rows, columns], np.float32(labels["dp_V"]))


def test_each_coarse_part_has_fourteen_points_at_most_and_no_two_together():
    labels = labels_of(doll())
    coarse = COARSE_PART[np.array(labels["dp_I"], int)]
    assert set(np.bincount(coarse)[1:]) == {POINTS_OF_PART}  # the doll shows them all
    assert len(set(zip(labels["dp_x"], labels["dp_y"], strict=True))) == len(coarse)


def test_the_same_person_has_the_same_points():
    assert labels_of(doll()) == labels_of(doll())


def test_a_part_of_few_pixels_has_a_point_on_each_and_an_unseen_one_none():
    part = np.zeros((9, 9), np.uint8)
    part[2, 3:6] = 23
    labels = dense_labels(part, np.zeros((9, 9)), np.zeros((9, 9)), np.array([1.0, 1, 8, 8]))
    assert len(labels["dp_x"]) == 3 and [bool(mask) for mask in labels["dp_masks"]] == [False] * 13 + [True]
    nobody = dense_labels(part * 0, part * 0.0, part * 0.0, np.array([1.0, 1, 8, 8]))
    assert nobody["dp_x"] == [] and nobody["dp_masks"] == [[]] * 14


def test_a_perfect_answer_to_a_simulated_person_is_nearly_perfect():
    record = doll()
    reference = open_reference()
    # Only places with themselves are asked for: any table will do.
    count = len(reference.vertices)
    body = of_reference(reference, DistanceTable(np.ones(count * (count - 1) // 2, np.float32), count))
    annotation = annotation_of(record)
    ymin, xmin, ymax, xmax = record.box_yxyx
    assert all(float(value).is_integer() for value in record.box_yxyx)
    cut = slice(int(ymin), int(ymax)), slice(int(xmin), int(xmax))
    iuv = np.stack([record.part, record.u * 255, record.v * 255], -1)[cut].astype(np.uint8)
    truth = parse_annotations(cases.dataset([annotation], [cases.image(1, record.part.shape)]), "truth")
    found = parse_results([cases.result(annotation["bbox"], iuv)], "found")
    report = evaluation.evaluate(evaluation.KINDS, truth, found, body, evaluation.Rules(), lambda line: None)
    assert report["metrics"]["iou"]["AP"] >= 0.9  # masks of 256 x 256 pixels, stretched: a pixel's rim is lost
    # Bytes may name a neighbouring vertex, here as far as any other: most points are met exactly.
    assert report["metrics"]["gps"]["AR50"] == 1.0
