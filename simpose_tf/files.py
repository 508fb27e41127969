"""Files that are either whole or not there, and inputs that are checked before work begins."""

import contextlib
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from simpose_tf.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[str]:
    """Yield a temporary path beside `path`; it becomes `path` when the block ends well, else it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield str(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the place of the folder `path` when the block ends well."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file at once: readers see the old one or the new one."""
    with atomic_path(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write a binary file at once: readers see the old one or the new one."""
    with atomic_path(path) as temporary:
        Path(temporary).write_bytes(data)


def require_dir(path: str, what: str) -> Path:
    """Return `path` as a Path or raise InputError if it is no folder; `what` names the option."""
    if not path or not Path(path).is_dir():
        raise InputError(f"{what}: no such folder: {path!r}")
    return Path(path)


def require_file(path: str, what: str) -> Path:
    """Return `path` as a Path or raise InputError if it is no file; `what` names the option."""
    if not path or not Path(path).is_file():
        raise InputError(f"{what}: no such file: {path!r}")
    return Path(path)


def output_folder(path: str | None, what: str) -> Path:
    """Return `path` as a Path; raise InputError unless it is a folder or can become one; `what` names the option."""
    if not path:
        raise InputError(f"{what}: name a folder")
    _require_writable(Path(path), what)
    return Path(path)


def output_file(path: str | None, what: str) -> Path:
    """Return `path` as a Path; raise InputError if it is a folder or can't be written; `what` names the option."""
    if not path or Path(path).is_dir():
        raise InputError(f"{what}: name a file, not {path!r}")
    _require_writable(Path(path).parent, what)
    return Path(path)


def _require_writable(folder: Path, what: str) -> None:
    """Raise InputError unless files can be written to a folder, which need not be there yet."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise InputError(f"{what}: {str(nearest)!r} is a file, not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{what}: no permission to write to {str(nearest)!r}")


def match(pattern: str, what: str) -> list[str]:
    """Return the sorted files that match a glob; raise InputError if none does."""
    files = sorted(f for f in glob.glob(pattern, recursive=True) if Path(f).is_file())
    if not files:
        raise InputError(f"{what}: no file matches {pattern!r}")
    return files


def files_in(path: str, what: str, suffixes: tuple[str, ...], kind: str = "files") -> list[str]:
    """Return the sorted files of a folder (not of its subfolders) by suffix; raise InputError if there is none."""
    files = sorted(str(f) for f in require_dir(path, what).iterdir() if f.suffix.lower() in suffixes)
    if not files:
        raise InputError(f"{what}: no {kind} ({', '.join(suffixes)}) in {path!r}")
    return files


def images_in(path: str, what: str) -> list[str]:
    """Return the sorted image files of a folder (not of its subfolders); raise InputError if there is none."""
    return files_in(path, what, IMAGE_SUFFIXES, "pictures")


def sha256(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(path: str | os.PathLike) -> str:
    """Return a hash of a file's bytes, or of the names and bytes of all files below a folder, as hexadecimal text."""
    root = Path(path)
    if root.is_file():
        return sha256(root)
    found = sorted(file for file in root.rglob("*") if file.is_file())
    lines = "".join(f"{file.relative_to(root).as_posix()} {sha256(file)}\n" for file in found)
    return hashlib.sha256(lines.encode()).hexdigest()
