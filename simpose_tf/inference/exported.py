"""The exported model as its readers see it: how large its crops are, how boxes are enlarged, what it answers."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from simpose_tf import files
from simpose_tf.errors import InputError
from simpose_tf.inference import scores
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig

SETTINGS = "assets.extra/simpose.json"

Maps = dict[str, tf.Tensor]
T = TypeVar("T")


@dataclass(frozen=True)
class ExportedModel:
    """A SavedModel of `simpose_tf.export`.

    Attributes:
      path: its folder.
      height: of the crops, pixels.
      width: of the crops, pixels.
      test_enlargement: how far boxes are enlarged.
      score: how its scores are made; G-RMI's where the export does not tell.
      nms: when two people are one; None where the export does not tell.
      people: crops uint8 `[B,H,W,3]` -> what `decode.decode_maps` returns.
      maps: crops -> the network's maps on every pixel, or None where the model has no such signature.
      loaded: TensorFlow's object; the functions live as long as it does.
    """

    path: str
    height: int
    width: int
    test_enlargement: float
    score: ScoreConfig
    nms: NmsConfig | None
    people: Callable[[tf.Tensor], Maps]
    maps: Callable[[tf.Tensor], Maps] | None
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
    folder = files.require_dir(path or "", what)
    if not (folder / "saved_model.pb").is_file():
        raise InputError(f"{what}: {path!r} is no SavedModel; write one with simpose_tf.export")
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, IndexError, tf.errors.OpError) as error:  # IndexError: variables are cut off
        raise InputError(f"{what}: {path!r} does not load: {str(error).splitlines()[0]}") from error
    people, maps = ("crops_flip", "maps_flip") if flip else ("crops", "maps")
    signatures = loaded.signatures
    if people not in signatures:
        hint = "; --flip needs a model that is exported anew" if flip and "crops" in signatures else ""
        raise InputError(f"{what}: {path!r} has no signature {people!r}; write it with simpose_tf.export{hint}")
    height, width = _crop_size(signatures[people], f"{what}: {path!r}: its signature {people!r}")
    settings = _settings(folder, what)
    return ExportedModel(
        path=str(folder),
        height=height,
        width=width,
        test_enlargement=_test_enlargement(settings, f"{what}: {folder / SETTINGS}"),
        score=_setting(settings, "score", ScoreConfig, f"{what}: {folder / SETTINGS}") or scores.G_RMI,
        nms=_setting(settings, "nms", NmsConfig, f"{what}: {folder / SETTINGS}"),
        people=_answer(signatures[people]),
        maps=_answer(signatures[maps]) if maps in signatures else None,
        loaded=loaded,
    )


def _crop_size(signature: Any, place: str) -> tuple[int, int]:
    """Return height and width of the crops that a signature takes. Raises InputError if it takes none."""
    _, inputs = signature.structured_input_signature
    shape = inputs["crops"].shape if "crops" in inputs else tf.TensorShape(None)
    if shape.rank != 4 or None in tuple(shape[1:3]):
        raise InputError(f"{place} takes no crops; write it with simpose_tf.export")
    return int(shape[1]), int(shape[2])


def _answer(signature: Any) -> Callable[[tf.Tensor], Maps]:
    """Return a signature as a function of crops alone."""

    def answer(crops: tf.Tensor) -> Maps:
        return signature(crops=crops)

    return answer


def _settings(folder: Path, what: str) -> dict:
    """Read the settings beside the model. Raises InputError if they are missing or no settings."""
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: {folder / SETTINGS} does not tell test_enlargement") from error
    return settings if isinstance(settings, dict) else {}


def _test_enlargement(settings: dict, place: str) -> float:
    """Return the enlargement. Raises InputError if it is missing or no positive number."""
    try:
        value = float(settings["test_enlargement"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} does not tell test_enlargement") from error
    if not np.isfinite(value) or value <= 0:
        raise InputError(f"{place}: test_enlargement is {value}")
    return value


def _setting(settings: dict, name: str, kind: type[T], place: str) -> T | None:
    """Return a setting of the export, None where it has none. Raises InputError for a bad one."""
    if name not in settings:
        return None
    try:
        return kind(**{f.name: float(settings[name][f.name]) for f in dataclasses.fields(kind)})  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: {name} is {settings[name]!r}: {error}") from error
