"""Pipeline files: the TF Object Detection API's own configuration of model, optimiser and augmentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from object_detection.protos.pipeline_pb2 import TrainEvalPipelineConfig

from simpose_tf import files
from simpose_tf.errors import InputError

_LEAST_SIDE = 32  # of the pictures that a detector sees: less has no cells at the coarse levels


def find_pipeline(names: str, gin_files: Sequence[str]) -> list[Path]:
    """Return the pipeline files of a run, written with commas between them.

    Raises:
      InputError: one is neither there nor beside a gin file.
    """
    return [_find(name.strip(), gin_files) for name in names.split(",")]


def _find(name: str, gin_files: Sequence[str]) -> Path:
    for path in (Path(name), *(Path(gin_file).parent / name for gin_file in gin_files)):
        if path.is_file():
            return path
    raise InputError(f"DetectorConfig.pipeline: no such file: {name!r}")


def read_pipeline(*paths: str | Path, overrides: Sequence[str] = ()) -> TrainEvalPipelineConfig:
    """Return a pipeline of the API: the first file, with the others and then the overrides merged into it.

    Raises:
      InputError: one does not parse, or the whole is no detector of people alone.
    """
    pipeline = TrainEvalPipelineConfig()
    texts = {str(p): files.require_file(str(p), "DetectorConfig.pipeline").read_text(encoding="utf-8") for p in paths}
    texts |= {f"--pipeline_override={text!r}": text for text in overrides}
    for place, text in texts.items():
        try:
            text_format.Merge(text, pipeline)
        except text_format.ParseError as error:
            raise InputError(f"{place}: {error}") from error
    _check(pipeline, paths[0])
    return pipeline


def architecture(pipeline: TrainEvalPipelineConfig) -> Any:
    """Return the configuration of the model's meta-architecture: the message `ssd` or `faster_rcnn`."""
    return getattr(pipeline.model, pipeline.model.WhichOneof("model"))


def _check(pipeline: TrainEvalPipelineConfig, path: str | Path) -> None:
    """Raise InputError for what is no detector of people; `path` stands for all that was merged."""
    kind = pipeline.model.WhichOneof("model")
    if kind not in ("ssd", "faster_rcnn"):
        raise InputError(f"{path}: the model is {kind or 'missing'}; ssd and faster_rcnn are known")
    if architecture(pipeline).num_classes != 1:
        raise InputError(f"{path}: num_classes is {architecture(pipeline).num_classes}, not 1: people alone")
    resizer = architecture(pipeline).image_resizer
    sized = getattr(resizer, resizer.WhichOneof("image_resizer_oneof") or "identity_resizer")
    for name in ("height", "width", "min_dimension", "max_dimension"):
        if getattr(sized, name, _LEAST_SIDE) < _LEAST_SIDE:
            raise InputError(f"{path}: image_resizer: {name} is {getattr(sized, name)}, not at least {_LEAST_SIDE}")
    for name in ("batch_size", "num_steps"):
        if getattr(pipeline.train_config, name) < 1:
            raise InputError(f"{path}: train_config.{name} is missing")
    optimizer = pipeline.train_config.optimizer
    if not optimizer.WhichOneof("optimizer"):
        raise InputError(f"{path}: train_config.optimizer is missing")
    if optimizer.use_moving_average:  # the API's default; its own wrapper fails on Keras 2.15
        raise InputError(f"{path}: train_config.optimizer.use_moving_average: averages are not kept; set it to false")
