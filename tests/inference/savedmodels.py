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
