"""Which of a user's files serve training and which validation: by the hash of their names, never both."""

import hashlib
import os
from collections.abc import Sequence

from simpose_tf.errors import InputError

SPLITS = ("train", "val")


def of_split(paths: Sequence[str], split: str, place: str, val_share: float = 0.2) -> list[str]:
    """Return the files of a split, in the order given.

    The files whose names have the lowest hashes serve validation: `val_share` of them, rounded, at least one where
    there are two. Adding a file moves few others.

    Args:
      paths: files or names; the hash is that of the base name.
      split: one of `SPLITS`.
      place: flag or folder to name in errors.
      val_share: share of validation in (0, 1).

    Raises:
      InputError: another split, or no file is left for this one.
    """
    if split not in SPLITS:
        raise InputError(f"{place}: no split {split!r}; one of {', '.join(SPLITS)}")
    ranked = sorted(paths, key=_name_hash)
    count = min(max(round(val_share * len(paths)), 1), len(paths) - 1)
    held_out = set(ranked[:count])
    chosen = [path for path in paths if (path in held_out) == (split == "val")]
    if not chosen:
        raise InputError(f"{place}: nothing for --split={split} among {len(paths)} files; none may serve both splits")
    return chosen


def _name_hash(path: str) -> str:
    return hashlib.sha256(os.path.basename(path).encode()).hexdigest()
