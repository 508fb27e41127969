"""From a photograph with COCO labels to the records of its people. Importable by Beam's workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import simpose_tf
from simpose_tf.data import schema
from simpose_tf.data.coco import CocoPerson, CocoPicture, PeopleFilter, box_mask, rasterize, read_picture
from simpose_tf.data.window import Window, WindowConfig, cut_image, cut_labels, window_around
from simpose_tf.densepose.masks import coarse_parts
from simpose_tf.errors import InputError

GENERATOR = f"coco_person {simpose_tf.__version__}"


@dataclass(frozen=True)
class DenseLabels:
    """What DensePose's annotators said of a person.

    Attributes:
      points: `[P, 5]` x, y (continuous picture pixels), part 0..24, u, v.
      box_xywh: `[4]` the annotation's box, to which its masks are stretched.
      dp_masks: the 14 coarse parts as the file holds them; None if it has none.
    """

    points: np.ndarray
    box_xywh: np.ndarray
    dp_masks: Any

    def fields(self, window: Window, image_size: tuple[int, int]) -> dict[str, np.ndarray]:
        """Return the record's fields. Raises InputError for masks that are none."""
        fields = {"points": np.concatenate([window.points(self.points[:, :2]), self.points[:, 2:]], -1)}
        if self.dp_masks is not None:
            coarse = coarse_parts(self.dp_masks, self.box_xywh, image_size)
            fields["coarse"] = cut_labels(coarse, window)
        return fields


@dataclass(frozen=True)
class PhotoWriter:
    """Turn pictures into records.

    Attributes:
      people: who becomes a record.
      window: what a record keeps.
      source: name of the annotation file.
      dense: labels of dense pose by annotation id; such people become records with any number of keypoints.
      generator: program and version.
    """

    people: PeopleFilter
    window: WindowConfig
    source: str
    dense: Mapping[int, DenseLabels] = field(default_factory=dict)
    generator: str = GENERATOR

    def takes(self, person: CocoPerson) -> bool:
        """Return whether a person becomes a record."""
        return person.becomes_record(PeopleFilter(0) if person.person_id in self.dense else self.people)

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
            if not self.takes(person):
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
        dense = self.dense.get(person.person_id)
        labels = dense.fields(window, (picture.height, picture.width)) if dense else {}
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
            generator=self.generator,
            others=cut_labels(others & ~mask, window),
            ignore=ignore if ignore.any() else None,
            **labels,
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
