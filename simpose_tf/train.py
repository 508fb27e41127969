"""Train the second-stage network on simulated and real records.

    python -m simpose_tf.train --gin_file=gin_configs/simpose.gin --model_dir=DIR --sim_records=GLOB --real_records=GLOB

A killed run goes on at its last checkpoint when the same command is given again.
"""

import functools
from pathlib import Path
from typing import Any

import tensorflow as tf
from absl import flags

from simpose_tf import app, configurables, files, run_folder, trainer
from simpose_tf.data import recordfiles
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.pipeline import PipelineConfig, train_batches
from simpose_tf.errors import InputError
from simpose_tf.losses import LossConfig
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network

FLAGS = flags.FLAGS

SETTINGS = (
    CropConfig,
    AugmentationConfig,
    PipelineConfig,
    BackboneConfig,
    LossConfig,
    trainer.ScheduleConfig,
    trainer.TrainingConfig,
)

Settings = dict[type, Any]


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_string("model_dir", None, "Folder of the run: checkpoints, curves, configuration.")
    flags.DEFINE_string("sim_records", None, "Glob of simulated people (tfrecord_tools.render_sim).")
    flags.DEFINE_string("real_records", None, "Glob of real people (tfrecord_tools.coco_person).")
    flags.DEFINE_string("initial_checkpoint", None, "Start from the weights of this checkpoint of an earlier run.")
    flags.DEFINE_string("backbone_checkpoint", None, "Start from this official ResNet checkpoint (ImageNet).")
    flags.DEFINE_integer(
        "seed", 0, "Of the first weights, and of the order and augmentation of the crops.", 0, 2**32 - 1
    )


def main() -> None:
    """Check settings, records and folder, then train."""
    tf.get_logger().setLevel("ERROR")  # a checkpoint of another network would be told of in hundreds of lines
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    settings = {cls: configurables.get(cls) for cls in SETTINGS}
    model_dir = files.output_folder(FLAGS.model_dir, "--model_dir")
    records = _record_files(settings[PipelineConfig].sim_share)
    flat = run_folder.flat_settings(settings.values(), seed=FLAGS.seed)
    if not trainer.latest_checkpoint(model_dir):
        run_folder.forget(model_dir)  # nothing was learnt yet: other settings and mended records are welcome
    run_folder.check_settings(model_dir, flat)
    run_folder.check_data(model_dir, records)
    batches = functools.partial(_batches, settings)
    batches(0)  # bad records are told of before anything is written

    tf.keras.utils.set_random_seed(FLAGS.seed)
    run = build_run(settings, tf.distribute.MirroredStrategy(), model_dir)
    _start_from(run)
    run_folder.write(model_dir, configurables.given_config(), flat, records)
    files.write_text(model_dir / "config_used.gin", configurables.used_config())
    _train(run, batches, settings[PipelineConfig].batch_size)


def build_run(settings: Settings, strategy: tf.distribute.Strategy, model_dir: Path) -> trainer.Run:
    """Return the run of these settings, untrained."""
    network = functools.partial(Network, settings[BackboneConfig], settings[CropConfig])
    parts = settings[LossConfig], settings[trainer.TrainingConfig], settings[trainer.ScheduleConfig]
    try:
        return trainer.build_run(network, parts, strategy, model_dir)
    except (ValueError, KeyError) as error:  # KeyError: the official ResNets have no such depth
        raise InputError(f"the network cannot be built: {error}") from error


def _train(run: trainer.Run, batches: Any, batch_size: int) -> None:
    step, steps = _restore(run), run.training.steps
    if step >= steps:
        app.say(f"{run.model_dir}: trained for {step} steps already; nothing to do")
        return
    app.say(f"{run.model_dir}: {f'goes on after step {step}' if step else 'starts'}; {steps} steps in all")
    try:
        trainer.train(run, batches, batch_size * run.strategy.num_replicas_in_sync, app.say)
    except trainer.NonFiniteLossError as error:
        app.fail(error)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:  # only first records were looked at
        raise InputError(f"records: {recordfiles.told(error)}") from error
    app.say(f"{run.model_dir}: trained for {steps} steps")


def _restore(run: trainer.Run) -> int:
    """Go to the run's last checkpoint and return its step. Raises InputError if it is damaged."""
    try:
        return run.restore()
    except (tf.errors.OpError, AssertionError, IndexError, ValueError) as error:
        last = trainer.latest_checkpoint(run.model_dir)
        raise InputError(f"--model_dir: the checkpoint {last!r} is damaged, or of another network") from error


def _batches(settings: Settings, start_batch: int) -> tf.data.Dataset:
    return train_batches(
        FLAGS.sim_records,
        FLAGS.real_records,
        settings[CropConfig],
        settings[AugmentationConfig],
        settings[PipelineConfig],
        FLAGS.seed,
        start_batch,
    )


def _record_files(sim_share: float) -> dict[str, list[str]]:
    """Return the files of each domain that has a share. Raises InputError if one has none."""
    needed = {"sim": (FLAGS.sim_records, sim_share > 0), "real": (FLAGS.real_records, sim_share < 1)}
    for kind, (pattern, used) in needed.items():
        if used and not pattern:
            raise InputError(f"--{kind}_records: missing, but PipelineConfig.sim_share is {sim_share}")
    return {kind: files.match(pattern, f"--{kind}_records") for kind, (pattern, used) in needed.items() if used}


def _start_from(run: trainer.Run) -> None:
    """Load the weights that the flags name; a checkpoint of the run itself replaces them later."""
    network = run.model.network
    if FLAGS.backbone_checkpoint:
        official = tf.train.Checkpoint(backbone=network.backbone.get_layer("official"))
        _load(official, FLAGS.backbone_checkpoint, "--backbone_checkpoint")
    if FLAGS.initial_checkpoint:
        _load(tf.train.Checkpoint(network=network), FLAGS.initial_checkpoint, "--initial_checkpoint")


def _load(checkpoint: tf.train.Checkpoint, path: str, what: str) -> None:
    try:
        checkpoint.restore(path).expect_partial().assert_existing_objects_matched()
    except (tf.errors.NotFoundError, tf.errors.DataLossError, IndexError) as error:  # IndexError: cut off
        raise InputError(f"{what}: no checkpoint at {path!r}, or not a whole one") from error
    except (AssertionError, ValueError) as error:
        raise InputError(f"{what}: {path!r} holds another network ({str(error).splitlines()[0]})") from error


if __name__ == "__main__":
    define_flags()
    app.run(main)
