"""What a monitor draws: fixed people with truth beside prediction, and the domains' distances."""

import numpy as np

from simpose_tf.inference.people import MASK_THRESHOLD
from simpose_tf.monitoring.evaluation import Answers
from simpose_tf.monitoring.people import Batch
from simpose_tf.visualize.bars import draw_layer_bars
from simpose_tf.visualize.comparison import DrawnCrop, comparison_sheet, predicted


def people(batch: Batch, answers: Answers, count: int) -> np.ndarray:
    """Return the sheet of the first `count` people, uint8 `[H,W,3]`."""
    places = range(min(count, len(batch["image"])))
    truths = [_truth({name: values[place] for name, values in batch.items()}) for place in places]
    told = [_prediction({name: values[place] for name, values in answers.maps.items()}) for place in places]
    return comparison_sheet([batch["image"][place] for place in places], truths, told)


def distances(by_kind: dict[str, dict[str, float]]) -> np.ndarray:
    """Return the bars of `evaluation.domain_distances`, uint8 `[H,W,3]`."""
    return draw_layer_bars(
        {
            "real against simulated crops, symmetric KL of each layer's inputs (orange: two halves of one domain)": (
                by_kind["kl"],
                by_kind["kl_within"],
            ),
            "distance of the means in deviations": (by_kind["gap"], by_kind["gap_within"]),
        }
    )


def _truth(person: Batch) -> DrawnCrop:
    """Return a person's labels; where nothing is known, the mask is left empty."""
    dense = bool(person["has_dense"])
    return DrawnCrop(
        keypoints_xy=person["keypoints_xy"],
        visibility=person["visibility"],
        mask=person["mask"] & person["valid"],
        part=person["part"] if dense else None,
        uv=person["uv"] if dense else None,
        normal=person["normal"] if dense else None,
    )


def _prediction(maps: Batch) -> DrawnCrop:
    return predicted(maps["keypoints"], maps["mask"] >= MASK_THRESHOLD, maps)
