"""Exported models over records: the scores of Table 2, on the pixels of the crop."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
import tensorflow as tf

from simpose_tf.data import pipeline, recordfiles, schema
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.inference import decode
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.people import MASK_THRESHOLD
from simpose_tf.metrics import constant, sizes
from simpose_tf.metrics.constant import ConstantPredictor
from simpose_tf.metrics.crops import CropLabels, CropPrediction, Scores

# What cutting a crop for evaluation does not use.
_NO_AUGMENTATION = {
    "min_enlargement": 1.0, "max_enlargement": 1.0, "max_rotation_deg": 0.0, "flip_probability": 0.0, "hue_jitter": 0.0,
    "saturation_jitter": 0.0, "brightness_jitter": 0.0,
}  # fmt: skip

# Scores by the name of the domain (`schema.DOMAIN_NAMES`), then by who predicted.
Table = dict[str, dict[str, Scores]]

Batch = dict[str, np.ndarray]


def eval_batches(
    model: ExportedModel, globs: Sequence[str], batch_size: int, option: str = "--records"
) -> Iterator[Batch]:
    """Yield batches of records as numpy, cut and labelled on every pixel of the model's crops.

    Raises InputError for bad records, which names the `option` they come from.
    """
    crop = CropConfig(model.stage.height, model.stage.width, label_stride=1, disk_radius=1.0)
    augmentation = AugmentationConfig(**_NO_AUGMENTATION, test_enlargement=model.stage.test_enlargement)
    # All globs are checked before the first batch is asked for.
    datasets = [pipeline.eval_batches(records, crop, augmentation, batch_size, option) for records in globs]
    return _numpy(datasets, globs)


def _numpy(datasets: Sequence[tf.data.Dataset], globs: Sequence[str]) -> Iterator[Batch]:
    """Yield the batches of all datasets; a fault in the midst of the records is an InputError, too."""
    for dataset, records in zip(datasets, globs, strict=True):
        try:
            yield from dataset.as_numpy_iterator()
        except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
            raise InputError(f"{records}: {recordfiles.told(error)}") from error


def labels_of(batch: Batch) -> list[CropLabels]:
    """Return the ground truth of a batch's people."""
    people = []
    for place, dense in enumerate(batch["has_dense"] > 0):
        maps = {name: batch[name][place] if dense else None for name in ("part", "uv", "normal")}
        people.append(
            CropLabels(
                keypoints_xy=batch["keypoints_xy"][place],
                visibility=batch["visibility"][place],
                area=float(batch["area"][place]),
                mask=batch["mask"][place] > 0,
                valid=batch["valid"][place] > 0,
                size=sizes.size_name(float(batch["picture_area"][place])) if "picture_area" in batch else None,
                **maps,
            )
        )
    return people


def predict(model: ExportedModel, batch: Batch) -> list[CropPrediction]:
    """Return a model's answers to a batch; the uv is that of the true part. Raises InputError for an old export."""
    if model.maps is None:
        raise InputError(f"{model.path}: has no signature 'maps'; export the model anew")
    maps = model.maps(tf.saturate_cast(tf.round(batch["image"]), tf.uint8))
    people = {name: np.asarray(values) for name, values in _decode(maps).items()}
    uv = np.asarray(decode.uv_at_parts(maps["uv"], batch["part"]))
    return [
        CropPrediction(
            keypoints_xy=people["keypoints"][place, :, :2],
            mask=people["mask"][place] >= MASK_THRESHOLD,
            part=people["part"][place],
            uv_of_true_part=uv[place],
            normal=people["normal"][place],
        )
        for place in range(len(uv))
    ]


@tf.function
def _decode(maps: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Decode as the signature `crops` does; the disks' radius scales the keypoints' scores, which nobody reads here."""
    return decode.decode_maps(maps, disk_radius=1.0)


def score(
    models: dict[str, ExportedModel],
    constants: dict[str, ConstantPredictor],
    batches: Iterator[Batch],
    say: Callable[[int], None],
) -> Table:
    """Score models, and the constant predictor of each domain, on the same crops.

    Args:
      models: name -> model, all of one crop size; a column of the table each.
      constants: name of a domain -> predictor; may lack domains.
      batches: from `eval_batches`.
      say: told after each batch how many people are done.

    Returns:
      domain -> column -> scores; the constant predictor's column is `constant`.
    """
    table: Table = {}
    done = 0
    for batch in batches:
        answers = {name: predict(model, batch) for name, model in models.items()}
        for place, true in enumerate(labels_of(batch)):
            domain = schema.DOMAIN_NAMES[batch["domain"][place]]
            columns = {name: people[place] for name, people in answers.items()}
            if domain in constants:
                columns["constant"] = constants[domain].predict()
            for name, predicted in columns.items():
                table.setdefault(domain, {}).setdefault(name, Scores()).add(predicted, true)
        done += len(batch["domain"])
        say(done)
    return table


def fit_constants(
    model: ExportedModel, globs: Sequence[str], limit: int, batch_size: int
) -> dict[str, ConstantPredictor]:
    """Fit the best constant predictor of each domain, on crops as the model's.

    Args:
      model: gives the crops' size and enlargement.
      globs: of training records.
      limit: about how many people are read of each glob, the first ones (whole batches).
      batch_size: people read at once.
    """
    fits: dict[str, constant.Fit] = {}
    for records in globs:
        batches = eval_batches(model, [records], batch_size, "--train_records")
        for batch in islice(batches, -(-limit // batch_size)):
            for domain, person in zip(batch["domain"], labels_of(batch), strict=True):
                fits.setdefault(schema.DOMAIN_NAMES[domain], constant.Fit()).add(person)
    return {domain: fit.predictor() for domain, fit in fits.items()}
