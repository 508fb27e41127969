"""How activations of two domains are normalised, and what "Batch Mixture Normalization" is (SimPose sec. 4.3).

**The account.** A batch holds simulated crops (a share p) and photographs. Batch normalisation (BN) takes one mean
and one variance of each channel over all of them. Where a channel means the same in both domains but lies elsewhere
(mean mu_s, deviation sigma_s on simulated crops, mu_r, sigma_r on photographs), one affine map cannot whiten both: the
domains come out as two humps. "Batch Mixture Normalization" (BMN, Algorithm 2) is no layer of its own: it is a thing
that a convolutional network with *plain* BN over the mixture *can* learn to do, in four layers:

  k      three features: `s`, useful on simulated crops only; `r`, useful on photographs only; `z`, 1 on simulated
         crops and 0 on photographs, a domain classifier that nobody supervises;
  k + 1  mask outliers: s' = z AND s, r' = (not z) AND r. A fuzzy AND is a convolution and a ReLU: with 0 <= s <= M,
         ReLU(s + M z - M) is s where z = 1 and 0 where z = 0; ReLU(r - M z) the other way round;
  k + 2  BN. s' is 0 off its domain, so its statistics hold nothing of the photographs' values of s:
         mean p mu_s, variance v_s = p sigma_s^2 + p (1 - p) mu_s^2. Scale and offset, too, are now one domain's own;
  k + 3  bring both into one channel: y = s' OR r', a convolution that adds them (and an activation).

Off its domain a masked channel is a constant, so on simulated crops y is s / sqrt(v_s) + c, on photographs
r / sqrt(v_r) + c'. With kappa = mu / sigma and p the domain's own share, a domain's deviation is
1 / sqrt(p + p (1 - p) kappa^2), and the means differ by mu_s / sqrt(v_s) - mu_r / sqrt(v_r), of which the same holds:
the scales of s and r are gone. In a batch of halves and with equal kappas y is of mean 0 and one deviation in both
domains, and a learnt scale makes that 1. Unequal kappas the mask's biases can equalise, as ReLU(s - a + M z - M) is
s - a. Without the mask the statistics mix s of both domains, and y keeps the domains apart.
`tests/model/normalization_test.py` builds these four layers by hand and measures all of this.

The paper trains plain BN and trusts the network to find BMN "when it's the optimal thing to do". Here gin chooses
(`BackboneConfig.normalization`):

  batch         plain BN over each replica's mixture (the paper);
  sync_batch    the same over the mixtures of all replicas;
  domain_batch  BN per domain, by the domain's label: what BMN reaches, without learning z; photographs' statistics at
                prediction;
  frozen        the statistics, scales and offsets of the checkpoint that the run started from.
"""

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf

from simpose_tf.data import schema

KINDS = ("batch", "sync_batch", "domain_batch", "frozen")

# The variables of plain BN; those of simulated crops are called `sim_` + name in `DomainBatchNormalization`.
PLAIN_VARIABLES = ("gamma", "beta", "moving_mean", "moving_variance")
SIM_PREFIX = "sim_"

_local = threading.local()  # replicas run in threads of one process


@contextlib.contextmanager
def crops_of(domain: tf.Tensor | None) -> Iterator[None]:
    """Tell the `DomainBatchNormalization` layers that are called inside which domain each crop is of.

    The official blocks take one tensor, so the domains cannot travel beside it.

    Args:
      domain: `[B]` integers, `schema.SIM` or `schema.REAL`; None for photographs only.
    """
    before = getattr(_local, "domain", None)
    _local.domain = domain
    try:
        yield
    finally:
        _local.domain = before


class DomainBatchNormalization(tf.keras.layers.Layer):
    """Batch normalisation of `[B, h, w, C]` with statistics, scale and offset of each domain's own.

    Photographs use the variables that plain BN has, under the same names, so that its checkpoints fit; simulated crops
    those with `sim_` before the name. The domains come from `crops_of`; outside of it all crops are photographs. A
    replica's batch without a domain leaves that domain's moving averages as they are.
    """

    def __init__(self, momentum: float, epsilon: float, **keras: object) -> None:
        """Take what plain BN takes.

        Args:
          momentum: of the moving mean and variance.
          epsilon: added to the variance.
          keras: arguments of every Keras layer.
        """
        super().__init__(**keras)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape: tf.TensorShape) -> None:
        """Make both sets of variables, `[C]` float32 each."""
        for prefix in ("", SIM_PREFIX):
            for name in PLAIN_VARIABLES:
                setattr(self, prefix + name, self._variable(prefix + name, input_shape[-1]))
        super().build(input_shape)

    def _variable(self, name: str, channels: int) -> tf.Variable:
        moving = "moving" in name
        return self.add_weight(
            name=name,
            shape=(channels,),
            dtype=tf.float32,
            initializer="zeros" if name.endswith(("beta", "mean")) else "ones",
            trainable=not moving,
            # As Keras' own: replicas move their own averages, a checkpoint holds the mean.
            synchronization=tf.VariableSynchronization.ON_READ if moving else tf.VariableSynchronization.AUTO,
            aggregation=tf.VariableAggregation.MEAN if moving else tf.VariableAggregation.NONE,
            experimental_autocast=False,
        )

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the normalised `inputs`, of their type; computed in float32."""
        x = tf.cast(inputs, tf.float32)
        is_domain = self._is_domain(x)
        moments = self._batch_moments(x, is_domain) if training else self._both("moving_mean", "moving_variance")
        gamma, beta = self._both("gamma", "beta")
        scale = gamma * tf.math.rsqrt(moments[1] + self.epsilon)
        offset = beta - moments[0] * scale
        per_crop = [tf.matmul(is_domain, values)[:, None, None, :] for values in (scale, offset)]
        return tf.cast(x * per_crop[0] + per_crop[1], inputs.dtype)

    def _is_domain(self, x: tf.Tensor) -> tf.Tensor:
        """Return `[B, 2]`: 1 in column 0 for photographs, in column 1 for simulated crops."""
        domain = getattr(_local, "domain", None)
        is_sim = tf.zeros(tf.shape(x)[:1]) if domain is None else tf.cast(domain == schema.SIM, tf.float32)
        return tf.stack([1 - is_sim, is_sim], -1)

    def _both(self, *names: str) -> list[tf.Tensor]:
        """Return variables as `[2, C]`: of photographs, of simulated crops."""
        return [tf.stack([getattr(self, name), getattr(self, SIM_PREFIX + name)]) for name in names]

    def _batch_moments(self, x: tf.Tensor, is_domain: tf.Tensor) -> list[tf.Tensor]:
        """Return mean and variance `[2, C]` of each domain's crops, and let the moving averages follow."""
        crop_mean, crop_variance = tf.nn.moments(x, [1, 2])
        share = tf.math.divide_no_nan(is_domain, tf.reduce_sum(is_domain, 0))  # of a crop in its domain's mean
        mean = tf.matmul(share, crop_mean, transpose_a=True)
        between = tf.square(crop_mean - tf.matmul(is_domain, mean))
        variance = tf.matmul(share, crop_variance + between, transpose_a=True)
        present = tf.reduce_max(is_domain, 0)
        for place, prefix in enumerate(("", SIM_PREFIX)):
            self._follow(prefix + "moving_mean", mean[place], present[place])
            self._follow(prefix + "moving_variance", variance[place], present[place])
        return [mean, variance]

    def _follow(self, name: str, value: tf.Tensor, present: tf.Tensor) -> None:
        moving = getattr(self, name)
        moving.assign_add((1 - self.momentum) * present * (tf.stop_gradient(value) - moving))

    def get_config(self) -> dict:
        """Return the arguments (Keras)."""
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


def norm_layer(kind: str, momentum: float, epsilon: float) -> tf.keras.layers.Layer:
    """Return a layer that normalises `[B, h, w, C]`; `kind` is one of `KINDS`."""
    if kind == "domain_batch":
        return DomainBatchNormalization(momentum, epsilon)
    plain = tf.keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, synchronized=kind == "sync_batch")
    plain.trainable = kind != "frozen"
    return plain


def with_kind(official: tf.keras.Model, kind: str) -> tf.keras.Model:
    """Return an official ResNet of plain BN as one of `kind`, with weights of its own where layers change.

    Checkpoints of the official ResNet fit: every layer keeps its place, every variable of plain BN its name.
    """
    if kind == "frozen":
        for layer in norm_layers(official):
            layer.trainable = False  # Keras then takes the moving averages in training, too
    if kind != "domain_batch":
        return official
    return tf.keras.models.clone_model(official, clone_function=_per_domain)


def norm_layers(model: tf.keras.Model) -> list[tf.keras.layers.Layer]:
    """Return the normalising layers of a model, those inside of its blocks, too, in the order of its weights."""
    kinds = (tf.keras.layers.BatchNormalization, DomainBatchNormalization)
    place = {weight.ref(): number for number, weight in enumerate(model.non_trainable_weights)}
    found = [layer for layer in model.submodules if isinstance(layer, kinds)]
    return sorted(found, key=lambda layer: place[layer.moving_mean.ref()])


def _per_domain(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
    """Return a fresh layer as `layer`, but normalising per domain; blocks make their normalisation when built."""
    if isinstance(layer, tf.keras.layers.BatchNormalization):
        return DomainBatchNormalization(layer.momentum, layer.epsilon)
    fresh = layer.__class__.from_config(layer.get_config())
    if hasattr(fresh, "_norm"):
        fresh._norm = _as_official_blocks_ask
    return fresh


def _as_official_blocks_ask(momentum: float, epsilon: float, **_: object) -> DomainBatchNormalization:
    # The channels are always last here, nothing is frozen or synchronised: the other arguments say just that.
    return DomainBatchNormalization(momentum, epsilon)
