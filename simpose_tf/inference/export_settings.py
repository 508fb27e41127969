"""What is known of exported models without TensorFlow: the settings beside one, where the package's detector lies."""

import json
from pathlib import Path

from simpose_tf.errors import InputError

SETTINGS = "assets.extra/simpose.json"

# The name of the detector that comes with the package, and its SavedModel.
SMALL = "small"
_SMALL_FOLDER = Path(__file__).parent / "small_detector"


def detector_folder(name: str | None) -> str | None:
    """Return the folder that a `--detector` names: itself, but for "small"."""
    return str(_SMALL_FOLDER) if name == SMALL else name


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
