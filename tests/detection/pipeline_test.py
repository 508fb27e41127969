"""Facts about `simpose_tf.detection.pipeline` and the files in `gin_configs/detector/`."""

import re

import pytest
import tensorflow as tf
from object_detection.builders import optimizer_builder

from simpose_tf import configurables
from simpose_tf.detection.pipeline import find_pipeline, read_pipeline
from simpose_tf.detection.run_settings import DetectorConfig
from simpose_tf.errors import InputError
from tests.detection.small import CONFIGS, ROOT

PAPER = CONFIGS / "faster_rcnn_resnet101_stride8.config"
SMALL = CONFIGS / "ssd_lite0_320.config"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.config")), ids=lambda path: path.name)
def test_a_file_parses_and_tells_its_source_and_deviations(path):
    assert read_pipeline(path).train_config.num_steps > 0
    header = path.read_text().split("\n\n")[0]
    assert "Source:" in header and "Deviations:" in header


@pytest.mark.parametrize("name", ["detector.gin", "detector_quickstart.gin", "detector_quickstart_finer.gin"])
def test_a_gin_file_names_its_pipeline_as_seen_from_itself(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gin_file = str(ROOT / "gin_configs" / name)
    configurables.load([gin_file], None)
    assert read_pipeline(*find_pipeline(configurables.get(DetectorConfig).pipeline, [gin_file]))


def test_the_papers_file_holds_the_papers_numbers():
    pipeline = read_pipeline(PAPER)
    model, train = pipeline.model.faster_rcnn, pipeline.train_config
    assert model.feature_extractor.type == "faster_rcnn_resnet101_stride8_keras"
    assert model.feature_extractor.first_stage_features_stride == 8  # G-RMI sec. 3.1
    grid = model.first_stage_anchor_generator.grid_anchor_generator
    assert (grid.height_stride, grid.width_stride) == (8, 8)
    assert train.num_steps == 1_000_000  # SimPose sec. 5.1, as the next ones
    assert train.optimizer.momentum_optimizer.momentum_optimizer_value == pytest.approx(0.9)
    rate = train.optimizer.momentum_optimizer.learning_rate.manual_step_learning_rate
    assert rate.initial_learning_rate == pytest.approx(3e-4)
    assert [(s.step, pytest.approx(s.learning_rate)) for s in rate.schedule] == [(800_000, 3e-5)]


def test_the_papers_rate_falls_to_a_tenth_at_step_800000():
    step = tf.Variable(0, dtype=tf.int64)
    optimizer, _ = optimizer_builder.build(read_pipeline(PAPER).train_config.optimizer, step)
    for at, rate in ((0, 3e-4), (799_999, 3e-4), (800_000, 3e-5), (999_999, 3e-5)):
        step.assign(at)
        assert float(optimizer._decayed_lr(tf.float32)) == pytest.approx(rate)


def test_files_are_merged_in_their_order():
    finer = find_pipeline("ssd_lite0_320.config, finer_512.override", [str(CONFIGS / "a.gin")])
    first, merged = read_pipeline(finer[0]), read_pipeline(*finer)
    assert first.model.ssd.image_resizer.keep_aspect_ratio_resizer.max_dimension == 320
    assert merged.model.ssd.image_resizer.keep_aspect_ratio_resizer.max_dimension == 512
    assert merged.model.ssd.anchor_generator == first.model.ssd.anchor_generator


def test_an_override_changes_what_it_names_only():
    changed, given = read_pipeline(SMALL, overrides=["train_config { num_steps: 7 }"]), read_pipeline(SMALL)
    assert changed.train_config.num_steps == 7
    changed.train_config.num_steps = given.train_config.num_steps
    assert changed == given


@pytest.mark.parametrize(
    "override, fault",
    [
        ("model { ssd { num_classes: 90 } }", "num_classes is 90"),
        ("train_config { nun_steps: 7 }", "nun_steps"),
        ("train_config { num_steps: 0 }", "num_steps is missing"),
        ("train_config { optimizer { use_moving_average: true } }", "use_moving_average"),
        ("model { center_net { num_classes: 1 } }", "the model is center_net"),
        ("model { ssd { image_resizer { keep_aspect_ratio_resizer { min_dimension: 0 } } } }", "min_dimension is 0"),
        ("model { ssd { image_resizer { fixed_shape_resizer { height: -3 width: 99 } } } }", "height is -3"),
    ],
)
def test_what_is_no_detector_of_people_is_told(override, fault):
    with pytest.raises(InputError, match=re.escape(fault)):
        read_pipeline(SMALL, overrides=[override])


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"DetectorConfig\.pipeline: no such file: 'no\.config'"):
        find_pipeline("no.config", [str(tmp_path / "a.gin")])
