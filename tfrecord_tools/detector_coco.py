"""Write one record with all boxes per photograph with COCO labels, for the person detector.

    python -m tfrecord_tools.detector_coco --images=DIR --annotations=FILE.json --output=DIR

Takes COCO's `person_keypoints` and `instances` files alike: the boxes of the category `person` count. Crowds are
kept as regions that are neither trained on nor counted. `--empty_images` adds photographs without people.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from simpose_tf import app, files
from simpose_tf.data.coco import CocoPerson, CocoPicture, rasterize, read_picture, read_pictures
from simpose_tf.detection import records
from simpose_tf.errors import InputError
from tfrecord_tools.coco_person import say_skipped
from tfrecord_tools.data_set import DataSet
from tfrecord_tools.run_flags import define_run_flags, run_of
from tfrecord_tools.shards import write_shards

PICTURES_PER_SHARD = 200


def define_flags() -> None:
    """Define the flags of this main."""
    flags.DEFINE_string("images", None, "Folder of the photographs.")
    flags.DEFINE_string("annotations", None, "COCO person_keypoints or instances json file.")
    flags.DEFINE_string("empty_images", "", "Folder of photographs without people, in addition or alone.")
    flags.DEFINE_string("output", None, "Folder for the shards and the manifest.", required=True)
    flags.DEFINE_string("name", None, "Name of the shards; by default the annotation file's last word, or empty.")
    flags.DEFINE_integer("num_shards", None, f"Files to write; by default one for {PICTURES_PER_SHARD} pictures.")
    define_run_flags(1, "; they pay from some hundred pictures on")


@dataclass(frozen=True)
class BoxedPhotoWriter:
    """Turns a photograph into its record. Picklable."""

    def __call__(self, picture: CocoPicture) -> tuple[list[bytes], list[str]]:
        """Return the serialised record, and one line for a picture that can't be read or a person without a box."""
        name = Path(picture.path).name
        try:
            encoded = encoded_jpeg(picture)
        except InputError as error:
            return [], [str(error)]
        people = [person for person in picture.people if person.box_yxyx is not None]
        faults = [f"{name}: annotation {p.person_id}: {p.fault}" for p in picture.people if p.box_yxyx is None]
        boxed = records.BoxedPicture(
            encoded=encoded,
            height=picture.height,
            width=picture.width,
            image_id=picture.image_id,
            file_name=name,
            boxes_yxyx=np.array([person.box_yxyx for person in people]).reshape(-1, 4),
            areas=np.array([_area(person, picture) for person in people]),
            crowd=np.array([person.crowd for person in people], bool),
        )
        return [records.encode(boxed)], faults


def encoded_jpeg(picture: CocoPicture) -> bytes:
    """Return a picture as JPEG in its stored frame: the file itself where it is one in RGB or grey, else made anew.

    Raises InputError for what is no picture, a broken one or of another size.
    """
    pixels = read_picture(picture.path, picture.height, picture.width)
    with Image.open(picture.path) as file:
        if file.format == "JPEG" and file.mode in ("RGB", "L"):
            return Path(picture.path).read_bytes()
    return records.encode_jpeg(pixels)


def _area(person: CocoPerson, picture: CocoPicture) -> float:
    """Return how many pixels a person covers; those of the box where the mask is not known."""
    if person.segmentation is not None:
        return float(rasterize(person.segmentation, picture.height, picture.width).sum())
    return float(np.prod(person.box_yxyx[2:] - person.box_yxyx[:2]))


def main() -> None:
    """Write the data set that the flags describe."""
    options = flags.FLAGS
    pictures = asked_pictures(options.images, options.annotations, options.empty_images)
    name = options.name or (Path(options.annotations).stem.split("_")[-1] if options.annotations else "empty")
    if "/" in name:
        raise InputError(f"--name: {name!r} is no name of a file")
    num_shards = -(-len(pictures) // PICTURES_PER_SHARD) if options.num_shards is None else options.num_shards
    sizes = {Path(picture.path).name: os.stat(picture.path).st_size for picture in pictures}
    labels = files.sha256(options.annotations) if options.annotations else ""
    settings = {"record": "picture with boxes", "annotations_sha256": labels, "pictures": sizes}
    data_set = DataSet(options.output, name, num_shards, settings, "images")
    run = run_of(options)
    manifest = write_shards(pictures, BoxedPhotoWriter(), data_set, run)
    say_skipped(manifest["skipped"], data_set.manifest)
    app.say(f"{name}: {manifest['num_records']} pictures in {options.output}")


def asked_pictures(images: str | None, annotations: str | None, empty_images: str) -> list[CocoPicture]:
    """Return labelled pictures and those without people. Raises InputError if neither is asked for, or not there."""
    if not (annotations or empty_images):
        raise InputError("--annotations: name a COCO file, or --empty_images")
    pictures = []
    if annotations:
        files.images_in(images or "", "--images")
        files.require_file(annotations, "--annotations")
        pictures = read_pictures(images, annotations, keypoints=False)
    if empty_images:
        pictures += [_empty(path, -1 - i) for i, path in enumerate(files.images_in(empty_images, "--empty_images"))]
    return pictures


def _empty(path: str, image_id: int) -> CocoPicture:
    """Return a picture without people; a size of 0 where it can't be read, which the writer then tells."""
    try:
        with Image.open(path) as file:
            return CocoPicture(image_id, path, file.height, file.width, ())
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return CocoPicture(image_id, path, 0, 0, ())


if __name__ == "__main__":
    define_flags()
    app.run(main)
