"""How far a smaller form of the second stage is from the SavedModel that it was made of."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from simpose_tf.inference.people import MASK_THRESHOLD

# The answers for crops, `decode.decode_maps` as numpy.
People = dict[str, np.ndarray]

_VALUES = ("score", "confidence", "mask", "uv", "normal")


@dataclass(frozen=True)
class Distance:
    """Of many numbers: the largest and the mean."""

    max: float
    mean: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Distance":
        """Summarise distances; no numbers: 0."""
        return cls(float(np.max(values, initial=0)), float(np.mean(values)) if values.size else 0.0)


@dataclass(frozen=True)
class Difference:
    """What changed between two answers to the same crops.

    Attributes:
      values: absolute differences of `score`, `confidence`, `mask`, `normal`; and of `uv` on the person, where the
        parts are the same: elsewhere uv belongs to another chart.
      keypoints: distances, pixels of the crop.
      near_keypoints: the share of keypoints that moved by less than a pixel.
      same_part: the share of the person's pixels (by the first answer) with the same part.
      same_mask: the share of pixels on the same side of the mask's threshold.
    """

    values: dict[str, Distance]
    keypoints: Distance
    near_keypoints: float
    same_part: float
    same_mask: float

    def about(self) -> dict:
        """Return it as JSON has it."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """Return it as lines for people to read."""
        rows = [*self.values.items(), ("keypoints, pixels", self.keypoints)]
        return [
            *(f"{name}: at most {distance.max:.3g}, mean {distance.mean:.3g}" for name, distance in rows),
            f"keypoints moved by less than a pixel: {self.near_keypoints:.4%}",
            f"person's pixels of the same part: {self.same_part:.4%}; pixels of the same mask: {self.same_mask:.4%}",
        ]


def difference(one: People, other: People) -> Difference:
    """Compare two answers to the same crops `[B,...]`; the first one is the measure."""
    person = one["mask"] >= MASK_THRESHOLD
    same = one["part"] == other["part"]
    apart = {name: np.abs(one[name].astype(float) - other[name]) for name in _VALUES}
    apart["uv"] = apart["uv"][person & same]
    moved = np.linalg.norm(one["keypoints"][..., :2] - other["keypoints"][..., :2], axis=-1)
    return Difference(
        values={name: Distance.of(values) for name, values in apart.items()},
        keypoints=Distance.of(moved),
        near_keypoints=float(np.mean(moved < 1)),
        same_part=float(np.mean(same[person])) if person.any() else 1.0,
        same_mask=float(np.mean(person == (other["mask"] >= MASK_THRESHOLD))),
    )


def joined(batches: list[People]) -> People:
    """Return the answers to several batches as those to one."""
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
