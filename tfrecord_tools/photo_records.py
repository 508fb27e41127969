"""From a photograph with COCO labels to the records of its people. Importable by Beam's workers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import simpose_tf
from simpose_tf.data import schema
from simpose_tf.data.coco import CocoPerson, CocoPicture, PeopleFilter, box_mask, rasterize, read_picture
from simpose_tf.data.window import WindowConfig, cut_image, cut_labels, window_around
from simpose_tf.errors import InputError

GENERATOR = f"coco_person {simpose_tf.__version__}"


@dataclass(frozen=True)
class PhotoWriter:
    """Turn pictures into records.

    Attributes:
      people: who becomes a record.
      window: what a record keeps.
      source: name of the annotation file.
    """

    people: PeopleFilter
    window: WindowConfig
    source: str

    def __call__(self, picture: CocoPicture) -> tuple[list[bytes], list[str]]:
        """Return the records of a picture's people, and one line if the picture can't be read."""
        try:
            image = read_picture(picture.path, picture.height, picture.width)
        except InputError as error:
            return [], [str(error)]
        masks = [_mask(person, picture) for person in picture.people]
        ignore = unknown_pixels(picture)
        records, faults = [], []
        for index, person in enumerate(picture.people):
            if not person.becomes_record(self.people):
                continue
            try:
                others = _union([m for i, m in enumerate(masks) if i != index], picture)
                record = self._record(picture, image, person, masks[index], others, ignore)
                records.append(schema.encode(record))
            except InputError as error:
                faults.append(f"{Path(picture.path).name}: annotation {person.person_id}: {error}")
        return records, faults

    def _record(
        self,
        picture: CocoPicture,
        image: np.ndarray,
        person: CocoPerson,
        mask: np.ndarray,
        others: np.ndarray,
        ignore: np.ndarray,
    ) -> schema.Person:
        """Cut one person out of a picture; what overlaps belongs to the person, then to the others."""
        assert person.box_yxyx is not None and person.visibility is not None
        window = window_around(person.box_yxyx, (picture.height, picture.width), self.window)
        ignore = cut_labels(ignore & ~mask & ~others, window)
        keypoints_xy = np.where(person.visibility[:, None] > 0, window.points(person.keypoints_xy), np.float32(0))
        return schema.Person(
            domain=schema.REAL,
            source=self.source,
            image_id=picture.image_id,
            person_id=person.person_id,
            image_size=(picture.height, picture.width),
            window=window.stored,
            image=cut_image(image, window),
            box_yxyx=window.box(person.box_yxyx),
            keypoints_xy=keypoints_xy,
            visibility=person.visibility,
            mask=cut_labels(mask, window),
            generator=GENERATOR,
            others=cut_labels(others & ~mask, window),
            ignore=ignore if ignore.any() else None,
        )


def _mask(person: CocoPerson, picture: CocoPicture) -> np.ndarray:
    """Return the person's pixels, none for a crowd or where the mask is not known."""
    if person.crowd or person.segmentation is None:
        return np.zeros((picture.height, picture.width), bool)
    return rasterize(person.segmentation, picture.height, picture.width)


def unknown_pixels(picture: CocoPicture) -> np.ndarray:
    """Return where people are whose pixels are not known: crowds, and boxes of people without a sound mask."""
    regions = []
    for person in picture.people:
        if person.crowd and person.segmentation is not None:
            regions.append(rasterize(person.segmentation, picture.height, picture.width))
        elif person.segmentation is None and person.box_yxyx is not None:
            regions.append(box_mask(person.box_yxyx, picture.height, picture.width))
    return _union(regions, picture)


def _union(masks: list[np.ndarray], picture: CocoPicture) -> np.ndarray:
    union = np.zeros((picture.height, picture.width), bool)
    for mask in masks:
        union |= mask
    return union
