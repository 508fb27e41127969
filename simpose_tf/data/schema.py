"""The record: one person's crop, as a `tf.train.Example`. One table names every feature.

The writer (`encode`), the readers (`read`, and `decode` with all pictures) and the table in WORKSPACE.md
(`markdown_table`) come from `FEATURES`. What a domain lacks is absent from the record, never filled in.

Frames: pixel coordinates are those of the record's own picture, x right, y down, pixel centres at +0.5.
Normals are in the camera frame (x right, y down, z away from the camera).
"""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf

from simpose_tf.errors import InputError

VERSION = 2
REAL, SIM = 0, 1
DOMAIN_NAMES = ("real", "sim")

JPEG_QUALITY = 95
_LEVELS_16 = 65535.0
# Runs only: of the labels faster and smaller than the default.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]

# How whole pictures end: JPEG's end of image; PNG's last chunk, which is empty, and its checksum.
_PNG_END = b"IEND\xaeB`\x82"
_LAST_BYTES = {"jpeg": b"\xff\xd9", "png8": _PNG_END, "png16": _PNG_END}


class WrongRecordsError(InputError):
    """Records that are sound but not those that were asked for, of another version: nothing to skip."""


@dataclass(frozen=True)
class Feature:
    """One feature of the record.

    Attributes:
      name: the field of `Person` that it holds.
      key: the key in the `tf.train.Example`.
      dtype: the type in the Example: `tf.int64`, `tf.float32` or `tf.string`.
      shape: the shape in the Example.
      encoding: how the value becomes that: `plain`, or the codec of a picture.
      optional: absent where a domain or a source lacks it.
      meaning: what it is, with unit and frame.
    """

    name: str
    key: str
    dtype: tf.DType
    shape: tuple[int, ...]
    encoding: str
    optional: bool
    meaning: str


FEATURES = (
    Feature("version", "version", tf.int64, (), "plain", False, "schema version of the record"),
    Feature("domain", "domain", tf.int64, (), "plain", False, "0 real, 1 simulated"),
    Feature("source", "source", tf.string, (), "plain", False, "`figures` or `body`, or the annotation file's name"),
    Feature("image_id", "image/id", tf.int64, (), "plain", False, "COCO image id, or the scene's index"),
    Feature("person_id", "person/id", tf.int64, (), "plain", False, "COCO annotation id, or the place in the scene"),
    Feature("figure_id", "person/figure", tf.string, (), "plain", False, "name of the simulated figure, else empty"),
    Feature("pose", "person/pose", tf.string, (), "plain", False, "simulated pose (`walk-0017`), else empty"),
    Feature("seed", "seed", tf.int64, (), "plain", False, "of the data set; with image/id it gives the scene again"),
    Feature("generator", "generator", tf.string, (), "plain", False, "program and version that wrote the record"),
    Feature(
        "image_size", "image/size", tf.int64, (2,), "plain", False, "height, width of the whole picture, in its pixels"
    ),
    Feature(
        "window", "image/window", tf.float32, (3,), "plain", False,
        "x0, y0, scale: picture pixel = (x0, y0) + record pixel / scale",
    ),
    Feature("image", "image/encoded", tf.string, (), "jpeg", False, "RGB uint8 [H,W,3] around the person"),
    Feature("box_yxyx", "person/box", tf.float32, (4,), "plain", False, "the person's box, record pixels"),
    Feature("keypoints_xy", "person/keypoints", tf.float32, (17, 2), "plain", False, "COCO keypoints, record pixels"),
    Feature(
        "visibility", "person/visibility", tf.int64, (17,), "plain", False, "0 unlabelled, 1 hidden, 2 visible"
    ),
    Feature("mask", "person/mask", tf.string, (), "png8", False, "uint8 {0,1} [H,W]: visible pixels of the person"),
    Feature("others", "others/mask", tf.string, (), "png8", True, "uint8 {0,1} [H,W]: pixels of other people"),
    Feature(
        "ignore", "ignore/mask", tf.string, (), "png8", True, "uint8 {0,1} [H,W]: crowds, where nothing is known"
    ),
    Feature(
        "iuv", "person/iuv", tf.string, (), "png16", True,
        "uint16 [H,W,3]: part 0..24, u * 65535, v * 65535; zero off the person",
    ),
    Feature(
        "normal", "person/normal", tf.string, (), "png16", True,
        "uint16 [H,W,3]: (n + 1) / 2 * 65535 of the unit normal, camera frame; zero off the person",
    ),
)  # fmt: skip

BY_NAME = {feature.name: feature for feature in FEATURES}
KEYS = {feature.key for feature in FEATURES}


@dataclass(frozen=True)
class Person:
    """A record, decoded.

    `image` uint8 `[H,W,3]` RGB; `mask`, `others`, `ignore` bool `[H,W]`; `part` uint8 `[H,W]`; `u`, `v` float32
    `[H,W]` in [0, 1]; `normal` float32 `[H,W,3]`, unit length on the person and 0 off it; the rest as in
    `FEATURES`. None where absent; `part`, `u` and `v` come together.
    """

    domain: int
    source: str
    image_id: int
    person_id: int
    image_size: tuple[int, int]
    window: np.ndarray
    image: np.ndarray
    box_yxyx: np.ndarray
    keypoints_xy: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    generator: str
    figure_id: str = ""
    pose: str = ""
    seed: int = 0
    others: np.ndarray | None = None
    ignore: np.ndarray | None = None
    part: np.ndarray | None = None
    u: np.ndarray | None = None
    v: np.ndarray | None = None
    normal: np.ndarray | None = None


def encode_picture(values: np.ndarray, encoding: str) -> bytes:
    """Return the bytes of a picture: RGB or grey, `jpeg`, `png8` or `png16`."""
    pixels = np.ascontiguousarray(values[..., ::-1]) if values.ndim == 3 else values
    if encoding == "jpeg":
        ok, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    else:
        ok, data = cv2.imencode(".png", pixels, _PNG)
    if not ok:
        raise ValueError(f"OpenCV could not encode an array {values.shape} {values.dtype} as {encoding}")
    return data.tobytes()


def decode_picture(data: object, name: str) -> np.ndarray:
    """Decode the picture feature `name`: uint8 or uint16, `[H,W,3]` (jpeg as RGB, png16) or `[H,W]` (png8).

    Raises ValueError for what is no such picture, or a broken one.
    """
    encoding = BY_NAME[name].encoding
    flags = cv2.IMREAD_COLOR if encoding == "jpeg" else cv2.IMREAD_UNCHANGED
    whole = isinstance(data, bytes) and data.endswith(_LAST_BYTES[encoding])  # OpenCV fills in what is cut off
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if whole else None
    dtype, channels = (np.uint16 if encoding == "png16" else np.uint8), (2 if encoding == "png8" else 3)
    if pixels is None or pixels.dtype != dtype or pixels.ndim != channels:
        raise ValueError(f"{BY_NAME[name].key}: not a {encoding} picture")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if pixels.ndim == 3 else pixels


def _plain_values(person: Person) -> dict[str, object]:
    """Return what each feature stores, before encoding, keyed by feature name."""
    values: dict[str, object] = {"version": VERSION}
    for field in dataclasses.fields(person):
        value = getattr(person, field.name)
        if field.name in BY_NAME and value is not None:
            values[field.name] = np.asarray(value, np.uint8) if BY_NAME[field.name].encoding == "png8" else value
    if person.part is not None:
        values["iuv"] = iuv_levels(person.part, person.u, person.v)
    if person.normal is not None:
        values["normal"] = normal_levels(person.normal)
    return values


def iuv_levels(part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return uint16 `[H,W,3]`: part, u * 65535, v * 65535 of `[H,W]` maps; zero off people."""
    iuv, on_person = np.zeros((*part.shape, 3), np.uint16), part > 0
    iuv[on_person, 0] = part[on_person]
    iuv[on_person, 1], iuv[on_person, 2] = (np.round(x[on_person] * _LEVELS_16) for x in (u, v))
    return iuv


def normal_levels(normal: np.ndarray) -> np.ndarray:
    """Return uint16 `[H,W,3]`: (n + 1) / 2 * 65535 of unit normals `[H,W,3]`; zero where they are 0."""
    levels, on_person = np.zeros(normal.shape, np.uint16), normal.any(-1)
    levels[on_person] = np.round((normal[on_person] + 1) / 2 * _LEVELS_16)
    return levels


def encode(person: Person) -> bytes:
    """Return the serialised `tf.train.Example` of a person."""
    features = {}
    for name, value in _plain_values(person).items():
        feature = BY_NAME[name]
        if feature.encoding != "plain":
            features[feature.key] = _bytes_feature(encode_picture(np.asarray(value), feature.encoding))
        elif feature.dtype == tf.string:
            features[feature.key] = _bytes_feature(str(value).encode())
        else:
            flat = np.asarray(value).reshape(-1)
            if flat.size != int(np.prod(feature.shape)):
                raise ValueError(f"{name}: {np.shape(value)} instead of {feature.shape}")
            features[feature.key] = _number_feature(flat, feature.dtype)
    # Deterministic: the same person gives the same bytes in every process.
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _number_feature(values: np.ndarray, dtype: tf.DType) -> tf.train.Feature:
    if dtype == tf.int64:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values.astype(np.int64)))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values.astype(np.float32)))


def decode(serialized: bytes, place: str = "record") -> Person:
    """Return the person of a serialised Example. Raises InputError, naming `place`, for another schema."""
    values = read(serialized, place)
    for feature in FEATURES:
        if feature.encoding != "plain" and feature.name in values:
            values[feature.name] = decode_picture(values[feature.name], feature.name)
    del values["version"]
    return _person(values)


def read(serialized: bytes, place: str = "record") -> dict[str, object]:
    """Return the features of a serialised Example by name: numbers as in `FEATURES`, pictures still encoded.

    Optional features that are absent have no entry.

    Raises:
      WrongRecordsError: another schema version.
      InputError: no Example, or one without a feature; the message names `place`.
      ValueError: a feature is empty, or of another type or size.
    """
    example = tf.train.Example()
    try:
        example.ParseFromString(serialized)
    except Exception as error:  # protobuf's DecodeError lives in a private module
        raise InputError(f"{place}: not a tf.train.Example ({error})") from error
    stored = example.features.feature
    check_version(stored["version"].int64_list.value, place)
    values: dict[str, object] = {}
    for feature in FEATURES:
        if feature.key in stored:
            values[feature.name] = _read_feature(stored[feature.key], feature)
        elif not feature.optional:
            raise InputError(f"{place}: feature {feature.key!r} is missing")
    return values


def check_version(stored: object, place: str) -> None:
    """Raise WrongRecordsError unless `stored` (the list in a record) is `[VERSION]`."""
    versions = [int(v) for v in stored]  # type: ignore[attr-defined]
    if versions != [VERSION]:
        found = versions[0] if versions else "none"
        wanted = f"this program reads version {VERSION}; write the records anew"
        raise WrongRecordsError(f"{place}: schema version {found}, {wanted}")


def _read_feature(stored: tf.train.Feature, feature: Feature) -> object:
    if feature.dtype == tf.string:
        if len(stored.bytes_list.value) != 1:
            raise ValueError(f"feature {feature.key!r} is not one string")
        data = stored.bytes_list.value[0]
        return data.decode() if feature.encoding == "plain" else data
    number_list = stored.int64_list if feature.dtype == tf.int64 else stored.float_list
    values = np.array(number_list.value, feature.dtype.as_numpy_dtype)
    if values.size != int(np.prod(feature.shape)):
        raise ValueError(f"feature {feature.key!r} has {values.size} numbers instead of {int(np.prod(feature.shape))}")
    return values.reshape(feature.shape) if feature.shape else int(values[0])


def _person(values: dict) -> Person:
    """Turn decoded pictures into the arrays of `Person`."""
    for name in ("mask", "others", "ignore"):
        if name in values:
            values[name] = values[name] > 0
    if "iuv" in values:
        iuv = values.pop("iuv")
        values["part"] = iuv[..., 0].astype(np.uint8)
        values["u"], values["v"] = (iuv[..., c].astype(np.float32) / np.float32(_LEVELS_16) for c in (1, 2))
    if "normal" in values:
        stored = values["normal"]
        normal = stored.astype(np.float32) * np.float32(2 / _LEVELS_16) - 1
        values["normal"] = np.where(np.any(stored > 0, -1, keepdims=True), normal, np.float32(0))
    values["image_size"] = tuple(int(v) for v in values["image_size"])
    return Person(**values)


def markdown_table() -> str:
    """Return the record's table as WORKSPACE.md prints it."""
    rows = ["| key | type | shape | encoding | absent? | meaning |", "|---|---|---|---|---|---|"]
    for f in FEATURES:
        shape = "x".join(map(str, f.shape)) or "1"
        optional = "may be" if f.optional else "never"
        rows.append(f"| `{f.key}` | {f.dtype.name} | {shape} | {f.encoding} | {optional} | {f.meaning} |")
    return "\n".join(rows)
