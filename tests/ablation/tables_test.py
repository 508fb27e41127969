"""Facts about the ablations' rows: `simpose_tf.ablation.tables` and `gin_configs/ablations`."""

from pathlib import Path

import pytest

from simpose_tf import configurables, run_folder, train
from simpose_tf.ablation.tables import METRICS, TABLES, AblationConfig

FOLDER = Path(__file__).parents[2] / "gin_configs" / "ablations"
ROWS = [(table, place, row) for table in TABLES for place, row in enumerate(table.rows)]
VARIED = {2: "PipelineConfig.sim_share", 3: "LossConfig.uv_weight", 4: "LossConfig.normal_weight"}


def settings(*names):
    configurables.load([str(FOLDER / name) for name in names], None)
    return run_folder.flat_settings([configurables.get(cls) for cls in train.SETTINGS])


@pytest.fixture(scope="module")
def bases():
    return {name: settings(name) for name in ("quick.gin", "paper.gin")}


@pytest.mark.parametrize(("table", "place", "row"), ROWS, ids=[row.name for _, _, row in ROWS])
def test_row_is_a_file_of_at_most_ten_lines_that_changes_one_setting(table, place, row, bases):
    assert len((FOLDER / f"{row.name}.gin").read_text().splitlines()) <= 10
    value = float(row.label.rstrip("%")) / (100 if row.label.endswith("%") else 1)
    for base, before in bases.items():
        after = settings(base, f"{row.name}.gin")
        assert after[VARIED[table.number]] == value
        assert {key for key in after if after[key] != before[key]} <= {VARIED[table.number]}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.number))
def test_base_row_of_each_table_is_the_base(table, bases):
    for base, before in bases.items():
        assert settings(base, f"{table.base}.gin") == before


def test_every_file_is_a_row_or_a_base():
    names = {row.name for _, _, row in ROWS} | {"quick", "paper"}
    assert {path.stem for path in FOLDER.glob("*.gin")} == names


def test_paper_is_simpose_and_quick_is_quickstart_with_half_of_the_crops_simulated(bases):
    assert bases["paper.gin"] == settings("../simpose.gin")
    quick, quickstart = bases["quick.gin"], settings("../quickstart.gin")
    changed = {key for key in quick if quick[key] != quickstart[key]}
    assert {key.split(".")[0] for key in changed} - {"MonitorConfig"} == {"PipelineConfig", "TrainingConfig"}
    assert {key for key in changed if key.startswith("Pipeline")} == {"PipelineConfig.sim_share"}
    assert not changed & {"TrainingConfig.momentum", "TrainingConfig.head_gradient_factor"}


def test_paper_printed_a_number_for_every_row():
    for table in TABLES:
        assert set(table.paper) <= set(METRICS)
        assert all(len(values) == len(table.rows) for values in table.paper.values())


def test_no_run_is_told():
    with pytest.raises(ValueError, match="seeds is 0"):
        AblationConfig(0, True)
