"""Reference surfaces by name: `open`, or a user's folder of DensePose."""

from pathlib import Path

from simpose_tf.errors import InputError
from simpose_tf.surface.densepose import CHARTS_FILE, load_densepose
from simpose_tf.surface.reference import Reference, open_reference


def load(name: str) -> Reference:
    """Return a reference surface.

    Args:
      name: `open` for the built-in one, or a folder with `UV_Processed.mat` and SMPL's template.

    Raises:
      InputError: it is neither, or the folder's files are at fault.
    """
    if name == "open":
        return open_reference()
    if not name or not Path(name).is_dir():
        raise InputError(f"--reference: {name!r} is neither 'open' nor a folder with {CHARTS_FILE} and SMPL's template")
    return load_densepose(name)
