"""A small model of both stages: an untrained network behind the echo detector, and pictures with people for it."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from simpose_tf import export
from simpose_tf.inference import detector, predictor
from simpose_tf.inference.detector import DetectionConfig
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.model.network import Network
from simpose_tf.serving import signatures
from tests.batches import CROP, random_batch
from tests.inference import savedmodels
from tests.replica_steps import BACKBONE

DETECTION, LIMITS = DetectionConfig(0.3, 10), NmsConfig(0.6, 0.5)
SCORE = ScoreConfig(keypoints=1.0, mask=1.0, part=0.0, uv=0.0, normal=0.0, box=1.0)


def save(folder: Path, name: str = "model") -> Path:
    """Export a network of random weights with the echo detector; return the SavedModel's folder."""
    tf.keras.utils.set_random_seed(1)
    network = Network(BACKBONE, CROP)
    network(random_batch(np.random.default_rng(0), 4)["image"], training=True)  # moving averages of some kind
    first = detector.load(savedmodels.save_detector(folder / "detector"))
    second = signatures.ServedNetwork(network, SCORE)
    whole = signatures.ServedPictures(second, first, 1.25, DETECTION, LIMITS)
    about = export.Settings(1.25, SCORE, LIMITS, DETECTION, True).about("ckpt-1", CROP)
    export.save(whole, folder / name, about)
    return folder / name


def scene(size: tuple[int, int], people: int, seed: int = 0) -> np.ndarray:
    """Return a noisy picture with people whom the echo detector finds, some on top of one another."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 120, (*size, 3)).astype(np.uint8)
    for k in range(people):
        y, x = rng.uniform(0, 0.6, 2) * size
        height, width = rng.uniform(0.15, 0.4, 2) * size
        image[int(y) : int(y + height) + 1, int(x) : int(x + width) + 1, 2] = 250 - 10 * k
    return image


def found(model: ExportedModel, image: np.ndarray) -> list[PredictedPerson]:
    """Return the people whom the Python predictor finds."""
    return predictor.find_people(model, model.detect, model.detection, 3)(image)


def encoded(image: np.ndarray, kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """Return a picture as a file's content."""
    file = io.BytesIO()
    Image.fromarray(image).convert(mode).save(file, kind, **options)
    return file.getvalue()
