"""Detectors of the TF Object Detection API, with this project's feature extractors; their modes and variables."""

import contextlib
import re
import warnings
from collections.abc import Iterator, Sequence

import tensorflow as tf
from object_detection.builders import model_builder
from object_detection.core.model import DetectionModel
from object_detection.protos.pipeline_pb2 import TrainEvalPipelineConfig

from simpose_tf.detection import api, lite_extractor, stride8_extractor  # noqa: F401, api before the API is used
from simpose_tf.detection.pipeline import architecture
from simpose_tf.errors import InputError

_SSD, _FASTER = (
    model_builder.SSD_KERAS_FEATURE_EXTRACTOR_CLASS_MAP,
    model_builder.FASTER_RCNN_KERAS_FEATURE_EXTRACTOR_CLASS_MAP,
)
_SSD[lite_extractor.NAME] = lite_extractor.LiteFpnExtractor
_FASTER[stride8_extractor.NAME] = stride8_extractor.Stride8Extractor

# A picture of the smallest size on which all parts of a model are built.
_SIDE = 64


def build(pipeline: TrainEvalPipelineConfig, training: bool) -> DetectionModel:
    """Return a detector with all its variables, freshly drawn.

    Raises:
      InputError: the API knows no such model.
    """
    try:
        model = model_builder.build(pipeline.model, is_training=training)
    except (ValueError, KeyError) as error:
        raise InputError(f"pipeline: the detector cannot be built: {error}") from error
    _make_variables(model, training)
    return model


def _make_variables(model: DetectionModel, training: bool) -> None:
    """Let every layer make its variables: they do when they see their first picture."""
    shape = tf.constant([[_SIDE, _SIDE, 3]])
    with mode(model, training):
        model.provide_groundtruth(
            groundtruth_boxes_list=[tf.constant([[0.1, 0.1, 0.9, 0.6]])],
            groundtruth_classes_list=[tf.constant([[1.0]])],
            groundtruth_weights_list=[tf.constant([1.0])],
        )
        model.predict(tf.zeros((1, _SIDE, _SIDE, 3)), shape)


@contextlib.contextmanager
def mode(model: DetectionModel, training: bool) -> Iterator[None]:
    """Let a model be in training or not inside the block, in which functions that use it are traced."""
    before = model._is_training
    with contextlib.ExitStack() as stack:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated, and the only way that the API's layers know of
            stack.enter_context(tf.keras.backend.learning_phase_scope(int(training)))
        model._is_training = training
        try:
            yield
        finally:
            model._is_training = before


def learnt_variables(model: DetectionModel, frozen: Sequence[str]) -> list[tf.Variable]:
    """Return the trainable variables whose names none of the patterns of `train_config.freeze_variables` matches."""
    return [v for v in model.trainable_variables if not any(re.match(pattern, v.name) for pattern in frozen)]


def input_side(pipeline: TrainEvalPipelineConfig) -> tuple[int, int]:
    """Return the largest height and width of the pictures that a detector sees. Raises InputError if there is none."""
    resizer = architecture(pipeline).image_resizer
    if resizer.HasField("keep_aspect_ratio_resizer"):
        return (resizer.keep_aspect_ratio_resizer.max_dimension,) * 2
    if resizer.HasField("fixed_shape_resizer"):
        return resizer.fixed_shape_resizer.height, resizer.fixed_shape_resizer.width
    raise InputError("pipeline: image_resizer: keep_aspect_ratio_resizer and fixed_shape_resizer are known")
