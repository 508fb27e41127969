"""The settings beside an exported model: read without TensorFlow."""

import json
from pathlib import Path

from simpose_tf.errors import InputError

SETTINGS = "assets.extra/simpose.json"


def read(folder: Path, what: str) -> dict:
    """Return the settings of a model's folder. Raises InputError if they are missing or no settings."""
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: {folder / SETTINGS} does not tell test_enlargement") from error
    return settings if isinstance(settings, dict) else {}


def has_detector(path: str | None) -> bool:
    """Return whether a model takes whole pictures; false for what is no model: that is told when it is loaded."""
    try:
        return bool(read(Path(path or ""), "--model").get("has_detector"))
    except InputError:
        return False
