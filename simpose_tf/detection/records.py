"""The detector's record: a whole picture and the boxes of its people, in the keys of the TF Object Detection API."""

from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from simpose_tf.errors import InputError

PERSON = 1  # the label of the only class, as in COCO and in the API's label maps
JPEG_QUALITY = 90

_SIDES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True)
class BoxedPicture:
    """A picture and the boxes of the people in it.

    Attributes:
      encoded: the picture as a JPEG file.
      height, width: in pixels.
      image_id: of the picture in its data set.
      file_name: of the picture; told in messages.
      boxes_yxyx: `[N, 4]` continuous pixels.
      areas: `[N]` pixels that belong to each.
      crowd: `[N]` bool, regions that are neither trained on nor counted: crowds, and people who are hardly seen.
    """

    encoded: bytes
    height: int
    width: int
    image_id: int
    file_name: str
    boxes_yxyx: np.ndarray
    areas: np.ndarray
    crowd: np.ndarray


def encode(picture: BoxedPicture) -> bytes:
    """Return a picture as a serialised `tf.train.Example` that the API's `TfExampleDecoder` reads."""
    count, size = len(picture.boxes_yxyx), [picture.height, picture.width, picture.height, picture.width]
    sides = np.asarray(picture.boxes_yxyx, np.float64).reshape(-1, 4) / size
    features = {
        "image/encoded": _bytes([picture.encoded]),
        "image/format": _bytes([b"jpeg"]),
        "image/filename": _bytes([picture.file_name.encode()]),
        "image/source_id": _bytes([str(picture.image_id).encode()]),
        "image/height": _ints([picture.height]),
        "image/width": _ints([picture.width]),
        "image/object/class/label": _ints([PERSON] * count),
        "image/object/class/text": _bytes([b"person"] * count),
        "image/object/area": _floats(picture.areas),
        "image/object/is_crowd": _ints(picture.crowd),
        # The API's losses pass over objects of weight 0, not over crowds.
        "image/object/weight": _floats(1.0 - np.asarray(picture.crowd, float)),
    }
    features |= {f"image/object/bbox/{side}": _floats(sides[:, k]) for k, side in enumerate(_SIDES)}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def decode(serialized: bytes, place: str = "record") -> BoxedPicture:
    """Return the picture of a record. Raises InputError for what is no record of a detector."""
    try:
        feature = tf.train.Example.FromString(serialized).features.feature
        height, width = (int(feature[f"image/{side}"].int64_list.value[0]) for side in ("height", "width"))
        sides = [feature[f"image/object/bbox/{side}"].float_list.value for side in _SIDES]
        boxes = np.array(sides, np.float64).T.reshape(-1, 4) * [height, width, height, width]
        return BoxedPicture(
            feature["image/encoded"].bytes_list.value[0],
            height,
            width,
            int(feature["image/source_id"].bytes_list.value[0]),
            feature["image/filename"].bytes_list.value[0].decode(),
            boxes,
            np.array(feature["image/object/area"].float_list.value, np.float64),
            np.array(feature["image/object/is_crowd"].int64_list.value, bool),
        )
    except (DecodeError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"{place}: no record of a person detector ({error})") from error


def encode_jpeg(image: np.ndarray) -> bytes:
    """Return uint8 RGB `[H, W, 3]` as a JPEG file."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _bytes(values: list[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _ints(values: object) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=np.asarray(values, np.int64).tolist()))


def _floats(values: object) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=np.asarray(values, np.float32).tolist()))
