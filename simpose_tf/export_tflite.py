"""Write the second stage as a TensorFlow Lite file, and measure how far it is from the SavedModel.

    python -m simpose_tf.export_tflite --model=SAVED_MODEL --output=FILE.tflite [--float16 | --dynamic_int8]
        [--records=GLOB] [--num_crops=64]

The file's one signature `crops` takes `crops` uint8 `[B,H,W,3]` and answers what the SavedModel's does, keypoints
decoded (`simpose_tf.inference.decode`), by TensorFlow Lite's built-in operations alone. B is 1 until the interpreter is
told another (`resize_tensor_input`; signature runners do it themselves). `--float16` stores weights with 16 bits,
`--dynamic_int8` with 8, by which the larger products are then computed too.
FILE.json beside it tells the crop's settings, as the SavedModel's simpose.json, and the measured difference: on crops
of records, else on noise, the harder case, as the network is sure of nothing there.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags, logging

from simpose_tf import app, crop_scores, files
from simpose_tf.errors import InputError
from simpose_tf.inference import export_settings, exported
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.serving import differences
from simpose_tf.serving.differences import Difference, People

FLAGS = flags.FLAGS

SIGNATURE = "crops"

_TIMED = 8


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_string("output", None, "File to write, FILE.tflite; FILE.json is written beside it.")
    flags.DEFINE_bool("float16", False, "Store the weights with 16 bits.")
    flags.DEFINE_bool("dynamic_int8", False, "Store the weights with 8 bits.")
    flags.DEFINE_string("records", None, "Records (a glob) on whose crops to measure. Default: noise.")
    flags.DEFINE_integer("num_crops", 64, "Crops on which to measure.", lower_bound=1)


def main() -> None:
    """Convert, measure, write."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)
    output = files.output_file(FLAGS.output, "--output")
    if output.suffix != ".tflite":
        raise InputError(f"--output: name a file FILE.tflite, not {FLAGS.output!r}")
    if FLAGS.float16 and FLAGS.dynamic_int8:
        raise InputError("--float16 and --dynamic_int8: choose one")
    model = exported.load(FLAGS.model)
    crops = crops_of_records(model, FLAGS.records, FLAGS.num_crops) if FLAGS.records else noise(model, FLAGS.num_crops)
    content = convert(model.path, FLAGS.float16, FLAGS.dynamic_int8)
    with files.atomic_path(output) as temporary:
        Path(temporary).write_bytes(content)
        people = load(temporary)
        found = differences.difference(_in_turn(_saved(model), crops), _in_turn(people, crops))
        seconds = {"tflite": _seconds(people, crops), "saved_model": _seconds(_saved(model), crops)}
        files.write_text(output.with_suffix(".json"), json.dumps(about(model, found, crops, seconds), indent=1) + "\n")
    for line in found.lines():
        app.say(line)
    app.say(f"seconds a crop: {seconds['tflite']:.4f}, SavedModel {seconds['saved_model']:.4f}")
    app.say(f"{output}: {len(content) / 1e6:.2f} MB")


def convert(path: str, float16: bool = False, dynamic_int8: bool = False) -> bytes:
    """Return the second stage of a SavedModel as TensorFlow Lite's content. Raises InputError if it is not possible."""
    converter = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=[SIGNATURE])
    if float16 or dynamic_int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if float16:
        converter.target_spec.supported_types = [tf.float16]
    try:
        with _quiet():
            return converter.convert()
    except tf.lite.python.convert_phase.ConverterError as error:
        raise InputError(f"--model: {path!r} does not convert: {str(error).splitlines()[0]}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing through of the counts of operations that the converter writes past Python's logging."""
    before = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def load(path: str) -> Callable[[np.ndarray], People]:
    """Return the function of a file: crops uint8 `[B,H,W,3]` -> people."""
    with _quiet():
        interpreter = tf.lite.Interpreter(path)
        runner = interpreter.get_signature_runner(SIGNATURE)
    return lambda crops: runner(crops=crops)


def _saved(model: ExportedModel) -> Callable[[np.ndarray], People]:
    return lambda crops: {name: np.asarray(v) for name, v in model.stage.people(tf.constant(crops)).items()}


def crops_of_records(model: ExportedModel, records: str, count: int) -> np.ndarray:
    """Return at most `count` crops of records, uint8 `[N,H,W,3]`. Raises InputError for bad records, or none."""
    batches = crop_scores.eval_batches(model, [records], 1)
    found = [np.clip(np.round(batch["image"]), 0, 255).astype(np.uint8) for batch in islice(batches, count)]
    if not found:
        raise InputError(f"--records: no person in {records!r}")
    return np.concatenate(found)


def noise(model: ExportedModel, count: int) -> np.ndarray:
    """Return `count` crops of noise, uint8 `[N,H,W,3]`, always the same."""
    shape = (count, model.stage.height, model.stage.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def _in_turn(people: Callable[[np.ndarray], People], crops: np.ndarray) -> People:
    """Return the answers to crops, asked one by one: few are in memory at once."""
    return differences.joined([people(crops[place : place + 1]) for place in range(len(crops))])


def _seconds(people: Callable[[np.ndarray], People], crops: np.ndarray) -> float:
    """Return the median of the seconds that one crop takes, after the first calls; TensorFlow Lite has one thread."""
    taken = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        people(crops[:1])
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def about(model: ExportedModel, found: Difference, crops: np.ndarray, seconds: dict[str, float]) -> dict:
    """Return the content of FILE.json."""
    measured = {"crops": len(crops), "records": FLAGS.records, "seconds_a_crop": seconds} | found.about()
    return export_settings.read(Path(model.path), "--model") | {"difference": measured}


if __name__ == "__main__":
    define_flags()
    app.run(main)
