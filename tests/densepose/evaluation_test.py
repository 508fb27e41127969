import base64
import io

import numpy as np
import pytest
from PIL import Image

from simpose_tf.densepose import evaluation, results
from simpose_tf.densepose.annotations import parse_annotations
from simpose_tf.densepose.evaluation import Files, Rules
from simpose_tf.errors import InputError
from simpose_tf.metrics.matching import NUMBERS
from tests.densepose import cases
from tests.densepose.slow_evaluation import Slow

BOX = (10.0, 5.0, 40.0, 50.0)  # 2,000 square pixels: medium


def silent(_line):
    pass


def evaluate(truth, found, kinds=("gps",), body=None, **rules):
    people, detections = parse_annotations(truth, "truth"), results.parse_results(found, "found")
    return evaluation.evaluate(kinds, people, detections, body or cases.line_body(), Rules(**rules), silent)


def gps_of(truth, found, **rules):
    return evaluate(truth, found, **rules)["metrics"]["gps"]


def test_an_exact_match_is_one_everywhere_it_is_defined():
    truth = cases.dataset([cases.person(7, BOX, [(20, 20, 0.0), (3, 40, 0.0)])])
    measured = gps_of(truth, [cases.result(BOX)])
    large = {"APl", "ARl"}  # nobody is large
    assert measured == {name: -1.0 if name in large else pytest.approx(1.0) for name in NUMBERS}


def test_a_distance_of_30_cm_on_the_torso_by_hand():
    truth = cases.dataset([cases.person(7, BOX, [(20, 20, 0.3)])])
    # exp(-.3^2 / (2 .351^2)) = exp(-.36526) = .6940 reaches .5, .55, .6, .65: 4 of 10 thresholds.
    measured = gps_of(truth, [cases.result(BOX)])
    assert measured["AP"] == pytest.approx(0.4) and measured["AR"] == pytest.approx(0.4)
    assert (measured["AP50"], measured["AP75"], measured["AR50"], measured["AR75"]) == (pytest.approx(1), 0, 1, 0)
    # exp(-.3^2 / (2 .255^2)) = exp(-.69204) = .5006 reaches .5 only.
    assert gps_of(truth, [cases.result(BOX)], kappa="0.255")["AP"] == pytest.approx(0.1)


def test_points_off_the_detection_stay_in_the_mean():
    points = [(20, 20, 0.0)] * 3 + [(20, 20, 0.0), (20, 20, 0.0)]
    iuv = cases.pixels(BOX)
    truth = cases.dataset([cases.person(7, BOX, [*points[:3], (30, 20, 0.0), (30, 40, 0.0)])])
    iuv[:, 29:31] = 0  # the last two lie on background: 3 of 5 are right
    assert gps_of(truth, [cases.result(BOX, iuv)])["AP"] == pytest.approx(0.3)  # .5, .55, .6


def test_points_on_no_part_are_not_asked_for():
    one = cases.person(7, BOX, [(20, 20, 0.0), (20, 30, 1.0)])
    assert gps_of(cases.dataset([one]), [cases.result(BOX)])["AP"] == pytest.approx(0.1)  # (1 + exp(-4)) / 2
    assert gps_of(cases.dataset([{**one, "dp_I": [1, 0]}]), [cases.result(BOX)])["AP"] == pytest.approx(1.0)


def test_no_points_are_a_miss_but_no_key_is_ignored():
    other = cases.person(8, (100.0, 0.0, 40.0, 50.0), [(20, 20, 0.0)], image_id=2)
    images = [cases.image(1), cases.image(2, (60, 200))]
    found = [cases.result(other["bbox"], image_id=2)]
    missed = cases.dataset([cases.person(7, BOX), other], images)
    # One of two people is found, at precision 1: recalls 0, .01, ... .50 are 51 of 101.
    assert gps_of(missed, found)["AP"] == pytest.approx(51 / 101) and gps_of(missed, found)["AR"] == 0.5
    ignored = cases.dataset([cases.without_points(cases.person(7, BOX)), other], images)
    assert gps_of(ignored, found)["AP"] == pytest.approx(1.0)


def test_detections_of_pictures_with_ignored_people_only_do_not_count():
    other = cases.person(8, BOX, [(20, 20, 0.0)], image_id=2)
    images = [cases.image(n) for n in (1, 2, 3)]
    truth = cases.dataset([cases.without_points(cases.person(7, BOX)), other], images)
    far = (0.0, 0.0, 8.0, 8.0)
    # Picture 1 has an ignored person, picture 3 none: detections there are left out, in DensePose's rules (7a).
    found = [cases.result(BOX, image_id=2, score=0.1)]
    found += [cases.result(far, image_id=n, score=0.9) for n in (1, 3)]
    assert gps_of(truth, found)["AP"] == pytest.approx(1.0)
    # In COCO's they are wrong and come first: precision 1/3 at all recalls.
    assert gps_of(truth, found, matching="coco")["AP"] == pytest.approx(1 / 3)


def test_a_left_over_detection_in_an_ignored_persons_box_does_not_count():
    other = cases.person(8, (52.0, 5.0, 20.0, 40.0), [(10, 20, 0.0)])
    truth = cases.dataset([cases.without_points(cases.person(7, BOX)), other])
    right = cases.result(other["bbox"], score=0.1)
    near = cases.result((BOX[0], BOX[1], BOX[2], BOX[3] * 0.9), score=0.9)  # box IoU .9
    assert gps_of(truth, [near, right])["AP"] == pytest.approx(1.0)
    less = cases.result((BOX[0], BOX[1], BOX[2], BOX[3] * 0.7), score=0.9)  # box IoU .7: wrong, and first
    assert gps_of(truth, [less, right])["AP"] == pytest.approx(0.5)
    assert gps_of(truth, [near, right], matching="coco")["AP"] == pytest.approx(0.5)


def test_a_crowd_with_points_may_be_matched_again_and_again():
    crowd = cases.person(7, BOX, [(20, 20, 0.0)], iscrowd=1)
    found = [cases.result(BOX, score=0.9), cases.result(BOX, score=0.8)]
    # Both are right, and one person counts: recall 2.
    assert gps_of(cases.dataset([crowd]), found)["AR"] == 2.0
    once = cases.person(7, BOX, [(20, 20, 0.0)])
    assert gps_of(cases.dataset([once]), found)["AR"] == 1.0


@pytest.mark.parametrize("place, expected", [(19, 1 / 20), (20, 0.0)])
def test_twenty_detections_of_a_picture_count(place, expected):
    found = [cases.result((0.0, 0.0, 2.0, 2.0), score=0.5) for _ in range(30)]
    found[place] = cases.result(BOX, score=0.5)  # equal scores: the file's order counts
    truth = cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])])
    assert gps_of(truth, found)["AP"] == pytest.approx(expected)


def test_equal_scores_of_different_pictures_rank_by_image_id():
    images = [cases.image(9), cases.image(4)]
    truth = cases.dataset([cases.person(n, BOX, [(20, 20, 0.0)], image_id=n) for n in (4, 9)], images)
    wrong = (0.0, 0.0, 2.0, 2.0)
    # Picture 4 comes first: wrong, then right. Precision 1/2 up to recall .5, 51 of 101.
    found = [cases.result(BOX, image_id=9), cases.result(wrong, image_id=4)]
    assert gps_of(truth, found)["AP"] == pytest.approx(0.5 * 51 / 101)
    found = [cases.result(wrong, image_id=9), cases.result(BOX, image_id=4)]
    assert gps_of(truth, found)["AP"] == pytest.approx(51 / 101)


def test_nothing_found_at_all_is_undefined_and_nothing_there_to_find_too():
    some = cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])])
    assert set(gps_of(some, []).values()) == {-1.0}
    assert set(gps_of(cases.dataset([]), [cases.result(BOX)]).values()) == {-1.0}
    crowd = cases.without_points(cases.person(7, BOX, iscrowd=1))
    assert set(gps_of(cases.dataset([crowd]), [cases.result(BOX)]).values()) == {-1.0}


def test_only_the_other_persons_picture_found_is_half():
    people = [cases.person(n, BOX, [(20, 20, 0.0)], image_id=n) for n in (1, 2)]
    truth = cases.dataset(people, [cases.image(1), cases.image(2)])
    assert gps_of(truth, [cases.result(BOX, image_id=1)])["AR"] == 0.5


def test_a_box_less_than_a_pixel_wide_sees_no_point():
    thin = (29.5, 20.0, 0.9, 10.0)
    truth = cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])])
    assert gps_of(truth, [cases.result(thin)])["AP"] == 0.0
    exact = (29.5, 20.0, 1.0, 10.0)  # the point is at (30, 25)
    assert gps_of(truth, [cases.result(exact)])["AP"] == pytest.approx(1.0)


def test_a_box_off_the_picture_is_measured_like_any_other():
    off = (-30.0, -20.0, 20.0, 15.0)
    truth = cases.dataset([cases.person(7, off, [(5, 5, 0.0)])])
    measured = evaluate(truth, [cases.result(off)], evaluation.KINDS)["metrics"]
    assert measured["gps"]["AP"] == pytest.approx(1.0)
    assert measured["iou"]["AP"] == measured["gpsm"]["AP"] == 0.0  # no pixel of the picture


def test_gpsm_is_the_root_of_gps_times_mask_iou():
    left = [cases.part_mask(0, 256, 0, 128), []]
    truth = cases.dataset([cases.person(7, (10.0, 5.0, 40.0, 50.0), [(5, 20, 0.0)], dp_masks=left)])
    measured = evaluate(truth, [cases.result(BOX)], evaluation.KINDS)["metrics"]
    # The mask is the left half of the box, 20 of 40 columns; the detection fills the box: IoU .5, reaches .5.
    assert measured["iou"]["AP"] == pytest.approx(0.1)
    assert measured["gpsm"]["AP"] == pytest.approx(0.5)  # sqrt(1 * .5) = .707: .5, .55, .6, .65, .7


def test_categories_are_averaged_and_others_left_out():
    kinds = [{"id": 1}, {"id": 2}, {"id": 3}]
    people = [cases.person(1, BOX, [(20, 20, 0.0)]), cases.person(2, BOX, [(20, 20, 0.0)], category_id=2)]
    truth = cases.dataset(people, categories=kinds)
    found = [cases.result(BOX, category=1), cases.result(BOX, category=9, score=0.9)]
    measured = evaluate(truth, found)
    assert measured["metrics"]["gps"]["AP"] == pytest.approx(0.5)  # 1 and 0; the third has nobody
    assert measured["data"]["detections_of_other_categories"] == 1


def test_an_annotation_with_the_id_zero_is_no_match_as_in_the_official_program():
    found = [cases.result(BOX)]
    assert gps_of(cases.dataset([cases.person(1, BOX, [(20, 20, 0.0)])]), found)["AP"] == pytest.approx(1.0)
    assert gps_of(cases.dataset([cases.person(0, BOX, [(20, 20, 0.0)])]), found)["AP"] == 0.0


def test_people_in_unjudged_regions_are_left_out():
    region = {"ignore_regions_x": [[0, 80, 80, 0]], "ignore_regions_y": [[0, 0, 30, 30]]}  # the upper half
    low, high = cases.person(1, (10.0, 35.0, 20.0, 20.0), [(5, 5, 0.0)]), cases.person(2, (10.0, 2.0, 20.0, 20.0))
    found = [cases.result(low["bbox"], score=0.1), cases.result(high["bbox"], score=0.9)]
    assert gps_of(cases.dataset([low, high], [cases.image(1, **region)]), found)["AP"] == pytest.approx(1.0)
    assert gps_of(cases.dataset([low, high]), found)["AP"] == pytest.approx(0.5 * 51 / 101)


def test_similarity_by_part_is_that_of_each_persons_best_detection():
    person = cases.person(1, BOX, [(20, 20, 0.0), (20, 40, 0.3)])
    person["dp_I"] = [1, 2]
    iuv = cases.pixels(BOX)
    iuv[30:, :, 0] = 2
    found = [cases.result((0.0, 0.0, 2.0, 2.0), score=0.9), cases.result(BOX, iuv)]
    by_part = evaluate(cases.dataset([person]), found)["by_part"]
    assert by_part == {"torso_back": 1.0, "torso_front": pytest.approx(np.exp(-0.09 / (2 * 0.351**2)))}


def random_case(rng, body):
    """A few pictures with people and detections, all odd."""
    part, uv = body[0], body[1]
    images = [cases.image(int(n)) for n in rng.permutation(50)[: rng.integers(1, 4)]]
    people, found, iuvs = [], [], []
    for image in images:
        mine = [random_person(rng, len(people) + n + 1, image["id"], part, uv) for n in range(rng.integers(0, 4))]
        people += mine
        for _ in range(rng.choice([0, 1, 3, 24])):
            near = mine[rng.integers(len(mine))]["bbox"] if mine and rng.random() < 0.8 else random_box(rng)
            box = [float(max(b + rng.normal(0, 1), 0.2)) for b in near]
            places = rng.integers(0, len(part), 3)
            rows = rng.integers(0, 3, (max(int(box[3]), 1), max(int(box[2]), 1)))
            iuv = np.concatenate([part[places, None], uv[places] * 255], -1).astype(np.uint8)[rows]
            iuv[rng.random(rows.shape) < 0.2] = 0
            iuvs.append(iuv)
            found.append(cases.result(box, iuv, float(rng.choice([0.3, 0.5, rng.random()])), image["id"]))
    return cases.dataset(people, images), found, iuvs


def random_box(rng):
    kind = rng.integers(3)
    if kind == 0:
        return [float(v) for v in (*rng.integers(-5, 40, 2), *rng.integers(1, 30, 2))]
    return [*rng.uniform(-8, 40, 2).tolist(), *rng.uniform(0.3, 45, 2).tolist()]


def random_person(rng, number, image_id, part, uv):
    places = rng.integers(0, len(part), rng.choice([0, 1, 6]))
    person = cases.person(number, random_box(rng), image_id=image_id, iscrowd=int(rng.random() < 0.2))
    person["area"] = float(rng.choice([person["area"], 900, 1024, 9216, 12000]))
    x, y = rng.uniform(0, 255, (2, len(places)))
    person |= {"dp_x": x.tolist(), "dp_y": y.tolist(), "dp_I": part[places].tolist()}
    person |= {"dp_U": uv[places, 0].tolist(), "dp_V": uv[places, 1].tolist()}
    if number > 1 and rng.random() < 0.2:
        person = cases.without_points(person)
    if rng.random() < 0.6:
        person["dp_masks"] = [cases.part_mask(*np.sort(rng.integers(0, 256, 2)), *np.sort(rng.integers(0, 256, 2))), []]
    elif rng.random() < 0.5:
        person["segmentation"] = [[5, 5, 50, 5, 50, 40]]
    return person


@pytest.mark.parametrize("seed", range(8))
def test_random_people_measure_as_by_a_slow_loop_over_the_rules(seed):
    rng = np.random.default_rng(seed)
    body = cases.random_body(rng)
    truth, found, iuvs = random_case(rng, body)
    kappa = [None, 0.255][seed % 2]
    slow = Slow(truth, found, iuvs, body[:4])
    for matching in ("densepose", "coco"):
        setting = {"kappa": str(kappa or "part"), "matching": matching}
        measured = evaluate(truth, found, evaluation.KINDS, cases.body_of(*body), **setting)["metrics"]
        for kind in evaluation.KINDS:
            assert measured[kind] == pytest.approx(slow.ten(kind, matching, kappa), abs=1e-9), (kind, matching)


def test_files_are_evaluated_as_their_content_and_npz_as_json(tmp_path):
    rng = np.random.default_rng(3)
    body = cases.random_body(rng)
    truth, found, _ = random_case(rng, body)
    cases.write_json(tmp_path / "truth.json", truth)
    cases.write_json(tmp_path / "found.json", found)
    results.write_results_npz(tmp_path / "found.npz", results.parse_results(found, "found"))
    folder = cases.write_files(tmp_path / "official", *body)
    expected = evaluate(truth, found, evaluation.KINDS, cases.body_of(*body))
    for name in ("found.json", "found.npz"):
        files = Files(str(tmp_path / "truth.json"), str(tmp_path / name), str(folder))
        assert evaluation.evaluate_files(evaluation.KINDS, files, Rules(), silent) == expected
    only_masks = Files(str(tmp_path / "truth.json"), str(tmp_path / "found.json"))
    assert (
        evaluation.evaluate_files(["iou"], only_masks, Rules(), silent)["metrics"]["iou"] == expected["metrics"]["iou"]
    )


def test_bad_results_are_told_with_their_place():
    truth = cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])])
    good = cases.result(BOX)
    high = cases.pixels(BOX, part=25)
    jpeg = base64.b64encode(b"no picture").decode()
    stream = io.BytesIO()
    Image.fromarray(cases.pixels(BOX)[..., 0]).save(stream, "PNG")
    for change, told in (
        ({"uv_data": cases.encoded(high)}, r"result 1 .*part 25 at pixel \(0, 0\)"),
        (
            {"uv_data": cases.encoded(cases.pixels((0, 0, 39, 50)))},
            "result 1 .*39 x 50 pixels, the box asks for 40 x 50",
        ),
        ({"uv_data": jpeg}, "result 1 .*no PNG"),
        ({"uv_data": cases.encoded(cases.pixels(BOX), format="BMP")}, "result 1 .*no PNG"),
        ({"uv_data": cases.encoded(cases.pixels(BOX))[:60]}, "result 1 .*no (PNG|base64)"),
        ({"uv_data": base64.b64encode(stream.getvalue()).decode()}, "result 1 .*RGB PNG"),
    ):
        with pytest.raises(InputError, match=told):
            gps_of(truth, [good, good | change])


def test_results_of_unknown_images_are_told(tmp_path):
    cases.write_json(tmp_path / "truth.json", cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])]))
    cases.write_json(tmp_path / "found.json", [cases.result(BOX), cases.result(BOX, image_id=12)])
    files = Files(str(tmp_path / "truth.json"), str(tmp_path / "found.json"), "open")
    with pytest.raises(InputError, match=r"result 1 .*image 12: no such image in .*truth.json"):
        evaluation.evaluate_files(["gps"], files, Rules(), silent)


def test_a_file_without_anything_of_denseposes_is_refused_and_one_without_points_is_undefined(tmp_path):
    bare = cases.without_points(cases.person(7, BOX))

    def measured(person, found):
        cases.write_json(tmp_path / "truth.json", cases.dataset([person]))
        cases.write_json(tmp_path / "found.json", found)
        files = Files(str(tmp_path / "truth.json"), str(tmp_path / "found.json"))
        return set(evaluation.evaluate_files(["iou"], files, Rules(), silent)["metrics"]["iou"].values())

    with pytest.raises(InputError, match=r"truth.json: none of its 1 people has DensePose's fields \(dp_x"):
        measured(bare, [cases.result(BOX)])
    assert measured(bare, []) == {-1.0}
    assert measured({**bare, "iscrowd": 1}, [cases.result(BOX)]) == {-1.0}  # nobody is asked for points of a crowd
    assert measured({**bare, "dp_masks": []}, [cases.result(BOX)]) == {-1.0}  # ignored, as rule 5 says


def test_results_of_other_categories_are_told(tmp_path):
    cases.write_json(tmp_path / "truth.json", cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])]))
    cases.write_json(tmp_path / "found.json", [cases.result(BOX, category=0), cases.result(BOX)])
    told = []
    files = Files(str(tmp_path / "truth.json"), str(tmp_path / "found.json"))
    evaluation.evaluate_files(["iou"], files, Rules(), told.append)
    assert told == ["1 of 2 results are of categories that are not in the annotations: they do not count"]


def test_a_body_and_known_rules_are_asked_for():
    truth = parse_annotations(cases.dataset([cases.person(7, BOX, [(20, 20, 0.0)])]), "truth")
    with pytest.raises(InputError, match="--reference"):
        evaluation.evaluate(["gps"], truth, [], None, Rules(), silent)
    with pytest.raises(InputError, match="--kappa"):
        evaluation.evaluate(["iou"], truth, [], cases.line_body(), Rules(kappa="-1"), silent)
    with pytest.raises(InputError, match="gps, gpsm, iou"):
        evaluation.evaluate(["oks"], truth, [], cases.line_body(), Rules(), silent)
