"""Checkpoints of a run: written whole or not at all, and checked before use: of damaged ones the one before is taken.

`initial/ckpt-0` is the untrained network, `checkpoints/ckpt-N` the run after N steps.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from simpose_tf.errors import InputError

INITIAL, FOLDER = "initial", "checkpoints"


def numbered(folder: Path) -> list[tuple[int, str]]:
    """Return (step, path) of the checkpoints that were written to their end, the newest first.

    TensorFlow writes the index last. Its own list, the file `checkpoint`, is not asked: it may be damaged, too.
    """
    found = [(re.fullmatch(r"ckpt-(\d+)\.index", path.name), path) for path in folder.glob("ckpt-*.index")]
    return sorted(((int(name[1]), str(path.with_suffix(""))) for name, path in found if name), reverse=True)


def latest_checkpoint(model_dir: Path) -> str | None:
    """Return the path of the last checkpoint of a run, damaged or not, or None."""
    return next((path for _, path in numbered(model_dir / FOLDER)), None)


def whole_checkpoints(model_dir: Path, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the paths of a run's undamaged checkpoints, the newest first; tell of damaged ones."""
    for _, path in numbered(model_dir / FOLDER):
        fault = damage(path)
        if fault:
            say(f"{path}: damaged ({fault}); the checkpoint before it is taken")
        else:
            yield path


def last_whole_checkpoint(model_dir: Path, say: Callable[[str], None]) -> str | None:
    """Return the path of the last undamaged checkpoint, or None if there is no checkpoint at all.

    Raises InputError if there are some and all of them are damaged.
    """
    path = next(whole_checkpoints(model_dir, say), None)
    if not path and latest_checkpoint(model_dir):
        raise InputError(f"--model_dir: all checkpoints in {str(model_dir / FOLDER)!r} are damaged; use a new folder")
    return path


def damage(path: str) -> str:
    """Read all of a checkpoint against its checksums; return what is wrong in a few words, empty if nothing is."""
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (
        tf.errors.OpError,
        IndexError,
        ValueError,
        RuntimeError,
    ) as error:  # the reader raises bare Python ones, too
        return " ".join(str(getattr(error, "message", error)).split())[:200] or type(error).__name__
    return ""


def write(checkpoint: tf.train.Checkpoint, folder: Path, step: int, keep: int) -> None:
    """Write `ckpt-STEP` and remove all but the last `keep`.

    Raises OSError, of one line, if that fails, as on a full disk; what was there before stays whole.
    """
    try:
        manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=None)
        manager.save(step)
    except (tf.errors.OpError, OSError) as error:
        forget_pieces(folder)
        why = str(getattr(error, "message", error)).strip().splitlines()[0]
        raise OSError(
            f"--model_dir: the checkpoint of step {step} cannot be written to {str(folder)!r} ({why}); "
            "earlier ones are whole: make room and give the same command again"
        ) from error
    for _, path in numbered(folder)[keep:]:
        _remove(path)


def set_aside_after(folder: Path, step: int) -> None:
    """Rename the checkpoints after a step, which are damaged, to `damaged-ckpt-N`, and remove unfinished ones."""
    forget_pieces(folder)
    for number, _ in numbered(folder):
        if number > step:
            for file in folder.glob(f"ckpt-{number}.*"):
                file.rename(folder / f"damaged-{file.name}")


def forget_pieces(folder: Path) -> None:
    """Remove what a killed or failed run left of a checkpoint that it had not finished."""
    done = {Path(path).name for _, path in numbered(folder)}
    for piece in folder.glob("ckpt-*"):
        if piece.is_dir():
            shutil.rmtree(piece, ignore_errors=True)
        elif piece.name.split(".")[0] not in done or "tempstate" in piece.name:
            piece.unlink(missing_ok=True)


def _remove(path: str) -> None:
    """Remove a checkpoint, its index first: without it the rest is no checkpoint."""
    Path(f"{path}.index").unlink(missing_ok=True)
    for file in Path(path).parent.glob(f"{Path(path).name}.*"):
        file.unlink(missing_ok=True)
