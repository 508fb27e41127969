"""An ablation as files: `tableN.md`, `tableN.csv`, `tableN.json`."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.ablation.findings import Finding, findings
from simpose_tf.ablation.summary import Cell, Study
from simpose_tf.ablation.tables import METRICS, Metric

NOTHING = "–"
_DOMAINS = {"sim": "simulated", "real": "real"}


def write_tables(study: Study, about: dict[str, Any], folder: Path) -> None:
    """Write a table, as far as it was measured, as markdown, csv and json.

    Args:
      study: the table's numbers.
      about: what it was measured on, for people: name -> text.
      folder: of the files.
    """
    stem = folder / f"table{study.table.number}"
    files.write_text(stem.with_suffix(".md"), markdown(study, about))
    files.write_text(stem.with_suffix(".csv"), comma_separated(study))
    files.write_text(stem.with_suffix(".json"), json.dumps(as_json(study, about), indent=1) + "\n")


def cells(study: Study, metric: Metric) -> list[tuple[str, str]]:
    """Return (ours, the paper's) for each row of the table, in its order, as text."""
    return [
        (shown(study.cell(row.name, metric), metric), number(study.paper(row.name, metric), metric))
        for row in study.table.rows
    ]


def title(metric: Metric, people: int | None = None) -> str:
    """Return a metric's name with its domain, its better side and, if known, how many people it is measured on."""
    counted = "" if people is None else f", {people} people"
    return f"{metric.name} ({_DOMAINS[metric.domain]}{counted}; {metric.better} is better)"


def shown(cell: Cell, metric: Metric) -> str:
    """Return `mean ± spread`, as far as there is one."""
    spread = "" if math.isnan(cell.spread) else f" ± {number(cell.spread, metric)}"
    return number(cell.mean, metric) + spread


def number(value: float, metric: Metric) -> str:
    """Return a number with its digits; a dash for nan."""
    return NOTHING if math.isnan(value) else f"{value:.{metric.digits}f}"


def markdown(study: Study, about: dict[str, Any]) -> str:
    """Return the table as markdown, the paper's numbers below ours, then the findings."""
    table = study.table
    seeds = max((len(runs) for runs in study.runs.values()), default=0)
    head = ["", "", *(row.label for row in table.rows), "best constant", "untrained"]
    lines = [f"# Table {table.number}: {table.title}", "", _row(head), _row(["---"] * len(head))]
    for metric in METRICS:
        pairs = cells(study, metric)
        ends = [number(study.baseline(column, metric), metric) for column in ("constant", "untrained")]
        name = title(metric, study.people.get(metric.domain))
        lines.append(_row([name, "ours", *(ours for ours, _ in pairs), *ends]))
        if metric in table.paper:
            lines.append(_row(["", "paper", *(paper for _, paper in pairs), "", ""]))
    lines += ["", f"Ours: mean ± standard deviation over {seeds} seed{'s' * (seeds != 1)}. Paper: SimPose Table "]
    lines[-1] += f"{table.number}, on Renderpeople and COCO, ResNet-101 at 353x257: other data and another network."
    return "\n".join([*lines, "", *_findings(findings(study)), *_about(about)]) + "\n"


def _findings(found: list[Finding]) -> list[str]:
    if not found:
        return []
    head = ["what the paper's table says", "paper", "ours (± two standard errors)", ""]
    rows = [_row([f.claim, f.paper, f.ours, f.verdict]) for f in found]
    return [_row(head), _row(["---"] * len(head)), *rows, ""]


def _about(about: dict[str, Any]) -> list[str]:
    return ["Measured on:", "", *(f"- {name}: {text}" for name, text in about.items())]


def _row(texts: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def comma_separated(study: Study) -> str:
    """Return one line for each row and metric: every seed's value, mean, spread, the paper's number."""
    seeds = sorted({seed for runs in study.runs.values() for seed in runs})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "table",
            "row",
            "label",
            "domain",
            "metric",
            "better",
            "mean",
            "spread",
            "paper",
            *(f"seed_{s}" for s in seeds),
        ]
    )
    for row in study.table.rows:
        for metric in METRICS:
            cell = study.cell(row.name, metric)
            numbers = [cell.mean, cell.spread, study.paper(row.name, metric)]
            numbers += [cell.by_seed.get(seed, math.nan) for seed in seeds]
            start = [study.table.number, row.name, row.label, metric.domain, metric.key, metric.better]
            writer.writerow([*start, *("" if math.isnan(n) else repr(float(n)) for n in numbers)])
    return out.getvalue()


def as_json(study: Study, about: dict[str, Any]) -> dict[str, Any]:
    """Return everything as plain values; null for what was not measured or not printed."""
    return {
        "table": study.table.number,
        "title": study.table.title,
        "measured_on": about,
        "people": dict(study.people),
        "rows": [{"name": r.name, "label": r.label, "metrics": _metrics(study, r.name)} for r in study.table.rows],
        "baselines": {
            column: {f"{m.domain}/{m.key}": _plain(study.baseline(column, m)) for m in METRICS}
            for column in ("constant", "untrained")
        },
        "findings": [vars(found) for found in findings(study)],
    }


def _metrics(study: Study, row: str) -> dict[str, dict[str, Any]]:
    found = {}
    for metric in METRICS:
        cell = study.cell(row, metric)
        found[f"{metric.domain}/{metric.key}"] = {
            "mean": _plain(cell.mean),
            "spread": _plain(cell.spread),
            "by_seed": {str(seed): value for seed, value in cell.by_seed.items()},
            "paper": _plain(study.paper(row, metric)),
        }
    return found


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
