"""Export a trained network as a SavedModel that takes crops and answers with people.

    python -m simpose_tf.export --model_dir=DIR --output=DIR [--checkpoint=PATH] [--gin_param=ScoreConfig.mask=1.0 ...]

Signatures, each fed with `crops` uint8 `[B,H,W,3]` RGB: `crops` (also `serving_default`) returns what
`simpose_tf.inference.decode.decode_maps` does; `maps` returns the network's maps on every pixel; `crops_flip` and
`maps_flip` do so with the mean over each crop and its mirror image, in twice the time.
`assets.extra/simpose.json` holds the settings of the crop, of the score and of NMS.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from absl import flags, logging

from simpose_tf import app, configurables, files, run_checkpoints
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.inference import flip, scores
from simpose_tf.inference.decode import decode_maps
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.optimization import Schedule, ScheduleConfig, TrainingConfig, assign_averages, build_optimizer

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define this main's flags."""
    flags.DEFINE_string("model_dir", None, "Folder of a training run.")
    flags.DEFINE_string("output", None, "Folder for the SavedModel; an older SavedModel there is replaced.")
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
    score = configurables.get_if_bound(ScoreConfig) or scores.G_RMI
    nms = configurables.get_if_bound(NmsConfig)
    network = restored_network(checkpoint)
    about = {
        "checkpoint": Path(checkpoint).name,
        "crop": dataclasses.asdict(network.crop),
        "test_enlargement": configurables.get(AugmentationConfig).test_enlargement,
        "score": dataclasses.asdict(score),
    } | ({"nms": dataclasses.asdict(nms)} if nms else {})
    save(ServedNetwork(network, score), output, about)
    app.say(str(output))


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


class ServedNetwork(tf.Module):
    """The network with decoding, on crops of the size it was trained on."""

    def __init__(self, network: Network, score: ScoreConfig = scores.G_RMI) -> None:
        """Wrap a network; the functions are traced when it is saved.

        Args:
          network: with its weights.
          score: how people's scores are made.
        """
        super().__init__()
        self.network = network
        self._score = score
        shape = (None, network.crop.height, network.crop.width, 3)
        signature = [tf.TensorSpec(shape, tf.uint8, name="crops")]
        self.maps = tf.function(self._maps, input_signature=signature)
        self.crops = tf.function(lambda crops: self._decode(self.maps(crops)), input_signature=signature)
        self.maps_flip = tf.function(self._maps_flip, input_signature=signature)
        self.crops_flip = tf.function(lambda crops: self._decode(self.maps_flip(crops)), input_signature=signature)

    @property
    def signatures(self) -> dict[str, Callable]:
        """The functions by the names under which they are served."""
        named = {name: getattr(self, name) for name in ("crops", "maps", "crops_flip", "maps_flip")}
        return named | {"serving_default": self.crops}

    def _maps(self, crops: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.network(crops, training=False, label_stride=1)

    def _maps_flip(self, crops: tf.Tensor) -> dict[str, tf.Tensor]:
        return flip.average_maps(self.maps(crops), self.maps(tf.reverse(crops, axis=[2])))

    def _decode(self, maps: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return decode_maps(maps, self.network.crop.radius, self._score)


def save(served: ServedNetwork, output: Path, about: dict) -> None:
    """Write a SavedModel and `assets.extra/simpose.json` at once: `output` is whole or as it was."""
    temporary = output.with_name(f".{output.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        tf.saved_model.save(served, str(temporary), signatures=served.signatures)
        files.write_text(temporary / "assets.extra" / "simpose.json", json.dumps(about, indent=1) + "\n")
        if output.exists():
            shutil.rmtree(output)
        temporary.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


if __name__ == "__main__":
    define_flags()
    app.run(main)
