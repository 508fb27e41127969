"""Write a trained person detector as a SavedModel with the TF Object Detection API's signature.

    python -m simpose_tf.export_detector --model_dir=DIR --output=DIR

`serving_default` takes `input_tensor` uint8 `[1,H,W,3]` and returns `detection_boxes` `[1,N,4]` (yxyx, shares of the
picture), `detection_scores`, `detection_classes` (1: person), `num_detections` and the API's raw answers. It loads in a
process that has TensorFlow alone.
"""

import json
from pathlib import Path

import tensorflow as tf
from absl import flags, logging

from simpose_tf import app, files
from simpose_tf.detection import inference
from simpose_tf.export import checked_output
from simpose_tf.serving import half_weights

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model_dir", None, "Folder of the run (simpose_tf.train_detector).")
    flags.DEFINE_string("checkpoint", None, "Checkpoint to take instead of the last whole one.")
    flags.DEFINE_multi_string(
        "pipeline_override", [], "Text in the pipeline's form that changes the run's, e.g. the image_resizer's sizes."
    )
    flags.DEFINE_string("output", None, "Folder for the SavedModel.")
    flags.DEFINE_bool("float16", False, "Store the weights with 16 bits: half the file, the arithmetic as before.")


def main() -> None:
    """Write the SavedModel."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)  # TensorFlow's notes on names and untraced functions are of no use here
    output = checked_output(FLAGS.output)
    model = inference.restored(
        files.require_dir(FLAGS.model_dir, "--model_dir"), FLAGS.checkpoint, app.say, FLAGS.pipeline_override
    )
    save(inference.served_module(model), output, FLAGS.float16)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    app.say(f"{output}: {size / 1e6:.1f} MB")


def save(module: tf.Module, output: Path, float16: bool) -> None:
    """Write a detector at once: `output` is whole or as it was."""
    served = module
    if float16:
        served = tf.Module()
        served.__call__ = half_weights.halve(module.__call__, inference.SIGNATURE)
    concrete = served.__call__.get_concrete_function()
    with files.atomic_folder(output) as temporary:
        tf.saved_model.save(served, str(temporary), signatures=concrete)
        about = {"detector": "person", "float16": float16}
        files.write_text(temporary / "assets.extra" / "detector.json", json.dumps(about) + "\n")


if __name__ == "__main__":
    define_flags()
    app.run(main)
