"""How far apart the two domains lie in front of each normalisation: statistics of its inputs, layer by layer.

Batch normalisation over a mixture takes them for one; SimPose sec. 4.3 discusses what happens where they differ. The
measure is AdaBN's (Li et al. 2016, "Revisiting Batch Normalization For Practical Domain Adaptation"): each channel
is a normal distribution in each domain, and the symmetric Kullback-Leibler divergence of the two is averaged over the
channels. The network runs on its moving averages.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from simpose_tf.model import normalization


@dataclass(frozen=True)
class CropMoments:
    """Mean and variance of each crop's activations at one layer, `[B, C]` each, over the crop's pixels."""

    mean: np.ndarray
    variance: np.ndarray

    def of_all(self, place: slice | np.ndarray = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance `[C]` over the pixels of some crops together."""
        mean, variance = self.mean[place].astype(float), self.variance[place].astype(float)
        return mean.mean(0), variance.mean(0) + mean.var(0)


@contextlib.contextmanager
def recorded(layers: list[tf.keras.layers.Layer], into: dict[int, tuple[tf.Tensor, tf.Tensor]]) -> Iterator[None]:
    """Note, for layers that are called inside, mean and variance `[B, C]` of their inputs over each crop's pixels.

    Args:
      layers: as `normalization.norm_layers` gives them; each is called once. Afterwards they are as they were.
      into: place in `layers` -> float32 mean and variance.
    """

    def recording(place: int, call: Callable) -> Callable:
        def call_and_record(inputs: tf.Tensor, *args: object, **kwargs: object) -> tf.Tensor:
            into[place] = tf.nn.moments(tf.cast(inputs, tf.float32), [1, 2])
            return call(inputs, *args, **kwargs)

        return call_and_record

    for place, layer in enumerate(layers):
        # The official blocks offer no hook; an attribute of the instance, past Keras' tracking, hides the method.
        vars(layer)["call"] = recording(place, layer.call)
    try:
        yield
    finally:
        for layer in layers:
            vars(layer).pop("call")


def layer_names(backbone: tf.keras.Model) -> list[str]:
    """Return a name for each normalising layer of a backbone: its number in the order of weights and its channels."""
    layers = normalization.norm_layers(backbone)
    return [f"{number:03d}_{layer.moving_mean.shape[0]}ch" for number, layer in enumerate(layers)]


def symmetric_kl(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], epsilon: float) -> float:
    """Return the mean over channels of (KL(p, q) + KL(q, p)) / 2 of normal distributions (AdaBN).

    Args:
      one: mean and variance `[C]`.
      other: the same of the other domain.
      epsilon: added to variances, as the layer does: dead channels are equal.
    """
    (mean_p, var_p), (mean_q, var_q) = one, other
    var_p, var_q = var_p + epsilon, var_q + epsilon
    squared = np.square(mean_p - mean_q)
    return float(np.mean(0.25 * ((var_p + squared) / var_q + (var_q + squared) / var_p - 2)))


def mean_gap(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], epsilon: float) -> float:
    """Return the mean over channels of the distance of the means in units of the common deviation."""
    (mean_p, var_p), (mean_q, var_q) = one, other
    return float(np.mean(np.abs(mean_p - mean_q) / np.sqrt((var_p + var_q) / 2 + epsilon)))
