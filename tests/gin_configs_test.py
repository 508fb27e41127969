"""Facts about the files in `gin_configs/`."""

import re
from pathlib import Path

import gin
import pytest

from simpose_tf import configurables, run_folder, train
from simpose_tf.errors import InputError
from simpose_tf.inference.detector import DetectionConfig
from simpose_tf.inference.scores import ScoreConfig

FOLDER = Path(__file__).parent.parent / "gin_configs"
# Files that are read after another one, and hold only what they change.
READ_AFTER = {"quickstart_window.gin": "render_figures.gin"}


def bindings(name):
    """Return what a file of training settings binds, as `Class.field` -> value."""
    configurables.load([str(FOLDER / name)], None)
    return run_folder.flat_settings([configurables.get(cls) for cls in (*train.SETTINGS, ScoreConfig, DetectionConfig)])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gin")), ids=lambda path: path.name)
def test_file_parses_and_opens_with_its_source_deviations_and_command(path):
    configurables.load([str(path)], None)
    header = path.read_text().split("\n\n")[0]
    for word in ("Source:", "Deviation", "python -m"):
        assert word in header, f"{path.name} does not tell its {word!r}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gin")), ids=lambda path: path.name)
def test_every_bound_setting_can_be_built(path):
    first = [str(FOLDER / READ_AFTER[path.name])] if path.name in READ_AFTER else []
    configurables.load([*first, str(path)], None)
    bound = {key.split(".")[-2] for key in re.findall(r"^([\w.]+\.\w+) =", gin.config_str(), re.M)}
    classes = [cls for cls in configurables.CONFIGURABLE if cls.__name__ in bound]
    assert classes
    for cls in classes:
        configurables.get(cls)


def test_simpose_holds_the_numbers_of_the_paper():
    paper = {
        # SimPose sec. 4.3
        "LossConfig.heatmap_weight": 4.0,
        "LossConfig.offset_weight": 1.0,
        "LossConfig.mask_weight": 2.0,
        "LossConfig.part_weight": 0.5,
        "LossConfig.uv_weight": 0.25,
        "LossConfig.normal_weight": 1.0,
        "TrainingConfig.head_gradient_factor": 10.0,
        "BackboneConfig.depth": 101,
        # SimPose sec. 5.1
        "ScheduleConfig.learning_rate": 0.005,
        "TrainingConfig.momentum": 0.9,
        "PipelineConfig.batch_size": 8,
        "TrainingConfig.steps": 240000,
        # G-RMI sec. 3.2
        "CropConfig.height": 353,
        "CropConfig.width": 257,
        "CropConfig.disk_radius": 25.0,
    }
    bound = bindings("simpose.gin")
    assert {key: bound[key] for key in paper} == paper


def test_simpose_cites_a_section_or_says_not_in_the_paper_on_every_number():
    lines = (FOLDER / "simpose.gin").read_text().splitlines()
    uncited = [line for line in lines if re.match(r"\w+\.\w+ = -?[\d.]+\s*$", line)]
    # Those of one thought are cited on the line before.
    assert {line.split(" =")[0] for line in uncited} <= {
        "BackboneConfig.width",
        "BackboneConfig.top_down_channels",
        "ScheduleConfig.final_share",
    }


def test_quickstart_differs_from_simpose_only_in_its_own_lines():
    own = dict(re.findall(r"^([\w.]+) = ([^\s#]+)", (FOLDER / "quickstart.gin").read_text(), re.M))
    simpose, quickstart = bindings("simpose.gin"), bindings("quickstart.gin")
    assert {key for key in simpose if simpose[key] != quickstart[key]} == set(own)


def test_quickstart_keeps_the_task_weights_of_the_paper():
    simpose, quickstart = bindings("simpose.gin"), bindings("quickstart.gin")
    weights = [key for key in simpose if key.startswith("LossConfig.") and key.endswith("_weight")]
    assert len(weights) == 8  # the paper's six, and two of annotated points at 0
    assert {key: quickstart[key] for key in weights} == {key: simpose[key] for key in weights}


def test_densepose_points_gives_points_the_weights_of_simulated_pixels_and_changes_nothing_else():
    simpose, points = bindings("simpose.gin"), bindings("densepose_points.gin")
    changed = {key: points[key] for key in simpose if points[key] != simpose[key]}
    assert changed == {
        "LossConfig.point_part_weight": simpose["LossConfig.part_weight"],
        "LossConfig.point_uv_weight": simpose["LossConfig.uv_weight"],
    }


@pytest.mark.parametrize(
    "binding", ["LossConfig.part_wait = 1", "LossKonfig.part_weight = 1", "LossConfig.part_weight ="]
)
def test_a_typo_is_told(binding):
    with pytest.raises(InputError, match="gin: "):
        configurables.load([str(FOLDER / "simpose.gin")], [binding])


def test_a_bad_value_is_told():
    configurables.load([str(FOLDER / "simpose.gin")], ["TrainingConfig.steps = 0"])
    with pytest.raises(InputError, match="steps is 0"):
        configurables.get(train.trainer.TrainingConfig)


@pytest.mark.parametrize("value", ["1.5", "True", "'many'", "None"])
def test_a_value_of_another_kind_is_told(value):
    configurables.load([str(FOLDER / "simpose.gin")], [f"TrainingConfig.steps = {value}"])
    with pytest.raises(InputError, match="gin: TrainingConfig"):
        configurables.get(train.trainer.TrainingConfig)


@pytest.mark.parametrize(
    "binding",
    [
        "ScheduleConfig.warmup_steps = -4",
        "ScheduleConfig.final_share = -2",
        "LossConfig.part_weight = -1",
        "BackboneConfig.batch_norm_momentum = 7",
    ],
)
def test_a_value_out_of_range_is_told(binding):
    configurables.load([str(FOLDER / "simpose.gin")], [binding])
    with pytest.raises(InputError, match="gin: "):
        for cls in train.SETTINGS:
            configurables.get(cls)


@pytest.mark.parametrize("value", ["3", "(1, 2, 3)", "()", "('near', 'far')"])
def test_a_range_that_is_none_is_told(value):
    configurables.load([str(FOLDER / "render_figures.gin")], [f"SurroundingsConfig.sun_strength = {value}"])
    with pytest.raises(InputError, match="gin: SurroundingsConfig: sun_strength"):
        configurables.get(configurables.SurroundingsConfig)


def test_render_body_differs_from_render_figures_only_in_its_source():
    own = re.findall(r"^(.+) = (\S+)", (FOLDER / "render_body.gin").read_text(), re.M)
    assert own == [("CastConfig.source", '"body"')]
    assert 'include "render_figures.gin"' in (FOLDER / "render_body.gin").read_text()


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(InputError, match="nowhere"):
        configurables.load(["nowhere.gin"], None)
