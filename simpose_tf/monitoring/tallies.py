"""The losses by domain, from the same terms that are trained on."""

import tensorflow as tf

from simpose_tf.data import schema
from simpose_tf.losses import Term

# Prefixes of what `domain_tallies` returns; a mean is the sum over the count, over any number of steps.
SUM, COUNT = "sum/", "count/"


def domain_tallies(terms: dict[str, Term], domain: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return this replica's sums and counts of every term by domain; adding them over replicas and steps is exact.

    Args:
      terms: name -> (sum, count) by crop, float32 `[B]` each.
      domain: `[B]` int, `schema.REAL` or `schema.SIM`.

    Returns:
      float32 scalars `sum/sim/uv`, `count/sim/uv`, `sum/real/uv`, ...
    """
    tallies = {}
    for number, name in enumerate(schema.DOMAIN_NAMES):
        inside = tf.cast(tf.equal(domain, number), tf.float32)
        for term, (total, count) in terms.items():
            tallies[f"{SUM}{name}/{term}"] = tf.reduce_sum(inside * total)
            tallies[f"{COUNT}{name}/{term}"] = tf.reduce_sum(inside * count)
    return tallies


def domain_means(outputs: list[dict[str, float]]) -> dict[str, float]:
    """Return `sim/uv` -> mean over some steps' tallies; terms without a label in all of them are left out."""
    means = {}
    for key in outputs[0] if outputs else ():
        if key.startswith(SUM):
            name = key.removeprefix(SUM)
            count = sum(step[COUNT + name] for step in outputs)
            if count:
                means[name] = sum(step[key] for step in outputs) / count
    return means
