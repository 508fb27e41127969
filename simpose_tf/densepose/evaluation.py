"""DensePose's evaluation: annotations and a result list -> the ten numbers of Table 1 (GPS), of GPSm and of mask IoU.

The rules are those of detectron2's evaluation, corner by corner; FACTS of it stand beside the code that follows them:
`metrics.gps` (the measure), `densepose.masks`, `metrics.matching` (which detection counts, precision and recall).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simpose_tf.densepose import references, similarity
from simpose_tf.densepose.annotations import Annotations, Picture, TruePerson, read_annotations
from simpose_tf.densepose.masks import is_judged, unjudged_region
from simpose_tf.densepose.results import Detection, read_results
from simpose_tf.errors import InputError
from simpose_tf.metrics import gps
from simpose_tf.metrics.matching import MATCHINGS, MAX_DETECTIONS, NUMBERS, UNDEFINED, Candidates, ten_numbers
from simpose_tf.surface.chart_vertices import ChartVertices

# GPS; GPSm = sqrt(GPS * mask IoU); mask IoU.
KINDS = ("gps", "gpsm", "iou")
_NEED_BODY, _NEED_MASKS = {"gps", "gpsm"}, {"gpsm", "iou"}
_TELL_SECONDS = 5.0
_PICTURES_BETWEEN_RELEASES = 100


@dataclass(frozen=True)
class Files:
    """Where everything is: annotations (json), results (json or npz), reference and distances as `references.load`."""

    annotations: str
    results: str
    reference: str | None = None
    distances: str | None = None


@dataclass(frozen=True)
class Rules:
    """What may be chosen: `kappa` as `metrics.gps.kappas` reads it, `matching` one of `MATCHINGS`."""

    kappa: str = "part"
    matching: str = "densepose"


def evaluate_files(kinds: Sequence[str], files: Files, rules: Rules, say: Callable[[str], None]) -> dict[str, Any]:
    """Evaluate files; see `evaluate`. Raises InputError, which names the option or the file and the entry."""
    gps.kappas(rules.kappa)
    truth, found = read_annotations(files.annotations), read_results(files.results)
    check_images(truth, found, files.annotations)
    _check_dense(truth, found, files.annotations)
    others = sum(one.category not in truth.categories for one in found)
    if others:
        say(f"{others} of {len(found)} results are of categories that are not in the annotations: they do not count")
    body = references.load(files.reference, files.distances, say) if _NEED_BODY & set(kinds) else None
    return evaluate(kinds, truth, found, body, rules, say)


def check_images(truth: Annotations, found: Sequence[Detection], place: str) -> None:
    """Raise InputError for a result of a picture that is not in the annotations."""
    for one in found:
        if one.image not in truth.pictures:
            raise InputError(f"{one.place}: no such image in {place}")


def _check_dense(truth: Annotations, found: Sequence[Detection], place: str) -> None:
    """Raise InputError for results on a file of other annotations than DensePose's: all people would be ignored.

    A file that has anything of DensePose's, one of crowds only and one without results get what the rules say: -1.
    """
    people = [person for picture in truth.pictures.values() for person in picture.people if not person.crowd]
    if found and people and not truth.has_dense:
        raise InputError(f"{place}: none of its {len(people)} people has DensePose's fields (dp_x, dp_y, dp_I, ...)")


def evaluate(
    kinds: Sequence[str],
    truth: Annotations,
    found: Sequence[Detection],
    body: ChartVertices | None,
    rules: Rules,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return what DensePose's evaluation says of detections.

    Args:
      kinds: of `KINDS`.
      truth: the annotations.
      found: detections of pictures in it.
      body: what distances are measured on; not needed for `iou`.
      rules: the choices.
      say: told now and then how far it is.

    Returns:
      `metrics`: kind -> `NUMBERS` as fractions, -1 where undefined; `by_part`: with GPS, name of a part -> mean
      similarity of its points, each person with its most similar detection; `data`: what it was measured on; `rules`.

    Raises:
      InputError: pixels of a detection at fault, masks that are none, an unknown kind or rule.
    """
    if not set(kinds) <= set(KINDS) or rules.matching not in MATCHINGS:
        raise InputError(f"DensePose's metrics are {', '.join(KINDS)}; matchings are {', '.join(MATCHINGS)}")
    if _NEED_BODY & set(kinds) and body is None:
        raise InputError(f"--reference: {', '.join(sorted(_NEED_BODY))} are measured on a body")
    measure = similarity.PointMeasure(body, gps.kappas(rules.kappa)) if body else None
    compared = [_category(kinds, truth, found, category, measure, say) for category in truth.categories]
    numbers = {kind: ten_numbers([one[kind] for one in compared], rules.matching) for kind in kinds}
    if not found:  # not 0: that is how the official program ends
        numbers = {kind: dict.fromkeys(NUMBERS, UNDEFINED) for kind in kinds}
    report = {
        "metrics": numbers,
        "data": _data(truth, found),
        "rules": {"kappa": rules.kappa, "matching": rules.matching},
    }
    return report | ({"by_part": measure.tally.means()} if measure else {})


def _category(
    kinds: Sequence[str],
    truth: Annotations,
    found: Sequence[Detection],
    category: Any,
    measure: similarity.PointMeasure | None,
    say: Callable[[str], None],
) -> dict[str, list[Candidates]]:
    """Return the pictures of one category, by kind."""
    by_image: dict[Any, list[Detection]] = {}
    for one in found:
        if one.category == category:
            by_image.setdefault(one.image, []).append(one)
    compared: dict[str, list[Candidates]] = {kind: [] for kind in kinds}
    for number, (image, picture) in enumerate(_told(truth, say)):
        people = [person for person in picture.people if person.category == category]
        for kind, candidates in _compare(kinds, image, picture, people, by_image.get(image, []), measure).items():
            compared[kind].append(candidates)
        if measure and measure.vertices.distances and number % _PICTURES_BETWEEN_RELEASES == 0:
            measure.vertices.distances.release()
    return compared


def _told(truth: Annotations, say: Callable[[str], None]) -> Iterator[tuple[Any, Picture]]:
    """Yield the pictures; say how many are done every few seconds."""
    told = time.monotonic()
    for number, item in enumerate(truth.pictures.items()):
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            say(f"{number} of {len(truth.pictures)} pictures")
        yield item


def _compare(
    kinds: Sequence[str],
    image: Any,
    picture: Picture,
    people: list[TruePerson],
    found: list[Detection],
    measure: similarity.PointMeasure | None,
) -> dict[str, Candidates]:
    """Return one picture's candidates of one category, by kind; nothing if it has none."""
    if not people and not found:
        return {}
    iuvs = {id(one): one.iuv() for one in found}  # all are checked, also those beyond the limit
    people, found = _judged(picture, people, found, iuvs)
    order = np.argsort([-one.score for one in found], kind="stable")[:MAX_DETECTIONS]
    found = [found[i] for i in order]
    pixels = [iuvs[id(one)] for one in found]
    points = masks = np.zeros((len(found), len(people)))
    if measure and _NEED_BODY & set(kinds):
        points = measure(people, found, pixels)
    if _NEED_MASKS & set(kinds):
        if picture.size is None:
            raise InputError(f"image {image}: masks need its height and width in the annotations")
        masks = similarity.mask_ious(people, found, pixels, picture.size)
    measured = {"gps": points, "gpsm": np.sqrt(masks * points), "iou": masks}
    boxes = similarity.box_ious(people, found)
    return {kind: _candidates(people, found, measured[kind], boxes) for kind in kinds}


def _judged(
    picture: Picture, people: list[TruePerson], found: list[Detection], iuvs: dict[int, np.ndarray]
) -> tuple[list[TruePerson], list[Detection]]:
    """Leave out who lies in a region where nothing was annotated."""
    if not picture.unjudged or not picture.people:
        return people, found
    assert picture.size is not None  # `annotations` saw to it
    region = unjudged_region(picture.unjudged, picture.size)
    people = [one for one in people if is_judged(one.box_xywh, region)]
    return people, [one for one in found if is_judged(one.box_xywh, region, iuvs[id(one)][..., 0] > 0)]


def _candidates(people: list[TruePerson], found: list[Detection], alike: np.ndarray, boxes: np.ndarray) -> Candidates:
    """Return a picture as `metrics.matching` takes it."""
    return Candidates(
        scores=np.array([one.score for one in found], np.float64),
        pred_areas=np.array([one.box_xywh[2] * one.box_xywh[3] for one in found], np.float64),
        true_areas=np.array([one.area for one in people], np.float64),
        ignored=np.array([one.points is None for one in people], bool),
        crowd=np.array([one.crowd for one in people], bool),
        countable=np.array([one.number != 0 for one in people], bool),
        similarity=alike,
        box_iou=boxes,
    )


def _data(truth: Annotations, found: Sequence[Detection]) -> dict[str, int]:
    """Return what was measured on."""
    people = [person for picture in truth.pictures.values() for person in picture.people]
    return {
        "pictures": len(truth.pictures),
        "people": sum(person.points is not None for person in people),
        "points": sum(len(person.points.part) for person in people if person.points),
        "ignored_people": sum(person.points is None for person in people),
        "detections": len(found),
        "detections_of_other_categories": sum(one.category not in truth.categories for one in found),
    }
