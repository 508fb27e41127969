"""The second stage: a shared backbone and one 1x1 convolution per task (SimPose Fig. 5).

Notation: `B` crops of `H x W` pixels; label grid `Hl = (H-1)/label_stride + 1`, `Wl` likewise.
"""

import dataclasses

import tensorflow as tf

from simpose_tf.charts import NUM_PARTS
from simpose_tf.data.crops import CropConfig
from simpose_tf.keypoints import NUM_KEYPOINTS
from simpose_tf.model import normalization
from simpose_tf.model.backbone import BackboneConfig, build_backbone
from simpose_tf.model.upsampling import upsample

# Channels of each head (SimPose sec. 4.2).
HEADS = {
    "heatmap": NUM_KEYPOINTS,
    "offset": 2 * NUM_KEYPOINTS,
    "mask": 1,
    "part": NUM_PARTS,
    "uv": 2 * NUM_PARTS,
    "normal": 3,
}

# Of ImageNet's pictures, RGB 0..255: what official checkpoints were trained with.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


class Network(tf.keras.Model):
    """Maps of all tasks for crops.

    Attributes:
      crop: the crop that it takes, and the grid on which its maps lie.
      backbone: the Keras model of `build_backbone`.
      heads: task name -> its 1x1 convolution.
    """

    def __init__(self, backbone: BackboneConfig, crop: CropConfig) -> None:
        """Build the network with fresh weights."""
        super().__init__(name="network")
        self.crop = crop
        self.normalization = backbone.normalization
        self.backbone = build_backbone(backbone, crop.height, crop.width)
        self.heads = {name: tf.keras.layers.Conv2D(size, 1, name=name) for name, size in HEADS.items()}
        for head in self.heads.values():
            head.build(self.backbone.output_shape)

    def call(
        self,
        image: tf.Tensor,
        training: bool = False,
        label_stride: int | None = None,
        domain: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """Return the maps of crops `[B, H, W, 3]`, RGB 0..255 of any number type.

        Args:
          image: the crops.
          training: batch statistics (True) or moving ones in batch normalisation.
          label_stride: that of the grid of the maps; the network's own if None, 1 for every pixel.
          domain: `[B]` integers, `schema.SIM` or `schema.REAL`, which normalisation per domain asks for in training;
            all crops are photographs if None.

        Returns:
          Float32 maps on the label grid: `heatmap` logits `[B,Hl,Wl,17]`; `offset` `[B,Hl,Wl,17,2]`, crop pixels
          (dx, dy); `mask` logits `[B,Hl,Wl]`; `part` logits `[B,Hl,Wl,24]` (channel p-1 is part p); `uv`
          `[B,Hl,Wl,24,2]`, 0.5 less than u and v (SimPose sec. 4.2); `normal` `[B,Hl,Wl,3]` of any length.

        Raises:
          ValueError: training per domain without domains.
        """
        return self.maps(self.features(image, training, domain), label_stride)

    def features(self, image: tf.Tensor, training: bool = False, domain: tf.Tensor | None = None) -> tf.Tensor:
        """Return the shared features `[B, h, w, C]` of crops; arguments and errors as in `call`."""
        if training and domain is None and self.normalization == "domain_batch":
            raise ValueError("training with normalization per domain: the domain of each crop is missing")
        with normalization.crops_of(domain):
            return self.backbone(normalize(image), training=training)

    def maps(self, features: tf.Tensor, label_stride: int | None = None) -> dict[str, tf.Tensor]:
        """Return the heads' maps of shared features, as `call` does."""
        grid = dataclasses.replace(self.crop, label_stride=label_stride or self.crop.label_stride)
        maps = {
            name: upsample(tf.cast(head(features), tf.float32), grid.grid_height, grid.grid_width)
            for name, head in self.heads.items()
        }
        return self._shaped(maps, (-1, grid.grid_height, grid.grid_width))

    def _shaped(self, maps: dict[str, tf.Tensor], grid: tuple[int, int, int]) -> dict[str, tf.Tensor]:
        # The head's offsets are in units of the disk's radius: all heads then learn numbers of about 1.
        maps["offset"] = self.crop.radius * tf.reshape(maps["offset"], (*grid, NUM_KEYPOINTS, 2))
        maps["mask"] = maps["mask"][..., 0]
        maps["uv"] = tf.reshape(maps["uv"], (*grid, NUM_PARTS, 2))
        return maps


def normalize(image: tf.Tensor) -> tf.Tensor:
    """Return RGB 0..255 `[..., 3]` of any number type as float32 of zero mean and unit deviation over ImageNet."""
    return (tf.cast(image, tf.float32) - tf.constant(IMAGENET_MEAN)) / tf.constant(IMAGENET_STD)
