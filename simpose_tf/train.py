"""Train the second-stage network on simulated and real records.

    python -m simpose_tf.train --gin_file=gin_configs/simpose.gin --model_dir=DIR --sim_records=GLOB --real_records=GLOB

A killed run goes on at its last checkpoint when the same command is given again. On several machines: the same command
on each, with `TF_CONFIG` (`simpose_tf.workers`) and one shared folder.
"""

import functools
from pathlib import Path
from typing import Any

import tensorflow as tf
from absl import flags

from simpose_tf import app, configurables, files, run_folder, trainer, workers
from simpose_tf.data import recordfiles
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.damage import Damage
from simpose_tf.data.pipeline import PipelineConfig, train_batches
from simpose_tf.errors import InputError
from simpose_tf.losses import LossConfig
from simpose_tf.model import checkpoints
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.monitoring import people
from simpose_tf.monitoring.monitor import Monitor, MonitorConfig
from simpose_tf.monitoring.people import FixedPeople
from simpose_tf.optimization import ScheduleConfig, TrainingConfig

FLAGS = flags.FLAGS

SETTINGS = (
    CropConfig,
    AugmentationConfig,
    PipelineConfig,
    BackboneConfig,
    LossConfig,
    ScheduleConfig,
    TrainingConfig,
    MonitorConfig,
)

Settings = dict[type, Any]


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_string("model_dir", None, "Folder of the run: checkpoints, curves, configuration.")
    flags.DEFINE_string("sim_records", None, "Glob of simulated people (tfrecord_tools.render_sim).")
    flags.DEFINE_string("real_records", None, "Glob of real people (tfrecord_tools.coco_person).")
    flags.DEFINE_string("val_sim_records", None, "Glob of held-out simulated people that curves and pictures show.")
    flags.DEFINE_string("val_real_records", None, "Glob of held-out real people that curves and pictures show.")
    flags.DEFINE_string("initial_checkpoint", None, "Start from the weights of this checkpoint of an earlier run.")
    flags.DEFINE_string("backbone_checkpoint", None, "Start from this official ResNet checkpoint (ImageNet).")
    flags.DEFINE_integer(
        "seed", 0, "Of the first weights, and of the order and augmentation of the crops.", 0, 2**32 - 1
    )


def main() -> None:
    """Check settings, records and folder, then train."""
    tf.get_logger().setLevel("ERROR")  # a checkpoint of another network would be told of in hundreds of lines
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    settings = checked_settings()
    model_dir = files.output_folder(FLAGS.model_dir, "--model_dir")
    records = _record_files(settings[PipelineConfig].sim_share)
    flat = run_folder.flat_settings(settings.values(), seed=FLAGS.seed)
    place = workers.place()
    anew = not trainer.latest_checkpoint(model_dir)
    if place.is_chief or not anew:  # the chief tidies up a folder where nothing was learnt yet
        run_folder.check(model_dir, flat, records, anew)
    strategy = workers.strategy(place)
    damage = Damage(settings[PipelineConfig].max_damaged, _damage_path(model_dir, place), app.say)
    batches = functools.partial(_batches, settings, strategy.num_replicas_in_sync, place, damage)
    batches(0)  # bad records are told of before anything is written
    monitored = functools.partial(Monitor, settings[MonitorConfig], people=_fixed_people(settings))

    tf.keras.utils.set_random_seed(FLAGS.seed)
    run = build_run(settings, strategy, model_dir, place)
    _start_from(run.model.network)
    if place.is_chief:
        run_folder.write(model_dir, configurables.given_config(), flat, records)
        files.write_text(model_dir / "config_used.gin", configurables.used_config())
    _train(run, batches, settings[PipelineConfig].batch_size, monitored)
    if damage.count:
        app.say(f"{model_dir}: {damage.count} damaged records were left out")


def checked_settings() -> Settings:
    """Return what gin binds of `SETTINGS`. Raises InputError if that is no run."""
    settings = {cls: configurables.get(cls) for cls in SETTINGS}
    batch_size, parts = settings[PipelineConfig].batch_size, settings[TrainingConfig].accumulate
    if batch_size % parts:
        raise InputError(f"gin: TrainingConfig.accumulate: {batch_size} crops cannot be cut into {parts} equal parts")
    return settings


def build_run(
    settings: Settings, strategy: tf.distribute.Strategy, model_dir: Path, place: workers.Place = workers.ALONE
) -> trainer.Run:
    """Return the run of these settings, untrained."""
    network = functools.partial(Network, settings[BackboneConfig], settings[CropConfig])
    parts = settings[LossConfig], settings[TrainingConfig], settings[ScheduleConfig]
    try:
        return trainer.build_run(network, parts, strategy, model_dir, place)
    except (ValueError, KeyError) as error:  # KeyError: the official ResNets have no such depth
        raise InputError(f"the network cannot be built: {error}") from error


def _train(run: trainer.Run, batches: Any, batch_size: int, monitored: Any) -> None:
    say = app.say if run.place.is_chief else lambda _: None
    step, steps = run.restore(say), run.training.steps
    run.require_same_step()
    if step >= steps:
        say(f"{run.model_dir}: trained for {step} steps already; nothing to do")
        return
    say(f"{run.model_dir}: {f'goes on after step {step}' if step else 'starts'}; {steps} steps in all")
    try:
        trainer.train(run, batches, batch_size * run.strategy.num_replicas_in_sync, app.say, monitored)
    except trainer.NonFiniteLossError as error:
        app.fail(error)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:  # only first records were looked at
        raise InputError(f"records: {recordfiles.told(error)}") from error
    except tf.errors.ResourceExhaustedError as error:
        what = f"out of memory or of room on the disk: {recordfiles.told(error)}"
        raise InputError(f"{what}; TrainingConfig.accumulate cuts batches into parts") from error
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        raise InputError(f"another worker has left ({recordfiles.told(error)}); start all of them again") from error
    say(f"{run.model_dir}: trained for {steps} steps")


def _batches(settings: Settings, replicas: int, place: workers.Place, damage: Damage, step: int) -> tf.data.Dataset:
    """Return this worker's replica batches from a step on: batch `step * replicas + r` is that of replica r."""
    own = replicas // place.count
    return train_batches(
        FLAGS.sim_records,
        FLAGS.real_records,
        settings[CropConfig],
        settings[AugmentationConfig],
        settings[PipelineConfig],
        FLAGS.seed,
        step * replicas + place.index * own,
        damage,
        (own, replicas),
    )


def _damage_path(model_dir: Path, place: workers.Place) -> Path:
    """Return where a worker keeps its list of damaged records, which outlives a killed run."""
    return model_dir / ("damaged_records.json" if place.is_chief else f"damaged_records_{place.index}.json")


def _fixed_people(settings: Settings) -> FixedPeople | None:
    """Read the people on whom a run is watched: held-out ones if the flags name them, else of the training records."""
    config, share = settings[MonitorConfig], settings[PipelineConfig].sim_share
    if not config.evaluate_every:
        return None
    held_out = {"--val_sim_records": FLAGS.val_sim_records, "--val_real_records": FLAGS.val_real_records}
    trained_on = {
        "--sim_records": FLAGS.sim_records if share > 0 else None,
        "--real_records": FLAGS.real_records if share < 1 else None,
    }
    source, records = ("validation", held_out) if any(held_out.values()) else ("training", trained_on)
    enlargement = settings[AugmentationConfig].test_enlargement
    return people.read(source, records, settings[CropConfig], enlargement, config.people)


def _record_files(sim_share: float) -> dict[str, list[str]]:
    """Return the files of each domain that has a share. Raises InputError if one has none."""
    needed = {"sim": (FLAGS.sim_records, sim_share > 0), "real": (FLAGS.real_records, sim_share < 1)}
    for kind, (pattern, used) in needed.items():
        if used and not pattern:
            raise InputError(f"--{kind}_records: missing, but PipelineConfig.sim_share is {sim_share}")
    return {kind: files.match(pattern, f"--{kind}_records") for kind, (pattern, used) in needed.items() if used}


def _start_from(network: Network) -> None:
    """Load the weights that the flags name; a checkpoint of the run itself replaces them later."""
    if FLAGS.backbone_checkpoint:
        checkpoints.load_backbone(network, FLAGS.backbone_checkpoint)
    if FLAGS.initial_checkpoint:
        checkpoints.load_network(network, FLAGS.initial_checkpoint)


if __name__ == "__main__":
    define_flags()
    app.run(main)
