"""The first stage: people's boxes from any SavedModel with the TF Object Detection API's signature (SimPose sec. 4.1).

`find_boxes` is TensorFlow only and traceable: part of the exported graph.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import export_settings, nms, saved_models
from simpose_tf.inference.people import PERSON

# Longer pictures are shrunk to this side before detection: no detector of the zoo looks at more, and each would turn
# the whole picture into floats first.
_LONGEST_SIDE = 1600

# Pictures of longer shape are padded: detectors scale by the long side, and nothing would be left of the other.
_LONGEST_SHAPE = 16

_NEEDED = ("detection_boxes", "detection_scores", "detection_classes")

# Picture uint8 `[1,h,w,3]` -> the API's answers, among them `_NEEDED`, each `[1,N,...]`.
Detect = Callable[[tf.Tensor], dict[str, tf.Tensor]]


@dataclass(frozen=True)
class DetectionConfig:
    """Which boxes go on to the second stage.

    Attributes:
      box_score: the least score of a box.
      max_people: boxes of a picture, the best ones.
    """

    box_score: float
    max_people: int

    def __post_init__(self) -> None:
        """Raise ValueError for a score outside of 0..1 or nobody."""
        if not 0 <= self.box_score <= 1 or self.max_people < 1:
            raise ValueError(f"box_score must lie in 0..1 and max_people be positive: {self}")


def config_of(exported: DetectionConfig | None, box_score: float | None, max_people: int | None) -> DetectionConfig:
    """Return the export's settings with what was asked for instead. Raises InputError where neither tells."""
    told = vars(exported) if exported else {}
    asked = {"box_score": box_score, "max_people": max_people}
    wanted = told | {name: value for name, value in asked.items() if value is not None}
    if len(wanted) < len(asked):
        raise InputError("--model does not tell which boxes go on: give --box_score and --max_people")
    return DetectionConfig(**wanted)


@dataclass(frozen=True)
class LoadedDetector:
    """A detector: its folder, its function, and TensorFlow's object."""

    path: str
    detect: Detect
    loaded: Any


def load(path: str | None, what: str = "--detector") -> LoadedDetector:
    """Load a detector: `simpose_tf.export_detector`'s, one of the TF2 detection zoo, or "small", the package's own.

    Raises:
      InputError: no SavedModel, or one with another signature.
    """
    folder, loaded = saved_models.load(export_settings.detector_folder(path), what, "simpose_tf.export_detector")
    return LoadedDetector(str(folder), _detect_of(loaded, f"{what}: {path!r}"), loaded)


def _detect_of(loaded: Any, place: str) -> Detect:
    """Return the detection of a loaded SavedModel. Raises InputError if it has none."""
    signature = loaded.signatures.get("serving_default")
    inputs = signature.structured_input_signature[1] if signature else {}
    pixels = len(inputs) == 1 and next(iter(inputs.values())).shape.rank == 4
    if not pixels or not set(_NEEDED) <= set(signature.structured_outputs):
        raise InputError(f"{place} is no detector: its serving_default must turn pixels into {', '.join(_NEEDED)}")
    ((name, spec),) = inputs.items()

    def detect(images: tf.Tensor) -> dict[str, tf.Tensor]:
        # By way of `loaded`: a signature alone does not keep its variables alive.
        return loaded.signatures["serving_default"](**{name: tf.cast(images, spec.dtype)})

    return detect


def find_boxes(
    detect: Detect, image: tf.Tensor, config: DetectionConfig, box_iou: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Find the people of a picture (SimPose sec. 4.1; NMS of G-RMI sec. 3.1).

    Args:
      detect: of `LoadedDetector`.
      image: uint8 `[h,w,3]`.
      config: which boxes stay.
      box_iou: of two boxes with a greater IoU the better one stays.

    Returns:
      float32 `[N,4]` yxyx in pixels, inside the picture, best first, and their scores float32 `[N]`.
    """
    shrunk = _shrink(image)
    padded = _padded(shrunk)
    answer = detect(padded[None])
    boxes, scores = (tf.cast(answer[name][0], tf.float32) for name in ("detection_boxes", "detection_scores"))
    shares = boxes * _size(padded) / _size(shrunk)
    boxes = tf.clip_by_value(shares, 0.0, 1.0) * _size(image)
    people = tf.equal(tf.cast(tf.round(answer["detection_classes"][0]), tf.int32), PERSON)
    solid = tf.reduce_all(boxes[:, 2:] - boxes[:, :2] >= 1.0, -1)
    good = tf.where(people & solid & (scores >= config.box_score) & tf.math.is_finite(scores))[:, 0]
    boxes, scores = tf.gather(boxes, good), tf.gather(scores, good)
    kept = nms.box_nms(boxes, scores, box_iou, config.max_people)
    return tf.gather(boxes, kept), tf.gather(scores, kept)


def _size(image: tf.Tensor) -> tf.Tensor:
    """Return height, width, height, width of a picture, float32 `[4]`."""
    return tf.cast(tf.tile(tf.shape(image)[:2], [2]), tf.float32)


def _padded(image: tf.Tensor) -> tf.Tensor:
    """Return a picture with black below or to the right, so that no side is `_LONGEST_SHAPE` times the other."""
    size = tf.shape(image)[:2]
    missing = tf.maximum(-(-tf.reduce_max(size) // _LONGEST_SHAPE) - size, 0)
    return tf.pad(image, [[0, missing[0]], [0, missing[1]], [0, 0]])


def _shrink(image: tf.Tensor) -> tf.Tensor:
    """Return a picture uint8 whose long side has at most `_LONGEST_SIDE` pixels."""
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = _LONGEST_SIDE / tf.reduce_max(size)

    def shrunk() -> tf.Tensor:
        small = tf.maximum(tf.cast(tf.round(size * scale), tf.int32), 1)
        pixels = tf.image.resize(image, small, antialias=True)
        return tf.cast(tf.round(tf.clip_by_value(pixels, 0.0, 255.0)), tf.uint8)

    return tf.cond(scale < 1.0, shrunk, lambda: image)
