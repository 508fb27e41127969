"""Write one record per person of photographs with COCO keypoint labels.

    python -m tfrecord_tools.coco_person --images=DIR --annotations=FILE.json --output=DIR

What is wrong with one annotation or picture is named, counted and left out; the manifest keeps every such line.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from absl import flags

from simpose_tf import app, configurables, files
from simpose_tf.data.coco import CocoPicture, PeopleFilter, read_pictures
from simpose_tf.data.window import WindowConfig
from simpose_tf.errors import InputError
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.photo_records import PhotoWriter
from tfrecord_tools.run_flags import define_run_flags, run_of
from tfrecord_tools.shards import write_shards

GIN_FILE = str(Path(__file__).resolve().parents[1] / "gin_configs" / "coco_person.gin")
LINES_SHOWN = 20
PICTURES_PER_SHARD = 200


def define_flags(gin_file: str = GIN_FILE) -> None:
    """Define the flags of this main, and of another with other default settings."""
    app.define_gin_flags(gin_file)
    flags.DEFINE_string("images", None, "Folder of the photographs.", required=True)
    flags.DEFINE_string("annotations", None, "COCO person_keypoints json file.", required=True)
    flags.DEFINE_string("output", None, "Folder for the shards and the manifest.", required=True)
    flags.DEFINE_string("name", None, "Name of the shards; by default the annotation file's last word.")
    flags.DEFINE_integer("num_shards", None, f"Files to write; by default one for {PICTURES_PER_SHARD} pictures.")
    define_run_flags(1, "; they pay from some hundred pictures on")


@dataclass(frozen=True)
class Job:
    """What to convert and where to; `name` and `num_shards` may be None for the defaults of the flags."""

    images: str
    annotations: str
    output: str
    name: str | None = None
    num_shards: int | None = None


def main() -> None:
    """Write the data set that the flags describe."""
    convert(*asked())


def asked() -> tuple[Job, PeopleFilter, WindowConfig, BeamRun]:
    """Return what the flags and gin files ask for."""
    options = flags.FLAGS
    configurables.load(options.gin_file, options.gin_param)
    job = Job(options.images, options.annotations, options.output, options.name, options.num_shards)
    run = run_of(options)
    return job, configurables.get(PeopleFilter), configurables.get(WindowConfig), run


def convert(job: Job, people: PeopleFilter, window: WindowConfig, run: BeamRun) -> dict:
    """Write the records of a COCO keypoint file and return the manifest.

    Raises:
      InputError: a folder or file is not there, the file is not COCO, or nobody in it becomes a record.
    """
    annotations = checked_annotations(job)
    return write(job, read_pictures(job.images, annotations), PhotoWriter(people, window, annotations.name), run)


def checked_annotations(job: Job) -> Path:
    """Return the annotation file. Raises InputError if it or the folder of pictures is not there."""
    files.images_in(job.images, "--images")
    return files.require_file(job.annotations, "--annotations")


def write(job: Job, pictures: Sequence[CocoPicture], writer: PhotoWriter, run: BeamRun) -> dict:
    """Write the records of pictures and return the manifest. Raises InputError if nobody becomes a record."""
    annotations = Path(job.annotations)
    faults = label_faults(pictures)
    wanted = [p for p in pictures if any(writer.takes(person) for person in p.people)]
    if not wanted:
        raise InputError(_nobody(annotations, pictures, writer.people, faults))
    num_shards = -(-len(wanted) // PICTURES_PER_SHARD) if job.num_shards is None else job.num_shards
    name = job.name or annotations.stem.split("_")[-1]
    if "/" in name:
        raise InputError(f"--name: {name!r} is no name of a file")
    data_set = DataSet(job.output, name, num_shards, settings_of(writer, annotations, wanted))
    manifest = write_shards(wanted, writer, data_set, run, faults)
    say_skipped(manifest["skipped"], data_set.manifest)
    app.say(f"{name}: {manifest['num_records']} people from {len(wanted)} pictures in {job.output}")
    return manifest


def label_faults(pictures: Sequence[CocoPicture]) -> list[str]:
    """Return one line for every annotation that is left out because it is not sound."""
    return [
        f"{Path(picture.path).name}: annotation {person.person_id}: {person.fault}"
        for picture in pictures
        for person in picture.people
        if person.fault
    ]


def settings_of(writer: PhotoWriter, annotations: Path, pictures: Sequence[CocoPicture]) -> dict:
    """Return all that decides the records as plain JSON values; pictures by name and size in bytes."""
    return {
        "people": asdict(writer.people),
        "window": asdict(writer.window),
        "source": writer.source,
        "annotations_sha256": files.sha256(annotations),
        "pictures": {Path(picture.path).name: os.stat(picture.path).st_size for picture in pictures},
    }


def _nobody(annotations: Path, pictures: Sequence[CocoPicture], people: PeopleFilter, faults: list[str]) -> str:
    count = sum(len(picture.people) for picture in pictures)
    line = f"{annotations}: none of {count} people has a mask and {people.min_keypoints} or more keypoints"
    return f"{line}; {len(faults)} faults, the first: {faults[0]}" if faults else line


def say_skipped(skipped: Sequence[str], manifest: Path) -> None:
    """Tell what was left out; of many lines the first ones."""
    for line in skipped[:LINES_SHOWN]:
        app.say(f"left out: {line}")
    if len(skipped) > LINES_SHOWN:
        app.say(f"left out: {len(skipped) - LINES_SHOWN} more, named in {manifest}")


if __name__ == "__main__":
    define_flags()
    app.run(main)
