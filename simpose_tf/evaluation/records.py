"""An exported model over records, as annotations and results of whole pictures: what the metrics of files read.

Boxes are the true ones, so an average precision tells how people are ranked and how good they are, not who is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simpose_tf import geometry, keypoints
from simpose_tf.data import coco, recordfiles, schema
from simpose_tf.densepose import simulated
from simpose_tf.inference import people, predictor
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.people import PERSON, PredictedPerson


@dataclass
class PicturePeople:
    """People of records put back into their pictures.

    Attributes:
      images: COCO's: `id` (a number of ours: people of one scene share it), `file_name`, `height`, `width`.
      annotations: COCO's, of everybody, in the frame of the picture (`annotation`).
      results: model's name -> results in `predict`'s form (`people.person_json`), in the same order.
    """

    images: list[dict] = field(default_factory=list)
    annotations: list[dict] = field(default_factory=list)
    results: dict[str, list[dict]] = field(default_factory=dict)


def predict_records(
    models: dict[str, ExportedModel], globs: list[str], say: Callable[[int], None]
) -> dict[str, PicturePeople]:
    """Return the people of each domain (`schema.DOMAIN_NAMES`) with the answers of models.

    Args:
      models: name -> model.
      globs: of records.
      say: told how many people are done.

    Raises:
      InputError: bad records.
    """
    found: dict[str, PicturePeople] = {}
    ids: dict[tuple[int, str, int, int], int] = {}
    for glob in globs:
        files = recordfiles.find(glob, "--records")
        for number in range(files.count):
            record = recordfiles.read_person(files, number)
            domain = found.setdefault(schema.DOMAIN_NAMES[record.domain], PicturePeople())
            _add(domain, record, models, ids)
            say(sum(len(d.annotations) for d in found.values()))
    return found


def _add(
    domain: PicturePeople,
    record: schema.Person,
    models: dict[str, ExportedModel],
    ids: dict[tuple[int, str, int, int], int],
) -> None:
    """Take in a record; `ids`: domain, source, seed, image id -> our number of the picture."""
    picture = (record.domain, record.source, record.seed, record.image_id)
    if picture not in ids:
        ids[picture] = len(ids) + 1
        height, width = record.image_size
        name = f"{record.source}-{record.seed}-{record.image_id}"
        domain.images.append({"id": ids[picture], "file_name": name, "height": height, "width": width})
    domain.annotations.append(annotation(record, ids[picture], len(domain.annotations) + 1))
    for name, model in models.items():
        (person,) = predictor.predict_people(model, record.image, record.box_yxyx[None], batch_size=1)
        in_picture = put_into_picture(person, record.window)
        domain.results.setdefault(name, []).append(people.person_json(in_picture, ids[picture], record.image_size))


def annotation(record: schema.Person, image_id: int, annotation_id: int) -> dict:
    """Return a record as a COCO annotation in the frame of its picture; DensePose's where it has dense labels."""
    x0, y0, scale = (float(value) for value in record.window)
    box = record.box_yxyx / scale + np.array([y0, x0, y0, x0])
    mask = mask_in_picture(record.mask, record.window, record.image_size)
    labelled = record.visibility > keypoints.UNLABELLED
    # COCO's keypoints count from pixel centres, half a pixel less than continuous coordinates.
    xy = np.where(labelled[:, None], record.keypoints_xy / scale + np.array([x0, y0]) - 0.5, 0.0)
    dense = {}
    if record.points is not None:
        dense = simulated.annotated_labels(record.points, record.coarse, record.box_yxyx)
    elif record.part is not None and record.u is not None and record.v is not None:
        dense = simulated.dense_labels(record.part, record.u, record.v, record.box_yxyx)
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": PERSON,
        "iscrowd": 0,
        "bbox": geometry.box_xywh_from_yxyx(box).tolist(),
        "area": float(mask.sum()),
        "segmentation": coco.run_lengths(mask),
        "keypoints": np.concatenate([xy, record.visibility[:, None]], 1).ravel().tolist(),
        "num_keypoints": int(labelled.sum()),
        **dense,
    }


def mask_in_picture(mask: np.ndarray, window: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Return a record's mask in its picture, bool: each pixel's centre takes the record pixel that it lies in.

    Args:
      mask: bool `[h,w]`.
      window: `[3]` x0, y0, scale: picture pixel = (x0, y0) + record pixel / scale.
      image_size: height, width of the picture.
    """
    x0, y0, scale = (float(value) for value in window)
    whole = np.zeros(image_size, bool)
    rows = np.floor((np.arange(image_size[0]) + 0.5 - y0) * scale).astype(int)
    columns = np.floor((np.arange(image_size[1]) + 0.5 - x0) * scale).astype(int)
    y, x = ((place >= 0) & (place < size) for place, size in zip((rows, columns), mask.shape, strict=True))
    whole[np.ix_(y, x)] = mask[np.ix_(rows[y], columns[x])]
    return whole


def put_into_picture(person: PredictedPerson, window: np.ndarray) -> PredictedPerson:
    """Return a person that was predicted in a record as one of its picture; `window` as in `mask_in_picture`."""
    x0, y0, scale = (float(value) for value in window)
    record_from_picture = np.array([[scale, 0, -scale * x0], [0, scale, -scale * y0], [0, 0, 1.0]])
    points = person.keypoints.copy()
    points[:, :2] = geometry.transform_points(np.linalg.inv(record_from_picture), points[:, :2])
    return PredictedPerson(
        box_yxyx=person.box_yxyx / scale + np.array([y0, x0, y0, x0]),
        score=person.score,
        keypoints=points,
        crop=person.crop,
        crop_from_image=person.crop_from_image @ record_from_picture,
    )
