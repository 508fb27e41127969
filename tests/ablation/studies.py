"""Studies with made-up numbers: the paper's own, or changed ones, jittered over seeds."""

from simpose_tf.ablation.summary import Study
from simpose_tf.ablation.tables import METRICS, NORMAL, REAL_MASK, REAL_OKS, UV

# What the best constants would give on evenly seen charts and people who face anywhere.
CONSTANT = {NORMAL: 45.0, UV: 0.383, REAL_MASK: 0.3, REAL_OKS: 0.1}


def numbers_of(values):
    """Return metric -> value as domain -> key -> value."""
    found = {}
    for metric, value in values.items():
        found.setdefault(metric.domain, {})[metric.key] = value
    return found


def study_of(table, printed=None, seeds=3, noise=0.0):
    """Return a study whose numbers are the paper's or `printed`'s, moved by noise * (-1, 0, 1, ...) over the seeds."""
    printed = printed or table.paper
    runs = {}
    for place, row in enumerate(table.rows):
        means = {metric: values[place] for metric, values in printed.items()}
        runs[row.name] = {
            seed: numbers_of({m: value * (1 + noise * ((seed + place) % 3 - 1)) for m, value in means.items()})
            for seed in range(seeds)
        }
    baselines = {"constant": numbers_of(CONSTANT), "untrained": numbers_of(dict.fromkeys(METRICS, 0.5))}
    return Study(table, runs, baselines, {"sim": 7, "real": 5})
