"""A trained detector at work: restored from a run's folder, a module from pixels to the API's answers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf
from object_detection import exporter_lib_v2
from object_detection.core.model import DetectionModel

from simpose_tf import files, run_checkpoints
from simpose_tf.detection import models
from simpose_tf.detection.pipeline import read_pipeline
from simpose_tf.errors import InputError

# The API's own (`exporter_lib_v2`): one picture of any size.
SIGNATURE = tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")


def restored(
    model_dir: Path, checkpoint: str | None, say: Callable[[str], None], overrides: Sequence[str] = ()
) -> DetectionModel:
    """Return the detector of a run's folder, not in training.

    Args:
      model_dir: of `simpose_tf.train_detector`.
      checkpoint: path of one; None for the last whole one.
      say: takes a line for each damaged checkpoint.
      overrides: of the run's pipeline, as `pipeline.read_pipeline` takes them: another size of the pictures, or NMS.

    Raises:
      InputError: no run, no checkpoint, or one of another detector.
    """
    path = files.require_dir(str(model_dir), "--model_dir") / "pipeline.config"
    if not path.is_file():
        raise InputError(
            f"--model_dir: {str(model_dir)!r} holds no pipeline.config; simpose_tf.train_detector writes it"
        )
    checkpoint = checkpoint or run_checkpoints.last_whole_checkpoint(model_dir, say)
    if not checkpoint:
        raise InputError(f"--model_dir: no checkpoint in {str(model_dir)!r} yet")
    model = models.build(read_pipeline(path, overrides=overrides), training=False)
    try:
        stored = tf.train.Checkpoint(model=model).restore(checkpoint)
        stored.expect_partial().assert_existing_objects_matched()
    except (tf.errors.NotFoundError, tf.errors.DataLossError, IndexError) as error:  # IndexError: cut off
        raise InputError(f"--checkpoint: no checkpoint at {checkpoint!r}, or not a whole one") from error
    except (AssertionError, ValueError) as error:
        raise InputError(f"--checkpoint: {checkpoint!r} holds another detector") from error
    return model


def served_module(model: DetectionModel) -> tf.Module:
    """Return the API's inference, to be saved: its `__call__` takes a picture of `SIGNATURE`.

    Answers: `detection_boxes` float32 `[1, N, 4]` yxyx as shares of the picture, `detection_scores` `[1, N]`, best
    first, `detection_classes` (1: person), `num_detections` `[1]`, and the API's raw ones.
    """
    return exporter_lib_v2.DetectionFromImageModule(model)
