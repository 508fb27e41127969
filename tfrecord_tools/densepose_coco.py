"""Write one record per person of photographs with DensePose-COCO labels: points and coarse parts, keypoints, masks.

    python -m tfrecord_tools.densepose_coco --images=DIR --annotations=FILE.json --output=DIR

Everybody whom annotators gave points becomes a record; others do with as many keypoints as `PeopleFilter` asks for.
People without a `segmentation` have the union of their 14 coarse parts as mask. What is wrong with one annotation or
picture is named, counted and left out; the manifest keeps every such line.
"""

import dataclasses
from typing import Any

import numpy as np

import simpose_tf
from simpose_tf import app
from simpose_tf.data.coco import CocoPerson, CocoPicture, PeopleFilter, read_json, read_pictures, run_lengths
from simpose_tf.data.window import WindowConfig
from simpose_tf.densepose.annotations import box_of, points_of
from simpose_tf.densepose.masks import coarse_parts
from simpose_tf.errors import InputError
from tfrecord_tools import coco_person
from tfrecord_tools.beam import BeamRun
from tfrecord_tools.coco_person import Job
from tfrecord_tools.photo_records import DenseLabels, PhotoWriter

GENERATOR = f"densepose_coco {simpose_tf.__version__}"

# Points count in 255ths of the box (the official evaluation: 255, not 256).
_BOX_UNITS = 255.0


def define_flags() -> None:
    """Define the flags of this main: those of `coco_person`."""
    coco_person.define_flags()


def main() -> None:
    """Write the data set that the flags describe."""
    convert(*coco_person.asked())


def convert(job: Job, people: PeopleFilter, window: WindowConfig, run: BeamRun) -> dict:
    """Write the records of a DensePose-COCO file and return the manifest.

    Raises:
      InputError: a folder or file is not there, the file is not COCO or has no points, or nobody becomes a record.
    """
    annotations = coco_person.checked_annotations(job)
    pictures = read_pictures(job.images, annotations)
    labels = {one["id"]: one for one in read_json(annotations)["annotations"]}
    if not any("dp_x" in one for one in labels.values()):
        raise InputError(f"{annotations}: none of {len(labels)} annotations has DensePose's points (dp_x, ...)")
    dense: dict[int, DenseLabels] = {}
    checked = [_checked(picture, labels, dense) for picture in pictures]
    return coco_person.write(job, checked, PhotoWriter(people, window, annotations.name, dense, GENERATOR), run)


def _checked(picture: CocoPicture, labels: dict[int, dict[str, Any]], dense: dict[int, DenseLabels]) -> CocoPicture:
    """Return a picture whose people have a fault if their dense labels have one; put sound labels into `dense`."""
    people = []
    for person in picture.people:
        label = labels[person.person_id]
        if "dp_x" in label and not person.crowd and not person.fault:
            try:
                dense[person.person_id] = dense_labels(label)
                person = _with_mask(person, dense[person.person_id], picture)
            except InputError as error:
                dense.pop(person.person_id, None)
                person = dataclasses.replace(person, fault=str(error).removeprefix("its labels: "))
        people.append(person)
    return dataclasses.replace(picture, people=tuple(people))


def dense_labels(label: dict[str, Any]) -> DenseLabels:
    """Return the dense labels of an annotation that has `dp_x`. Raises InputError for what are none."""
    box, points = box_of(label["bbox"], "its labels"), points_of(label, "its labels")
    xy = box[:2] + points.xy * (box[2:] / _BOX_UNITS)
    return DenseLabels(
        np.concatenate([xy, points.part[:, None], points.uv], -1).astype(np.float64), box, label.get("dp_masks")
    )


def _with_mask(person: CocoPerson, dense: DenseLabels, picture: CocoPicture) -> CocoPerson:
    """Return the person with the union of the coarse parts as mask, where it has none; read them in any case."""
    size = (picture.height, picture.width)
    coarse = coarse_parts(dense.dp_masks or [], dense.box_xywh, size) > 0
    if person.segmentation is not None or not coarse.any():
        return person
    return dataclasses.replace(person, segmentation=run_lengths(coarse))


if __name__ == "__main__":
    define_flags()
    app.run(main)
