"""How much a predicted person is like the true one of a record: OKS, mask IoU, GPS."""

import numpy as np

from simpose_tf.data.schema import Person
from simpose_tf.inference.people import MASK_THRESHOLD, CropPeople, PredictedPerson
from simpose_tf.metrics.gps import KAPPA_BY_PART, gps
from simpose_tf.metrics.masks import mask_iou
from simpose_tf.metrics.oks import oks
from simpose_tf.surface.chart_vertices import ChartVertices

_POINTS = 100  # of a person, as DensePose-COCO's annotators were shown about so many


def similarities(
    predicted: PredictedPerson, true: Person, body: ChartVertices | None, rng: np.random.Generator
) -> dict[str, float]:
    """Return `oks`, `mask_iou` and, of a person with dense labels and given a `body`, `gps`; nan where not defined.

    Args:
      predicted: in record pixels.
      true: the record.
      body: the reference that the record is labelled by.
      rng: chooses the points of GPS.
    """
    height, width = true.mask.shape
    dense = predicted.sample(np.arange(width) + 0.5, np.arange(height) + 0.5)
    valid = np.ones_like(true.mask) if true.ignore is None else ~true.ignore
    found = {
        "oks": oks(predicted.keypoints[:, :2], true.keypoints_xy, true.visibility, float(true.mask.sum())),
        "mask_iou": mask_iou(dense.mask >= MASK_THRESHOLD, true.mask, valid),
    }
    if body is not None and true.part is not None:
        found["gps"] = _gps(dense, true, body, rng)
    return found


def _gps(dense: CropPeople, true: Person, body: ChartVertices, rng: np.random.Generator) -> float:
    """Return the GPS over points drawn from the person's labelled pixels."""
    assert true.part is not None and true.u is not None and true.v is not None
    labelled = np.flatnonzero(true.part)
    if not len(labelled):
        return float("nan")
    points = rng.choice(labelled, min(_POINTS, len(labelled)), replace=False)
    part = true.part.ravel()[points]
    true_uv = np.stack([true.u.ravel()[points], true.v.ravel()[points]], -1).astype(float)
    pred_part = np.where(dense.mask >= MASK_THRESHOLD, dense.part, 0).ravel()[points]
    pred_uv = dense.uv.reshape(-1, 2)[points].astype(float)
    apart = body.apart(body.nearest(pred_part, pred_uv), body.nearest(part, true_uv))
    return float(gps(apart, KAPPA_BY_PART[part]))
