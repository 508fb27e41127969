"""Measure what prediction costs by step, in seconds per picture, and how the steps grow with the number of people.

    python -m simpose_tf.bench_predict --input=DIR,DIR,... --output=DIR [--detector=SAVED_MODEL]
        [--model=SAVED_MODEL | --gin_file=gin_configs/simpose.gin]

A folder of `--input` holds pictures and `annotations.json` with their people's boxes, as `tfrecord_tools.render_sim
--num_pictures` writes it. The detector looks at each picture, but the annotated boxes go on, so that a row is about as
many people as it says. The steps are those of `simpose_tf.predict`, here one after the other; `predict` itself reads,
predicts and writes at the same time. Without `--model` the network of `--gin_file` is measured with fresh weights. Its
answers make no sense, and what decoding and drawing cost depends on them: an oval person stands for each of them.
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import tensorflow as tf
from absl import flags, logging

from simpose_tf import app, charts, configurables, export, files
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.inference import decode, detector, export_settings, exported, picture_files, predictor, sources, work
from simpose_tf.inference.detector import Detect, DetectionConfig, find_boxes
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.pictures import read_picture
from simpose_tf.inference.work import Work
from simpose_tf.model.backbone import BackboneConfig
from simpose_tf.model.network import Network
from simpose_tf.serving.signatures import ServedNetwork

FLAGS = flags.FLAGS
T = TypeVar("T")

# "crop" counts all that lies between the boxes and the people but for the network and the decoding of its maps.
STEPS = ("decode", "detect", "crop", "network", "decode maps", "draw", "write")
_DETECT, _NETWORK, _NOT_COUNTED = "detect", "network", "not counted"
_ANNOTATIONS = "annotations.json"
# Least times of one machine scatter: equal work per person was measured at ratios of .9 to 1.18 of the people's.
_NOISE = 1.2
# Left parts of the oval person from top to bottom; the right ones follow each.
_BANDS = np.arange(1, charts.NUM_PARTS, 2)
# Which boxes go on where the model does not tell; only the time of the choice counts here.
_USUAL_DETECTION = DetectionConfig(box_score=0.3, max_people=50)


@dataclass(frozen=True)
class Row:
    """What the pictures of a folder cost.

    Attributes:
      pictures: how many were measured.
      people: of a picture, the mean.
      seconds: of a picture by step, the mean.
    """

    pictures: int
    people: float
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds of a picture."""
        return sum(self.seconds.values())

    @property
    def network_share(self) -> float:
        """The part of the seconds that the second stage's network takes."""
        return self.seconds[_NETWORK] / self.total

    @property
    def networks_share(self) -> float:
        """The part that both stages' networks take, the detector's way from pixels to boxes included."""
        return (self.seconds[_DETECT] + self.seconds[_NETWORK]) / self.total


class Watch:
    """Adds up seconds by step. A step's time does not count for the one that it is called in."""

    def __init__(self) -> None:
        """Start with no time at all."""
        self.seconds = dict.fromkeys((*STEPS, _NOT_COUNTED), 0.0)
        self._inner = 0.0

    def __call__(self, step: str, function: Callable[..., T], *arguments: object) -> T:
        """Return `function(*arguments)`; its time counts for `step`."""
        outer, self._inner = self._inner, 0.0
        start = time.perf_counter()
        result = function(*arguments)
        taken = time.perf_counter() - start
        self.seconds[step] += taken - self._inner
        self._inner = outer + taken
        return result


@dataclass(frozen=True)
class Measured:
    """A model whose steps are measured.

    Attributes:
      model: with the signature `maps`.
      crop: that it was trained on.
      detect: the first stage; None: there is none to measure.
      batch_size: crops that go through the network at once.
      trained: whether the network's answers are people.
    """

    model: ExportedModel
    crop: CropConfig
    detect: Detect | None
    batch_size: int
    trained: bool

    def predict(self, item: Work, output: Path, watch: Watch) -> None:
        """Take one picture through all steps."""
        image = watch("decode", read_picture, item.path)
        if self.detect:
            watch(_DETECT, self._find, tf.constant(image))

        maps = self.model.maps
        assert maps is not None

        def people(crops: tf.Tensor) -> dict[str, tf.Tensor]:
            found = watch(_NETWORK, maps, crops)
            if not self.trained:
                oval = watch(_NOT_COUNTED, oval_person, self.crop)
                found = watch(_NOT_COUNTED, _repeated, oval, len(crops))
            return watch("decode maps", self._decode, found)

        timed = replace(self.model, stage=replace(self.model.stage, people=people))
        found = watch("crop", predictor.predict_people, timed, image, item.boxes_yxyx, self.batch_size, item.scores)
        size = image.shape[:2]
        drawn = picture_files.draw(item.name, image, found, picture_files.USUAL)
        about = watch("draw", picture_files.picture_json, item.name, Path(item.path).name, item.image_id, size, found)
        for one in (about, *watch("draw", list, drawn)):
            watch("write", picture_files.save, output, one)

    @functools.cached_property
    def _find(self) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
        assert self.detect is not None
        config, iou = self.model.detection or _USUAL_DETECTION, predictor.require_nms(self.model).box_iou
        return tf.function(
            lambda image: find_boxes(self.detect, image, config, iou), [tf.TensorSpec((None, None, 3), tf.uint8)]
        )

    @functools.cached_property
    def _decode(self) -> Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]:
        return tf.function(
            lambda maps: decode.decode_maps(maps, self.crop.radius, self.model.stage.score), reduce_retracing=True
        )


def define_flags() -> None:
    """Define this main's flags."""
    app.define_gin_flags()
    flags.DEFINE_list("input", None, "Folders of pictures, each with annotations.json; commas between them.")
    flags.DEFINE_string("output", None, "Folder for what is drawn, and for the network with fresh weights.")
    flags.DEFINE_string("model", None, "SavedModel of simpose_tf.export.")
    flags.DEFINE_string("detector", None, "Person detector (SavedModel), or small; default: the model's own, if any.")
    flags.DEFINE_integer("pictures", 2, "Pictures of each folder.", 1)
    flags.DEFINE_integer("rounds", 3, "How often each picture is predicted; the least time of each step counts.", 1)
    flags.DEFINE_integer(
        "batch_size", None, "Crops that go through the network at once. Default: 4, with a GPU 16.", lower_bound=1
    )


def main() -> None:
    """Measure folder by folder, then print the table."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)  # TensorFlow's notes on names and untraced functions are of no use here
    output = files.output_folder(FLAGS.output, "--output")
    if bool(FLAGS.model) == bool(FLAGS.gin_file):
        raise InputError("--model or --gin_file: name one of them, what is to be measured")
    planned = [plan(folder, FLAGS.pictures) for folder in FLAGS.input or [""]]
    fresh = None if FLAGS.model else export.checked_output(str(output / "fresh"))
    measured = measured_model(fresh_model(fresh) if fresh else FLAGS.model, bool(FLAGS.model))
    rows = []
    for items in planned:
        app.say(f"{Path(items[0].path).parent}: {len(items)} pictures")
        rows.append(measure(measured, items, output / "drawn"))
    for line in told(sorted(rows, key=lambda row: row.people)):
        app.say(line)


def plan(folder: str, count: int) -> list[Work]:
    """Return the first pictures of a folder, with their people's boxes. Raises InputError if it has none."""
    files.require_dir(folder, "--input")
    boxes = files.require_file(str(Path(folder) / _ANNOTATIONS), "--input")
    try:
        return work.plan(sources.find(folder).pictures, [], str(boxes)).pictures[:count]
    except InputError as error:
        raise InputError(f"--input: {folder}: {error}") from error


def fresh_model(folder: Path) -> str:
    """Write the network of gin's settings with fresh weights as a SavedModel; return its path."""
    configurables.load(FLAGS.gin_file, FLAGS.gin_param)
    tf.keras.utils.set_random_seed(0)
    network = Network(configurables.get(BackboneConfig), configurables.get(CropConfig))
    settings = export.Settings.of_gin(has_detector=False)
    export.save(ServedNetwork(network, settings.score), folder, settings.about("none", network.crop))
    return str(folder)


def measured_model(path: str, trained: bool) -> Measured:
    """Load what is measured. Raises InputError for a model that lacks a part."""
    model = exported.load(path)
    if model.maps is None:
        raise InputError(f"--model: {path!r} has no signature 'maps'; export it anew")
    detect = detector.load(FLAGS.detector).detect if FLAGS.detector else model.detect
    crop = CropConfig(**export_settings.read(Path(model.path), "--model")["crop"])
    return Measured(model, crop, detect, predictor.batch_size_of(FLAGS.batch_size), trained)


def oval_person(crop: CropConfig) -> dict[str, tf.Tensor]:
    """Return a network's maps of one crop, `[H,W,...]`, on which an oval person with 24 parts in bands is seen."""
    y, x = np.mgrid[: crop.height, : crop.width].astype(np.float32) + np.float32(0.5)
    up, right = (y / crop.height - 0.5) / 0.4, (x / crop.width - 0.5) / 0.3  # -1..1 on the person
    inside = 1 - up**2 - right**2
    band = np.clip((up + 1) * len(_BANDS) / 2, 0, len(_BANDS) - 1e-3)
    part = np.eye(charts.NUM_PARTS, dtype=np.float32)[_BANDS[band.astype(int)] - 1 + (right > 0)]
    places = np.stack([np.zeros(17), np.linspace(-0.9, 0.9, 17)], -1) * [0.3, 0.4] + 0.5
    offset = places * [crop.width, crop.height] - np.stack([x, y], -1)[:, :, None]
    near = np.hypot(offset[..., 0], offset[..., 1]) < crop.radius
    maps = {
        "heatmap": np.where(near, 4.0, -8.0),
        "offset": offset,
        "mask": 8 * inside,
        "part": 8 * part,
        "uv": np.repeat(np.stack([right % 1, band % 1], -1)[:, :, None] - 0.5, charts.NUM_PARTS, 2),
        "normal": np.stack([right, up, -np.sqrt(np.maximum(inside, 0.01))], -1),
    }
    return {name: tf.constant(values, tf.float32) for name, values in maps.items()}


def _repeated(maps: dict[str, tf.Tensor], count: int) -> dict[str, tf.Tensor]:
    """Return the maps of `count` equal crops."""
    return {name: tf.repeat(values[None], count, 0) for name, values in maps.items()}


def measure(measured: Measured, items: Sequence[Work], output: Path) -> Row:
    """Return what pictures cost, after the one with the most people has gone through once without being counted."""
    output.mkdir(parents=True, exist_ok=True)
    measured.predict(max(items, key=_people), output, Watch())
    least = [quickest(measured, item, output) for item in items]
    people = sum(map(_people, items))
    return Row(len(items), people / len(items), {name: sum(one[name] for one in least) / len(items) for name in STEPS})


def _people(item: Work) -> int:
    return 0 if item.boxes_yxyx is None else len(item.boxes_yxyx)


def quickest(measured: Measured, item: Work, output: Path) -> dict[str, float]:
    """Return the least seconds of each step over all rounds: other work on the machine only makes them longer."""
    watches = [Watch() for _ in range(FLAGS.rounds)]
    for watch in watches:
        measured.predict(item, output, watch)
    return {name: min(watch.seconds[name] for watch in watches) for name in STEPS}


def told(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table's lines: seconds per picture by step, the networks' shares; then how the steps grow."""
    yield f"{'people':>6s}  " + "  ".join(f"{name:>11s}" for name in (*STEPS, "in all", "network", "both stages"))
    for row in rows:
        numbers = (*row.seconds.values(), row.total)
        shares = f"{row.network_share:11.0%}  {row.networks_share:11.0%}"
        yield f"{row.people:6.1f}  " + "  ".join(f"{n:11.4f}" for n in numbers) + f"  {shares}"
    few, many = rows[0], rows[-1]
    if many.people <= few.people:
        return
    ratio = many.people / few.people
    grown = {name: many.seconds[name] / few.seconds[name] for name in STEPS if few.seconds[name] > 0}
    yield f"{ratio:.1f} times the people: " + ", ".join(f"{name} x {times:.1f}" for name, times in grown.items())
    faster = [name for name, times in grown.items() if times > _NOISE * ratio]
    yield f"steps that grow faster than the people (by more than a fifth): {', '.join(faster) or 'none'}"


if __name__ == "__main__":
    define_flags()
    app.run(main)
