"""The functions of an exported model: crops, whole pictures, encoded pictures -> people (SimPose sec. 4.1).

| signature | takes | answers |
|---|---|---|
| `crops` | `crops` uint8 `[B,H,W,3]` RGB | the people of crops, `decode.decode_maps` |
| `maps` | the same | the network's maps on every pixel |
| `crops_flip`, `maps_flip` | the same | the same of the mean over each crop and its mirror image, in twice the time |
| `image` | `images` uint8 `[B,h,w,3]` RGB, upright | people of pictures, below |
| `serving_default` | `pictures` string `[B]`: JPEG, PNG, GIF or BMP, upright | people of pictures, below |
| `detect` | `images` uint8 `[1,h,w,3]` | the detector's answers as they are (TF Object Detection API) |

Without a detector there are only the first four, and `serving_default` is `crops`.

People of pictures; N is the most people in a picture of the batch, the others are filled up with zeros:

| answer | type | meaning |
|---|---|---|
| `num_people` | int32 `[B]` | people of each picture |
| `size` | int32 `[B,2]` | height and width of each picture, pixels |
| `boxes` | float32 `[B,N,4]` | ymin, xmin, ymax, xmax, continuous pixels of the picture, best first |
| `box_scores` | float32 `[B,N]` | of the detector |
| `score` | float32 `[B,N]` | of the person, in [0, 1] |
| `keypoints` | float32 `[B,N,17,3]` | x, y in continuous pixels of the picture (pixel centres at +0.5), score |
| `windows` | float32 `[B,N,4]` | ymin, xmin, ymax, xmax: what of the picture the crop's H x W pixels show |
| `mask` | float32 `[B,N,H,W]` | probability that the crop's pixel is the person's |
| `part` | uint8 `[B,N,H,W]` | 1..24, everywhere: apply the mask |
| `uv` | float32 `[B,N,H,W,2]` | of that part, in [0, 1] |
| `normal` | float32 `[B,N,H,W,3]` | unit, camera frame: x right, y down, z away |
| `confidence` | float32 `[B,N,5]` | `scores.CONFIDENCES` |
"""

from collections.abc import Callable

import tensorflow as tf

from simpose_tf.inference import flip, scores, two_stage
from simpose_tf.inference.decode import decode_maps
from simpose_tf.inference.detector import DetectionConfig, LoadedDetector, find_boxes
from simpose_tf.inference.nms import NmsConfig
from simpose_tf.inference.scores import ScoreConfig
from simpose_tf.inference.two_stage import SecondStage
from simpose_tf.model.network import Network
from simpose_tf.serving import half_weights

# Crops that go through the network at once, of the people of one picture: bounds the memory.
_BATCH = 8

Answer = dict[str, tf.Tensor]


class ServedNetwork(tf.Module):
    """The network with decoding, on crops of the size it was trained on."""

    def __init__(self, network: Network, score: ScoreConfig = scores.G_RMI, float16: bool = False) -> None:
        """Wrap a network; the functions are traced when it is saved.

        Args:
          network: with its weights.
          score: how people's scores are made.
          float16: store the weights with 16 bits.
        """
        super().__init__()
        self._crop, self._score = network.crop, score
        spec = tf.TensorSpec((None, *self.crop_size, 3), tf.uint8, name="crops")
        signature = [spec]

        def maps(crops: tf.Tensor) -> Answer:
            return network(crops, training=False, label_stride=1)

        self._network = None if float16 else network  # whose variables are saved
        self.maps = half_weights.halve(maps, spec) if float16 else tf.function(maps, input_signature=signature)
        self.crops = tf.function(lambda crops: self._decode(self.maps(crops)), input_signature=signature)
        self.maps_flip = tf.function(self._maps_flip, input_signature=signature)
        self.crops_flip = tf.function(lambda crops: self._decode(self.maps_flip(crops)), input_signature=signature)

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the crops, pixels."""
        return self._crop.height, self._crop.width

    @property
    def signatures(self) -> dict[str, Callable]:
        """The functions by the names under which they are served."""
        named = {name: getattr(self, name) for name in ("crops", "maps", "crops_flip", "maps_flip")}
        return named | {"serving_default": self.crops}

    def stage(self, test_enlargement: float) -> SecondStage:
        """Return the second stage for boxes that are enlarged so."""
        return SecondStage(self.crops, *self.crop_size, test_enlargement, self._score)

    def _maps_flip(self, crops: tf.Tensor) -> Answer:
        return flip.average_maps(self.maps(crops), self.maps(tf.reverse(crops, axis=[2])))

    def _decode(self, maps: Answer) -> Answer:
        return decode_maps(maps, self._crop.radius, self._score)


class ServedPictures(tf.Module):
    """Both stages: pictures -> people."""

    def __init__(
        self,
        second: ServedNetwork,
        first: LoadedDetector,
        test_enlargement: float,
        detection: DetectionConfig,
        limits: NmsConfig,
    ) -> None:
        """Wrap both stages; the functions are traced when it is saved.

        Args:
          second: the second stage.
          first: the detector.
          test_enlargement: how far boxes are enlarged.
          detection: which boxes go on.
          limits: when two people are one.
        """
        super().__init__()
        self._second, self._first, self._detector = second, first, first.loaded
        self._stage, self._detection, self._limits = second.stage(test_enlargement), detection, limits
        self.image = tf.function(
            self._image, input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")]
        )
        self.pictures = tf.function(self._pictures, input_signature=[tf.TensorSpec([None], tf.string, name="pictures")])
        self.detect = tf.function(
            first.detect, input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="images")]
        )

    @property
    def signatures(self) -> dict[str, Callable]:
        """The functions by the names under which they are served."""
        own = {"image": self.image, "detect": self.detect, "serving_default": self.pictures}
        return self._second.signatures | own

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the crops, pixels."""
        return self._second.crop_size

    def _image(self, images: tf.Tensor) -> Answer:
        return _padded(tf.map_fn(self._people, images, fn_output_signature=self._specs()))

    def _pictures(self, pictures: tf.Tensor) -> Answer:
        return _padded(
            tf.map_fn(lambda p: self._people(decode_picture(p)), pictures, fn_output_signature=self._specs())
        )

    def _people(self, image: tf.Tensor) -> Answer:
        """Return the people of one picture uint8 `[h,w,3]`, `[N,...]` each, and its `size` and `num_people`."""
        boxes, box_scores = find_boxes(self._first.detect, image, self._detection, self._limits.box_iou)
        in_batches = SecondStage(**(vars(self._stage) | {"people": self._in_batches}))
        answer = two_stage.people_of_boxes(in_batches, image, boxes, box_scores)
        stay = two_stage.distinct(answer, tf.cast(boxes, tf.float64), self._limits.oks)
        people = answer | {"boxes": boxes, "box_scores": box_scores}
        kept = {name: tf.gather(values, stay) for name, values in people.items()}
        single = {name: tf.cast(v, tf.float32) if v.dtype == tf.float64 else v for name, v in kept.items()}
        return single | {"num_people": tf.size(stay), "size": tf.shape(image)[:2]}

    def _in_batches(self, crops: tf.Tensor) -> Answer:
        """Return the people of any number of crops, a few at a time; the network itself does not take none."""
        count, outputs = tf.shape(crops)[0], self._outputs()
        ragged = {name: _ragged(spec) for name, spec in outputs.items()}

        def some() -> Answer:
            starts = tf.range(0, count, _BATCH)
            parts = tf.map_fn(lambda s: self._second.crops(crops[s : s + _BATCH]), starts, fn_output_signature=ragged)
            return {name: part.values for name, part in parts.items()}

        def none() -> Answer:
            return {name: tf.zeros([0, *spec.shape[1:]], spec.dtype) for name, spec in outputs.items()}

        return tf.cond(count > 0, some, none)

    def _outputs(self) -> dict[str, tf.TensorSpec]:
        """Return what the second stage answers."""
        return self._second.crops.get_concrete_function().structured_outputs

    def _specs(self) -> dict[str, tf.TypeSpec]:
        """Return what `_people` answers."""
        people = {name: _ragged(spec) for name, spec in self._outputs().items()}
        for name, shape in (("windows", [None, 4]), ("boxes", [None, 4]), ("box_scores", [None])):
            people[name] = _ragged(tf.TensorSpec(shape, tf.float32))
        return people | {"num_people": tf.TensorSpec([], tf.int32), "size": tf.TensorSpec([2], tf.int32)}


def decode_picture(encoded: tf.Tensor) -> tf.Tensor:
    """Decode one picture as `inference.pictures.read_picture` does; its pixels are taken as they lie, upright or not.

    Args:
      encoded: string, JPEG (CMYK too), PNG, BMP, or GIF, of which the first picture counts.

    Returns:
      uint8 `[h,w,3]` RGB; transparent places are white.
    """

    def jpeg() -> tf.Tensor:
        return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")

    def other() -> tf.Tensor:
        pixels = tf.io.decode_image(encoded, expand_animations=False)
        pixels = tf.ensure_shape(pixels, [None, None, None])
        channels = tf.shape(pixels)[-1]
        color, alpha = pixels[..., :3], tf.cast(pixels[..., -1:], tf.float32) / 255
        color = tf.cond(channels < 3, lambda: tf.repeat(pixels[..., :1], 3, -1), lambda: color)
        on_white = tf.round(tf.cast(color, tf.float32) * alpha + 255 * (1 - alpha))
        return tf.cond(channels % 2 == 0, lambda: tf.cast(on_white, tf.uint8), lambda: color)

    return tf.ensure_shape(tf.cond(tf.io.is_jpeg(encoded), jpeg, other), [None, None, 3])


def _ragged(spec: tf.TensorSpec) -> tf.RaggedTensorSpec:
    """Return the spec of a tensor whose first axis has a length of its own in each picture."""
    return tf.RaggedTensorSpec(shape=[None, *spec.shape[1:]], dtype=spec.dtype, ragged_rank=0)


def _padded(people: dict[str, tf.Tensor | tf.RaggedTensor]) -> Answer:
    """Return the people of all pictures, filled up to the largest number."""
    return {name: v.to_tensor() if isinstance(v, tf.RaggedTensor) else v for name, v in people.items()}
