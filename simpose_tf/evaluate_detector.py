"""Measure a person detector on held-out records: COCO's box numbers, and what a least score would leave.

    python -m simpose_tf.evaluate_detector --detector=SAVED_MODEL --records=GLOB --output=FILE.json

The detector is any that `simpose_tf.predict --detector` takes, `small` among them; the records are those of
`tfrecord_tools.detector_coco` and `tfrecord_tools.detector_scenes`. The second table helps to choose `--box_score`.
"""

import json

import numpy as np
import tensorflow as tf
from absl import flags

from simpose_tf import app, files
from simpose_tf.detection import evaluation
from simpose_tf.detection import input as detector_input
from simpose_tf.detection.evaluation import Detections
from simpose_tf.errors import InputError
from simpose_tf.inference import detector
from simpose_tf.inference.detector import DetectionConfig

FLAGS = flags.FLAGS

# COCO's evaluation looks at 100 boxes of a picture, whatever their scores.
_ALL = DetectionConfig(box_score=0.0, max_people=100)
_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("detector", None, "Person detector (SavedModel), or small.")
    flags.DEFINE_string("records", None, "Glob of records with boxes.")
    flags.DEFINE_string("output", None, "JSON file for the numbers; default: they are only printed.")


def main() -> None:
    """Measure and tell."""
    if not FLAGS.records:
        raise InputError("--records: name records of tfrecord_tools.detector_coco or detector_scenes")
    output = files.output_file(FLAGS.output, "--output") if FLAGS.output else None
    found = detector_input.find(FLAGS.records, "--records")
    detect = detect_function(detector.load(FLAGS.detector))
    numbers, answers = evaluation.evaluate(detect, found, app.now_and_then("pictures are looked at"))
    people = sum(int(np.sum(~picture.crowd)) for picture, _ in answers)
    shares = evaluation.shares_at(answers, _SCORES)
    app.say(f"{found.count} pictures, {people} people")
    app.say("  ".join(f"{name} {value:.3f}" for name, value in numbers.items()))
    app.say("least score  recall  precision  (IoU .5)")
    for one in shares:
        app.say(f"{one['score']:11.1f}  {one['recall']:6.3f}  {one['precision']:9.3f}")
    if output:
        told = {"pictures": found.count, "people": people, "bbox": numbers, "at_scores": shares}
        output.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(output, json.dumps(told, indent=1) + "\n")


def detect_function(first: detector.LoadedDetector) -> evaluation.Detect:
    """Return a function from uint8 RGB `[H, W, 3]` to all that a detector finds."""
    find = tf.function(
        lambda image: detector.find_boxes(first.detect, image, _ALL, box_iou=1.0),
        [tf.TensorSpec((None, None, 3), tf.uint8)],
    )

    def detect(image: np.ndarray) -> Detections:
        boxes, scores = find(tf.constant(image))
        return Detections(boxes.numpy().astype(float), scores.numpy().astype(float))

    return detect


if __name__ == "__main__":
    define_flags()
    app.run(main)
