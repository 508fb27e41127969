"""What the paper reads off its Tables 2 to 4, and whether our numbers say the same.

Verdicts: `as in the paper`, `not as in the paper`, and `too close to tell` where the seeds spread more than the
difference (two standard errors). With one seed nothing is known of the spread, and the text says so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from simpose_tf.ablation.summary import Difference, Study
from simpose_tf.ablation.tables import NORMAL, REAL_MASK, REAL_OKS, UV, Metric

AS, NOT, CLOSE = "as in the paper", "not as in the paper", "too close to tell"

# not in the paper: what its words "at chance", "little" and "doesn't affect" are taken to mean.
CHANCE = 0.95  # an error of at least this share of the best constant's is chance
LITTLE = 0.05  # a change by at most this share is little


@dataclass(frozen=True)
class Finding:
    """A claim of the paper's table, the numbers behind it there and here, and what they make of it here."""

    claim: str
    paper: str
    ours: str
    verdict: str


def findings(study: Study) -> list[Finding]:
    """Return the claims of a table whose rows were measured."""
    return [found for found in CLAIMS[study.table.number](study) if found]


def _table2(study: Study) -> list[Finding | None]:
    none, quarter, half, most, full = "sim_000", "sim_025", "sim_050", "sim_075", "sim_100"
    return [
        at_chance(study, none, half, UV),
        at_chance(study, none, half, NORMAL),
        diminishing(study, (none, quarter, full), UV),
        diminishing(study, (none, quarter, full), NORMAL),
        costs_little(study, half, none, REAL_MASK),
        costs_little(study, half, none, REAL_OKS),
        falls(study, full, most, REAL_MASK),
        falls(study, full, most, REAL_OKS),
    ]


def _table3(study: Study) -> list[Finding | None]:
    return [
        at_chance(study, "uv_000", "uv_025", UV),
        lowers(study, "uv_200", "uv_025", UV),
        unaffected(study, "uv_025", REAL_MASK),
        unaffected(study, "uv_025", REAL_OKS),
    ]


def _table4(study: Study) -> list[Finding | None]:
    return [
        at_chance(study, "normal_000", "normal_100", NORMAL),
        lowers(study, "normal_200", "normal_025", NORMAL),
        unaffected(study, "normal_100", UV),
        unaffected(study, "normal_100", REAL_MASK),
        unaffected(study, "normal_100", REAL_OKS),
    ]


CLAIMS: dict[int, Callable[[Study], list[Finding | None]]] = {2: _table2, 3: _table3, 4: _table4}


def at_chance(study: Study, without: str, trained: str, metric: Metric) -> Finding | None:
    """A row without any signal for a task is no better than the best constant; a row with it is."""
    constant, cell, other = study.baseline("constant", metric), study.cell(without, metric), study.cell(trained, metric)
    if math.isnan(constant + cell.mean + other.mean):
        return None
    holds = cell.mean >= CHANCE * constant and other.mean < CHANCE * constant
    label, learnt = _label(study, without), _label(study, trained)
    ours = f"{_number(cell.mean, metric)}, best constant {_number(constant, metric)}, at {learnt}: "
    paper = f"{_number(study.paper(without, metric), metric)}, at {learnt}: "
    return Finding(
        f"{metric.name}: chance at {label}, learnt at {learnt}",
        paper + _number(study.paper(trained, metric), metric),
        ours + _number(other.mean, metric),
        AS if holds else NOT,
    )


def diminishing(study: Study, rows: tuple[str, str, str], metric: Metric) -> Finding | None:
    """The first step gains more than the rest (an error falls): diminishing returns."""
    none, some, full = rows
    first, rest = study.difference(none, some, metric), study.difference(some, full, metric)
    if math.isnan(first.mean + rest.mean):
        return None
    paper = [study.paper(a, metric) - study.paper(b, metric) for a, b in ((none, some), (some, full))]
    some_label = _label(study, some)
    return Finding(
        f"{metric.name}: most is gained by the first {some_label}, little by the rest (diminishing returns)",
        f"{_number(paper[0], metric)}, then {_number(paper[1], metric)}",
        f"{_change(first, metric)}, then {_change(rest, metric)}",
        AS if first.mean > max(rest.mean, 0) else NOT,
    )


def costs_little(study: Study, row: str, best: str, metric: Metric) -> Finding | None:
    """A real 2D task loses at most `LITTLE` of its score against the row of real crops alone."""
    lost = study.difference(best, row, metric)
    if math.isnan(lost.mean):
        return None
    allowed = LITTLE * study.cell(best, metric).mean
    paper = study.paper(best, metric) - study.paper(row, metric)
    verdict = AS if lost.mean <= allowed else CLOSE if lost.mean - 2 * lost.error <= allowed else NOT
    return Finding(
        f"{metric.name} (real): {_label(study, row)} simulated crops cost at most {LITTLE:.0%} of that at "
        f"{_label(study, best)}",
        f"costs {_number(paper, metric)}",
        f"costs {_change(lost, metric)}",
        verdict,
    )


def falls(study: Study, row: str, other: str, metric: Metric) -> Finding | None:
    """A score is clearly lower in `row` than in `other`."""
    lost = study.difference(other, row, metric)
    if math.isnan(lost.mean):
        return None
    return Finding(
        f"{metric.name} (real): lost without real crops ({_label(study, row)} simulated, against "
        f"{_label(study, other)})",
        f"loses {_number(study.paper(other, metric) - study.paper(row, metric), metric)}",
        f"loses {_change(lost, metric)}",
        _sign(lost),
    )


def lowers(study: Study, row: str, other: str, metric: Metric) -> Finding | None:
    """An error is clearly lower in `row`, with the larger weight, than in `other`."""
    gained = study.difference(other, row, metric)
    if math.isnan(gained.mean):
        return None
    return Finding(
        f"{metric.name}: falls from weight {_label(study, other)} to {_label(study, row)}",
        f"by {_number(study.paper(other, metric) - study.paper(row, metric), metric)}",
        f"by {_change(gained, metric)}",
        _sign(gained),
    )


def unaffected(study: Study, base: str, metric: Metric) -> Finding | None:
    """No row is worse than the base row by more than `LITTLE` of it."""
    names = [row.name for row in study.table.rows if row.name != base]
    sign = 1 if metric.better == "lower" else -1
    worse = {name: study.difference(name, base, metric) for name in names}
    measured = [name for name in names if not math.isnan(worse[name].mean)]
    if not measured:
        return None
    worst = max(measured, key=lambda name: sign * worse[name].mean)
    change, allowed = worse[worst], LITTLE * study.cell(base, metric).mean
    excess = sign * change.mean
    printed = [study.paper(name, metric) - study.paper(base, metric) for name in names]
    return Finding(
        f"{metric.name} ({metric.domain}): no weight makes it worse by more than {LITTLE:.0%}",
        f"at worst {_number(max(printed, key=lambda value: sign * value), metric)}",
        f"at worst {_change(change, metric)} (weight {_label(study, worst)})",
        AS if excess <= allowed else CLOSE if excess - 2 * change.error <= allowed else NOT,
    )


def _sign(difference: Difference) -> str:
    """Return the verdict on a difference that the paper has above zero."""
    if not math.isnan(difference.error) and not difference.clear:
        return CLOSE
    return AS if difference.mean > 0 else NOT


def _label(study: Study, row: str) -> str:
    return next(one.label for one in study.table.rows if one.name == row)


def _number(value: float, metric: Metric) -> str:
    return f"{value:.{metric.digits}f}"


def _change(difference: Difference, metric: Metric) -> str:
    if math.isnan(difference.error):
        return f"{_number(difference.mean, metric)} (one seed)"
    return f"{_number(difference.mean, metric)} ± {_number(2 * difference.error, metric)}"
