"""COCO's metrics of people out of files: keypoints and masks."""

from simpose_tf.data import coco
from simpose_tf.evaluation.coco_files import Truth, read_results, read_truth
from simpose_tf.evaluation.rows import Measured
from simpose_tf.metrics import coco_people


def of_keypoints(annotations: str, results: str) -> Measured:
    """Return COCO's keypoint numbers and the mean OKS of files (`coco_files`). Raises InputError."""
    truth = read_truth(annotations, ("keypoints",))
    return measure_coco("keypoints", truth, read_results(results, truth, "keypoints"))


def of_masks(annotations: str, results: str) -> Measured:
    """Return COCO's segmentation numbers and the mean mask IoU of files (`coco_files`). Raises InputError."""
    truth = read_truth(annotations, ("segmentation",))
    found = [_with_run_lengths(one, truth) for one in read_results(results, truth, "segmentation")]
    return measure_coco("masks", truth, found)


def _with_run_lengths(result: dict, truth: Truth) -> dict:
    """Return a result with its mask as the text that pycocotools asks of results; polygons are for annotations."""
    stored, image = result["segmentation"], truth.images[result["image_id"]]
    if isinstance(stored, dict) and isinstance(stored["counts"], str):
        return result
    return {**result, "segmentation": coco.run_lengths(coco.rasterize(stored, image["height"], image["width"]))}


def measure_coco(kind: str, truth: Truth, results: list[dict]) -> Measured:
    """Return the numbers of `keypoints` or `masks` for results that were checked."""
    scores = coco_people.evaluate(
        "keypoints" if kind == "keypoints" else "segm", list(truth.images.values()), truth.people, results
    )
    mean = "mean_oks" if kind == "keypoints" else "mean_iou"
    by_size = {name: {"people": g["people"], mean: g["mean"]} for name, g in scores.by_size().items()}
    by_keypoint = {name: {mean: value} for name, value in scores.by_keypoint().items()}
    details = {"by_size": by_size} | ({"by_keypoint": by_keypoint} if by_keypoint else {})
    numbers = {mean: scores.mean, **scores.stats, "found": float(scores.found)}
    people = len(scores.people)
    on = f"{people} people in {len(truth.images)} pictures, {len(results)} detections, {scores.found} people found"
    return Measured(numbers, details, people, on)
