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
        asked = [g for g, person in enumerate(people) if person.points is not None]
        xy, part, vertex, owner = self._asked(people, asked)
        iuv = np.zeros((len(found), len(part), 3), np.uint8)
        for d, one in enumerate(found):
            for g in asked:
                mine = owner == g
                iuv[d, mine] = _sample(xy[mine], people[g].box_xywh, one.box_xywh, iuvs[d])
        pred = self.vertices.nearest_of_bytes(iuv.reshape(-1, 3)).reshape(iuv.shape[:2])
        apart, kappa = self.vertices.apart(pred, vertex), self.kappa[part]
        for g in asked:
            mine = owner == g
            result[:, g] = gps.gps(apart[:, mine], kappa[mine])
            self.tally.add(part[mine], gps.point_similarity(apart[:, mine], kappa[mine]))
        return result

    def _asked(self, people: Sequence[TruePerson], asked: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Return xy `[P, 2]`, part, chart vertex and owner `[P]` of the points of some people, those on a part."""
        points = [people[g].points for g in asked]
        empty = Points(np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 2)))
        xy, part, uv = (
            np.concatenate([getattr(one, name) for one in (empty, *points)]) for name in ("xy", "part", "uv")
        )
        owner = np.repeat(asked, [len(one.part) for one in points if one]).astype(np.int64)
        vertex = self.vertices.nearest(part, uv)
        on_part = vertex != NOWHERE
        return xy[on_part], part[on_part], vertex[on_part], owner[on_part]


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
