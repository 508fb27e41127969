"""Facts about `simpose_tf.ablation.writing` and `simpose_tf.ablation.page`."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from simpose_tf.ablation import page, writing
from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import METRICS, NORMAL, TABLES, UV
from tests.ablation.studies import study_of

ABOUT = {"sim people, train": "12", "machine": "<2> cores"}


@pytest.fixture
def study():
    return study_of(TABLES[0], noise=0.1)


def test_markdown_has_the_papers_row_below_ours(study):
    lines = writing.markdown(study, ABOUT).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("| Normal ADD"))
    ours, paper = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[at : at + 2])
    assert ours[0] == "Normal ADD, degrees (simulated, 7 people; lower is better)"
    assert ours[2:] == ["19.3 ± 1.9", "19.5 ± 2.0", "19.9 ± 2.0", "21.5 ± 2.2", "74.6 ± 7.5", "45.0", "0.5"]
    assert paper[1:] == ["paper", "19.3", "19.5", "19.9", "21.5", "74.6", "", ""]
    assert "over 3 seeds" in "\n".join(lines) and "- sim people, train: 12" in lines


def test_csv_gives_every_seed_back(study):
    rows = list(csv.DictReader(io.StringIO(writing.comma_separated(study))))
    assert len(rows) == len(TABLES[0].rows) * len(METRICS)
    row = next(r for r in rows if r["row"] == "sim_025" and r["metric"] == "uv_l2")
    values = [float(row[f"seed_{seed}"]) for seed in range(3)]
    assert float(row["mean"]) == pytest.approx(np.mean(values)) and float(row["paper"]) == 0.082
    assert float(row["spread"]) == pytest.approx(np.std(values, ddof=1))


def test_json_is_whole_and_has_null_for_what_is_not_known(study):
    stored = json.loads(json.dumps(writing.as_json(study, ABOUT), allow_nan=False))
    uv = stored["rows"][4]["metrics"]["sim/uv_l2"]
    assert uv["paper"] == 0.386 and uv["mean"] == pytest.approx(0.386) and set(uv["by_seed"]) == {"0", "1", "2"}
    assert stored["rows"][0]["metrics"]["sim/part_accuracy"]["mean"] is None
    assert stored["measured_on"] == ABOUT and len(stored["findings"]) == 8


def test_a_table_without_runs_is_written_with_dashes():
    empty = Study(TABLES[2], {}, {})
    text = writing.markdown(empty, {})
    assert "– | – | – | – | –" in text and "what the paper's table says" not in text
    json.dumps(writing.as_json(empty, {}), allow_nan=False)


def test_page_shows_every_table_with_its_plot(study, tmp_path):
    partial = Study(TABLES[1], {"uv_025": study.runs["sim_050"]}, study.baselines)
    path = page.write_page([study, partial], ABOUT, tmp_path)
    text = path.read_text()
    assert "19.9 ± 2.0" in text and "&lt;2&gt; cores" in text and "most is gained" in text
    for number in (2, 3):
        picture = np.asarray(Image.open(tmp_path / f"table{number}.png").convert("RGB"))
        assert picture.std() > 5 and f"table{number}.png" in text and f"table{number}.csv" in text


def test_means_and_papers_numbers_are_drawn_where_they_belong(study):
    chart = page._chart(study, UV)
    assert chart.paper == list(TABLES[0].paper[UV]) and chart.constant == 0.383
    assert [np.mean(values) for values in chart.values] == pytest.approx(chart.paper)
    assert [len(values) for values in page._chart(study, NORMAL).values] == [3] * 5
