"""The SavedModel of both stages: equal to the Python predictor, in a process that has TensorFlow only."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from simpose_tf.inference import exported
from simpose_tf.inference.pictures import read_picture
from simpose_tf.serving import signatures, warmup
from tests.serving import whole_model
from tests.serving.whole_model import encoded, found, scene


def assert_equal(answer: dict, place: int, people: list) -> None:
    """Compare what a signature answers for the picture at `place` with the Python predictor's people."""
    assert answer["num_people"][place] == len(people)
    for name, width in (("boxes", 4), ("keypoints", 3), ("windows", 4)):
        assert answer[name].shape[-1] == width
    for k, person in enumerate(people):
        np.testing.assert_allclose(answer["boxes"][place, k], person.box_yxyx, rtol=1e-6, atol=1e-4)
        np.testing.assert_allclose(answer["keypoints"][place, k], person.keypoints, rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(answer["score"][place, k], person.score, atol=1e-4)
        np.testing.assert_array_equal(answer["part"][place, k], person.crop.part)
        for name in ("mask", "uv", "normal"):
            np.testing.assert_allclose(answer[name][place, k], getattr(person.crop, name), atol=1e-4)
    for name, values in answer.items():
        if name not in ("num_people", "size"):
            assert not np.any(values[place, len(people) :]), name


@pytest.mark.parametrize(
    ("size", "people"), [((120, 160), 3), ((90, 70), 0), ((16, 16), 1), ((333, 500), 10), ((1, 1), 0)]
)
def test_image_equals_the_python_predictor(model: exported.ExportedModel, size: tuple, people: int) -> None:
    image = scene(size, people)
    answer = model.loaded.signatures["image"](images=tf.constant(image[None]))
    expected = found(model, image)
    assert people == 0 or expected
    assert_equal({name: values.numpy() for name, values in answer.items()}, 0, expected)
    assert answer["size"].numpy().tolist() == [list(size)]


def test_pictures_of_any_size_go_in_one_request(model: exported.ExportedModel) -> None:
    images = [scene((80, 120), 2, 1), scene((50, 40), 0), scene((200, 90), 5, 2)]
    answer = model.loaded.signatures["serving_default"](pictures=tf.constant([encoded(i) for i in images]))
    assert answer["num_people"].numpy().tolist() == [len(found(model, image)) for image in images]
    for place, image in enumerate(images):
        assert_equal({name: values.numpy() for name, values in answer.items()}, place, found(model, image))


def test_a_picture_as_large_as_a_camera_s(model: exported.ExportedModel) -> None:
    # The detector sees it shrunk, so its boxes may be off by some pixels; people and their number are the predictor's.
    image = np.kron(scene((300, 400), 4, 3), np.ones((20, 20, 1), np.uint8))
    answer = model.loaded.signatures["image"](images=tf.constant(image[None]))
    assert_equal({name: values.numpy() for name, values in answer.items()}, 0, found(model, image))


@pytest.mark.parametrize(
    ("kind", "mode", "options", "tolerance"),
    [
        ("PNG", "RGB", {}, 0),
        ("PNG", "L", {}, 0),
        ("PNG", "LA", {}, 0),
        ("PNG", "P", {}, 0),
        ("BMP", "RGB", {}, 0),
        ("GIF", "L", {}, 0),
        ("JPEG", "RGB", {"quality": 90}, 0),
        ("JPEG", "RGB", {"quality": 75, "subsampling": 0, "progressive": True}, 0),
        ("JPEG", "L", {}, 0),
        ("JPEG", "CMYK", {}, 2),
    ],
)
def test_pictures_are_decoded_as_the_predictor_reads_them(
    tmp_path: Path, kind: str, mode: str, options: dict, tolerance: int
) -> None:
    smooth = np.stack(np.meshgrid(np.linspace(0, 255, 61), np.linspace(30, 200, 47)), -1)
    image = np.concatenate([smooth, 255 - smooth[..., :1]], -1).astype(np.uint8)
    path = tmp_path / "picture"
    path.write_bytes(encoded(image, kind, mode, **options))
    got = signatures.decode_picture(tf.constant(path.read_bytes())).numpy().astype(int)
    assert np.abs(got - read_picture(str(path))).max() <= tolerance


def test_transparent_pixels_are_white_as_the_predictor_reads_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (20, 30, 4)).astype(np.uint8), "RGBA").save(tmp_path / "a.png")
    got = signatures.decode_picture(tf.constant((tmp_path / "a.png").read_bytes())).numpy().astype(int)
    assert np.abs(got - read_picture(str(tmp_path / "a.png"))).max() <= 1


@pytest.mark.parametrize("bad", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_picture_is_an_invalid_argument(model: exported.ExportedModel, bad: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        model.loaded.signatures["serving_default"](pictures=tf.constant([bad]))


def test_loads_where_there_is_tensorflow_only(saved: Path, model: exported.ExportedModel, tmp_path: Path) -> None:
    image = scene((60, 80), 2, 4)
    (tmp_path / "picture.png").write_bytes(encoded(image))
    code = (
        "import sys, tensorflow as tf\n"
        "served = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
        "answer = served(pictures=tf.constant([open(sys.argv[2], 'rb').read()]))\n"
        "assert not any(name.split('.')[0] in ('simpose_tf', 'official', 'object_detection') for name in sys.modules)\n"
        "print(answer['num_people'].numpy()[0])\n"
    )
    command = [sys.executable, "-c", code, str(saved), str(tmp_path / "picture.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.strip() == str(len(found(model, image))), done.stderr


def test_warm_up_requests_are_answered(saved: Path, model: exported.ExportedModel) -> None:
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(saved / warmup.REQUESTS))
    ]
    assert len(logs) <= 1000  # as many as TensorFlow Serving takes
    asked = {log.predict_log.request.model_spec.signature_name: log.predict_log.request for log in logs}
    assert set(asked) == {"crops", "image", "serving_default"}
    for name, request in asked.items():
        inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        assert model.loaded.signatures[name](**inputs)["score"].dtype == tf.float32


def test_settings_of_detection_are_read_back(model: exported.ExportedModel) -> None:
    assert (model.detection, model.nms, model.stage.score) == (
        whole_model.DETECTION,
        whole_model.LIMITS,
        whole_model.SCORE,
    )
