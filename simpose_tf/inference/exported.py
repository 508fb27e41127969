"""The exported model as its readers see it: how large its crops are, how boxes are enlarged, what it answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from simpose_tf import files
from simpose_tf.errors import InputError

SETTINGS = "assets.extra/simpose.json"

Maps = dict[str, tf.Tensor]


@dataclass(frozen=True)
class ExportedModel:
    """A SavedModel of `simpose_tf.export`.

    Attributes:
      path: its folder.
      height: of the crops, pixels.
      width: of the crops, pixels.
      test_enlargement: how far boxes are enlarged.
      people: crops uint8 `[B,H,W,3]` -> what `decode.decode_maps` returns.
      maps: crops -> the network's maps on every pixel, or None where the model has no such signature.
      loaded: TensorFlow's object; the functions live as long as it does.
    """

    path: str
    height: int
    width: int
    test_enlargement: float
    people: Callable[[tf.Tensor], Maps]
    maps: Callable[[tf.Tensor], Maps] | None
    loaded: Any


def load(path: str | None, what: str = "--model") -> ExportedModel:
    """Load a SavedModel that `simpose_tf.export` wrote. Raises InputError, naming the option `what`."""
    folder = files.require_dir(path or "", what)
    if not (folder / "saved_model.pb").is_file():
        raise InputError(f"{what}: {path!r} is no SavedModel; write one with simpose_tf.export")
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, IndexError, tf.errors.OpError) as error:  # IndexError: variables are cut off
        raise InputError(f"{what}: {path!r} does not load: {str(error).splitlines()[0]}") from error
    if "crops" not in loaded.signatures:
        raise InputError(f"{what}: {path!r} has no signature 'crops'; write it with simpose_tf.export")
    signatures = loaded.signatures
    _, inputs = signatures["crops"].structured_input_signature
    shape = inputs["crops"].shape if "crops" in inputs else tf.TensorShape(None)
    if shape.rank != 4 or None in tuple(shape[1:3]):
        raise InputError(f"{what}: {path!r}: its signature 'crops' takes no crops; write it with simpose_tf.export")
    height, width = shape[1:3]
    return ExportedModel(
        path=str(folder),
        height=int(height),
        width=int(width),
        test_enlargement=_test_enlargement(folder, what),
        people=_answer(signatures["crops"]),
        maps=_answer(signatures["maps"]) if "maps" in signatures else None,
        loaded=loaded,
    )


def _answer(signature: Any) -> Callable[[tf.Tensor], Maps]:
    """Return a signature as a function of crops alone."""

    def answer(crops: tf.Tensor) -> Maps:
        return signature(crops=crops)

    return answer


def _test_enlargement(folder: Path, what: str) -> float:
    """Read the enlargement beside the model. Raises InputError if it is missing or no positive number."""
    try:
        value = float(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["test_enlargement"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{what}: {folder / SETTINGS} does not tell test_enlargement") from error
    if not np.isfinite(value) or value <= 0:
        raise InputError(f"{what}: {folder / SETTINGS}: test_enlargement is {value}")
    return value
