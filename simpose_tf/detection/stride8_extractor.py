"""ResNet-101 dilated to stride 8 under Faster R-CNN (SimPose sec. 5.1), as an extractor of the API."""

from typing import Any

import tensorflow as tf
from object_detection.models import faster_rcnn_resnet_keras_feature_extractor as resnet_extractors
from object_detection.models.keras_models import resnet_v1

NAME = "faster_rcnn_resnet101_stride8_keras"
STRIDE = 8


class Stride8Extractor(resnet_extractors.FasterRCNNResnet101KerasFeatureExtractor):
    """The API's ResNet-101 whose fourth stage dilates instead of striding: names and shapes of weights stay."""

    def __init__(
        self, is_training: bool, first_stage_features_stride: int = STRIDE, *shared: Any, **named: Any
    ) -> None:
        """Take what `model_builder` reads from a config, in its order. Raises ValueError for another stride."""
        if first_stage_features_stride != STRIDE:
            raise ValueError(f"{NAME}: first_stage_features_stride is {first_stage_features_stride}, not {STRIDE}")
        super().__init__(is_training, 16, *shared, **named)  # the only stride that the parent knows
        self._first_stage_features_stride = STRIDE
        self._resnet_v1_base_model = dilated_resnet101


class _DilatedLayers(resnet_v1._LayersOverride):
    """The layers of the API's ResNet, with a fourth stage of stride 1 and dilated 3x3 convolutions."""

    def Conv2D(self, filters: int, kernel_size: int, **kwargs: Any) -> tf.keras.layers.Layer:
        """Return a convolution (`keras.applications` asks for it by this name)."""
        if kwargs.get("name", "").startswith("conv4_"):
            kwargs["strides"] = 1
            kwargs["dilation_rate"] = 2 if kernel_size in (3, (3, 3)) else 1
        return super().Conv2D(filters, kernel_size, **kwargs)


def dilated_resnet101(
    batchnorm_training: bool,
    batchnorm_scale: bool = True,
    default_batchnorm_momentum: float = 0.997,
    default_batchnorm_epsilon: float = 1e-5,
    weight_decay: float = 0.0001,
    conv_hyperparams: Any = None,
    min_depth: int = 8,
    depth_multiplier: int = 1,
    **kwargs: Any,
) -> tf.keras.Model:
    """Return ResNet-101 with stride 8 after its fourth stage; arguments are those of the API's `resnet_v1_101`."""
    layers = _DilatedLayers(
        batchnorm_training=batchnorm_training,
        batchnorm_scale=batchnorm_scale,
        default_batchnorm_momentum=default_batchnorm_momentum,
        default_batchnorm_epsilon=default_batchnorm_epsilon,
        conv_hyperparams=conv_hyperparams,
        weight_decay=weight_decay,
        min_depth=min_depth,
        depth_multiplier=depth_multiplier,
    )
    return tf.keras.applications.resnet.ResNet101(layers=layers, **kwargs)
