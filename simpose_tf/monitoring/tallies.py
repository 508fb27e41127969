"""The losses by domain, from the same terms that are trained on."""

import tensorflow as tf

from simpose_tf.data import schema
from simpose_tf.losses import Term
from simpose_tf.progress import COUNT, SUM


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
