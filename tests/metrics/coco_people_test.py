"""COCO's numbers: against pycocotools as a user calls it, and people by hand."""

import contextlib
import io
import math

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from simpose_tf.metrics import coco_people
from simpose_tf.metrics.masks import mask_iou
from simpose_tf.metrics.oks import oks

SIDE = 120


def rle(mask: np.ndarray) -> dict:
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.hypot(columns - x, rows - y) < radius


def person(number: int, image: int, rng: np.random.Generator, **more) -> dict:
    x, y, radius = *rng.uniform(20, 100, 2), rng.uniform(4, 40)
    mask = disc(x, y, radius)
    points = np.column_stack([rng.normal([x, y], radius / 2, (17, 2)), rng.integers(0, 3, 17)])
    points[points[:, 2] == 0] = 0
    return {
        "id": number, "image_id": image, "category_id": 1, "iscrowd": 0, "area": float(mask.sum()),
        "bbox": [x - radius, y - radius, 2 * radius, 2 * radius], "segmentation": rle(mask),
        "keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum()), **more,
    }  # fmt: skip


def detection(of: dict, rng: np.random.Generator) -> dict:
    points = np.reshape(of["keypoints"], (17, 3)) + np.column_stack([rng.normal(0, 3, (17, 2)), np.zeros(17)])
    moved = np.roll(coco_mask.decode(of["segmentation"]), rng.integers(-4, 5), axis=1)
    return {
        "image_id": of["image_id"], "category_id": 1, "score": float(rng.random()), "bbox": of["bbox"],
        "keypoints": points.ravel().tolist(), "segmentation": rle(moved),
    }  # fmt: skip


def scene(seed: int) -> tuple[list[dict], list[dict], list[dict]]:
    """Return pictures with people (a crowd, one without keypoints) and detections (some twice, some of nobody)."""
    rng = np.random.default_rng(seed)
    images = [{"id": n, "height": SIDE, "width": SIDE} for n in (3, 5, 8, 9)]
    people = [person(n + 1, int(rng.choice([3, 5, 8])), rng) for n in range(12)]
    people.append(person(50, 3, rng, iscrowd=1, num_keypoints=0, keypoints=[0] * 51))
    people.append(person(51, 5, rng, num_keypoints=0, keypoints=[0] * 51))
    found = [detection(one, rng) for one in people if rng.random() < 0.8]
    found += [detection(one, rng) for one in people[:3]] + [detection(person(99, 9, rng), rng)]
    return images, people, found


def by_the_book(kind: str, images: list[dict], people: list[dict], found: list[dict]) -> np.ndarray:
    """Ask pycocotools as its own demo does."""
    key = {"keypoints": "keypoints", "segm": "segmentation"}[kind]
    coco = COCO()
    coco.dataset = {"images": images, "annotations": [dict(p) for p in people], "categories": [{"id": 1}]}
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        results = coco.loadRes([{k: one[k] for k in ("image_id", "category_id", "score", key)} for one in found])
        evaluation = COCOeval(coco, results, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize("kind", ["keypoints", "segm"])
@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_those_of_pycocotools(kind: str, seed: int) -> None:
    images, people, found = scene(seed)
    scores = coco_people.evaluate(kind, images, people, found)
    np.testing.assert_array_equal(list(scores.stats.values()), by_the_book(kind, images, people, found))
    assert list(scores.stats) == list(coco_people.STATS[kind])
    assert 0 < scores.stats["AP"] < 1


def test_what_is_passed_in_is_not_written_into() -> None:
    images, people, found = scene(0)
    before = [dict(one) for one in people + found]
    coco_people.evaluate("keypoints", images, people, found)
    assert people + found == before


@pytest.mark.parametrize("kind", ["keypoints", "segm"])
def test_exact_detections_score_one_everywhere(kind: str) -> None:
    images, people, _ = scene(1)
    labelled = [one for one in people if one["num_keypoints"] > 0]
    found = [{**one, "score": 0.5} for one in labelled]
    scores = coco_people.evaluate(kind, images, labelled, found)
    assert scores.mean == 1 and scores.found == len(labelled)
    assert scores.stats["AP"] == pytest.approx(1)
    assert {group["mean"] for group in scores.by_size().values()} == {1.0}
    assert all(value == pytest.approx(1) for value in scores.by_keypoint().values())


def test_each_person_has_its_own_detection() -> None:
    # Two people, far apart; both detections lie on the first one: the second is missed.
    rng = np.random.default_rng(5)
    one, two = person(1, 3, rng), person(2, 3, rng)
    two["keypoints"] = (np.reshape(two["keypoints"], (17, 3)) + np.array([1e4, 0, 0])).ravel().tolist()
    near, nearer = detection(one, rng), {**detection(one, rng), "keypoints": one["keypoints"]}
    scores = coco_people.evaluate("keypoints", [{"id": 3, "height": SIDE, "width": SIDE}], [one, two], [near, nearer])
    assert sorted(p.similarity for p in scores.people) == pytest.approx([0.0, 1.0], abs=1e-6)
    assert scores.mean == pytest.approx(0.5)


def test_similarities_are_those_of_oks_and_mask_iou() -> None:
    rng = np.random.default_rng(2)
    one = person(1, 3, rng)
    found = detection(one, rng)
    image = [{"id": 3, "height": SIDE, "width": SIDE}]
    (keypoint,) = coco_people.evaluate("keypoints", image, [one], [found]).people
    (mask,) = coco_people.evaluate("segm", image, [one], [found]).people
    true, pred = (np.reshape(e["keypoints"], (17, 3)) for e in (one, found))
    assert keypoint.similarity == pytest.approx(oks(pred[:, :2], true[:, :2], true[:, 2], one["area"]))
    assert np.nanmean(keypoint.by_keypoint) == pytest.approx(keypoint.similarity)
    masks = [coco_mask.decode(e["segmentation"]) > 0 for e in (found, one)]
    assert mask.similarity == pytest.approx(mask_iou(*masks))


def test_crowds_and_people_without_keypoints_do_not_count() -> None:
    images, people, _ = scene(3)
    assert len(coco_people.evaluate("keypoints", images, people, []).people) == 12
    assert len(coco_people.evaluate("segm", images, people, []).people) == 13


def test_no_detection_is_zero_and_nobody_is_undefined() -> None:
    images, people, found = scene(0)
    nothing = coco_people.evaluate("segm", images, people, [])
    assert (nothing.stats["AP"], nothing.mean, nothing.found) == (0, 0, 0)
    nobody = coco_people.evaluate("segm", images, [], found)
    assert nobody.stats["AP"] == -1 and math.isnan(nobody.mean)
