"""The loss terms of SimPose sec. 4.2: values, masks, and for each crop a pair `(sum, count)`.

The caller adds sums and counts over crops, parts of a batch and replicas and divides once (`simpose_tf.train_step`), so
a task without labels has count 0 and contributes 0, and the gradient is the same however a batch is spread. Counts
depend on labels alone.

The six terms of the paper come first. Two more learn from the points that annotators placed on photographs
(`point_part`, `point_uv`), which the paper does without; at weight 0 there are no such terms.

Notation: `maps` is what `simpose_tf.model.network.Network` returns, `batch` what `simpose_tf.data.pipeline` gives;
`B` crops, label grid `Hl x Wl`, `K` = 17 keypoints. Sums and counts are float32 `[B]`.
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
      point_part_weight, point_uv_weight: the same for parts and uv at annotated points.
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
    point_part_weight: float
    point_uv_weight: float
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
        return {name: getattr(self, f"{name}_weight") for name in self.terms()}

    def terms(self) -> tuple[str, ...]:
        """Return the names of the terms, in the order of everything that has a row for each."""
        return (*TERMS, *(name for name in POINT_TERMS if getattr(self, f"{name}_weight")))


TERMS = ("heatmap", "offset", "mask", "part", "uv", "normal")
POINT_TERMS = ("point_part", "point_uv")


def all_terms(maps: Tensors, batch: Tensors, config: LossConfig, radius: float) -> dict[str, Term]:
    """Return each crop's `(sum, count)` of every term, keyed by its name in `config.terms()`.

    `radius`: that of the heatmap's disks, crop pixels.
    """
    values, masks = all_values(maps, batch, config, radius), all_masks(batch, config)
    return {name: (_sum(values[name] * masks[name]), _sum(masks[name])) for name in config.terms()}


def all_counts(batch: Tensors, config: LossConfig) -> dict[str, tf.Tensor]:
    """Return how many values of every term each crop has labels for: the counts of `all_terms`."""
    return {name: _sum(mask) for name, mask in all_masks(batch, config).items()}


def all_masks(batch: Tensors, config: LossConfig) -> Tensors:
    """Return where each term counts: 0 or 1, of the shape of `all_values` (SimPose sec. 4.2, Eq. 1 and 2).

    `heatmap`: labelled keypoints; `offset`: inside their disks (G-RMI sec. 3.2); `mask`: everywhere; `part`:
    simulated crops; `uv`: where they have a part; `normal`: the person's mask, where a normal is known (Eq. 1).
    None of these counts where the record says that nothing is known (`valid`). `point_part`, `point_uv`: annotated
    points.
    """
    valid, dense = batch["valid"], batch["valid"] * simulated(batch)
    labelled = valid[..., None] * batch["keypoint_weight"][:, None, None, :]
    on_part = tf.cast(batch["point_part"] > 0, tf.float32)
    has_normal = tf.cast(tf.reduce_any(batch["normal"] != 0, -1), tf.float32)
    masks = {
        "heatmap": labelled,
        "offset": labelled * batch["heatmap"],
        "mask": valid,
        "part": dense,
        "uv": dense * tf.cast(batch["part"] > 0, tf.float32),
        "normal": dense * batch["mask"] * has_normal,
        "point_part": on_part,
        "point_uv": on_part,
    }
    return {name: masks[name] for name in config.terms()}


def all_values(maps: Tensors, batch: Tensors, config: LossConfig, radius: float) -> Tensors:
    """Return every term's loss before its mask.

    `[B, Hl, Wl, K]` for heatmap and offset, `[B, P]` at annotated points, else `[B, Hl, Wl]`.
    """
    values = {
        "heatmap": heatmap_loss(maps, batch),
        "offset": offset_loss(maps, batch, radius, config.offset_bend),
        "mask": mask_loss(maps, batch),
        "part": part_loss(maps, batch),
        "uv": uv_loss(maps, batch, config.uv_bend),
        "normal": normal_loss(maps, batch, config.normal_bend),
    }
    if config.point_part_weight:
        values["point_part"] = point_part_loss(maps, batch)
    if config.point_uv_weight:
        values["point_uv"] = point_uv_loss(maps, batch, config.uv_bend)
    return values


def heatmap_loss(maps: Tensors, batch: Tensors) -> tf.Tensor:
    """Return the sigmoid cross entropy per pixel and keypoint (SimPose sec. 4.2)."""
    return _cross_entropy(maps["heatmap"], batch["heatmap"])


def offset_loss(maps: Tensors, batch: Tensors, radius: float, bend: float) -> tf.Tensor:
    """Return the Huber loss per pixel and keypoint (SimPose sec. 4.2): of dx and of dy, in radii of the disk, added."""
    error = (maps["offset"] - batch["offset"]) / radius
    return tf.reduce_sum(smooth_l1(error, bend), -1)


def mask_loss(maps: Tensors, batch: Tensors) -> tf.Tensor:
    """Return the sigmoid cross entropy of the centre person's mask per pixel (SimPose sec. 4.2)."""
    return _cross_entropy(maps["mask"], batch["mask"])


def part_loss(maps: Tensors, batch: Tensors) -> tf.Tensor:
    """Return the sigmoid cross entropy per pixel and part (SimPose sec. 4.2), the 24 parts added."""
    return tf.reduce_sum(_cross_entropy(maps["part"], true_parts(batch["part"])), -1)


def uv_loss(maps: Tensors, batch: Tensors, bend: float) -> tf.Tensor:
    """Return the smooth l1 of u and v, added, in the true part's channel; the truth less 0.5 (SimPose sec. 4.2)."""
    pred_uv = tf.reduce_sum(maps["uv"] * true_parts(batch["part"])[..., None], -2)
    error = pred_uv - (batch["uv"] - 0.5)
    return tf.reduce_sum(smooth_l1(error, bend), -1)


def normal_loss(maps: Tensors, batch: Tensors, bend: float) -> tf.Tensor:
    """Return the smooth l1 norm of the normal's error (SimPose Eq. 1): x, y and z added."""
    return tf.reduce_sum(smooth_l1(maps["normal"] - batch["normal"], bend), -1)


def point_part_loss(maps: Tensors, batch: Tensors) -> tf.Tensor:
    """Return `part_loss` at annotated points, `[B, P]`.

    # not in the paper: it learns dense pose from simulated people alone.
    """
    logits = at_points(maps["part"], batch["point_xy"])
    return tf.reduce_sum(_cross_entropy(logits, true_parts(batch["point_part"])), -1)


def point_uv_loss(maps: Tensors, batch: Tensors, bend: float) -> tf.Tensor:
    """Return `uv_loss` at annotated points, `[B, P]`.

    # not in the paper: it learns dense pose from simulated people alone.
    """
    shape = tf.shape(maps["uv"])
    flat = at_points(tf.reshape(maps["uv"], tf.concat([shape[:3], [2 * NUM_PARTS]], 0)), batch["point_xy"])
    pred_uv = tf.reshape(flat, tf.concat([tf.shape(flat)[:2], shape[3:]], 0))
    error = tf.reduce_sum(pred_uv * true_parts(batch["point_part"])[..., None], -2) - (batch["point_uv"] - 0.5)
    return tf.reduce_sum(smooth_l1(error, bend), -1)


def simulated(batch: Tensors) -> tf.Tensor:
    """Return `[B, 1, 1]`: 1 for simulated crops with dense labels, I_j in D_sim of SimPose Eq. 2, else 0."""
    is_sim = tf.cast(batch["domain"] == schema.SIM, tf.float32)
    return (is_sim * batch["has_dense"])[:, None, None]


def true_parts(part: tf.Tensor) -> tf.Tensor:
    """Return the masks `[..., 24]`, 0 or 1, of parts `[...]` 0..24; background has no channel."""
    return tf.one_hot(part - 1, NUM_PARTS)


def at_points(values: tf.Tensor, xy: tf.Tensor) -> tf.Tensor:
    """Return maps `[B, Hl, Wl, C]` at points `[B, P, 2]` (x, y in cells), bilinear, at the rim the rim: `[B, P, C]`."""
    last = tf.shape(values)[2:0:-1] - 1
    place = tf.clip_by_value(xy, 0.0, tf.cast(last, tf.float32))
    low = tf.cast(place, tf.int32)
    high = tf.minimum(low + 1, last)
    share = place - tf.cast(low, tf.float32)
    sampled = []
    for x, of_x in ((low[..., 0], 1 - share[..., 0]), (high[..., 0], share[..., 0])):
        for y, of_y in ((low[..., 1], 1 - share[..., 1]), (high[..., 1], share[..., 1])):
            cell = tf.gather_nd(values, tf.stack([y, x], -1), batch_dims=1)
            sampled.append((of_x * of_y)[..., None] * cell)
    return tf.add_n(sampled)


def smooth_l1(error: tf.Tensor, bend: float) -> tf.Tensor:
    """Return error^2 / (2 bend) below the bend and |error| - bend / 2 above: Huber's loss divided by the bend."""
    size = tf.abs(error)
    return tf.where(size < bend, tf.square(error) * (0.5 / bend), size - 0.5 * bend)


def _cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


def _sum(values: tf.Tensor) -> tf.Tensor:
    """Add everything up within each crop: `[B, ...]` -> `[B]`."""
    return tf.reduce_sum(values, tf.range(1, tf.rank(values)))
