"""How alike the detections and the people of one picture are: GPS, mask IoU, GPSm, box IoU."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pycocotools import mask as coco_mask

from simpose_tf import charts
from simpose_tf.densepose.annotations import Points, TruePerson
from simpose_tf.densepose.masks import overlap, placed, true_patch
from simpose_tf.densepose.results import Detection
from simpose_tf.metrics import gps
from simpose_tf.surface.chart_vertices import NOWHERE, ChartVertices


@dataclass
class PartTally:
    """Point similarity by part of the annotated point, each person with the detection that is most similar to it."""

    total: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1))
    points: np.ndarray = field(default_factory=lambda: np.zeros(charts.NUM_PARTS + 1, np.int64))

    def add(self, part: np.ndarray, similarity: np.ndarray) -> None:
        """Add points `[P]` of a person; `similarity` `[D, P]` of all detections, maybe none."""
        self.points += np.bincount(part, minlength=len(self.points))
        if len(similarity) and len(part):
            best = similarity[np.argmax(similarity.mean(1))]
            self.total += np.bincount(part, best, len(self.total))

    def means(self) -> dict[str, float]:
        """Return the mean by the part's name, of parts that were annotated."""
        seen = np.flatnonzero(self.points)
        return {charts.PART_NAMES[part]: float(self.total[part] / self.points[part]) for part in seen}


@dataclass(frozen=True)
class PointMeasure:
    """GPS on a body.

    Attributes:
      vertices: of the body.
      kappa: metres by part `[25]`.
      tally: collects by part.
    """

    vertices: ChartVertices
    kappa: np.ndarray
    tally: PartTally = field(default_factory=PartTally)

    def __call__(
        self, people: Sequence[TruePerson], found: Sequence[Detection], iuvs: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return GPS `[D, G]`, 0 for people without annotated points.

        Args:
          people: G of them.
          found: D of them.
          iuvs: their pixels, uint8 `[h, w, 3]`.
        """
        result = np.zeros((len(found), len(people)))
        for g, person in enumerate(people):
            if person.points is None:
                continue
            points = person.points
            true = self.vertices.nearest(points.part, points.uv)
            counts = true != NOWHERE  # a point on no part is not asked for
            points = Points(points.xy[counts], points.part[counts], points.uv[counts])
            sampled = [_sample(points.xy, person.box_xywh, d.box_xywh, iuv) for d, iuv in zip(found, iuvs, strict=True)]
            iuv = np.array(sampled, np.uint8).reshape(len(found), len(points.part), 3)
            pred = self.vertices.nearest_of_bytes(iuv.reshape(-1, 3)).reshape(iuv.shape[:2])
            apart, kappa = self.vertices.apart(pred, true[counts]), self.kappa[points.part]
            result[:, g] = gps.gps(apart, kappa)
            self.tally.add(points.part, gps.point_similarity(apart, kappa))
        return result


def _sample(xy: np.ndarray, true_box: np.ndarray, pred_box: np.ndarray, iuv: np.ndarray) -> np.ndarray:
    """Return a detection's uint8 `[P, 3]` at annotated points, zeros outside of its box."""
    pixels, inside = gps.point_pixels(xy, true_box, pred_box)
    sampled = np.zeros((len(xy), 3), np.uint8)
    sampled[inside] = iuv[pixels[inside, 1], pixels[inside, 0]]
    return sampled


def mask_ious(
    people: Sequence[TruePerson], found: Sequence[Detection], iuvs: Sequence[np.ndarray], size: tuple[int, int]
) -> np.ndarray:
    """Return the IoU `[D, G]` of masks in a picture of (height, width); a detection's mask is where it sees a part."""
    true = [true_patch(person, size) for person in people]
    areas = [patch.area for patch in true]
    result = np.zeros((len(found), len(people)))
    for d, (one, iuv) in enumerate(zip(found, iuvs, strict=True)):
        pred = placed(iuv[..., 0] > 0, one.box_xywh, size)
        for g, person in enumerate(people):
            result[d, g] = overlap(pred, true[g], areas[g], person.crowd)
    return result


def box_ious(people: Sequence[TruePerson], found: Sequence[Detection]) -> np.ndarray:
    """Return the IoU `[D, G]` of boxes; with a crowd, the share of the detection's box in it."""
    if not people or not found:
        return np.zeros((len(found), len(people)))
    crowd = [int(person.crowd) for person in people]
    return coco_mask.iou([d.box_xywh.tolist() for d in found], [p.box_xywh.tolist() for p in people], crowd)
