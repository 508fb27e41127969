"""Which score ranks detections best: average precision by score, and how sure the choice is. numpy only.

Notation: N detections of P people; each detection is about one person (false ones about one they miss) and has
`values` `[N,C]`, its confidences, and a similarity in [0, 1] to that person.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# COCO's: .50 to .95, and 101 places of recall.
_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)
_RESAMPLED = 200
_INTERVAL = (2.5, 97.5)  # percent


@dataclass(frozen=True)
class Detections:
    """Detections and what they are worth.

    Attributes:
      person: `[N]` 0..people - 1.
      values: `[N,C]` confidences in [0, 1].
      similarity: measure -> `[N]` in [0, 1].
      people: P, those without a detection counted.
    """

    person: np.ndarray
    values: np.ndarray
    similarity: Mapping[str, np.ndarray]
    people: int

    def of(self, people: np.ndarray) -> "Detections":
        """Return the detections of the given people `[M]`, who become 0..M - 1; one may be given several times."""
        places = [np.flatnonzero(self.person == one) for one in people]
        chosen = np.concatenate([np.zeros(0, int), *places])
        person = np.repeat(np.arange(len(people)), [len(p) for p in places])
        similarity = {name: values[chosen] for name, values in self.similarity.items()}
        return Detections(person, self.values[chosen], similarity, len(people))


def average_precision(score: np.ndarray, similarity: np.ndarray, person: np.ndarray, people: int) -> float:
    """Return COCO's average precision over its ten thresholds, one person per picture.

    In the order of falling scores (ties by place) a detection is right if it is at least as similar as the threshold
    and no earlier one took its person.

    Args:
      score: `[N]`.
      similarity: `[N]`.
      person: `[N]`.
      people: P, at least 1.
    """
    order = np.argsort(-score, kind="stable")
    similarity, person = similarity[order], person[order]
    return float(np.mean([_precision_at(similarity >= t, person, people) for t in _THRESHOLDS]))


def _precision_at(hit: np.ndarray, person: np.ndarray, people: int) -> float:
    """Return the mean precision over the places of recall, detections ranked; `hit` `[N]` bool."""
    right = np.zeros(len(hit))
    places = np.flatnonzero(hit)
    right[places[np.unique(person[places], return_index=True)[1]]] = 1
    found = np.cumsum(right)
    precision = np.maximum.accumulate((found / np.arange(1, len(hit) + 1))[::-1])[::-1]
    reached = np.searchsorted(found / people, _RECALLS, side="left")
    return float(np.mean(np.append(precision, 0.0)[reached]))


def candidates(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every choice of confidences, the small ones first."""
    return [c for size in range(1, len(names) + 1) for c in itertools.combinations(names, size)]


def scored(values: np.ndarray, names: Sequence[str], chosen: Sequence[str]) -> np.ndarray:
    """Return the geometric mean `[N]` of the chosen confidences."""
    columns = [list(names).index(name) for name in chosen]
    return np.prod(values[:, columns], axis=1) ** (1 / len(columns))


def precisions(found: Detections, names: Sequence[str], chosen: Sequence[str]) -> dict[str, float]:
    """Return the average precision by each measure, detections ranked by the chosen confidences, and their `mean`."""
    score = scored(found.values, names, chosen)
    of = {m: average_precision(score, values, found.person, found.people) for m, values in found.similarity.items()}
    return of | {"mean": float(np.mean(list(of.values())))}


def best_of(found: Detections, names: Sequence[str]) -> tuple[str, ...]:
    """Return the candidate of the highest mean average precision; of equal ones the first."""
    choices = candidates(names)
    return choices[int(np.argmax([precisions(found, names, chosen)["mean"] for chosen in choices]))]


def gain(found: Detections, names: Sequence[str], chosen: Sequence[str], base: Sequence[str]) -> float:
    """Return by how much the mean average precision of a candidate is over that of another."""
    return precisions(found, names, chosen)["mean"] - precisions(found, names, base)["mean"]


def interval(
    found: Detections, names: Sequence[str], pair: tuple[Sequence[str], Sequence[str]], rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % interval of the `gain` of pair[0] over pair[1], people drawn anew with replacement."""
    draws = [found.of(rng.integers(0, found.people, found.people)) for _ in range(_RESAMPLED)]
    low, high = np.percentile([gain(draw, names, *pair) for draw in draws], _INTERVAL)
    return float(low), float(high)


def held_out_gains(found: Detections, names: Sequence[str], base: Sequence[str]) -> tuple[float, float]:
    """Return what choosing on one half of the people gains on the other half, for both halves."""
    halves = [found.of(np.arange(first, found.people, 2)) for first in (0, 1)]
    first, second = (gain(halves[1 - i], names, best_of(halves[i], names), base) for i in (0, 1))
    return first, second
