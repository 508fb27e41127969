"""The input pipeline: record files in, batches of crops with their targets out.

Notation: B crops of H x W pixels, Hl x Wl cells of the label grid (`crops`), K = 17 keypoints. A batch is a
dict:

| name | dtype, shape | meaning |
|---|---|---|
| image | float32 `[B,H,W,3]` | RGB 0..255, black outside the picture |
| domain | int32 `[B]` | `schema.REAL` or `schema.SIM` |
| keypoints_xy | float32 `[B,K,2]` | crop pixels, also of those outside the crop |
| visibility | int32 `[B,K]` | COCO flags; in training 0 for keypoints outside the crop |
| heatmap, offset, keypoint_weight | float32 | `targets.keypoint_targets` |
| mask | float32 `[B,Hl,Wl]` | 1 on the person |
| valid | float32 `[B,Hl,Wl]` | 0 where the record says that nothing is known |
| has_dense | float32 `[B]` | 1 where the record holds iuv and normals |
| part | int32 `[B,Hl,Wl]` | 0..24; 0 off the person and where absent |
| uv | float32 `[B,Hl,Wl,2]` | in [0, 1]; 0 likewise |
| normal | float32 `[B,Hl,Wl,3]` | unit normals, camera frame; 0 likewise |
| area | float32 `[B]` | the whole mask's area in crop pixels (for OKS) |
| record_from_crop | float32 `[B,3,3]` | takes crop to record coordinates |
| image_id, person_id | int64 `[B]` | as in the record |
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import tensorflow as tf

from simpose_tf.data import augmentation as augment
from simpose_tf.data import crops, recordfiles, schema, targets
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError

# Shares of simulated crops are fractions with at most this denominator: 2/3 may be written .6667.
_MAX_CYCLE = 1000


@dataclass(frozen=True)
class PipelineConfig:
    """How batches are put together.

    Attributes:
      batch_size: crops in a batch. The paper's number counts per replica: whoever feeds R replicas from one
        stream asks for R times it (`dataclasses.replace`).
      sim_share: share of simulated crops, 0..1 (SimPose sec. 4.3, Table 2).
      shuffle_buffer: serialised records, of each domain, among which the next one is drawn.
    """

    batch_size: int
    sim_share: float
    shuffle_buffer: int

    def __post_init__(self):
        if self.batch_size < 1 or self.shuffle_buffer < 1 or not 0 <= self.sim_share <= 1:
            raise ValueError(f"batch_size and shuffle_buffer must be positive, sim_share in 0..1: {self}")

    @property
    def exact_share(self) -> Fraction:
        """`sim_share` as the simple fraction that it stands for."""
        return Fraction(self.sim_share).limit_denominator(_MAX_CYCLE)


def train_batches(
    sim_records: str | None,
    real_records: str | None,
    crop: CropConfig,
    augmentation: AugmentationConfig,
    pipeline: PipelineConfig,
    seed: int,
    start_batch: int = 0,
) -> tf.data.Dataset:  # Seven parameters: six settings of one run, and where to go on.
    """Return the endless stream of training batches.

    The stream is a function of the arguments alone: `start_batch=k` gives what batch k, k+1, ... of the
    uninterrupted stream are, and does not decode those before. Of B crops in a row, floor or ceil of
    B * sim_share are simulated; over a whole cycle of `mix` exactly that share.

    Args:
      sim_records: glob of the simulated records; not looked at where `sim_share` is 0.
      real_records: glob of the real records; not looked at where `sim_share` is 1.
      crop: size and label grid.
      augmentation: ranges.
      pipeline: size and mix of a batch.
      seed: any integer.
      start_batch: number of the first batch.

    Raises:
      InputError: a domain with a share has no records, or bad ones (`recordfiles.find`).
    """
    share, start = pipeline.exact_share, start_batch * pipeline.batch_size
    sims = math.floor(start * share)
    streams = [
        _domain_stream(real_records, schema.REAL, 1 - share, pipeline.shuffle_buffer, (seed, start - sims)),
        _domain_stream(sim_records, schema.SIM, share, pipeline.shuffle_buffer, (seed, sims)),
    ]
    counted = mix(streams, share, start).enumerate(start)
    cut = counted.map(
        lambda counter, record: _train_crop(record, augment.draw(seed, counter, augmentation), crop, augmentation),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    batches = cut.batch(pipeline.batch_size, drop_remainder=True).map(
        lambda batch: _train_targets(batch, crop), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return _without_sharding(batches.prefetch(tf.data.AUTOTUNE))


def eval_batches(
    records: str, crop: CropConfig, augmentation: AugmentationConfig, batch_size: int, option: str = "--records"
) -> tf.data.Dataset:
    """Return one pass over the records of a glob, in the order of the files, without any randomness.

    Boxes are enlarged by `augmentation.test_enlargement`; the last batch may be smaller; the visibility flags
    are the record's. Raises InputError for bad records (`recordfiles.find`), which names the `option` of the glob.
    """
    enlargement = tf.constant(augmentation.test_enlargement)
    cut = recordfiles.once(recordfiles.find(records, option)).map(
        lambda record: crops.cut_crop(schema.parse(record), enlargement, crop),
        tf.data.AUTOTUNE,
        deterministic=True,
    )
    return cut.batch(batch_size).map(lambda batch: _eval_targets(batch, crop)).prefetch(tf.data.AUTOTUNE)


def mix(streams: list[tf.data.Dataset | None], share: Fraction, start: int) -> tf.data.Dataset:
    """Interleave the streams (real, sim) in a fixed cycle with an exact share of the second.

    Crop c is simulated where floor((c + 1) * share) > floor(c * share): as even as a share can be.

    Args:
      streams: real and simulated records from crop `start` on; None where the share leaves no need of it.
      share: of the simulated records.
      start: number of the first crop.
    """
    if share in (0, 1):
        return streams[int(share)]
    cycle = [int((c + 1) * share) - int(c * share) for c in range(share.denominator)]
    turned = cycle[start % len(cycle) :] + cycle[: start % len(cycle)]
    choices = tf.data.Dataset.from_tensor_slices(tf.constant(turned, tf.int64)).repeat()
    return tf.data.Dataset.choose_from_datasets(streams, choices)


def _domain_stream(
    pattern: str | None, domain: int, share: Fraction, shuffle_buffer: int, seed_and_skip: tuple[int, int]
) -> tf.data.Dataset | None:
    """Return one domain's serialised records, or None where it has no share."""
    if not share:
        return None
    name = schema.DOMAIN_NAMES[domain]
    if not pattern:
        raise InputError(f"--{name}_records: missing, but {name} records make up {share} of every batch")
    seed, skip = seed_and_skip
    return recordfiles.stream(recordfiles.find(pattern, f"--{name}_records", domain), shuffle_buffer, seed, skip)


def _train_crop(
    record: tf.Tensor, drawn: dict[str, tf.Tensor], crop: CropConfig, augmentation: AugmentationConfig
) -> dict[str, tf.Tensor]:
    """Return `crops.cut_crop` with its colours changed, and whether it is to be mirrored (`flip`)."""
    cut = crops.cut_crop(schema.parse(record), drawn["enlargement"], crop)
    if augmentation.changes_colors:
        cut["image"] = augment.jitter_colors(cut["image"], drawn)
    return cut | {"flip": drawn["flip"]}


def _train_targets(batch: dict[str, tf.Tensor], crop: CropConfig) -> dict[str, tf.Tensor]:
    """Turn a batch of `_train_crop` into a training batch."""
    batch = targets.from_levels(batch)
    batch = crops.flip_crops(batch, batch.pop("flip"), crop)
    batch["visibility"] = targets.hide_outside(batch["keypoints_xy"], batch["visibility"], crop)
    return batch | targets.keypoint_targets(batch["keypoints_xy"], batch["visibility"], crop)


def _eval_targets(batch: dict[str, tf.Tensor], crop: CropConfig) -> dict[str, tf.Tensor]:
    """Turn a batch of `crops.cut_crop` into an evaluation batch."""
    batch = targets.from_levels(batch)
    return batch | targets.keypoint_targets(batch["keypoints_xy"], batch["visibility"], crop)


def _without_sharding(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return the batches, to be split among replicas but never thinned by files among workers."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return batches.with_options(options)
