"""One synchronous step of SimPose Eq. 2 on a mixed batch, over any number of replicas and parts of a batch.

Every term is a sum over a count. Counts follow from the labels alone, so they are added over the whole global batch
first; sums of crops, parts and replicas divided by them then add up to the mean, and gradients likewise.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from simpose_tf import losses
from simpose_tf.data import schema, targets
from simpose_tf.model.network import Network
from simpose_tf.monitoring.gradients import gradient_norms
from simpose_tf.optimization import TrainingConfig
from simpose_tf.progress import COUNT, SUM

Tensors = dict[str, tf.Tensor]

# SimPose sec. 4.3: the 1x1 convolutions whose gradients are multiplied.
HEADS_WITH_FACTOR = ("heatmap", "offset", "mask")


class MultiTask:
    """The network with its losses and its optimiser."""

    def __init__(
        self,
        network: Network,
        config: losses.LossConfig,
        training: TrainingConfig,
        optimizer: tf.keras.optimizers.legacy.Optimizer,
    ) -> None:
        """Put together what a step needs; made under the strategy's scope."""
        self.network, self.optimizer = network, optimizer
        self._losses, self._training = config, training
        favoured = [v.ref() for name in HEADS_WITH_FACTOR for v in network.heads[name].trainable_variables]
        factor = training.head_gradient_factor
        self._factors = [factor if v.ref() in favoured else 1.0 for v in network.trainable_variables]

    def train_step(self, batch: Tensors) -> Tensors:
        """Take one step of SimPose Eq. 2 on a replica's batch.

        Returns:
          Over all replicas, float32: `sums`, `counts` `[terms, 2]`, each term's sum and count on real and on simulated
          crops, in `LossConfig.terms`' order; `monitoring.gradients.gradient_norms` of the gradient before factors.
        """
        batch = targets.expand(batch, self.network.crop)
        counts = by_domain(losses.all_counts(batch, self._losses), batch)
        gradients, sums = self.gradients(batch, tf.reduce_sum(over_replicas(counts), 1))
        gradients = over_replicas(gradients)
        self.apply(gradients)
        return over_replicas({"sums": sums, "counts": counts, **gradient_norms(gradients, self.network)})

    def gradients(self, batch: Tensors, counts: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return a replica's share of the gradient, part after part of its batch, and of the terms' sums `[terms, 2]`.

        `counts`: `[terms]`, of the global batch.
        """
        number = self._training.accumulate
        if number == 1:
            return self._part_gradients(batch, counts)
        parts = {name: tf.reshape(value, (number, -1, *value.shape[1:])) for name, value in batch.items()}

        def add_part(i: tf.Tensor, gradients: list[tf.Tensor], sums: tf.Tensor) -> tuple:
            more, more_sums = self._part_gradients({name: value[i] for name, value in parts.items()}, counts)
            return i + 1, [a + b for a, b in zip(gradients, more, strict=True)], sums + more_sums

        nothing = [tf.zeros(v.shape) for v in self.network.trainable_variables]
        start = 0, nothing, tf.zeros((len(self._losses.terms()), 2))
        # One part in memory at a time.
        return tf.while_loop(lambda i, *_: i < number, add_part, start, parallel_iterations=1)[1:]

    def _part_gradients(self, part: Tensors, counts: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        with tf.GradientTape() as tape:
            sums = self.term_sums(part)
            means = tf.math.divide_no_nan(tf.reduce_sum(sums, 1), counts)
            loss = tf.reduce_sum(means * list(self._losses.weights().values()))
            scaled = self._scaled(loss)
        gradients = tape.gradient(scaled, self.network.trainable_variables)
        return self._unscaled(gradients), sums

    def term_sums(self, batch: Tensors) -> tf.Tensor:
        """Return the terms' sums over a batch's real and simulated crops `[terms, 2]`."""
        maps = self.network(batch["image"], training=True, domain=batch["domain"])
        terms = losses.all_terms(maps, batch, self._losses, self.network.crop.radius)
        return by_domain({name: total for name, (total, _) in terms.items()}, batch)

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """Apply the gradient of all replicas, after its factors."""
        scaled = [factor * gradient for factor, gradient in zip(self._factors, gradients, strict=True)]
        pairs = zip(scaled, self.network.trainable_variables, strict=True)
        self.optimizer.apply_gradients(pairs, experimental_aggregate_gradients=False)

    @property
    def has_loss_scale(self) -> bool:
        """Whether steps whose gradients overflow are left out (`mixed_float16`)."""
        return self._training.precision == "mixed_float16"

    def _scaled(self, loss: tf.Tensor) -> tf.Tensor:
        return self.optimizer.get_scaled_loss(loss) if self.has_loss_scale else loss

    def _unscaled(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        return self.optimizer.get_unscaled_gradients(gradients) if self.has_loss_scale else gradients


def by_domain(per_crop: Tensors, batch: Tensors) -> tf.Tensor:
    """Add values `[B]` of each term over the real and the simulated crops: `[terms, 2]`, in the terms' order."""
    values = tf.stack(list(per_crop.values()))
    domains = tf.stack([batch["domain"] == schema.REAL, batch["domain"] == schema.SIM], 1)
    return tf.matmul(values, tf.cast(domains, tf.float32))


def over_replicas(values: Any) -> Any:
    """Add a tensor, or all tensors of a list or dict, over the replicas; not to be differentiated."""

    def add(strategy: tf.distribute.Strategy, flat: list[tf.Tensor]) -> list[tf.Tensor]:
        return strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, [(value, value) for value in flat])

    added = tf.distribute.get_replica_context().merge_call(add, args=(tf.nest.flatten(values),))
    return tf.nest.pack_sequence_as(values, added)


def read_means(told: Tensors, weights: dict[str, float]) -> dict[str, float]:
    """Return as numbers what `MultiTask.train_step` tells.

    Args:
      told: its result.
      weights: of the terms (`LossConfig.weights`).

    Returns:
      `loss`, the weighted sum of the terms; `TERM`, its mean over all its labels, 0 without any; `sum/DOMAIN/TERM` and
      `count/DOMAIN/TERM` (`Progress.add`); the norms of gradients.
    """
    sums, counts = told["sums"].numpy(), told["counts"].numpy()
    means = {n: float(s.sum() / max(c.sum(), 1)) for n, s, c in zip(weights, sums, counts, strict=True)}
    names, tallies = list(weights), {}
    for (term, domain), count in np.ndenumerate(counts):
        name = f"{schema.DOMAIN_NAMES[domain]}/{names[term]}"
        tallies |= {SUM + name: float(sums[term, domain]), COUNT + name: float(count)}
    norms = {name: float(value) for name, value in told.items() if name not in ("sums", "counts")}
    return {"loss": sum(weights[name] * mean for name, mean in means.items()), **means, **tallies, **norms}
