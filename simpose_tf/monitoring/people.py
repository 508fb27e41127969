"""The people that a run looks at again and again: the same crops, cut once and kept in memory.

Validation records if the user names them; else people of the training records, which say how training goes but not
what is learnt: their curves are called `training_sim`, not `validation_sim`.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from simpose_tf.data import recordfiles, schema, targets
from simpose_tf.data.augmentation import Variation
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.source import cut_record
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
    """Read the people that are watched: records of each domain as far apart in its files as possible.

    Args:
      source: `validation` or `training`.
      records: option -> glob of one domain's records; without a glob it is passed over. The option's name is told
        where the records are bad.
      crop: size of the crops.
      enlargement: of the boxes.
      count: people of each domain; fewer if there are not that many.

    Raises:
      InputError: bad records (`recordfiles.find`), or none of those that are asked for is whole.
    """
    every_pixel = CropConfig(crop.height, crop.width, label_stride=1, disk_radius=crop.disk_radius)
    domains = {}
    for option, glob in records.items():
        if glob:
            # Damaged training records are counted elsewhere; the few that validate should all be whole files.
            found = recordfiles.find(glob, option, tolerant=source == "training")
            batch = _read_domain(found, every_pixel, enlargement, count, option)
            for number in np.unique(batch["domain"]):
                place = batch["domain"] == number
                domains[schema.DOMAIN_NAMES[number]] = {name: values[place] for name, values in batch.items()}
    return FixedPeople(source, domains)


def _read_domain(
    found: recordfiles.RecordFiles, crop: CropConfig, enlargement: float, count: int, option: str
) -> Batch:
    """Return crops of records that lie evenly in the files; damaged ones are left out."""
    cut = []
    for number in np.unique(np.linspace(0, found.count - 1, min(count, found.count)).round().astype(int)):
        with contextlib.suppress(recordfiles.DamagedRecordError):  # training counts them
            cut.append(cut_record(found, int(number), crop, Variation(enlargement)))
    if not cut:
        raise InputError(f"{option}: none of the {count} records that are watched can be read")
    levels = {name: tf.constant(np.stack([one[name] for one in cut])) for name in cut[0]}
    labels = targets.dense_targets(levels["iuv"], levels["normal"])
    known = {"mask": levels["mask"] > 0, "valid": levels["ignore"] == 0}
    return _kept({name: value.numpy() for name, value in {**levels, **labels, **known}.items()})


def _kept(batch: Batch) -> Batch:
    return {name: batch[name].astype(dtype) for name, dtype in _KEPT.items()}
