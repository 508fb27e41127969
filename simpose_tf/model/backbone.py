"""The shared backbone: the official ResNets of `tf-models-official` at a small output stride."""

import math
from dataclasses import dataclass

import tensorflow as tf
from official.vision.modeling import backbones

from simpose_tf.model import normalization
from simpose_tf.model.upsampling import upsample

# Of the last stage of an undilated ResNet, which the top-down path starts from.
COARSEST_STRIDE = 32


@dataclass(frozen=True)
class BackboneConfig:
    """How the backbone is built.

    Attributes:
      depth: layers of the ResNet: 50, 101, 152 (bottleneck blocks), and 10, 18, 34 where `dilated` is False.
      output_stride: input pixels per cell of the features: 8 or 16.
      dilated: `DilatedResNet`, which trades the last strides for dilation, else `StridedResNet`.
      width: factor on all channels; 1 where `dilated` (official checkpoints have that width).
      top_down_channels: 0, or the channels of a top-down path that brings the stages of stride 16 and 32 back to the
        output stride; not in the paper, and only where `dilated` is False.
      batch_norm_momentum: of the moving mean and variance.
      batch_norm_epsilon: added to the variance.
      normalization: `batch`, `sync_batch`, `domain_batch` or `frozen`: see `simpose_tf.model.normalization`.
    """

    depth: int
    output_stride: int
    dilated: bool
    width: float
    top_down_channels: int
    batch_norm_momentum: float
    batch_norm_epsilon: float
    normalization: str

    def __post_init__(self) -> None:
        if self.output_stride not in (8, 16):
            raise ValueError(f"output_stride is {self.output_stride}, not 8 or 16")
        if self.dilated and (self.width != 1 or self.top_down_channels):
            raise ValueError("a dilated backbone has width 1 and no top-down path")
        if not self.width > 0:
            raise ValueError(f"width is {self.width}, not positive")
        if not 0 <= self.batch_norm_momentum <= 1:
            raise ValueError(f"batch_norm_momentum is {self.batch_norm_momentum}, not in [0, 1]")
        if not self.batch_norm_epsilon > 0:
            raise ValueError(f"batch_norm_epsilon is {self.batch_norm_epsilon}, not positive")
        if self.normalization not in normalization.KINDS:
            raise ValueError(f"normalization is {self.normalization!r}, not one of {', '.join(normalization.KINDS)}")


class StridedResNet(backbones.ResNet):
    """The official `ResNet` whose stages stop striding at an output stride; of any width, not dilated."""

    def __init__(self, output_stride: int, **official: object) -> None:
        self._strides_left = int(math.log2(output_stride)) - 2  # the stem has stride 4
        super().__init__(**official)

    def _block_group(self, inputs: tf.Tensor, filters: int, strides: int, **official: object) -> tf.Tensor:
        """Build one stage, with stride 1 once the output stride is reached."""
        if strides == 2:
            self._strides_left -= 1
        strides = strides if self._strides_left >= 0 else 1
        return super()._block_group(inputs=inputs, filters=filters, strides=strides, **official)


def build_backbone(config: BackboneConfig, height: int, width: int) -> tf.keras.Model:
    """Return the backbone for normalised crops `[B, height, width, 3]`.

    Returns:
      A Keras model, whose layer `official` is the ResNet of `tf-models-official`. Its one output is
      `[B, (height-1)/stride+1, (width-1)/stride+1, C]`; the cell (i, j) is centred on pixel (stride*i, stride*j).

    Raises:
      ValueError: the crop is not `stride * n + 1` on both sides (32 * n + 1 with a top-down path).
    """
    stride = COARSEST_STRIDE if config.top_down_channels else config.output_stride
    if (height - 1) % stride or (width - 1) % stride:
        raise ValueError(f"a crop of {height}x{width} is not {stride} * n + 1 on both sides")
    image = tf.keras.layers.Input((height, width, 3))
    endpoints = normalization.with_kind(_official(config, image.shape), config.normalization)(image)
    last = str(int(math.log2(config.output_stride))) if config.dilated else "5"
    features = _top_down(endpoints, config) if config.top_down_channels else endpoints[last]
    return tf.keras.Model(image, features, name="backbone")


def _official(config: BackboneConfig, shape: tf.TensorShape) -> tf.keras.Model:
    shared = {
        "model_id": config.depth,
        "input_specs": tf.keras.layers.InputSpec(shape=shape),
        "norm_momentum": config.batch_norm_momentum,
        "norm_epsilon": config.batch_norm_epsilon,
        "use_sync_bn": config.normalization == "sync_batch",
        "name": "official",
    }
    if config.dilated:
        return backbones.DilatedResNet(output_stride=config.output_stride, **shared)
    if config.top_down_channels:
        return backbones.ResNet(depth_multiplier=config.width, **shared)
    return StridedResNet(config.output_stride, depth_multiplier=config.width, **shared)


def _top_down(endpoints: dict[str, tf.Tensor], config: BackboneConfig) -> tf.Tensor:
    """Add the coarse stages, upsampled, to the finer ones (not in the paper: more context per CPU second)."""
    finest = int(math.log2(config.output_stride))
    features = _lateral(endpoints["5"], config)
    for level in range(4, finest - 1, -1):
        finer = _lateral(endpoints[str(level)], config)
        height, width = finer.shape[1:3]
        features = tf.keras.layers.Lambda(upsample, arguments={"height": height, "width": width})(features) + finer
    features = tf.keras.layers.Conv2D(config.top_down_channels, 3, padding="same", use_bias=False)(features)
    return _norm_relu(features, config)


def _lateral(features: tf.Tensor, config: BackboneConfig) -> tf.Tensor:
    return _norm_relu(tf.keras.layers.Conv2D(config.top_down_channels, 1, use_bias=False)(features), config)


def _norm_relu(features: tf.Tensor, config: BackboneConfig) -> tf.Tensor:
    norm = normalization.norm_layer(config.normalization, config.batch_norm_momentum, config.batch_norm_epsilon)
    return tf.keras.layers.ReLU()(norm(features))
