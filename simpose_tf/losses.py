"""One function per loss term of SimPose sec. 4.2, each a pair `(sum, count)`.

The caller adds sums and counts over all replicas and divides once (`simpose_tf.trainer`), so a task without labels
in a batch has count 0 and contributes 0, and the gradient is the same on any number of replicas.

Notation: `maps` is what `simpose_tf.model.network.Network` returns, `batch` what `simpose_tf.data.pipeline` gives;
`B` crops, label grid `Hl x Wl`. Sums and counts are float32 scalars.
"""

from dataclasses import dataclass

import tensorflow as tf

from simpose_tf.charts import NUM_PARTS
from simpose_tf.data import schema

Tensors = dict[str, tf.Tensor]
Term = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class LossConfig:
    """Weights of the tasks (SimPose sec. 4.3) and bends of the robust losses.

    Attributes:
      heatmap_weight, offset_weight, mask_weight, part_weight, uv_weight, normal_weight: factors on each mean.
      offset_bend: error, in radii of the heatmap's disk, where the Huber loss turns from a parabola to a line.
      uv_bend: the same for u and v.
      normal_bend: the same for a normal's coordinates.
    """

    heatmap_weight: float
    offset_weight: float
    mask_weight: float
    part_weight: float
    uv_weight: float
    normal_weight: float
    offset_bend: float
    uv_bend: float
    normal_bend: float

    def __post_init__(self) -> None:
        for name in ("offset_bend", "uv_bend", "normal_bend"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, not positive")
        if min(self.weights().values()) < 0:
            raise ValueError(f"a weight is negative: {self}")

    def weights(self) -> dict[str, float]:
        """Return the weight of each term of `all_terms`."""
        return {name: getattr(self, f"{name}_weight") for name in TERMS}


def all_terms(maps: Tensors, batch: Tensors, config: LossConfig, radius: float) -> dict[str, Term]:
    """Return `(sum, count)` of every term, keyed by its name in `TERMS` (SimPose Eq. 2).

    `radius`: that of the heatmap's disks, crop pixels.
    """
    return {
        "heatmap": heatmap_loss(maps, batch),
        "offset": offset_loss(maps, batch, radius, config.offset_bend),
        "mask": mask_loss(maps, batch),
        "part": part_loss(maps, batch),
        "uv": uv_loss(maps, batch, config.uv_bend),
        "normal": normal_loss(maps, batch, config.normal_bend),
    }


TERMS = ("heatmap", "offset", "mask", "part", "uv", "normal")


def heatmap_loss(maps: Tensors, batch: Tensors) -> Term:
    """Sigmoid cross entropy per pixel and labelled keypoint (SimPose sec. 4.2); count: such pairs."""
    weight = batch["valid"][..., None] * batch["keypoint_weight"][:, None, None, :]
    return _weighted(_cross_entropy(maps["heatmap"], batch["heatmap"]), weight)


def offset_loss(maps: Tensors, batch: Tensors, radius: float, bend: float) -> Term:
    """Huber loss of (dx, dy) inside the disks of labelled keypoints (SimPose sec. 4.2, G-RMI sec. 3.2).

    Errors are in radii of the disks; both coordinates are added; count: pairs of pixel and keypoint inside a disk.
    """
    error = (maps["offset"] - batch["offset"]) / radius
    weight = batch["heatmap"] * batch["valid"][..., None] * batch["keypoint_weight"][:, None, None, :]
    return _weighted(tf.reduce_sum(smooth_l1(error, bend), -1), weight)


def mask_loss(maps: Tensors, batch: Tensors) -> Term:
    """Sigmoid cross entropy of the centre person's mask per pixel (SimPose sec. 4.2); count: pixels not ignored."""
    return _weighted(_cross_entropy(maps["mask"], batch["mask"]), batch["valid"])


def part_loss(maps: Tensors, batch: Tensors) -> Term:
    """Sigmoid cross entropy of 24 part masks, added over the parts (SimPose sec. 4.2); count: simulated pixels."""
    cross_entropy = tf.reduce_sum(_cross_entropy(maps["part"], true_parts(batch)), -1)
    return _weighted(cross_entropy, simulated(batch) * batch["valid"])


def uv_loss(maps: Tensors, batch: Tensors, bend: float) -> Term:
    """Smooth l1 of u and v in the true part's channel, where there is a part (SimPose sec. 4.2).

    The truth is centred by 0.5. u and v are added; count: simulated pixels with a part.
    """
    parts = true_parts(batch)
    pred_uv = tf.reduce_sum(maps["uv"] * parts[..., None], -2)
    error = pred_uv - (batch["uv"] - 0.5)
    return _weighted(tf.reduce_sum(smooth_l1(error, bend), -1), simulated(batch) * tf.reduce_sum(parts, -1))


def normal_loss(maps: Tensors, batch: Tensors, bend: float) -> Term:
    """Smooth l1 of the surface normal inside the person's mask (SimPose Eq. 1).

    x, y and z are added; count: simulated pixels of the mask that have a normal.
    """
    labelled = tf.cast(tf.reduce_any(batch["normal"] != 0, -1), tf.float32)
    weight = simulated(batch) * batch["mask"] * labelled
    return _weighted(tf.reduce_sum(smooth_l1(maps["normal"] - batch["normal"], bend), -1), weight)


def simulated(batch: Tensors) -> tf.Tensor:
    """Return `[B, 1, 1]`: 1 for simulated crops with dense labels, I_j in D_sim of SimPose Eq. 2, else 0."""
    is_sim = tf.cast(batch["domain"] == schema.SIM, tf.float32)
    return (is_sim * batch["has_dense"])[:, None, None]


def true_parts(batch: Tensors) -> tf.Tensor:
    """Return the true part masks `[B, Hl, Wl, 24]`, 0 or 1; background has no channel."""
    return tf.one_hot(batch["part"] - 1, NUM_PARTS)


def smooth_l1(error: tf.Tensor, bend: float) -> tf.Tensor:
    """Return error^2 / (2 bend) below the bend and |error| - bend / 2 above: Huber's loss divided by the bend."""
    size = tf.abs(error)
    return tf.where(size < bend, tf.square(error) * (0.5 / bend), size - 0.5 * bend)


def _cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


def _weighted(loss: tf.Tensor, weight: tf.Tensor) -> Term:
    """Return the weighted sum and the weight's own sum over `loss`'s shape."""
    weight = tf.broadcast_to(weight, tf.shape(loss))
    return tf.reduce_sum(loss * weight), tf.reduce_sum(weight)
