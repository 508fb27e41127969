"""Records that tests draw, and a detector small enough for them."""

from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from simpose_tf.detection import records
from simpose_tf.detection.pipeline import read_pipeline
from simpose_tf.detection.run_settings import DetectorConfig

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "gin_configs" / "detector"
SIDE = 96

# The quickstart's detector on pictures of 96 pixels, two coarse levels: its graph is made in seconds.
TINY = f"""
model {{ ssd {{
  image_resizer {{ keep_aspect_ratio_resizer {{ min_dimension: {SIDE} max_dimension: {SIDE} }} }}
  feature_extractor {{ fpn {{ min_level: 4 max_level: 5 additional_layer_depth: 16 }} }}
  anchor_generator {{ multiscale_anchor_generator {{ min_level: 4 max_level: 5 }} }}
  box_predictor {{ weight_shared_convolutional_box_predictor {{ depth: 16 num_layers_before_predictor: 1 }} }}
  post_processing {{ batch_non_max_suppression {{ score_threshold: 0.0 }} }}
}} }}
train_config {{ batch_size: 2 num_steps: 4 freeze_variables: "block([5-9]|1[0-4])_" }}
"""

CONFIG = DetectorConfig(
    pipeline="detector/ssd_lite0_320.config",
    sim_share=1.0,
    shuffle_buffer=100,
    min_box_pixels=0.0,
    checkpoint_every=2,
    keep_checkpoints=2,
    report_seconds=60.0,
    evaluate_every=0,
    pictures=1,
)


def tiny_pipeline(*more: str):
    return read_pipeline(CONFIGS / "ssd_lite0_320.config", overrides=[TINY, *more])


def boxed_picture(number: int, side: int = SIDE) -> records.BoxedPicture:
    """Return a dark picture with one bright upright box on it, which stands for a person."""
    rng = np.random.default_rng(number)
    image = rng.integers(0, 60, (side, side, 3), np.uint8)
    height = int(rng.integers(side // 2, int(0.8 * side)))
    y, x = int(rng.integers(0, side - height)), int(rng.integers(0, side - height // 2))
    box = np.array([[y, x, y + height, x + height // 2]], float)
    cv2.rectangle(image, (x, y), (x + height // 2 - 1, y + height - 1), (240, 200, 90), -1)
    area = np.array([height * (height // 2)], float)
    name = f"{number:03d}.jpg"
    return records.BoxedPicture(records.encode_jpeg(image), side, side, number, name, box, area, np.array([False]))


def write_records(path: Path, count: int, first: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(first, first + count):
            writer.write(records.encode(boxed_picture(number)))
    return str(path)
