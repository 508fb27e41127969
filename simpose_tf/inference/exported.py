"""The exported model as its readers see it: its second stage and, where it has one, its detector."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import export_settings, saved_models, scores
from simpose_tf.inference.detector import Detect, DetectionConfig
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.inference.two_stage import SecondStage

Maps = dict[str, tf.Tensor]
T = TypeVar("T")


@dataclass(frozen=True)
class ExportedModel:
    """A SavedModel of `simpose_tf.export`.

    Attributes:
      path: its folder.
      stage: the second stage: its crops and what it answers; G-RMI's score where the export does not tell.
      nms: when two people are one; None where the export does not tell.
      detection: which boxes of a detector go on; None where the export does not tell.
      maps: crops -> the network's maps on every pixel, or None where the model has no such signature.
      detect: the first stage, as the API's, or None where the model has none.
      loaded: TensorFlow's object; the functions live as long as it does.
    """

    path: str
    stage: SecondStage
    nms: NmsConfig | None
    detection: DetectionConfig | None
    maps: Callable[[tf.Tensor], Maps] | None
    detect: Detect | None
    loaded: Any


def load(path: str | None, what: str = "--model", flip: bool = False) -> ExportedModel:
    """Load a SavedModel that `simpose_tf.export` wrote.

    Args:
      path: its folder.
      what: the option that named it, for errors.
      flip: average over each crop and its mirror image (`inference.flip`): `people` and `maps` then take twice as long.

    Raises:
      InputError: no such model, or without what is asked for.
    """
    folder, loaded = saved_models.load(path, what, "simpose_tf.export")
    people, maps = ("crops_flip", "maps_flip") if flip else ("crops", "maps")
    signatures = loaded.signatures
    if people not in signatures:
        hint = "; --flip needs a model that is exported anew" if flip and "crops" in signatures else ""
        raise InputError(f"{what}: {path!r} has no signature {people!r}; write it with simpose_tf.export{hint}")
    height, width = _crop_size(signatures[people], f"{what}: {path!r}: its signature {people!r}")
    settings = export_settings.read(folder, what)
    place = f"{what}: {folder / export_settings.SETTINGS}"
    return ExportedModel(
        path=str(folder),
        stage=SecondStage(
            people=_answer(signatures[people], "crops"),
            height=height,
            width=width,
            test_enlargement=_test_enlargement(settings, place),
            score=_setting(settings, "score", ScoreConfig, place) or scores.G_RMI,
        ),
        nms=_setting(settings, "nms", NmsConfig, place),
        detection=_setting(settings, "detection", DetectionConfig, place),
        maps=_answer(signatures[maps], "crops") if maps in signatures else None,
        detect=_answer(signatures["detect"], "images") if "detect" in signatures else None,
        loaded=loaded,
    )


def _crop_size(signature: Any, place: str) -> tuple[int, int]:
    """Return height and width of the crops that a signature takes. Raises InputError if it takes none."""
    _, inputs = signature.structured_input_signature
    shape = inputs["crops"].shape if "crops" in inputs else tf.TensorShape(None)
    if shape.rank != 4 or None in tuple(shape[1:3]):
        raise InputError(f"{place} takes no crops; write it with simpose_tf.export")
    return int(shape[1]), int(shape[2])


def _answer(signature: Any, name: str) -> Callable[[tf.Tensor], Maps]:
    """Return a signature as a function of its one input."""
    return lambda values: signature(**{name: values})


def _test_enlargement(settings: dict, place: str) -> float:
    """Return the enlargement. Raises InputError if it is missing or no positive number."""
    try:
        value = float(settings["test_enlargement"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} does not tell test_enlargement") from error
    if not np.isfinite(value) or value <= 0:
        raise InputError(f"{place}: test_enlargement is {value}")
    return value


def _number(value: Any, kind: Any) -> float | int:
    """Return a number of the kind. Raises ValueError, TypeError."""
    if kind is int and float(value) != int(value):
        raise ValueError(f"{value} is no whole number")
    return kind(value)


def _setting(settings: dict, name: str, kind: type[T], place: str) -> T | None:
    """Return a setting of the export, None where it has none. Raises InputError for a bad one."""
    if name not in settings:
        return None
    try:
        fields = dataclasses.fields(kind)  # type: ignore[arg-type]
        return kind(**{field.name: _number(settings[name][field.name], field.type) for field in fields})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: {name} is {settings[name]!r}: {error}") from error
