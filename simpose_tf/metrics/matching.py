"""From similarities of detections and people to the ten numbers: matching, ignoring, precision and recall.

Notation: T thresholds, D detections of a picture by falling score, G people of a picture, N detections of all pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS = 20  # of a picture
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
NUMBERS = ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl")
UNDEFINED = -1.0
# How detections are matched: by DensePose's evaluation, or by COCO's, which lacks two of its rules.
MATCHINGS = ("densepose", "coco")
_BOX_IOU = 0.8  # from here on a detection left over takes over whether a person is ignored
_ALMOST_ONE = 1 - 1e-10  # a similarity that reaches any threshold


@dataclass(frozen=True)
class Candidates:
    """A picture's detections and people of one category, and how alike they are.

    Attributes:
      scores: `[D]` falling; at most `MAX_DETECTIONS`.
      pred_areas: `[D]` of the boxes.
      true_areas: `[G]` as annotated.
      ignored: bool `[G]`.
      crowd: bool `[G]`: may be matched by several detections.
      countable: bool `[G]`: false for a person with the id 0, which the official program takes for no match.
      similarity: `[D, G]`.
      box_iou: `[D, G]`.
    """

    scores: np.ndarray
    pred_areas: np.ndarray
    true_areas: np.ndarray
    ignored: np.ndarray
    crowd: np.ndarray
    countable: np.ndarray
    similarity: np.ndarray
    box_iou: np.ndarray


@dataclass(frozen=True)
class Matched:
    """What became of a picture's detections.

    Attributes:
      scores: `[D]`.
      hit: bool `[T, D]` matched to a person.
      ignored: bool `[T, D]` counts neither as right nor as wrong.
      people: people that count.
    """

    scores: np.ndarray
    hit: np.ndarray
    ignored: np.ndarray
    people: int


def match(one: Candidates, area: tuple[float, float], matching: str) -> Matched:
    """Match a picture's detections to its people for one range of areas, at all thresholds.

    Args:
      one: the picture.
      area: people outside of it are ignored, and so are unmatched detections.
      matching: one of `MATCHINGS`.
    """
    ignored = one.ignored | (one.true_areas < area[0]) | (one.true_areas > area[1])
    order = np.argsort(ignored, kind="stable")
    found = _Greedy(one, order, ignored[order])
    if matching == "densepose" and ignored.all():
        found.pred_ignored[:] = True
    for d in range(len(one.scores)):
        found.match(d)
    if matching == "densepose":
        for d in range(len(one.scores)):
            found.take_left_over(d)
    outside = (one.pred_areas < area[0]) | (one.pred_areas > area[1])
    return Matched(one.scores, found.hit, found.pred_ignored | (outside & ~found.hit), int((~ignored).sum()))


class _Greedy:
    """Matches made so far in one picture; people in an order with the ignored ones last.

    Attributes:
      hit, pred_ignored: bool `[T, D]` as in `Matched`.
      taken: bool `[T, G]` people that are matched.
    """

    def __init__(self, one: Candidates, order: np.ndarray, ignored: np.ndarray) -> None:
        self._ignored, self._crowd, self._countable = ignored, one.crowd[order], one.countable[order]
        self._similarity, self._box_iou = one.similarity[:, order], one.box_iou[:, order]
        self.hit = np.zeros((len(THRESHOLDS), len(one.scores)), bool)
        self.pred_ignored = np.zeros_like(self.hit)
        self.taken = np.zeros((len(THRESHOLDS), len(order)), bool)

    def match(self, d: int) -> None:
        """Match detection d to the most similar person left at each threshold; of equals, the last."""
        best = np.minimum(THRESHOLDS, _ALMOST_ONE)
        person = np.full(len(THRESHOLDS), -1)
        real = np.zeros(len(THRESHOLDS), bool)  # one that counts was found: ignored ones are not looked at
        for g, similarity in enumerate(self._similarity[d]):
            free = ~self.taken[:, g] | self._crowd[g]
            better = free & (similarity >= best) & (similarity > 0) & ~(real & self._ignored[g])
            best, person = np.where(better, similarity, best), np.where(better, g, person)
            real |= better & ~self._ignored[g]
        at = np.flatnonzero(person >= 0)
        self.taken[at, person[at]] = True
        self.hit[at, d] = self._countable[person[at]]
        self.pred_ignored[at, d] = self._ignored[person[at]]

    def take_left_over(self, d: int) -> None:
        """Let a detection that is unmatched at the last threshold be ignored, or not, as the person in its box is."""
        if self.hit[-1, d]:
            return
        free = ~self.taken[-1] | self._crowd
        overlap = np.where(free, self._box_iou[d], -1)
        if not len(overlap) or overlap.max() < _BOX_IOU:
            return
        g = np.flatnonzero(overlap == overlap.max())[-1]
        self.pred_ignored[:, d] = self._ignored[g]
        if self._ignored[g]:
            self.taken[-1, g] = True
            self.hit[-1, d] = self._countable[g]


def precision_and_recall(pictures: Sequence[Matched]) -> tuple[np.ndarray, np.ndarray]:
    """Return precision `[T, 101]` at the recalls, and the highest recall `[T]`; -1 if no person counts."""
    people = sum(one.people for one in pictures)
    if not people:
        return np.full((len(THRESHOLDS), len(RECALLS)), UNDEFINED), np.full(len(THRESHOLDS), UNDEFINED)
    order = np.argsort(-np.concatenate([one.scores for one in pictures]), kind="stable")
    hit = np.concatenate([one.hit for one in pictures], axis=1)[:, order]
    counts = ~np.concatenate([one.ignored for one in pictures], axis=1)[:, order]
    right, wrong = np.cumsum(hit & counts, axis=1), np.cumsum(~hit & counts, axis=1)
    if not len(order):
        return np.zeros((len(THRESHOLDS), len(RECALLS))), np.zeros(len(THRESHOLDS))
    recall = right / people
    precision = right / (wrong + right + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.stack([np.searchsorted(row, RECALLS, side="left") for row in recall])
    padded = np.concatenate([precision, np.zeros((len(precision), 1))], axis=1)
    return np.take_along_axis(padded, reached, axis=1), recall[:, -1]


def ten_numbers(categories: Sequence[Sequence[Candidates]], matching: str) -> dict[str, float]:
    """Return `NUMBERS` as fractions, -1 where nothing is defined.

    Args:
      categories: for each category its pictures, in the order in which equal scores of different pictures rank.
      matching: one of `MATCHINGS`.
    """
    numbers: dict[str, float] = {}
    for name, area in AREAS.items():
        both = [precision_and_recall([match(one, area, matching) for one in pictures]) for pictures in categories]
        for letter, values in zip(("AP", "AR"), zip(*both, strict=True), strict=True):
            by_threshold = np.stack(values)
            if name == "all":
                numbers[letter] = _mean(by_threshold)
                for percent in (50, 75):
                    numbers[f"{letter}{percent}"] = _mean(by_threshold[:, np.isclose(THRESHOLDS, percent / 100)])
            else:
                numbers[f"{letter}{name[0]}"] = _mean(by_threshold)
    return {name: numbers[name] for name in NUMBERS}


def _mean(values: np.ndarray) -> float:
    """Return the mean of those that are defined, -1 if none is."""
    defined = values[values > UNDEFINED]
    return float(defined.mean()) if defined.size else UNDEFINED
