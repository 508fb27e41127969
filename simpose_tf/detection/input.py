"""The detector's input: records by number, mixed exactly, decoded and augmented by the TF Object Detection API."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from object_detection import inputs
from object_detection.builders import image_resizer_builder, preprocessor_builder
from object_detection.core.standard_fields import InputDataFields as Fields
from object_detection.data_decoders.tf_example_decoder import TfExampleDecoder
from object_detection.protos.pipeline_pb2 import TrainEvalPipelineConfig

from simpose_tf import files
from simpose_tf.data.python_calls import in_graph
from simpose_tf.data.recordfiles import DamagedRecordError, RecordFiles, Stream, find_bounds
from simpose_tf.data.source import Mix
from simpose_tf.detection import records
from simpose_tf.detection.pipeline import architecture
from simpose_tf.detection.run_settings import DetectorConfig
from simpose_tf.errors import InputError

Batch = tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]

_STREAMED_BUFFER = 1000  # records that are held in memory where they are shuffled there

_RECORD = {"record": tf.TensorSpec((), tf.string)}


def find(pattern: str, what: str) -> RecordFiles:
    """Return the detector's record files of a glob.

    Raises:
      InputError: no file matches, none holds a record, or a file is none or starts with another record; `what` names
        the option.
    """
    paths = files.match(pattern, what)
    bounds = [find_bounds(path) for path in paths]
    kept = [i for i, ends in enumerate(bounds) if len(ends) > 1]
    if not kept:
        raise InputError(f"{what}: no record in the files of {pattern!r}")
    found = RecordFiles(tuple(paths[i] for i in kept), tuple(bounds[i] for i in kept))
    for first in np.cumsum((0, *found.counts[:-1])):
        read(found, int(first))
    return found


def read(found: RecordFiles, number: int) -> records.BoxedPicture:
    """Return record `number`, decoded. Raises InputError, which names it, for a damaged one."""
    return records.decode(_read_bytes(found, number), found.name(number))


def _read_bytes(found: RecordFiles, number: int) -> bytes:
    try:
        return found.read(number)
    except DamagedRecordError as error:
        raise InputError(f"{found.name(number)} is damaged: {error}") from error


@dataclass(frozen=True)
class PictureSource:
    """Pictures of one or two streams.

    Attributes:
      streams: of real and of simulated records; None where the mix has no need of it.
      mix: of the two.
    """

    streams: tuple[Stream | None, Stream | None]
    mix: Mix

    def record(self, counter: int) -> dict[str, np.ndarray]:
        """Return the serialised record of picture `counter` of the endless mixture."""
        domain, position = self.mix.place(counter)
        stream = self.streams[domain]
        return {"record": np.array(_read_bytes(stream.found, stream.number(position)), object)}


def source(found: dict[str, RecordFiles | None], config: DetectorConfig, seed: int) -> PictureSource:
    """Return where pictures come from; `found` holds the files of `coco` and of `sim`."""
    streams = tuple(
        Stream(found[kind], config.shuffle_buffer, (seed, domain)) if found.get(kind) else None
        for domain, kind in enumerate(("coco", "sim"))
    )
    return PictureSource(streams, Mix(config.exact_share))


def train_batches(
    pictures: PictureSource,
    model: Any,
    pipeline: TrainEvalPipelineConfig,
    config: DetectorConfig,
    start: int = 0,
    own: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Return the endless stream of batches of one replica, from its batch `start` on.

    Which pictures are in a batch follows from the seed and the batch's number alone; how they are cut and coloured is
    drawn anew by the API's operations. A batch is (features, labels) as the API's `inputs.train_input` gives it.

    Args:
      pictures: where records come from.
      model: whose preprocessing is asked for.
      pipeline: batch size, augmentation.
      config: of the run.
      start: number of the first batch.
      own: `(r, n)`: of every n batches the one numbered r.
    """
    size = pipeline.train_config.batch_size
    first, step = (start * own[1] + own[0]) * size, own[1] * size
    batches = tf.data.Dataset.range(first, tf.int64.max, step)
    counters = batches.flat_map(lambda number: tf.data.Dataset.range(number, number + size))

    def read_record(counter: tf.Tensor) -> tf.Tensor:
        return in_graph(pictures.record, (counter,), _RECORD)["record"]

    return _batched(counters.map(read_record, num_parallel_calls=2, deterministic=True), model, pipeline, config)


def streamed_batches(
    found: dict[str, RecordFiles],
    model: Any,
    pipeline: TrainEvalPipelineConfig,
    config: DetectorConfig,
    seed: int,
) -> tf.data.Dataset:
    """Return such a stream by TensorFlow's own readers, which processes without Python can run; shuffled in memory."""
    streams = []
    for kind in ("coco", "sim"):
        if kind in found:
            files_of = tf.data.Dataset.from_tensor_slices(list(found[kind].paths))
            shuffled = files_of.shuffle(len(found[kind].paths), seed).interleave(tf.data.TFRecordDataset)
            streams.append(shuffled.shuffle(min(config.shuffle_buffer, _STREAMED_BUFFER), seed).repeat())
    mix = Mix(config.exact_share)
    cycle = [mix.place(crop)[0] for crop in range(config.exact_share.denominator)]
    choice = tf.data.Dataset.from_tensor_slices(np.array(cycle if len(streams) > 1 else [0], np.int64)).repeat()
    return _batched(tf.data.Dataset.choose_from_datasets(streams, choice), model, pipeline, config)


def _batched(
    serialized: tf.data.Dataset, model: Any, pipeline: TrainEvalPipelineConfig, config: DetectorConfig
) -> tf.data.Dataset:
    """Decode, augment and batch records."""
    decoder = TfExampleDecoder()

    def prepare(record: tf.Tensor) -> Batch:
        return _prepared(decoder.decode(record), model, pipeline, config)

    prepared = serialized.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return prepared.batch(pipeline.train_config.batch_size, drop_remainder=True).prefetch(2)


def _prepared(
    record: dict[str, tf.Tensor], model: Any, pipeline: TrainEvalPipelineConfig, config: DetectorConfig
) -> Batch:
    """Augment, resize and pad a decoded record."""
    resizer = architecture(pipeline).image_resizer
    steps = [preprocessor_builder.build(step) for step in pipeline.train_config.data_augmentation_options]
    transformed = inputs.transform_input_data(
        record,
        model_preprocess_fn=model.preprocess,
        image_resizer_fn=image_resizer_builder.build(resizer),
        num_classes=architecture(pipeline).num_classes,
        data_augmentation_fn=lambda tensors: inputs.augment_input_data(tensors, steps),
    )
    padded = inputs.pad_input_data_to_static_shapes(
        _without_small(transformed, config.min_box_pixels),
        max_num_boxes=pipeline.train_input_reader.max_number_of_boxes,
        num_classes=architecture(pipeline).num_classes,
        spatial_image_shape=inputs.config_util.get_spatial_image_size(resizer),
    )
    features = {name: padded[name] for name in (Fields.image, Fields.true_image_shape)}
    names = ("num_boxes", "boxes", "classes", "weights")
    return features, {key: padded[key] for key in (getattr(Fields, _LABELS[name]) for name in names)}


_LABELS = {
    "num_boxes": "num_groundtruth_boxes",
    "boxes": "groundtruth_boxes",
    "classes": "groundtruth_classes",
    "weights": "groundtruth_weights",
}


def _without_small(tensors: dict[str, tf.Tensor], min_pixels: float) -> dict[str, tf.Tensor]:
    """Give boxes with both sides below `min_pixels` of the network's picture weight 0: nothing is learnt of them."""
    boxes, shape = tensors[Fields.groundtruth_boxes], tf.shape(tensors[Fields.image])
    sides = (boxes[:, 2:] - boxes[:, :2]) * tf.cast(shape[:2], tf.float32)
    large = tf.cast(tf.reduce_max(sides, 1) >= min_pixels, tf.float32)
    return {**tensors, Fields.groundtruth_weights: tensors[Fields.groundtruth_weights] * large}
