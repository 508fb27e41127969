"""Export a trained network as a SavedModel: crops in, people out; with a detector also pictures in, people out.

    python -m simpose_tf.export --model_dir=DIR --output=DIR [--detector=SAVED_MODEL] [--float16]
        [--checkpoint=PATH] [--gin_param=ScoreConfig.mask=1.0 ...]

`simpose_tf.serving.signatures` lists the signatures with shapes and units. The detector is any SavedModel of the TF
Object Detection API: simpose_tf.export_detector's, one of the TF2 detection zoo, or `small`, which comes with the
package. `--float16` stores the weights with 16 bits, which halves the file. `assets.extra/simpose.json` holds the
settings of the crop, of the score, of NMS and of detection, `assets.extra/tf_serving_warmup_requests` what TensorFlow
Serving asks when it loads the model.
"""

import dataclasses
import json
from pathlib import Path

import tensorflow as tf
from absl import flags, logging

from simpose_tf import app, configurables, files, run_checkpoints
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.inference import detector, export_settings, scores
from simpose_tf.inference.detector import DetectionConfig
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.optimization import Schedule, ScheduleConfig, TrainingConfig, assign_averages, build_optimizer
from simpose_tf.serving import warmup
from simpose_tf.serving.signatures import ServedNetwork, ServedPictures

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model_dir", None, "Folder of a training run.")
    flags.DEFINE_string("output", None, "Folder for the SavedModel; an older SavedModel there is replaced.")
    flags.DEFINE_string("detector", None, "SavedModel of a person detector, or small, to take whole pictures.")
    flags.DEFINE_bool("float16", False, "Store the network's weights with 16 bits.")
    flags.DEFINE_string(
        "checkpoint", None, "Checkpoint to export, e.g. MODEL_DIR/initial/ckpt-0, the untrained one. Default: the last."
    )
    flags.DEFINE_multi_string(
        "gin_param",
        None,
        "Binding over the run's own, e.g. 'ScoreConfig.mask=1.0' (see simpose_tf.choose_score); may be given often.",
    )


def main() -> None:
    """Restore the network of a run and write it as a SavedModel."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)  # TensorFlow's notes on names and untraced functions are of no use here
    model_dir = files.require_dir(FLAGS.model_dir, "--model_dir")
    output = checked_output(FLAGS.output)
    config = files.require_file(str(model_dir / "config.gin"), "--model_dir: this is no training run")
    checkpoint = FLAGS.checkpoint or run_checkpoints.last_whole_checkpoint(model_dir, app.say)
    if not checkpoint:
        raise InputError(f"--model_dir: no checkpoint in {str(model_dir)!r} yet")
    configurables.load([str(config)], FLAGS.gin_param)
    settings = Settings.of_gin(bool(FLAGS.detector))
    first = detector.load(FLAGS.detector) if FLAGS.detector else None
    if first and not (settings.nms and settings.detection):
        raise InputError("--detector: the run's config.gin binds no NmsConfig or no DetectionConfig; give --gin_param")
    network = restored_network(checkpoint)
    served: ServedNetwork | ServedPictures = ServedNetwork(network, settings.score, FLAGS.float16)
    if first and settings.nms and settings.detection:
        served = ServedPictures(served, first, settings.test_enlargement, settings.detection, settings.nms)
    save(served, output, settings.about(Path(checkpoint).name, network.crop))
    app.say(str(output))


@dataclasses.dataclass(frozen=True)
class Settings:
    """What goes into an export besides the weights; None: the run's settings are older than it."""

    test_enlargement: float
    score: ScoreConfig
    nms: NmsConfig | None
    detection: DetectionConfig | None
    has_detector: bool = False

    @classmethod
    def of_gin(cls, has_detector: bool) -> "Settings":
        """Return what gin binds; `has_detector`: the export takes whole pictures."""
        return cls(
            test_enlargement=configurables.get(AugmentationConfig).test_enlargement,
            score=configurables.get_if_bound(ScoreConfig) or scores.G_RMI,
            nms=configurables.get_if_bound(NmsConfig),
            detection=configurables.get_if_bound(DetectionConfig),
            has_detector=has_detector,
        )

    def about(self, checkpoint: str, crop: CropConfig) -> dict:
        """Return the content of `assets.extra/simpose.json`."""
        known = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return {"checkpoint": checkpoint, "crop": dataclasses.asdict(crop)} | known


def checked_output(path: str | None) -> Path:
    """Return the output folder. Raises InputError if something stands there that is no SavedModel."""
    output = files.output_folder(path, "--output").resolve()  # `.` has no name to put a temporary one beside
    if output.is_dir() and any(output.iterdir()) and not (output / "saved_model.pb").exists():
        raise InputError(f"--output: {path!r} is there and is no SavedModel; name another folder")
    return output


def restored_network(checkpoint: str) -> Network:
    """Return the network of the loaded gin settings with the weights of a checkpoint, averaged ones if it has them."""
    network = Network(configurables.get(BackboneConfig), configurables.get(CropConfig))
    training, schedule = configurables.get(TrainingConfig), configurables.get(ScheduleConfig)
    optimizer = build_optimizer(training, Schedule(schedule, training.steps))
    stored = tf.train.Checkpoint(network=network, optimizer=optimizer)
    try:
        # The optimiser's slots, which were never made for the untrained network, may stay unmatched.
        tf.train.Checkpoint(network=network).restore(checkpoint).expect_partial().assert_existing_objects_matched()
        stored.restore(checkpoint).expect_partial()
    except (tf.errors.NotFoundError, tf.errors.DataLossError, IndexError) as error:  # IndexError: cut off
        raise InputError(f"--checkpoint: no checkpoint at {checkpoint!r}, or not a whole one") from error
    except (AssertionError, ValueError) as error:
        raise InputError(f"--checkpoint: {checkpoint!r} holds another network") from error
    assign_averages(optimizer, network.trainable_variables)
    return network


def save(served: ServedNetwork | ServedPictures, output: Path, about: dict) -> None:
    """Write a SavedModel, its settings and warm-up requests at once: `output` is whole or as it was."""
    with files.atomic_folder(output) as temporary:
        tf.saved_model.save(served, str(temporary), signatures=served.signatures)
        files.write_text(temporary / export_settings.SETTINGS, json.dumps(about, indent=1) + "\n")
        warmup.write_warmup(temporary, warmup.requests_for(served.signatures, served.crop_size))


if __name__ == "__main__":
    define_flags()
    app.run(main)
