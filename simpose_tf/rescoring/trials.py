"""Boxes as a detector may give them, about the people of records: shifted, cut off, doubled, missing and false ones."""

from dataclasses import dataclass

import numpy as np

from simpose_tf.data.schema import Person

_TRIES = 20


@dataclass(frozen=True)
class TrialConfig:
    """How boxes go wrong.

    Attributes:
      missing: share of people without a box.
      shift: deviation of a box's middle, in sides of the box.
      stretch: deviation of the logarithm of each side.
      half: share of people with a second box that holds one half of them only.
      false: false boxes for each person, on average; at most `false_overlap` of their area is people.
      false_overlap: see `false`.
    """

    missing: float
    shift: float
    stretch: float
    half: float
    false: float
    false_overlap: float

    def __post_init__(self) -> None:
        """Raise ValueError for shares outside of 0..1 and negative numbers."""
        if not (0 <= self.missing <= 1 and 0 <= self.half <= 1 and 0 <= self.false_overlap <= 1):
            raise ValueError(f"missing, half and false_overlap are shares: {self}")
        if min(self.shift, self.stretch, self.false) < 0:
            raise ValueError(f"shift, stretch and false must not be negative: {self}")


def boxes_of(person: Person, config: TrialConfig, rng: np.random.Generator) -> np.ndarray:
    """Return `[N,4]` boxes yxyx in record pixels about a person; false ones are of places without people."""
    boxes = []
    if rng.random() >= config.missing:
        boxes.append(_jittered(person.box_yxyx, config, rng))
        if rng.random() < config.half:
            boxes.append(_jittered(_half(person.box_yxyx, rng), config, rng))
    for _ in range(rng.poisson(config.false)):
        boxes += _false_box(person, config, rng)
    return np.array(boxes, float).reshape(-1, 4)


def _jittered(box_yxyx: np.ndarray, config: TrialConfig, rng: np.random.Generator) -> np.ndarray:
    """Return a box shifted and stretched."""
    low, high = np.asarray(box_yxyx[:2], float), np.asarray(box_yxyx[2:], float)
    middle = (low + high) / 2 + rng.normal(0, config.shift, 2) * (high - low)
    half = (high - low) / 2 * np.exp(rng.normal(0, config.stretch, 2))
    return np.concatenate([middle - half, middle + half])


def _half(box_yxyx: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the upper, left, lower or right half of a box."""
    box, side = np.array(box_yxyx, float), rng.integers(4)
    box[side] = (box[side % 2] + box[side % 2 + 2]) / 2
    return box


def _false_box(person: Person, config: TrialConfig, rng: np.random.Generator) -> list[np.ndarray]:
    """Return a box about as large as the person's where nobody is, or none if there is no room."""
    taken = person.mask.copy()
    for other in (person.others, person.ignore):
        if other is not None:
            taken |= other
    height, width = taken.shape
    size = (person.box_yxyx[2:] - person.box_yxyx[:2]).astype(float)
    for _ in range(_TRIES):
        sides = np.minimum(size * np.exp(rng.normal(0, 0.5, 2)), (height, width))
        low = rng.uniform(0, (height, width) - sides)
        y0, x0, y1, x1 = np.round(np.concatenate([low, low + sides])).astype(int)
        region = taken[y0:y1, x0:x1]
        if region.size and region.mean() <= config.false_overlap:
            return [np.concatenate([low, low + sides])]
    return []
