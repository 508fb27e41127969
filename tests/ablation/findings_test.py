"""Facts about `simpose_tf.ablation.findings`."""

import pytest

from simpose_tf.ablation.findings import AS, CLOSE, NOT, findings
from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import NORMAL, REAL_MASK, REAL_OKS, TABLES, UV
from tests.ablation.studies import study_of


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.number))
@pytest.mark.parametrize("seeds", [1, 3])
def test_the_papers_own_numbers_are_as_in_the_paper(table, seeds):
    found = findings(study_of(table, seeds=seeds))
    assert len(found) == {2: 8, 3: 4, 4: 5}[table.number]
    assert [f.claim for f in found if f.verdict != AS] == []
    assert all("one seed" in f.ours for f in found if "chance" not in f.claim) == (seeds == 1)


def verdicts(table, noise=0.0, **changes):
    """Return claim -> verdict for the paper's numbers with some rows of a metric replaced."""
    names = {"uv": UV, "normal": NORMAL, "mask": REAL_MASK, "oks": REAL_OKS}
    printed = dict(table.paper) | {names[name]: values for name, values in changes.items()}
    return {f.claim: f.verdict for f in findings(study_of(table, printed, noise=noise))}


def told(found, *words):
    return [verdict for claim, verdict in found.items() if all(word in claim for word in words)]


def test_uv_learnt_without_simulated_crops_is_no_chance():
    assert told(verdicts(TABLES[0], uv=(0.07, 0.07, 0.07, 0.08, 0.2)), "UV", "chance") == [NOT]


def test_uv_that_nothing_learns_is_not_as_in_the_paper():
    assert told(verdicts(TABLES[0], uv=(0.38,) * 5), "UV", "chance") == [NOT]


def test_returns_that_do_not_diminish_are_told():
    assert told(verdicts(TABLES[0], uv=(0.05, 0.1, 0.2, 0.3, 0.38)), "UV", "diminishing") == [NOT]


def test_a_real_task_that_pays_dearly_is_told():
    assert told(verdicts(TABLES[0], mask=(0.26, 0.4, 0.5, 0.6, 0.7)), "Mask", "cost") == [NOT]


def test_a_loss_within_the_noise_is_too_close_to_tell():
    found = verdicts(TABLES[0], noise=0.1, oks=(0.7, 0.71, 0.7, 0.7, 0.77), mask=(0.7, 0.7, 0.66, 0.7, 0.70))
    assert told(found, "OKS", "lost") == [CLOSE] and told(found, "Mask", "cost") == [CLOSE]


def test_weights_that_hurt_the_2d_tasks_are_told():
    assert told(verdicts(TABLES[1], mask=(0.7, 0.69, 0.6, 0.6, 0.5)), "Mask", "worse") == [NOT]
    assert told(verdicts(TABLES[1], uv=(0.384, 0.07, 0.07, 0.07, 0.08)), "falls") == [NOT]


def test_rows_that_were_not_measured_say_nothing():
    assert findings(Study(TABLES[0], {}, {})) == []
