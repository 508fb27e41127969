"""Predict the people of pictures: parts, uv, normals, keypoints and masks.

    python -m simpose_tf.predict --model=SAVED_MODEL --input=FILE|DIR|GLOB --output=DIR [--boxes=FILE.json]

For each picture NAME.jpg the output folder gets

    NAME.json          image_id, size and people: box, score, COCO keypoints, uv_data (DensePose), mask (COCO RLE)
    NAME_iuv.png       the picture's size; channels I (part), U * 255, V * 255; 0 where nobody is
    NAME_normals.png   the picture's size; (n + 1) / 2 * 255 of the normals, camera frame: x right, y down, z away
    NAME_inds.png      the picture's size; whose pixel it is: person k of NAME.json is k + 1, 0 nobody
    NAME_overlay.jpg   iso-contours of u and v, skeleton, box, score

and for all of them results.json (the DensePose result list) and index.html, whose previews lie in previews/.
`--draw=contours,keypoints,...` draws other layers in NAME_overlay.jpg, each also alone (NAME_LAYER.jpg) and all beside
the picture (NAME_beside.jpg). `--dump=npz,vertices` adds NAME.npz and results.npz (full precision), NAME_vertices.png.
`simpose_tf.inference.dumps` and `simpose_tf.densepose.results` read everything back.
Pictures are turned upright as their EXIF says. Where people overlap, a pixel of the picture-sized files goes to the
person with the higher mask probability; `uv_data` and masks of single people are not cut.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import flags

from simpose_tf import app, files
from simpose_tf.densepose import results
from simpose_tf.errors import InputError
from simpose_tf.inference import boxes, people, picture_files
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.picture_files import Wanted
from simpose_tf.inference.pictures import find_pictures, picture_size, read_picture
from simpose_tf.visualize.prediction_page import PagePicture, page

FLAGS = flags.FLAGS

_PROGRESS_SECONDS = 5.0

# Picture uint8 RGB, boxes `[N,4]` yxyx, their scores `[N]` -> people, at most N.
Predict = Callable[[np.ndarray, np.ndarray, np.ndarray], list[PredictedPerson]]


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_string("input", None, "A picture, a folder of pictures, or a glob.")
    flags.DEFINE_string("output", None, "Folder for the results.")
    flags.DEFINE_string(
        "boxes",
        None,
        'People\'s boxes: JSON list of {"image": FILE NAME or "image_id": NUMBER, "bbox": [x, y, width, height]}, or '
        "COCO annotations. Default: each picture as a whole is one person's box.",
    )
    flags.DEFINE_integer("batch_size", 8, "Crops that go through the network at once.", lower_bound=1)
    flags.DEFINE_bool("flip", False, "Average over each crop and its mirror image: better, in twice the time.")
    flags.DEFINE_bool(
        "nms",
        False,
        "Give each person once, as for a detector's boxes: NMS of boxes and then of poses. Without it every box gets "
        "its person.",
    )
    picture_files.define_flags()


def main() -> None:
    """Check everything, then predict picture by picture."""
    output = files.output_folder(FLAGS.output, "--output")
    work, skipped = plan(find_pictures(FLAGS.input), FLAGS.boxes)
    wanted = picture_files.wanted_of(FLAGS)
    files.require_dir(FLAGS.model, "--model")
    # TensorFlow takes seconds to load: what is wrong with the options was told before.
    from simpose_tf.inference import exported, predictor

    model = exported.load(FLAGS.model, flip=FLAGS.flip)
    of_boxes = predictor.predict_distinct if FLAGS.nms else predictor.predict_people
    if FLAGS.nms:
        predictor.require_nms(model)

    def predict(image: np.ndarray, boxes_yxyx: np.ndarray, scores: np.ndarray) -> list[PredictedPerson]:
        return of_boxes(model, image, boxes_yxyx, FLAGS.batch_size, scores)

    predict_all(predict, work, skipped, output, wanted)


@dataclass(frozen=True)
class Work:
    """One picture: its path, the NAME of its outputs, its id in the results, its boxes `[N,4]` yxyx, their scores."""

    path: str
    name: str
    image_id: int
    boxes_yxyx: np.ndarray
    scores: np.ndarray


def plan(pictures: Sequence[str], boxes_file: str | None) -> tuple[list[Work], list[str]]:
    """Return what is to be predicted, and one line for each picture that cannot be read.

    Raises:
      InputError: bad boxes, or not one readable picture.
    """
    given = boxes.read_boxes(boxes_file, pictures) if boxes_file else None
    ids = boxes.default_ids(pictures)
    work, skipped = [], []
    for path, name in zip(pictures, _names(pictures), strict=True):
        try:
            size = picture_size(path)
        except InputError as error:
            skipped.append(str(error))
            continue
        found = given[path] if given else boxes.PictureBoxes(ids[path], np.array([[0.0, 0.0, *size]]))
        boxes.check_inside(found, size, path)
        work.append(Work(path, name, found.image_id, found.boxes_yxyx, found.scores))
    _raise_if_all_bad(work, skipped)
    return work, skipped


def _names(pictures: Sequence[str]) -> list[str]:
    """Return the NAME of each picture's outputs: its stem, with the suffix where stems coincide."""
    stems = [Path(picture).stem for picture in pictures]
    names = [
        stem if stems.count(stem) == 1 else Path(picture).name.replace(".", "_")
        for picture, stem in zip(pictures, stems, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--input: two pictures would write {name}.json; predict them into two folders")
    return names


def _raise_if_all_bad(good: Sequence, skipped: Sequence[str]) -> None:
    if not good:
        raise InputError(f"--input: none of {len(skipped)} pictures is readable, the first: {skipped[0]}")


def predict_all(
    predict: Predict, work: list[Work], unreadable: list[str], output: Path, wanted: Wanted = picture_files.USUAL
) -> None:
    """Predict all pictures and write everything; `unreadable` tells of pictures that are left out already.

    Raises InputError, with nothing written, if not one picture is readable.
    """
    skipped = list(unreadable)
    for line in skipped:
        app.say(f"skipped: {line}")
    entries: list[dict] = []
    rows: list[PagePicture] = []
    say = _Progress(len(work))
    for done, item in enumerate(work, 1):
        try:
            image = read_picture(item.path)
        except InputError as error:
            app.say(f"skipped: {error}")
            skipped.append(str(error))
            continue
        found = predict(image, item.boxes_yxyx, item.scores)
        rows.append(write_picture(output, item, image, found, wanted))
        entries += [people.densepose_entry(person, item.image_id) for person in found]
        say(done, len(entries))
    _raise_if_all_bad(rows, skipped)
    files.write_text(output / "results.json", json.dumps(entries) + "\n")
    if "npz" in wanted.dumps:
        results.write_results_npz(output / "results.npz", results.parse_results(entries, "results.json"))
    notes = [f"{len(entries)} people in {len(rows)} pictures", *(f"Skipped: {line}" for line in skipped)]
    files.write_text(output / "index.html", page("SimPose predictions", notes, rows))
    app.say(f"{len(entries)} people in {len(rows)} pictures, {len(skipped)} skipped: {output / 'index.html'}")


class _Progress:
    """Says every few seconds how far the run is."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._start = self._said = time.monotonic()

    def __call__(self, done: int, found: int) -> None:
        now = time.monotonic()
        if now - self._said > _PROGRESS_SECONDS:
            self._said = now
            left = (now - self._start) / done * (self._count - done)
            app.say(f"{done}/{self._count} pictures, {found} people, {left:.0f} s left")


def write_picture(
    output: Path, item: Work, image: np.ndarray, found: list[PredictedPerson], wanted: Wanted = picture_files.USUAL
) -> PagePicture:
    """Write the files of one picture and return its row of the page."""
    height, width = image.shape[:2]
    content = {
        "image": Path(item.path).name,
        "image_id": item.image_id,
        "height": height,
        "width": width,
        "people": [people.person_json(person, item.image_id, (height, width)) for person in found],
    }
    files.write_text(output / f"{item.name}.json", json.dumps(content) + "\n")
    return picture_files.write(output, item.name, Path(item.path).name, image, found, wanted)


if __name__ == "__main__":
    define_flags()
    app.run(main)
