"""What SimPose's Tables 2, 3 and 4 hold: their rows, what is measured, and the numbers that the paper printed.

The paper prints the rows as columns; a row here is one network: the base settings with the bindings of one file in
`gin_configs/ablations/`. The numbers are results to stand beside ours, no settings: nothing computes with them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class AblationConfig:
    """How an ablation is run.

    Attributes:
      seeds: runs of each row, with the seeds 0, 1, ...: first weights, and the crops' order and augmentation.
      keep_checkpoints: whether a finished run keeps its checkpoints, besides its SavedModel, curves and settings.
    """

    seeds: int
    keep_checkpoints: bool

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ValueError(f"seeds is {self.seeds}, not at least 1")


@dataclass(frozen=True)
class Metric:
    """A number of a network.

    Attributes:
      domain: of the validation records, `sim` or `real`.
      key: as in `simpose_tf.evaluate`'s json.
      name: short, for tables and plots.
      better: `lower` or `higher`.
      digits: behind the point.
    """

    domain: str
    key: str
    name: str
    better: str
    digits: int


NORMAL = Metric("sim", "normal_add_deg", "Normal ADD, degrees", "lower", 1)
UV = Metric("sim", "uv_l2", "UV L2", "lower", 3)
REAL_MASK = Metric("real", "mask_iou", "Mask IoU", "higher", 3)
REAL_OKS = Metric("real", "keypoint_oks", "Keypoint OKS", "higher", 3)
# Those that the paper prints, then what it leaves out.
METRICS = (
    NORMAL,
    UV,
    REAL_MASK,
    REAL_OKS,
    Metric("sim", "part_accuracy", "Right part", "higher", 3),
    Metric("sim", "mask_iou", "Mask IoU", "higher", 3),
    Metric("sim", "keypoint_oks", "Keypoint OKS", "higher", 3),
)


@dataclass(frozen=True)
class Row:
    """One network of a table.

    Attributes:
      name: of its file of overrides, without `.gin`.
      label: what the paper's table calls it.
    """

    name: str
    label: str


@dataclass(frozen=True)
class Table:
    """An ablation.

    Attributes:
      number: of the paper's table.
      title: what is varied, as the paper's caption has it.
      axis: the same, short.
      rows: in the order in which the paper prints them.
      base: name of the row whose settings the other tables share.
      paper: what the paper printed, for each row.
    """

    number: int
    title: str
    axis: str
    rows: tuple[Row, ...]
    base: str
    paper: dict[Metric, tuple[float, ...]]


def _rows(prefix: str, values: tuple[float, ...], label: str) -> tuple[Row, ...]:
    return tuple(Row(f"{prefix}_{round(100 * value):03d}", label.format(value)) for value in values)


TABLES = (
    Table(
        2,
        "simulated data mixing ratio",
        "share of simulated crops",
        _rows("sim", (1.0, 0.75, 0.5, 0.25, 0.0), "{:.0%}"),
        "sim_050",
        {
            NORMAL: (19.3, 19.5, 19.9, 21.5, 74.6),
            UV: (0.075, 0.075, 0.077, 0.082, 0.386),
            REAL_MASK: (0.26, 0.68, 0.69, 0.69, 0.70),
            REAL_OKS: (0.32, 0.74, 0.76, 0.75, 0.77),
        },
    ),
    Table(
        3,
        "UV task weight",
        "weight of the UV task",
        _rows("uv", (0.0, 0.25, 0.5, 1.0, 2.0), "{:.2f}"),
        "uv_025",
        {
            UV: (0.384, 0.077, 0.076, 0.074, 0.071),
            REAL_MASK: (0.698, 0.692, 0.697, 0.695, 0.697),
            REAL_OKS: (0.761, 0.756, 0.760, 0.760, 0.756),
        },
    ),
    Table(
        4,
        "3D normal task weight",
        "weight of the normal task",
        _rows("normal", (0.0, 0.25, 0.5, 1.0, 2.0), "{:.2f}"),
        "normal_100",
        {
            NORMAL: (76.1, 22.1, 21.1, 19.9, 18.6),
            UV: (0.077, 0.077, 0.076, 0.077, 0.077),
            REAL_MASK: (0.699, 0.697, 0.700, 0.696, 0.698),
            REAL_OKS: (0.763, 0.759, 0.760, 0.756, 0.760),
        },
    ),
)
