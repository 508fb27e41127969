"""The rows of an evaluation's table: each number with its exact name, unit and what it was measured on."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLUMNS = ("model", "untrained", "constant")


@dataclass(frozen=True)
class Metric:
    """A row of the table: key in the json, exact name, which way is better, and digits to print."""

    key: str
    name: str
    better: str
    digits: int


@dataclass(frozen=True)
class Measured:
    """What one kind of `--metric` found.

    Attributes:
      numbers: key -> value; nan, or COCO's -1, where there was nothing to measure.
      details: breakdowns: title -> group -> number -> value.
      people: who were measured.
      on: what it was measured on, in words.
    """

    numbers: dict[str, float]
    details: dict[str, dict]
    people: int
    on: str


_UV = "UV: mean L2 error of (u, v)"
_NORMAL = "Normal: ADD, mean angle in degrees"

# What `metrics.crops.Scores` measures on the pixels of crops: Table 2.
CROP_METRICS = (
    Metric("uv_l2", f"{_UV} in the true part, chart units", "lower", 4),
    Metric("normal_add_deg", _NORMAL, "lower", 2),
    Metric("mask_iou", "Segmentation: mean mask IoU", "higher", 4),
    Metric("keypoint_oks", "Keypoint: mean OKS", "higher", 4),
    Metric("part_accuracy", "Parts: share of the person's pixels with the right part", "higher", 4),
)
# The distribution of angles, `metrics.normals.AngleTally.distribution`.
ANGLE_METRICS = (
    Metric("median_deg", "Normal: median angle in degrees", "lower", 2),
    Metric("share_under_11.25_deg", "Normal: share of angles under 11.25 degrees", "higher", 4),
    Metric("share_under_22.5_deg", "Normal: share of angles under 22.5 degrees", "higher", 4),
    Metric("share_under_30_deg", "Normal: share of angles under 30 degrees", "higher", 4),
)
# `metrics.dense.UvScores` and `NormalScores`, from files.
UV_METRICS = (
    Metric("uv_l2", f"{_UV} where the part is right, chart units", "lower", 4),
    Metric("uv_l2_any_part", f"{_UV} wherever there is a part", "lower", 4),
    Metric("part_accuracy", "Parts: share of the points with the right part", "higher", 4),
    Metric("found", "Parts: share of the points with any part", "higher", 4),
)
NORMAL_METRICS = (
    Metric("normal_add_deg", _NORMAL, "lower", 2),
    *ANGLE_METRICS,
    Metric("found", "Normal: share of the pixels with any normal", "higher", 4),
)
_OF_PEOPLE = {
    "keypoints": Metric("mean_oks", "Keypoint: mean OKS of each person's detection, missed: 0", "higher", 4),
    "masks": Metric("mean_iou", "Segmentation: mean mask IoU of each person, missed: 0", "higher", 4),
}

# What the averages of a metric are over, and what it is called.
_AVERAGES = {
    "gps": ("DensePose GPS", "GPS"),
    "gpsm": ("DensePose GPSm", "GPSm"),
    "iou": ("DensePose mask IoU", "IoU"),
    "keypoints": ("COCO keypoints", "OKS"),
    "masks": ("COCO masks", "IoU"),
}
_PEOPLE_SIZES = {
    "s": "small people (to 32^2 px)",
    "m": "medium people (32^2..96^2 px)",
    "l": "large people (96^2 px on)",
}


def metrics_of(kind: str, numbers: Mapping[str, float]) -> list[Metric]:
    """Return the rows of a kind of `--metric` for the numbers that there are."""
    fixed = {"uv": UV_METRICS, "normals": NORMAL_METRICS}.get(kind)
    if fixed is not None:
        return [metric for metric in fixed if metric.key in numbers]
    rows = [Metric(key, _average_name(kind, key), "higher", 4) for key in numbers if key[:2] in ("AP", "AR")]
    return [m for m in (_OF_PEOPLE.get(kind),) if m is not None and m.key in numbers] + rows


def _average_name(kind: str, key: str) -> str:
    """Return the exact name of an average, for example of `AP50`."""
    title, over = _AVERAGES[kind]
    average, rest = key[:2], key[2:]
    if rest in _PEOPLE_SIZES:
        return f"{title}: {average}, {_PEOPLE_SIZES[rest]}"
    if rest in ("50", "75"):
        return f"{title}: {average} at {over} .{rest}"
    if rest:
        return f"{title}: {average} with {rest} detections a picture"
    return f"{title}: {average}, mean over {over} .50:.95"


def row(metric: Metric, measured_on: Mapping, numbers: Mapping[str, float]) -> dict:
    """Return a row as json holds it.

    Args:
      metric: name and key.
      measured_on: `domain` (of records, or the annotations' file), `kind` (of `--metric`, or `crops`), `people` (how
        many) and `measured_on` (the same in words).
      numbers: column -> number, nan for none.
    """
    told = {"metric": metric.key, "name": metric.name, "better": metric.better, "digits": metric.digits}
    return {**measured_on, **told, **{name: number(numbers.get(name)) for name in COLUMNS}}


def number(value: float | None) -> float | None:
    """Return a number that json knows."""
    return None if value is None or math.isnan(value) else float(value)


def cleaned(values: dict) -> dict:
    """Return nested dicts of numbers with None in place of nan."""
    return {
        key: cleaned(value) if isinstance(value, dict) else number(value) if isinstance(value, float) else value
        for key, value in values.items()
    }


def printed(rows: Sequence[dict], columns: Sequence[str] = COLUMNS) -> list[str]:
    """Return the lines of the printed table: a block for each domain and kind, headed by what it was measured on."""
    lines = [f"{'':66}{'better':>8}" + "".join(f"{column:>11}" for column in columns)]
    for (domain, _), block in itertools.groupby(rows, lambda row: (row["domain"], row["kind"])):
        mine = list(block)
        on = {row["measured_on"] for row in mine}
        common = on.pop() if len(on) == 1 else f"{mine[0]['people']} people"
        lines.append(f"{domain}, {common}")
        lines += [_printed_row(row, common, columns) for row in mine]
    return lines


def _printed_row(row: dict, common: str, columns: Sequence[str]) -> str:
    cells = "".join(f"{_shown(row[column], row['digits']):>11}" for column in columns)
    on = "" if row["measured_on"] == common else f"   on {row['measured_on']}"
    return f"  {row['name']:64}{row['better']:>8}{cells}{on}"


def _shown(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def breakdowns(details: Mapping) -> dict[str, dict]:
    """Return title -> group -> numbers of nested details: `by_part`, ...; those of crops are one number a title."""
    found = {title: dict(groups) for title, groups in details.items() if title.startswith("by_")}
    for title, groups in details.items():
        if title.endswith("_by_part"):
            for part, value in groups.items():
                found.setdefault("by_part", {}).setdefault(part, {})[title.removesuffix("_by_part")] = value
    return found


def printed_breakdown(title: str, groups: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the lines of a breakdown: a row for each group (a part, a size), a column for each number."""
    names = list(dict.fromkeys(name for numbers in groups.values() for name in numbers))
    width = max(11, *(len(name) + 2 for name in names)) if names else 11
    lines = [f"{title:26}" + "".join(f"{name:>{width}}" for name in names)]
    for group, numbers in groups.items():
        lines.append(f"  {group:24}" + "".join(f"{_cell(numbers.get(name)):>{width}}" for name in names))
    return lines if groups else []


def _cell(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return str(value) if isinstance(value, int) else _shown(value, 4)
