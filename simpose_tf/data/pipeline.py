"""The input pipeline: record files in, batches of crops out, and their targets where the network is.

Notation: B crops of H x W pixels, Hl x Wl cells of the label grid (`crops`), K = 17 keypoints. A batch is a
dict:

| name | dtype, shape | meaning |
|---|---|---|
| image | float32 `[B,H,W,3]` | RGB 0..255, black outside the picture; uint8 before `targets.expand` |
| domain | int32 `[B]` | `schema.REAL` or `schema.SIM` |
| keypoints_xy | float32 `[B,K,2]` | crop pixels, also of those outside the crop |
| visibility | int32 `[B,K]` | COCO flags; in training 0 for keypoints outside the crop |
| has_dense | float32 `[B]` | 1 where the record holds iuv and normals |
| area | float32 `[B]` | the whole mask's area in crop pixels (for OKS) |
| picture_area | float32 `[B]` | the same in pixels of the whole picture |
| record_from_crop | float32 `[B,3,3]` | takes crop to record coordinates |
| image_id, person_id | int64 `[B]` | as in the record |

Evaluation batches, and training batches after `targets.expand`, also hold

| name | dtype, shape | meaning |
|---|---|---|
| heatmap, offset, keypoint_weight | float32 | `targets.keypoint_targets` |
| mask | float32 `[B,Hl,Wl]` | 1 on the person |
| valid | float32 `[B,Hl,Wl]` | 0 where the record says that nothing is known |
| part | int32 `[B,Hl,Wl]` | 0..24; 0 off the person and where absent |
| uv | float32 `[B,Hl,Wl,2]` | in [0, 1]; 0 likewise |
| normal | float32 `[B,Hl,Wl,3]` | unit normals, camera frame of the crop; 0 likewise |
| point_xy, point_part, point_uv | `[B,P,...]` | `targets.point_targets` |

and training batches before that the levels of these labels in the record's frame (`crops.cut_crop`): `mask`, `ignore`
uint8 `[B,Hl,Wl]`, `iuv`, `normal` uint16 `[B,Hl,Wl,3]`, `points` float32 `[B,P,5]`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import tensorflow as tf

from simpose_tf.data import augmentation as augment
from simpose_tf.data import crops, recordfiles, schema, targets
from simpose_tf.data.augmentation import AugmentationConfig, Variation
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.damage import Damage
from simpose_tf.data.python_calls import in_graph
from simpose_tf.data.source import CropSource, Mix, cut_record
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
      shuffle_buffer: records of each domain that are shuffled among each other; they are not held in memory.
      max_damaged: damaged records that are passed over and counted; one more stops the run.
    """

    batch_size: int
    sim_share: float
    shuffle_buffer: int
    max_damaged: int

    def __post_init__(self):
        if self.batch_size < 1 or self.shuffle_buffer < 1 or not 0 <= self.sim_share <= 1:
            raise ValueError(f"batch_size and shuffle_buffer must be positive, sim_share in 0..1: {self}")
        if self.max_damaged < 0:
            raise ValueError(f"max_damaged must not be negative: {self}")

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
    damage: Damage | None = None,
    own: tuple[int, int] = (1, 1),
) -> tf.data.Dataset:  # Nine parameters: six settings of a run, where to go on, a count, one machine's part.
    """Return the endless stream of training batches, with labels as levels (see above).

    The stream is a function of the arguments alone: `start_batch=k` gives what batch k, k+1, ... of the
    uninterrupted stream are, and does not read those before. Of B crops in a row, floor or ceil of
    B * sim_share are simulated; over a whole cycle of `source.Mix` exactly that share.

    Args:
      sim_records: glob of the simulated records; not looked at where `sim_share` is 0.
      real_records: glob of the real records; not looked at where `sim_share` is 1.
      crop: size and label grid.
      augmentation: ranges.
      pipeline: size and mix of a batch.
      seed: at least 0.
      start_batch: number of the first batch.
      damage: counts damaged records; None for a count that nobody else sees.
      own: `(n, m)`: of every m batches the first n, for one of several machines; the others are not read.

    Raises:
      InputError: a domain with a share has no records, or bad ones (`recordfiles.find`).
      InvalidArgumentError, while batches are drawn: too many damaged records, or records of another version or domain;
        `recordfiles.told` says which.
    """
    source = crop_source(sim_records, real_records, crop, pipeline, seed, damage)

    def cut(number: int) -> dict[str, np.ndarray]:
        places = range(number * pipeline.batch_size, (number + 1) * pipeline.batch_size)
        cuts = [source.cut(place, augment.draw(seed, place, augmentation)) for place in places]
        return {name: np.stack([one[name] for one in cuts]) for name in cuts[0]}

    numbers = tf.data.Dataset.range(start_batch, tf.int64.max)
    if own[0] < own[1]:
        numbers = numbers.filter(lambda number: (number - start_batch) % own[1] < own[0])
    # Whole batches at a time: crops that tf.data puts together would be copied once more.
    spec = {name: _batched(one, pipeline.batch_size) for name, one in crop_spec(crop).items()}
    batches = _parallel(numbers, lambda number: in_graph(cut, (number,), spec))
    return _without_sharding(batches.prefetch(tf.data.AUTOTUNE))


def crop_source(
    sim_records: str | None,
    real_records: str | None,
    crop: CropConfig,
    pipeline: PipelineConfig,
    seed: int,
    damage: Damage | None = None,
) -> CropSource:
    """Return where the crops of `train_batches` come from. Arguments and InputError as there."""
    share = pipeline.exact_share
    patterns = [(real_records, 1 - share), (sim_records, share)]
    streams = [_domain_stream(p, domain, of, pipeline, seed) for domain, (p, of) in enumerate(patterns)]
    return CropSource(streams, Mix(share), crop, damage or Damage(pipeline.max_damaged))


def eval_batches(
    records: str, crop: CropConfig, augmentation: AugmentationConfig, batch_size: int, option: str = "--records"
) -> tf.data.Dataset:
    """Return one pass over the records of a glob, in the order of the files, without any randomness.

    Boxes are enlarged by `augmentation.test_enlargement`; the last batch may be smaller; the visibility flags
    are the record's. Raises InputError for bad records (`recordfiles.find`), which names the `option` of the glob, and
    InvalidArgumentError at the first damaged one.
    """
    found = recordfiles.find(records, option)

    def cut(number: int) -> dict:
        try:
            return cut_record(found, number, crop, Variation(augmentation.test_enlargement))
        except recordfiles.DamagedRecordError as error:
            raise InputError(f"{found.name(number)} is damaged: {error}") from error

    cuts = _parallel(tf.data.Dataset.range(found.count), lambda number: in_graph(cut, (number,), crop_spec(crop)))
    return cuts.batch(batch_size).map(lambda batch: targets.expand(batch, crop)).prefetch(tf.data.AUTOTUNE)


def crop_spec(crop: CropConfig) -> dict[str, tf.TensorSpec]:
    """Return types and shapes of `crops.cut_crop`."""
    grid = (crop.grid_height, crop.grid_width)
    return {
        "image": tf.TensorSpec((crop.height, crop.width, 3), tf.uint8),
        "domain": tf.TensorSpec((), tf.int32),
        "keypoints_xy": tf.TensorSpec((17, 2), tf.float32),
        "visibility": tf.TensorSpec((17,), tf.int32),
        "mask": tf.TensorSpec(grid, tf.uint8),
        "ignore": tf.TensorSpec(grid, tf.uint8),
        "has_dense": tf.TensorSpec((), tf.float32),
        "iuv": tf.TensorSpec((*grid, 3), tf.uint16),
        "normal": tf.TensorSpec((*grid, 3), tf.uint16),
        "points": tf.TensorSpec((crops.MAX_POINTS, 5), tf.float32),
        "area": tf.TensorSpec((), tf.float32),
        "picture_area": tf.TensorSpec((), tf.float32),
        "record_from_crop": tf.TensorSpec((3, 3), tf.float32),
        "image_id": tf.TensorSpec((), tf.int64),
        "person_id": tf.TensorSpec((), tf.int64),
    }


def _batched(spec: tf.TensorSpec, size: int) -> tf.TensorSpec:
    return tf.TensorSpec((size, *spec.shape), spec.dtype)


def _parallel(numbers: tf.data.Dataset, function: Callable[[tf.Tensor], dict]) -> tf.data.Dataset:
    """Map a function over numbers on all cores, in order."""
    cv2.setNumThreads(1)  # each number on one core, or OpenCV's threads and those of tf.data push each other out
    return numbers.map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _domain_stream(
    pattern: str | None, domain: int, share: Fraction, pipeline: PipelineConfig, seed: int
) -> recordfiles.Stream | None:
    """Return one domain's stream of records, or None where it has no share."""
    if not share:
        return None
    name = schema.DOMAIN_NAMES[domain]
    if not pattern:
        raise InputError(f"--{name}_records: missing, but {name} records make up {share} of every batch")
    found = recordfiles.find(pattern, f"--{name}_records", domain, tolerant=pipeline.max_damaged > 0)
    return recordfiles.Stream(found, pipeline.shuffle_buffer, (seed, domain))


def _without_sharding(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return the batches, to be split among replicas but never thinned by files among workers."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return batches.with_options(options)
