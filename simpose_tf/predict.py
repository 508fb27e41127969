"""Predict the people of pictures and videos: parts, uv, normals, keypoints and masks.

    python -m simpose_tf.predict --model=SAVED_MODEL --input=FILE|DIR|GLOB|VIDEO --output=DIR
        [--detector=SAVED_MODEL | --boxes=FILE.json]

People are found by the model's own detector (`simpose_tf.export --detector`) or by `--detector`: any SavedModel of the
TF Object Detection API, or `small`, which comes with the package. `--boxes` says where they are instead. With none of
these each picture as a whole is one person's box.

For each picture NAME.jpg the output folder gets

    NAME.json          image_id, size and people: box, score, COCO keypoints, uv_data (DensePose), mask (COCO RLE)
    NAME_iuv.png       the picture's size; channels I (part), U * 255, V * 255; 0 where nobody is
    NAME_normals.png   the picture's size; (n + 1) / 2 * 255 of the normals, camera frame: x right, y down, z away
    NAME_inds.png      the picture's size; whose pixel it is: person k of NAME.json is k + 1, 0 nobody
    NAME_overlay.jpg   iso-contours of u and v, skeleton, box, score

For each video NAME.mp4 it gets NAME.mp4, drawn, and NAME.jsonl, one line per frame (`simpose_tf.inference.video`). For
all of them results.json (the DensePose result list) and index.html, whose previews lie in previews/; and run.jsonl, by
which the same command goes on after a stop, and passes over what is done.
`--draw=contours,keypoints,...` draws other layers in NAME_overlay.jpg, each also alone (NAME_LAYER.jpg) and all beside
the picture (NAME_beside.jpg). `--dump=npz,vertices` adds NAME.npz and results.npz (full precision), NAME_vertices.png.
`simpose_tf.inference.dumps` and `simpose_tf.densepose.results` read everything back.
Pictures are turned upright as their EXIF says. Where people overlap, a pixel of the picture-sized files goes to the
person with the higher mask probability; `uv_data` and masks of single people are not cut.
"""

import os
from typing import Any

import numpy as np
from absl import flags

from simpose_tf import app, files
from simpose_tf.errors import InputError
from simpose_tf.inference import export_settings, picture_files, prediction_run, sources, video, work
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.prediction_run import Request
from simpose_tf.inference.work import Predict

FLAGS = flags.FLAGS

# Flags, beside those of files, that decide what the outputs look like.
_SETTINGS = ("detect", "box_score", "max_people", "flip", "nms", "draw", "dump", "frames", "every", "smooth", "codec")
# Flags of files and folders that do, where they name one.
_SETTING_FILES = ("model", "detector", "atlas", "reference")


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_string("input", None, "A picture, a video, a folder of them, or a glob.")
    flags.DEFINE_string("output", None, "Folder for the results.")
    flags.DEFINE_string(
        "boxes",
        None,
        'People\'s boxes: JSON list of {"image": FILE NAME or "image_id": NUMBER, "bbox": [x, y, width, height]}, or '
        "COCO annotations. Default: the detector finds them.",
    )
    flags.DEFINE_string("detector", None, "Person detector (SavedModel), or small; default: the model's own, if any.")
    flags.DEFINE_bool("detect", True, "Find people; without it each picture as a whole is one person's box.")
    flags.DEFINE_float("box_score", None, "Least score of a detector's box; default: the model's.", 0.0, 1.0)
    flags.DEFINE_integer("max_people", None, "Boxes of a picture that go on, the best; default: the model's.", 1)
    flags.DEFINE_integer(
        "batch_size", None, "Crops that go through the network at once. Default: 4, with a GPU 16.", lower_bound=1
    )
    flags.DEFINE_bool("flip", False, "Average over each crop and its mirror image: better, in twice the time.")
    flags.DEFINE_bool(
        "nms",
        False,
        "Give each person once, as for a detector's boxes: NMS of boxes and then of poses. Without it every box gets "
        "its person.",
    )
    flags.DEFINE_bool(
        "redo", False, "Do all anew. Without it the same command passes over what it has done into the same folder."
    )
    picture_files.define_flags()
    video.define_flags()
    app.list_in_help("draw", "atlas", "dump", "reference", "frames", "every", "smooth", "codec")


def main() -> None:
    """Check everything, then predict picture by picture."""
    output = files.output_folder(FLAGS.output, "--output")
    found = sources.find(FLAGS.input)
    detects = FLAGS.detect and not FLAGS.boxes and bool(FLAGS.detector or export_settings.has_detector(FLAGS.model))
    if FLAGS.boxes and FLAGS.detector:
        raise InputError("--boxes and --detector: people are either told or found; give one of them")
    given = [name for name in ("box_score", "max_people") if FLAGS[name].value is not None]
    if given and FLAGS.detect and not detects:
        why = "--boxes says where people are" if FLAGS.boxes else "--model has no detector, and no --detector is named"
        raise InputError(f"--{given[0]}: {why}")
    planned = work.plan(found.pictures, found.clips, FLAGS.boxes, detects)
    wanted = picture_files.wanted_of(FLAGS)
    request = Request(output, wanted, video.options_of(FLAGS), _settings(), FLAGS.redo)
    work.refuse_overwriting(output, planned, lambda name: picture_files.file_names(name, wanted))
    files.require_dir(FLAGS.model, "--model")
    predict = finder() if detects else of_boxes()
    with app.told_of_stops():
        prediction_run.predict_all(predict, planned, request, app.say)


def of_boxes() -> Predict:
    """Return what predicts the people of given boxes. Raises InputError for a model that cannot."""
    # TensorFlow takes seconds to load: what is wrong with the options was told before.
    from simpose_tf.inference import exported, predictor

    model = exported.load(FLAGS.model, flip=FLAGS.flip)
    answer = predictor.predict_distinct if FLAGS.nms else predictor.predict_people
    if FLAGS.nms:
        predictor.require_nms(model)

    def predict(image: np.ndarray, boxes_yxyx: Any, scores: Any) -> list[PredictedPerson]:
        return answer(model, image, boxes_yxyx, predictor.batch_size_of(FLAGS.batch_size), scores)

    return predict


def finder() -> Predict:
    """Return what finds the people of a picture and predicts them. Raises InputError for a model that cannot."""
    from simpose_tf.inference import detector, exported, predictor

    model = exported.load(FLAGS.model, flip=FLAGS.flip)
    detect = detector.load(FLAGS.detector).detect if FLAGS.detector else model.detect
    if detect is None:
        raise InputError(f"--model: {FLAGS.model!r} has no signature 'detect'; name a --detector")
    config = detector.config_of(model.detection, FLAGS.box_score, FLAGS.max_people)
    people = predictor.find_people(model, detect, config, predictor.batch_size_of(FLAGS.batch_size))

    def predict(image: np.ndarray, boxes_yxyx: Any, scores: Any) -> list[PredictedPerson]:
        return people(image)

    return predict


def _settings() -> dict:
    """Return what decides what the outputs look like: flags, and the contents of the files that they name."""
    named = {name: FLAGS[name].value for name in _SETTINGS}
    paths = {name: FLAGS[name].value for name in _SETTING_FILES}
    paths["detector"] = export_settings.detector_folder(paths["detector"])
    return named | {n: files.digest(p) if p and os.path.exists(p) else p for n, p in paths.items()}


if __name__ == "__main__":
    define_flags()
    app.run(main)
