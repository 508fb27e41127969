"""The small detector's features: EfficientNet-Lite0 under a feature pyramid, as the API's SSD asks for them."""

from typing import Any

import tensorflow as tf
from object_detection.meta_architectures import ssd_meta_arch
from object_detection.models import feature_map_generators
from object_detection.models.feature_map_generators import create_conv_block

from simpose_tf.detection import lite_backbone

NAME = "ssd_efficientnet_lite0_fpn_keras"
_TOP = max(lite_backbone.PYRAMID)  # coarser levels are made by strided convolutions


class LiteFpnExtractor(ssd_meta_arch.SSDKerasFeatureExtractor):
    """Feature maps of strides 2**min_level .. 2**max_level (Lin et al. 2017)."""

    def __init__(
        self, *, fpn_min_level: int = 3, fpn_max_level: int = 7, additional_layer_depth: int = 256, **shared: Any
    ) -> None:
        """Take what `model_builder` reads from a config; defaults are those of the API's proto."""
        super().__init__(**shared)
        self._levels = range(fpn_min_level, fpn_max_level + 1)
        self._depth = additional_layer_depth
        self.classification_backbone: tf.keras.Model | None = None

    def build(self, input_shape: Any) -> None:
        """Make the layers (Keras)."""
        inner = tuple(level for level in self._levels if level <= _TOP)
        self.classification_backbone = lite_backbone.build(inner)
        self._pyramid = feature_map_generators.KerasFpnTopDownFeatureMaps(
            num_levels=len(inner),
            depth=self._depth,
            is_training=self._is_training,
            conv_hyperparams=self._conv_hyperparams,
            freeze_batchnorm=self._freeze_batchnorm,
            use_depthwise=self._use_depthwise,
            use_explicit_padding=False,
            name="pyramid",
        )
        self._coarse = [self._conv(f"level{level}") for level in self._levels if level > _TOP]
        self.built = True

    def _conv(self, name: str) -> list[tf.keras.layers.Layer]:
        """Return the layers that halve a feature map."""
        hyper, training, frozen = self._conv_hyperparams, self._is_training, self._freeze_batchnorm
        return create_conv_block(self._use_depthwise, 3, "SAME", 2, name, hyper, training, frozen, self._depth)

    def preprocess(self, resized_inputs: tf.Tensor) -> tf.Tensor:
        """Return pixels 0..255 as the backbone knows them."""
        return (resized_inputs - lite_backbone.MEAN) / lite_backbone.SCALE

    def _extract_features(self, preprocessed_inputs: tf.Tensor) -> list[tf.Tensor]:
        """Return the feature maps of pictures `[B, H, W, 3]`, the finest first."""
        names = [str(level) for level in self._levels if level <= _TOP]
        features = self.classification_backbone(preprocessed_inputs)
        features = features if isinstance(features, list) else [features]
        pyramid = self._pyramid(list(zip(names, features, strict=True)))
        maps = [pyramid[f"top_down_{name}"] for name in names]
        for layers in self._coarse:
            coarse = maps[-1]
            for layer in layers:
                coarse = layer(coarse)
            maps.append(coarse)
        return maps
