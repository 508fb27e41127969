"""Facts about `simpose_tf.ablation.summary`."""

import math

import pytest

from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import NORMAL, REAL_OKS, TABLES, UV
from tests.ablation.studies import numbers_of


@pytest.fixture
def study():
    runs = {
        "sim_100": {0: numbers_of({UV: 0.1}), 1: numbers_of({UV: 0.3}), 2: numbers_of({UV: 0.2})},
        "sim_075": {0: numbers_of({UV: 0.15}), 1: numbers_of({UV: 0.35, NORMAL: 30.0})},
    }
    return Study(TABLES[0], runs, {"constant": numbers_of({UV: 0.38})})


def test_mean_and_spread_by_hand(study):
    cell = study.cell("sim_100", UV)
    assert cell.mean == pytest.approx(0.2) and cell.spread == pytest.approx(0.1)


def test_one_seed_has_no_spread_and_none_has_no_mean(study):
    assert study.cell("sim_075", NORMAL).mean == 30 and math.isnan(study.cell("sim_075", NORMAL).spread)
    assert math.isnan(study.cell("sim_000", UV).mean) and math.isnan(study.cell("sim_100", REAL_OKS).mean)


def test_difference_pairs_the_seeds_that_both_rows_have(study):
    difference = study.difference("sim_075", "sim_100", UV)
    assert difference.mean == pytest.approx(0.05) and difference.error == pytest.approx(0, abs=1e-12)
    assert difference.clear


def test_difference_smaller_than_two_standard_errors_is_not_clear():
    runs = {"sim_100": {s: numbers_of({UV: v}) for s, v in enumerate((0.1, 0.3, 0.2))}}
    runs["sim_075"] = {s: numbers_of({UV: 0.18}) for s in range(3)}
    difference = Study(TABLES[0], runs, {}).difference("sim_100", "sim_075", UV)
    assert difference.mean == pytest.approx(0.02) and difference.error == pytest.approx(0.1 / math.sqrt(3))
    assert not difference.clear


def test_baselines_and_the_papers_numbers_are_found(study):
    assert study.baseline("constant", UV) == 0.38 and math.isnan(study.baseline("untrained", UV))
    assert study.paper("sim_025", UV) == 0.082 and study.paper("sim_000", NORMAL) == 74.6
