"""Settings of a detector's run. Imports nothing of the TF Object Detection API: every main imports this."""

from dataclasses import dataclass
from fractions import Fraction

_MAX_CYCLE = 1000  # denominators of shares: 2/3 may be written .6667


@dataclass(frozen=True)
class DetectorConfig:
    """A run of the detector, besides what its pipeline file says.

    Attributes:
      pipeline: file of the API's configuration, as a path or as seen from the gin file.
      sim_share: share of simulated pictures, 0..1.
      shuffle_buffer: records of each domain that are shuffled among each other.
      min_box_pixels: people whose box is lower and narrower in the network's picture are not learnt.
      checkpoint_every: steps between checkpoints.
      keep_checkpoints: how many of the last ones stay.
      report_seconds: seconds between lines of progress and points of the curves.
      evaluate_every: steps between evaluations on `--val_records`; 0 for none.
      pictures: pictures with boxes that an evaluation draws.
    """

    pipeline: str
    sim_share: float
    shuffle_buffer: int
    min_box_pixels: float
    checkpoint_every: int
    keep_checkpoints: int
    report_seconds: float
    evaluate_every: int
    pictures: int

    def __post_init__(self) -> None:
        for name in ("shuffle_buffer", "checkpoint_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not at least 1")
        for name in ("min_box_pixels", "evaluate_every", "pictures"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, negative")
        if not 0 <= self.sim_share <= 1:
            raise ValueError(f"sim_share is {self.sim_share}, not in [0, 1]")

    @property
    def exact_share(self) -> Fraction:
        """`sim_share` as the simple fraction that it stands for."""
        return Fraction(self.sim_share).limit_denominator(_MAX_CYCLE)
