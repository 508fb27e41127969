"""COCO's own numbers of people, from pycocotools: AP over OKS of keypoints, AP over IoU of masks.

Beside them stands what an AP hides: how similar each person's own detection is, by size and by keypoint.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from simpose_tf import keypoints
from simpose_tf.metrics import sizes
from simpose_tf.metrics.oks import similarities
from simpose_tf.metrics.pairing import best_pairs

# The names of COCOeval.stats, in its order.
STATS = {
    "keypoints": ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"),
    "segm": ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"),
}
STATS["bbox"] = STATS["segm"]
# What a kind reads of a result.
_KEYS = {"keypoints": "keypoints", "segm": "segmentation", "bbox": "bbox"}
_PERSON = 1


@dataclass(frozen=True)
class PersonSimilarity:
    """A person and its own detection (`pairing.best_pairs`).

    Attributes:
      similarity: OKS or IoU, 0 if nobody found the person.
      found: whether there is a detection.
      size: one of `sizes.NAMES`.
      by_keypoint: `[17]` what each keypoint adds to the OKS, nan where unlabelled; None for masks.
    """

    similarity: float
    found: bool
    size: str
    by_keypoint: np.ndarray | None


@dataclass(frozen=True)
class CocoScores:
    """What `evaluate` found.

    Attributes:
      stats: COCO's numbers by their names (`STATS`); -1 where there is nobody to find.
      people: everybody who counts: no crowds and, for keypoints, nobody without a labelled one.
    """

    stats: dict[str, float]
    people: list[PersonSimilarity]

    @property
    def mean(self) -> float:
        """Mean similarity, missed people as 0; nan if there is nobody."""
        return float(np.mean([p.similarity for p in self.people])) if self.people else float("nan")

    @property
    def found(self) -> int:
        """How many people have a detection."""
        return sum(p.found for p in self.people)

    def by_size(self) -> dict[str, dict[str, float]]:
        """Return number of people and mean similarity of each size that occurs."""
        groups = {name: [p.similarity for p in self.people if p.size == name] for name in sizes.NAMES}
        return {name: {"people": len(g), "mean": float(np.mean(g))} for name, g in groups.items() if g}

    def by_keypoint(self) -> dict[str, float]:
        """Return each keypoint's mean similarity over the people who have it labelled; nothing for masks."""
        rows = np.array([p.by_keypoint for p in self.people if p.by_keypoint is not None]).reshape(-1, 17)
        labelled = ~np.isnan(rows)
        means = np.where(labelled, rows, 0).sum(0) / np.maximum(labelled.sum(0), 1)
        return {name: float(means[k]) for k, name in enumerate(keypoints.NAMES) if labelled[:, k].any()}


def evaluate(kind: str, images: Sequence[dict], annotations: Sequence[dict], results: Sequence[dict]) -> CocoScores:
    """Evaluate detections of people as COCO does.

    Args:
      kind: `keypoints` or `segm`.
      images: COCO's, with `id`, `height` and `width`.
      annotations: of people, with `id`, `image_id`, `bbox`, `area`, `iscrowd`, and `keypoints` and `num_keypoints`, or
        `segmentation`.
      results: `image_id` (of an image that is there), `score`, and `keypoints` (51 numbers) or `segmentation`
        (run lengths as text).

    Results with other keys are read as if they lacked them: a box would change the area that COCO gives them.
    """
    evaluation = run(kind, images, annotations, results)
    people = []
    for image in evaluation.params.imgIds:
        people += _people(evaluation, evaluation._gts[image, _PERSON], (image, _PERSON))
    return CocoScores(dict(zip(STATS[kind], map(float, evaluation.stats), strict=True)), people)


def run(kind: str, images: Sequence[dict], annotations: Sequence[dict], results: Sequence[dict]) -> COCOeval:
    """Return pycocotools' evaluation, finished, without its prints; arguments as in `evaluate`, `bbox` besides.

    Copies are passed: it writes into what it gets.
    """
    key = _KEYS[kind]
    truth, found = COCO(), COCO()
    categories = [{"id": _PERSON, "name": "person"}]
    entries = [
        {"image_id": r["image_id"], "category_id": _PERSON, key: r[key], "score": float(r["score"])} for r in results
    ]
    people = [{**annotation, "category_id": _PERSON} for annotation in annotations]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.dataset = {"images": list(images), "annotations": people, "categories": categories}
        truth.createIndex()
        found.dataset = {"images": list(images), "annotations": [], "categories": categories}
        found.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(entries) if entries else found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _people(evaluation: COCOeval, annotations: list[dict], cell: tuple[int, int]) -> list[PersonSimilarity]:
    """Return the people of a picture with their detections; `cell`: the picture's id and the category's."""
    # Rows as pycocotools has them: best score first, at most as many as it looks at.
    order = np.argsort([-d["score"] for d in evaluation._dts[cell]], kind="mergesort")[: evaluation.params.maxDets[-1]]
    detections = [evaluation._dts[cell][place] for place in order]
    similarity = np.reshape(evaluation.ious[cell], (len(detections), len(annotations)))
    counted = [place for place, annotation in enumerate(annotations) if not annotation["ignore"]]
    similarity = similarity[:, counted]
    people = []
    for person, (place, paired) in enumerate(zip(counted, best_pairs(similarity), strict=True)):
        annotation, found = annotations[place], paired >= 0
        by_keypoint = None
        if evaluation.params.iouType == "keypoints":
            by_keypoint = _by_keypoint(annotation, detections[paired] if found else None)
        value = float(similarity[paired, person]) if found else 0.0
        people.append(PersonSimilarity(value, bool(found), sizes.size_name(annotation["area"]), by_keypoint))
    return people


def _by_keypoint(annotation: dict, detection: dict | None) -> np.ndarray:
    """Return the similarity of each keypoint `[17]`: 0 without a detection, nan where unlabelled."""
    true = np.reshape(annotation["keypoints"], (-1, 3)).astype(float)
    labelled = true[:, 2] > keypoints.UNLABELLED
    if detection is None:
        return np.where(labelled, 0.0, np.nan)
    pred = np.reshape(detection["keypoints"], (-1, 3)).astype(float)
    return np.where(labelled, similarities(pred[:, :2], true[:, :2], annotation["area"]), np.nan)
