"""One page about all ablations of a folder: tables, plots, what holds and what does not, what it was measured on."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simpose_tf import files
from simpose_tf.ablation.findings import AS, Finding, findings
from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import METRICS, Metric
from simpose_tf.ablation.writing import cells, number, title
from simpose_tf.visualize import report_page
from simpose_tf.visualize.ablation_plots import Chart, draw_ablation
from simpose_tf.visualize.report_page import Picture


def write_page(studies: Sequence[Study], about: dict[str, Any], folder: Path) -> Path:
    """Draw `tableN.png` for each study and write `index.html`; return its path."""
    sections = {}
    for study in studies:
        plot = folder / f"table{study.table.number}.png"
        with files.atomic_path(plot) as temporary:
            draw_ablation([_chart(study, metric) for metric in METRICS], study.table.axis, temporary)
        sections[f"Table {study.table.number}: {study.table.title}"] = _section(study, plot.name)
    sections["Measured on"] = report_page.code("\n".join(f"{name}: {text}" for name, text in about.items()))
    intro = (
        "Each row is one network, trained and measured anew for each seed: mean and standard deviation. The paper's "
        "numbers are of other data (Renderpeople, COCO) and another network: the shape is what can be compared."
    )
    page = folder / "index.html"
    files.write_text(page, report_page.page("SimPose: ablations", intro, sections, light=True))
    return page


def _chart(study: Study, metric: Metric) -> Chart:
    rows = study.table.rows
    return Chart(
        title=f"{metric.name}, {metric.domain} ({metric.better} is better)",
        labels=[row.label for row in rows],
        values=[list(study.cell(row.name, metric).by_seed.values()) for row in rows],
        paper=[study.paper(row.name, metric) for row in rows],
        constant=study.baseline("constant", metric),
    )


def _section(study: Study, plot: str) -> str:
    name = f"table{study.table.number}"
    caption = f"{study.table.title}: dots are seeds, bars standard deviations"
    links = " ".join(report_page.link(f"{name}{suffix}", f"{name}{suffix}") for suffix in (".md", ".csv", ".json"))
    return (
        _numbers(study) + report_page.picture(Picture(caption, plot)) + _findings(findings(study)) + f"<p>{links}</p>"
    )


def _numbers(study: Study) -> str:
    head = ["", *(row.label for row in study.table.rows), "best constant", "untrained"]
    lines = ["".join(f'<th class="n">{html.escape(text)}</th>' for text in head)]
    for metric in METRICS:
        pairs = cells(study, metric)
        ends = [number(study.baseline(column, metric), metric) for column in ("constant", "untrained")]
        name = html.escape(title(metric, study.people.get(metric.domain)))
        lines.append(f"<td>{name}</td>" + _cells([*(ours for ours, _ in pairs), *ends]))
        if metric in study.table.paper:
            lines.append("<td><i>paper</i></td>" + _cells([*(paper for _, paper in pairs), "", ""]))
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _cells(texts: Sequence[str]) -> str:
    return "".join(f'<td class="n">{html.escape(text)}</td>' for text in texts)


def _findings(found: Sequence[Finding]) -> str:
    if not found:
        return ""
    titles = "what the paper's table says", "paper", "ours (± two standard errors)", ""
    head = "<tr>" + "".join(f'<th class="c">{text}</th>' for text in titles) + "</tr>"
    rows = "".join(
        f"<tr><td>{html.escape(f.claim)}</td><td>{html.escape(f.paper)}</td><td>{html.escape(f.ours)}</td>"
        f"<td>{f.verdict if f.verdict == AS else f'<b>{f.verdict}</b>'}</td></tr>"
        for f in found
    )
    return f"<table>{head}{rows}</table>"
