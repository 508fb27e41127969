"""The people that a run looks at again and again: the same crops, cut once and kept in memory.

Validation records if the user names them; else people of the training records, which say how training goes but not
what is learnt: their curves are called `training_sim`, not `validation_sim`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from simpose_tf.data import crops, recordfiles, schema, targets
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError

Batch = dict[str, np.ndarray]

# What evaluation and drawings need of a batch, and in which type it is kept: crops of full size are 0.1 megapixels.
_KEPT = {
    "image": np.uint8, "domain": np.int32, "keypoints_xy": np.float32, "visibility": np.int32, "area": np.float32,
    "mask": bool, "valid": bool, "has_dense": np.float32, "part": np.uint8, "uv": np.float32, "normal": np.float32,
}  # fmt: skip


@dataclass(frozen=True)
class FixedPeople:
    """People of both domains, labelled on every pixel of their crops.

    Attributes:
      source: `validation` or `training`: of which records.
      domains: name of a domain -> numpy batch of all its people (`crop_scores.labels_of` reads it).
    """

    source: str
    domains: dict[str, Batch]


def read(
    source: str, records: Mapping[str, str | None], crop: CropConfig, enlargement: float, count: int
) -> FixedPeople:
    """Read the people that are watched: of each domain the first ones of its files, in turn.

    Args:
      source: `validation` or `training`.
      records: option -> glob of one domain's records; without a glob it is passed over. The option's name is told
        where the records are bad.
      crop: size of the crops.
      enlargement: of the boxes.
      count: people of each domain; fewer if there are not that many.

    Raises:
      InputError: bad records (`recordfiles.find`), or damaged ones.
    """
    every_pixel = CropConfig(crop.height, crop.width, label_stride=1, disk_radius=crop.disk_radius)
    domains = {}
    for option, glob in records.items():
        if glob:
            batch = _read_domain(recordfiles.find(glob, option), every_pixel, enlargement, count, option)
            for number in np.unique(batch["domain"]):
                place = batch["domain"] == number
                domains[schema.DOMAIN_NAMES[number]] = {name: values[place] for name, values in batch.items()}
    return FixedPeople(source, domains)


def _read_domain(
    found: recordfiles.RecordFiles, crop: CropConfig, enlargement: float, count: int, option: str
) -> Batch:
    """Return the crops of the first records of many files, one file after the other."""
    paths = tf.data.Dataset.from_tensor_slices(_spread(found.paths, count))
    records = paths.interleave(tf.data.TFRecordDataset, cycle_length=min(len(found.paths), count), block_length=1)
    cut = records.take(count).map(lambda record: crops.cut_crop(schema.parse(record), tf.constant(enlargement), crop))
    try:
        batches = [_kept(b) for b in cut.batch(8).map(targets.from_levels).as_numpy_iterator()]
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        raise InputError(f"{option}: {recordfiles.told(error)}") from error
    return {name: np.concatenate([batch[name] for batch in batches]) for name in _KEPT}


def _spread(paths: tuple[str, ...], count: int) -> list[str]:
    """Return at most `count` of the paths, as far apart in their order as possible."""
    return [paths[i * len(paths) // min(count, len(paths))] for i in range(min(count, len(paths)))]


def _kept(batch: Batch) -> Batch:
    return {
        name: (np.clip(np.round(batch[name]), 0, 255) if name == "image" else batch[name]).astype(dtype)
        for name, dtype in _KEPT.items()
    }
