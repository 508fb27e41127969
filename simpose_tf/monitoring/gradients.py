"""How long gradients are, and what share each task and each domain has in the gradient of the shared backbone.

Shares are taken on the gradient with respect to the backbone's output features, of a training batch, with batch
statistics: all that the backbone learns comes through it. One backward pass for each task, through the heads only,
beside one forward pass. The heads are 1x1 convolutions, so a crop's features get the gradient of that crop's losses
alone, and the gradient of a domain is the part on its crops. The shares in the gradient of all the backbone's weights,
which cost a backward pass of the whole network each, come out alike: measured on the quickstart's network, untrained
and trained, they differ by up to .07 for domains and .09 for tasks, but for parts (.18 there, .07 here).
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from simpose_tf import losses
from simpose_tf.data import schema, targets
from simpose_tf.losses import LossConfig
from simpose_tf.model.network import Network


def gradient_norms(gradients: Sequence[tf.Tensor], network: Network) -> dict[str, tf.Tensor]:
    """Return the l2 norms of a step's gradient.

    Args:
      gradients: of `network.trainable_variables`, in their order, already added over the replicas, before any factor.
      network: whose heads are told apart.

    Returns:
      float32 scalars `gradient_norm/all`, `gradient_norm/backbone` and one for each head, divided by the number of
      replicas: what a step returns is added over them.
    """
    head_of = {v.ref(): name for name, head in network.heads.items() for v in head.trainable_variables}
    squares: dict[str, list[tf.Tensor]] = {name: [] for name in ("backbone", *network.heads)}
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        squares[head_of.get(variable.ref(), "backbone")].append(_square(gradient))
    totals = {name: tf.add_n(terms) if terms else tf.zeros(()) for name, terms in squares.items()}
    totals["all"] = tf.add_n(list(totals.values()))
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return {f"gradient_norm/{name}": tf.sqrt(total) / replicas for name, total in totals.items()}


def feature_squares(network: Network, batch: dict[str, tf.Tensor], config: LossConfig) -> tf.Tensor:
    """Return the squared norms of the gradient of SimPose Eq. 2 with respect to the shared features.

    Takes no step and leaves the moving averages of the normalisation as they were. Called in a replica's context.

    Args:
      network: the network.
      batch: a replica's training batch.
      config: weights of the tasks.

    Returns:
      float32 `[terms + 1, 2]`, added over the replicas: a row for each term and one for their weighted sum; a column
      for each of `schema.DOMAIN_NAMES`.
    """
    batch = targets.expand(batch, network.crop)
    features = _features_as_in_training(network, batch)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        terms = losses.all_terms(network.maps(features), batch, config, network.crop.radius)
        sums = {name: tf.reduce_sum(total) for name, (total, _) in terms.items()}
    counts = _over_replicas(tf.stack([tf.reduce_sum(count) for _, count in terms.values()]))
    weights = config.weights()
    rows, gradient = [], tf.zeros_like(features, tf.float32)
    for place, name in enumerate(terms):
        # Divided after: the gradient of a mean over a million pixels would vanish in float16.
        factor = tf.math.divide_no_nan(weights[name], counts[place])
        of_term = factor * tf.cast(tape.gradient(sums[name], features), tf.float32)
        gradient += of_term
        rows.append(of_term)
    squares = tf.stack([_by_domain(row, batch["domain"]) for row in (*rows, gradient)])
    return _over_replicas(squares)


def shares(squares: np.ndarray, terms: Sequence[str]) -> dict[str, float]:
    """Return what `feature_squares` says of `terms` as shares.

    A share is a norm over the sum of the norms of all tasks, or of both domains.

    Returns:
      `gradient_share_task/uv` and so on, which add up to 1, and `gradient_share_domain/sim`, which do, too; 0 where
      there is no gradient at all.
    """
    tasks = np.sqrt(squares[:-1].sum(-1))
    domains = np.sqrt(squares[-1])
    named = {f"gradient_share_task/{name}": value for name, value in zip(terms, _normed(tasks), strict=True)}
    return named | {
        f"gradient_share_domain/{name}": value
        for name, value in zip(schema.DOMAIN_NAMES, _normed(domains), strict=True)
    }


def _normed(norms: np.ndarray) -> list[float]:
    return [float(norm / norms.sum()) if norms.sum() else 0.0 for norm in norms]


def _features_as_in_training(network: Network, batch: dict[str, tf.Tensor]) -> tf.Tensor:
    """Return the features under batch statistics; the moving averages take no notice."""
    moving = [v for v in network.backbone.variables if v.synchronization == tf.VariableSynchronization.ON_READ]
    before = [tf.identity(variable) for variable in moving]
    features = network.features(batch["image"], training=True, domain=batch["domain"])
    with tf.control_dependencies([features]):
        for variable, value in zip(moving, before, strict=True):
            variable.assign(value)
    return features


def _by_domain(gradient: tf.Tensor, domain: tf.Tensor) -> tf.Tensor:
    """Return the squared norm of a gradient `[B, h, w, C]` over the crops of each domain, `[2]`."""
    by_crop = tf.reduce_sum(tf.square(gradient), [1, 2, 3])
    return tf.math.unsorted_segment_sum(by_crop, domain, len(schema.DOMAIN_NAMES))


def _over_replicas(values: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def _square(gradient: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(tf.cast(gradient, tf.float32)))
