"""What `--input` names: pictures, videos, or a folder or glob of both."""

from pathlib import Path
from typing import NamedTuple

from simpose_tf import files
from simpose_tf.errors import InputError
from simpose_tf.inference.pictures import PICTURE_SUFFIXES
from simpose_tf.inference.video_files import VIDEO_SUFFIXES


class Sources(NamedTuple):
    """Paths of pictures and of videos, each sorted."""

    pictures: list[str]
    clips: list[str]


def find(pattern: str | None, what: str = "--input") -> Sources:
    """Return the pictures and videos that a file, folder (not its subfolders) or glob names, by their suffixes.

    A single file of any other suffix is taken for a picture. Raises InputError if there is none.
    """
    if not pattern:
        raise InputError(f"{what}: name a picture, a video, a folder of them or a glob")
    suffixes = (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)
    if Path(pattern).is_dir():
        return _sorted_out(files.files_in(pattern, what, suffixes, "pictures or videos"))
    if Path(pattern).is_file():
        return Sources([], [pattern]) if _is_clip(pattern) else Sources([pattern], [])
    found = [path for path in files.match(pattern, what) if Path(path).suffix.lower() in suffixes]
    if not found:
        raise InputError(f"{what}: no pictures or videos ({', '.join(suffixes)}) match {pattern!r}")
    return _sorted_out(found)


def _sorted_out(paths: list[str]) -> Sources:
    clips = [path for path in paths if _is_clip(path)]
    return Sources([path for path in paths if not _is_clip(path)], clips)


def _is_clip(path: str) -> bool:
    return Path(path).suffix.lower() in VIDEO_SUFFIXES
