"""SavedModels from disk."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from simpose_tf import files
from simpose_tf.errors import InputError


def load(path: str | None, what: str, writer: str) -> tuple[Path, Any]:
    """Load a SavedModel.

    Args:
      path: its folder.
      what: the option that named it, for errors.
      writer: the main that writes such ones, for errors.

    Returns:
      the folder, and TensorFlow's object.

    Raises:
      InputError: no SavedModel, or a damaged one.
    """
    folder = files.require_dir(path or "", what)
    if not (folder / "saved_model.pb").is_file():
        raise InputError(f"{what}: {path!r} is no SavedModel; write one with {writer}")
    try:
        return folder, tf.saved_model.load(str(folder))
    except (OSError, ValueError, IndexError, tf.errors.OpError) as error:  # IndexError: variables are cut off
        raise InputError(f"{what}: {path!r} does not load: {str(error).splitlines()[0]}") from error
