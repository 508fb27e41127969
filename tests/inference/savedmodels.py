"""SavedModels whose answers are known in closed form: oracles for what surrounds a network."""

import json
from pathlib import Path

import tensorflow as tf

from simpose_tf.inference import decode, flip


class EchoModel(tf.Module):
    """Answers with what the crop's colours say.

    Mask: where blue is over half. Keypoint k: the middle of the crop, k pixels further right. Part 1 + red / 10;
    u = red / 255, v = green / 255 in every part. Normals: (red - 127.5, green - 127.5, -127.5).
    """

    def __init__(self, height: int, width: int):
        super().__init__()
        self.height, self.width = height, width
        spec = [tf.TensorSpec([None, height, width, 3], tf.uint8, name="crops")]
        self.maps = tf.function(self._maps, input_signature=spec)
        self.crops = tf.function(lambda c: decode.decode_maps(self._maps(c), 3.0), input_signature=spec)
        self.maps_flip = tf.function(self._maps_flip, input_signature=spec)
        self.crops_flip = tf.function(lambda c: decode.decode_maps(self._maps_flip(c), 3.0), input_signature=spec)

    def _maps_flip(self, crops: tf.Tensor) -> dict[str, tf.Tensor]:
        return flip.average_maps(self._maps(crops), self._maps(tf.reverse(crops, axis=[2])))

    def _maps(self, crops: tf.Tensor) -> dict[str, tf.Tensor]:
        color = tf.cast(crops, tf.float32)
        uv = color[..., :2] / 255 - 0.5
        column = tf.range(self.width, dtype=tf.float32)[None, None, :, None]
        row = tf.range(self.height, dtype=tf.float32)[None, :, None, None]
        dx = self.width / 2 + tf.range(17, dtype=tf.float32) - (column + 0.5) + 0 * row
        dy = self.height / 2 - (row + 0.5) + 0 * dx
        offset = tf.stack([dx, dy], -1) + 0 * tf.reduce_sum(color, -1)[..., None, None]
        part = tf.one_hot(tf.cast(color[..., 0] / 10, tf.int32), 24)
        return {
            "heatmap": tf.where(tf.norm(offset, axis=-1) < 3, 30.0, -30.0),
            "offset": offset,
            "mask": (color[..., 2] - 127.5) / 4,
            "part": part,
            "uv": tf.repeat(uv[..., None, :], 24, axis=-2),
            "normal": tf.stack([color[..., 0] - 127.5, color[..., 1] - 127.5, -127.5 + 0 * color[..., 0]], -1),
        }


def save(model: EchoModel, folder: Path, test_enlargement: float = 1.25, **settings: dict) -> str:
    """Write the model as `simpose_tf.export` does; `settings` beside the enlargement, e.g. `nms`."""
    signatures = {"crops": model.crops, "maps": model.maps, "serving_default": model.crops}
    signatures |= {"crops_flip": model.crops_flip, "maps_flip": model.maps_flip}
    tf.saved_model.save(model, str(folder), signatures=signatures)
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "simpose.json").write_text(
        json.dumps({"test_enlargement": test_enlargement, **settings})
    )
    return str(folder)


class EchoDetector(tf.Module):
    """Finds what is painted: box k is around all pixels whose blue is 250 - 10 k, k < 12, with score 0.9 - 0.05 k.

    The third box is class 2, no person. The answers are those of the TF Object Detection API. The best score is a
    variable, as real detectors have some.
    """

    def __init__(self) -> None:
        super().__init__()
        self.best = tf.Variable(0.9)

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")])
    def detect(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        blue = tf.cast(input_tensor[0, ..., 2], tf.int32)
        place = tf.range(12)
        there = tf.abs(blue[None] - (250 - 10 * place)[:, None, None]) <= 4
        spans = [self._span(tf.reduce_any(there, axis)) for axis in (2, 1)]
        found = tf.reduce_any(there, (1, 2))
        boxes = tf.stack([spans[0][0], spans[1][0], spans[0][1], spans[1][1]], -1)
        scores = tf.where(found, self.best - 0.05 * tf.cast(place, tf.float32), 0.0)
        return {
            "detection_boxes": tf.where(found[:, None], boxes, 0.0)[None],
            "detection_scores": scores[None],
            "detection_classes": tf.where(place == 2, 2.0, 1.0)[None],
            "num_detections": tf.constant([12.0]),
        }

    def _span(self, lines: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the first and past-the-last line `[12]` of those `[12,n]` that are set, as shares of n."""
        count = tf.shape(lines)[1]
        index = tf.range(count)
        first = tf.reduce_min(tf.where(lines, index, count), 1)
        last = tf.reduce_max(tf.where(lines, index + 1, 0), 1)
        return tf.cast(first / count, tf.float32), tf.cast(last / count, tf.float32)


def save_detector(folder: Path) -> str:
    """Write the detector as the TF Object Detection API does."""
    detector = EchoDetector()
    tf.saved_model.save(detector, str(folder), signatures={"serving_default": detector.detect})
    return str(folder)
