"""Everything that gin may bind, in one place. The libraries import no gin; mains ask here for their settings.

A setting is a frozen dataclass without defaults: a number of the paper lives in `gin_configs/simpose.gin`, with its
section, and nowhere in Python.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import gin
from absl import logging

from simpose_tf import files
from simpose_tf.ablation.tables import AblationConfig
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.coco import PeopleFilter
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.pipeline import PipelineConfig
from simpose_tf.data.window import WindowConfig
from simpose_tf.detection.run_settings import DetectorConfig
from simpose_tf.errors import InputError
from simpose_tf.figures.cast import CastConfig
from simpose_tf.inference.detector import DetectionConfig
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.losses import LossConfig
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.monitoring.monitor import MonitorConfig
from simpose_tf.rescoring.trials import TrialConfig
from simpose_tf.sim.annotate import SimPeopleFilter
from simpose_tf.sim.renderer import RenderConfig
from simpose_tf.sim.sampler import SceneConfig
from simpose_tf.sim.surroundings import SurroundingsConfig
from simpose_tf.trainer import ScheduleConfig, TrainingConfig

T = TypeVar("T")

CONFIGURABLE: tuple[type, ...] = (
    CropConfig,
    AugmentationConfig,
    PipelineConfig,
    CastConfig,
    SceneConfig,
    SurroundingsConfig,
    RenderConfig,
    SimPeopleFilter,
    WindowConfig,
    PeopleFilter,
    BackboneConfig,
    LossConfig,
    ScheduleConfig,
    TrainingConfig,
    MonitorConfig,
    AblationConfig,
    ScoreConfig,
    NmsConfig,
    DetectionConfig,
    TrialConfig,
    DetectorConfig,
)

_BOUND = {cls: gin.external_configurable(cls, name=cls.__name__) for cls in CONFIGURABLE}


def load(gin_files: Sequence[str] | None, gin_params: Sequence[str] | None) -> None:
    """Read gin files and bindings. Raises InputError for a missing file, an unknown name or a bad value."""
    if not gin_files:
        raise InputError("--gin_file: name a gin file, for example gin_configs/simpose.gin")
    gin.clear_config()
    for path in gin_files:
        files.require_file(path, "--gin_file")
        for folder in _folders(Path(path)):
            gin.add_config_file_search_path(str(folder))
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.FATAL)  # gin tells of every place where it looks for an include
    try:
        gin.parse_config_files_and_bindings(list(gin_files), list(gin_params or ()), skip_unknown=False)
    except (ValueError, TypeError, SyntaxError, OSError, ImportError) as error:
        # An include that gin does not find: an OSError, or a TypeError about None if gin takes a folder for a package.
        lost = isinstance(error, OSError) or "NoneType" in str(error)
        missing = "an included file does not exist: " if lost else ""
        raise InputError(f"gin: {missing}{error}") from error
    finally:
        logging.set_verbosity(verbosity)


def _folders(path: Path) -> list[Path]:
    """Return the folders of a gin file and of its includes, at any depth: each is meant beside the file that asks."""
    found, left = [], [path]
    while left:
        file = left.pop(0)
        found.append(file)
        names = re.findall(r"""^include\s+["'](.+?)["']""", file.read_text(encoding="utf-8", errors="replace"), re.M)
        there = [file.parent / name for name in names if (file.parent / name).is_file()]
        left += [other for other in there if other not in found]
    return [file.parent.resolve() for file in found]  # gin takes a relative folder for a package, and stumbles


def get(cls: type[T], **overrides: Any) -> T:
    """Return the setting `cls` as gin binds it. Raises InputError if a field has no value or a bad one."""
    try:
        setting = _BOUND[cls](**overrides)
        for name, kind in get_type_hints(cls).items():
            if not _fits(getattr(setting, name), kind):
                raise ValueError(
                    f"{name} is {getattr(setting, name)!r}, not of the kind {getattr(kind, '__name__', kind)}"
                )
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(f"gin: {cls.__name__}: {error}") from error
    return setting


def get_if_bound(cls: type[T]) -> T | None:
    """Return the setting `cls`, None if gin binds none of its fields: settings may be older than it."""
    bound = re.search(rf"^(?:\w+\.)*{cls.__name__}\.\w+ =", gin.config_str(), re.M)
    return get(cls) if bound else None


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a bound value is of a field's type; whole numbers are floats too, truth values are no numbers."""
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def used_config() -> str:
    """Return the bindings that were used so far, as gin text."""
    return gin.operative_config_str()


def given_config() -> str:
    """Return all bindings that were read, includes resolved, as gin text."""
    return gin.config_str()
