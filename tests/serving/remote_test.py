"""The client and a server over the same SavedModel: real requests by gRPC and REST on loopback."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from simpose_tf.errors import InputError
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.serving import answers, warmup
from simpose_tf.serving.connection import Refusal, Server, connect
from simpose_tf.serving.remote import Client
from simpose_tf.serving.rest_transport import RestTransport
from tests.inference import savedmodels
from tests.serving.model_server import ModelServer, Servable
from tests.serving.whole_model import encoded, found, scene


@pytest.fixture(params=["grpc", "rest"])
def address(request: pytest.FixtureRequest, server: ModelServer) -> str:
    return server.grpc_address if request.param == "grpc" else server.rest_address


def assert_same(got: list[PredictedPerson], expected: list[PredictedPerson]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        for name in ("box_yxyx", "keypoints", "crop_from_image"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(one.score, other.score, atol=1e-4)
        np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-4)
        np.testing.assert_array_equal(one.crop.part, other.crop.part)
        for name in ("mask", "uv", "normal"):
            np.testing.assert_allclose(getattr(one.crop, name), getattr(other.crop, name), atol=1e-4)
            assert getattr(one.crop, name).dtype == getattr(other.crop, name).dtype


def test_one_picture_gives_the_python_predictor_s_people(address: str, model: ExportedModel) -> None:
    image = scene((90, 120), 3)
    with Client(Server(address)) as client:
        got = client.predict(image)
    assert got
    assert_same(got, found(model, image))


@pytest.mark.parametrize("per_request", [1, 3])
def test_batches_of_different_pictures_come_back_in_order(address: str, model: ExportedModel, per_request: int) -> None:
    images = [scene((60 + 7 * k, 90 - 5 * k), people, k) for k, people in enumerate((2, 0, 5, 1))]
    with Client(Server(address), pictures_per_request=per_request) as client:
        got = list(client.predict_each(images))
    assert [answer.name for answer in got] == [f"picture {k}" for k in range(4)]
    for answer, image in zip(got, images, strict=True):
        assert_same(answer.people, found(model, image))


def test_a_request_without_people_has_the_axes_of_one_with(address: str) -> None:
    transport = connect(Server(address))
    empty, full = (
        transport.ask("serving_default", {"pictures": np.array([encoded(scene((50, 60), people))], object)})
        for people in (0, 1)
    )
    for name in full:
        assert empty[name].dtype == full[name].dtype, name
        assert empty[name].shape[2:] == full[name].shape[2:] or not name.startswith("p"), name
    assert empty["keypoints"].shape == (1, 0, 17, 3)


def test_rows_and_columns_of_rest_are_the_same(server: ModelServer) -> None:
    pictures = {"pictures": np.array([encoded(scene((50, 60), 2)), encoded(scene((40, 40), 1))], object)}
    rows, columns = (
        RestTransport(Server(server.rest_address), form).ask("serving_default", pictures) for form in (1, 0)
    )
    assert set(rows) == set(columns)
    for name, values in rows.items():
        np.testing.assert_array_equal(values, columns[name], name)


def test_pixels_and_crops_can_be_asked_directly(address: str, model: ExportedModel) -> None:
    transport, rng = connect(Server(address)), np.random.default_rng(0)
    assert transport.inputs_of("image") == {"images"} and transport.inputs_of("crops") == {"crops"}
    image = scene((30, 40), 1)
    assert transport.ask("image", {"images": image[None]})["num_people"].tolist() == [len(found(model, image))]
    crops = rng.integers(0, 256, (2, model.stage.height, model.stage.width, 3)).astype(np.uint8)
    expected = model.stage.people(tf.constant(crops))
    for name, values in transport.ask("crops", {"crops": crops}).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-4, err_msg=name)


def test_fifty_at_once_are_all_answered(address: str, model: ExportedModel) -> None:
    image, expected = scene((40, 50), 1), None
    expected = found(model, image)
    with Client(Server(address)) as client, ThreadPoolExecutor(50) as pool:
        for got in pool.map(lambda _: client.predict(image), range(50)):
            assert_same(got, expected)


@pytest.mark.parametrize("per_request", [1, 4])
def test_bad_pictures_between_good_ones_are_named(
    address: str, model: ExportedModel, tmp_path: Path, per_request: int
) -> None:
    image = scene((60, 80), 2)
    cut_off = encoded(image, "JPEG")[:-900]  # its header is whole, so that it is the server that refuses it
    (tmp_path / "text.jpg").write_text("no picture")
    pictures = [encoded(image), cut_off, tmp_path / "text.jpg", tmp_path / "missing.png", image.astype(float), image]
    with Client(Server(address), pictures_per_request=per_request) as client:
        got = list(client.predict_each(pictures))
        assert_same(got[0].people, found(model, image))
        assert_same(got[-1].people, found(model, image))
        words = [str(answer.fault) for answer in got[1:-1]]
        with pytest.raises(InputError, match="picture 0: the server refuses it"):
            client.predict(cut_off)
    assert words[0].startswith("picture 1: the server refuses it (INVALID_ARGUMENT")
    assert words[1].startswith(f"{tmp_path / 'text.jpg'}: not a readable picture")
    assert words[2] == f"{tmp_path / 'missing.png'}: not a readable picture (No such file or directory)"
    assert words[3] == "picture 4: pixels must be uint8 RGB [H,W,3], not float64 [60, 80, 3]"


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_oversize_requests_are_refused_and_the_server_lives_on(servable: Servable, kind: str) -> None:
    small = ModelServer(servable, max_bytes=100_000)
    large = np.random.default_rng(0).integers(0, 256, (250, 250, 3)).astype(np.uint8)  # noise: 190 KB as PNG
    try:
        with Client(Server(small.grpc_address if kind == "grpc" else small.rest_address)) as client:
            got = list(client.predict_each([scene((40, 40), 1), large, scene((40, 40), 1)]))
            assert [answer.fault is None for answer in got] == [True, False, True]
            assert str(got[1].fault).startswith("picture 1: the server refuses it (RESOURCE_EXHAUSTED")
            assert len(client.predict(scene((40, 40), 1))) == 1
    finally:
        small.stop()


PIXELS = np.zeros((1, 8, 8, 3), np.uint8)
WRONG = [
    ("nonsense", {"images": PIXELS}, (), "FAILED_PRECONDITION", "FAILED_PRECONDITION"),
    ("image", {"pictures": PIXELS}, (), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("image", {"images": PIXELS, "more": PIXELS}, (), "INVALID_ARGUMENT", None),
    ("image", {}, (), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("image", {"images": PIXELS.astype(np.float32)}, (), "INVALID_ARGUMENT", None),
    ("image", {"images": PIXELS[..., :2]}, (), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("image", {"images": np.array(["text"], object)}, (), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("crops", {"crops": PIXELS}, (), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("image", {"images": PIXELS}, ("nonsense",), "INVALID_ARGUMENT", None),
]


@pytest.mark.parametrize(("signature", "inputs", "outputs", "by_grpc", "by_rest"), WRONG)
def test_wrong_requests_get_their_status(
    server: ModelServer, signature: str, inputs: dict, outputs: tuple, by_grpc: str, by_rest: str | None
) -> None:
    for address, status in ((server.grpc_address, by_grpc), (server.rest_address, by_rest)):
        if status:  # REST knows no types of numbers and no filter of outputs, and passes over inputs too many
            with pytest.raises(Refusal) as refused:
                connect(Server(address)).ask(signature, inputs, outputs)
            assert refused.value.status == status and refused.value.details
    with Client(Server(server.grpc_address)) as client:
        assert len(client.predict(scene((40, 40), 1))) == 1


@pytest.mark.parametrize(("name", "version"), [("other", None), ("simpose", 7)])
def test_unknown_models_and_versions_are_named(address: str, name: str, version: int | None) -> None:
    with Client(Server(address, name, version)) as client, pytest.raises(InputError) as raised:
        client.predict(scene((40, 40), 1))
    asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    assert str(raised.value) == f"{address}: model {name!r}: NOT_FOUND: Servable not found for request: {asked}"


def test_the_version_that_is_asked_for_answers(address: str) -> None:
    with Client(Server(address, version=1)) as client:
        assert len(client.predict(scene((40, 40), 1))) == 1


def test_a_model_without_a_detector_is_told_of(tmp_path: Path) -> None:
    savedmodels.save(savedmodels.EchoModel(65, 33), tmp_path / "1")
    running = ModelServer(Servable(tmp_path))
    try:
        for address in (running.grpc_address, running.rest_address):
            with Client(Server(address)) as client, pytest.raises(InputError, match="takes \\['crops'\\], no pictures"):
                client.predict(scene((40, 40), 1))
    finally:
        running.stop()


def test_a_server_that_goes_away_and_comes_back(servable: Servable) -> None:
    running = ModelServer(servable)
    image = scene((40, 40), 1)
    addresses = running.grpc_address, running.rest_address
    patient = [Client(Server(address, retries=8)) for address in addresses]
    hasty = [Client(Server(address, retries=0)) for address in addresses]
    try:
        assert [len(client.predict(image)) for client in (*patient, *hasty)] == [1] * 4
        running.stop()
        for client in hasty:
            with pytest.raises(ConnectionError, match="UNAVAILABLE"):
                client.predict(image)
        threading.Timer(1.0, running.start).start()
        assert [len(client.predict(image)) for client in patient] == [1, 1]
        time.sleep(2)  # channels look for the server again at most that much later
        assert [len(client.predict(image)) for client in hasty] == [1, 1]
    finally:
        running.stop()


def test_only_unavailable_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from simpose_tf.serving import connection

    waits: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", waits.append)
    calls: list[str] = []

    def refuse(*statuses: str) -> None:
        calls.append("")
        raise Refusal(statuses[min(len(calls), len(statuses)) - 1], "")

    with pytest.raises(Refusal, match="NOT_FOUND"):
        connection.with_retries(lambda: refuse("UNAVAILABLE", "UNAVAILABLE", "NOT_FOUND"), 5)
    assert len(calls) == 3 and waits == [0.2, 0.4]
    calls.clear()
    waits.clear()
    with pytest.raises(Refusal, match="UNAVAILABLE"):
        connection.with_retries(lambda: refuse("UNAVAILABLE"), 7)
    assert len(calls) == 8 and waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_an_answer_that_takes_too_long_is_a_timeout(address: str) -> None:
    picture = encoded(np.zeros((2000, 2000, 3), np.uint8))
    with Client(Server(address, timeout=0.02)) as client, pytest.raises(TimeoutError, match="DEADLINE_EXCEEDED"):
        client.predict(picture)
    with Client(Server(address)) as client:
        assert len(client.predict(scene((40, 40), 1))) == 1


def test_fewer_outputs_are_a_fraction_of_the_bytes(server: ModelServer) -> None:
    with Client(Server(server.grpc_address)) as client:
        few = next(client.answers([scene((90, 120), 3)], answers.KEYPOINT_OUTPUTS)).found
        full = next(client.answers([scene((90, 120), 3)])).found
    assert set(few) == set(answers.KEYPOINT_OUTPUTS)
    for name, values in few.items():
        np.testing.assert_allclose(values, full[name], atol=1e-4, err_msg=name)
    assert 50 * sum(v.nbytes for v in few.values()) < sum(v.nbytes for v in full.values())


def test_warm_up_requests_are_answered_over_the_wire(saved: Path, server: ModelServer) -> None:
    transport = connect(Server(server.grpc_address))
    for record in tf.data.TFRecordDataset(str(saved / warmup.REQUESTS)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {name: tf.make_ndarray(values) for name, values in request.inputs.items()}
        assert transport.ask(request.model_spec.signature_name, inputs)


BODIES = [
    (b"", 400, "JSON Parse error"),
    (b"{", 400, "JSON Parse error"),
    (b"[]", 400, "Is not object"),
    (b"{}", 400, "Missing 'inputs' or 'instances' key"),
    (b'{"inputs": [], "instances": []}', 400, "only one"),
    (b'{"instances": []}', 400, "No values"),
    (b'{"signature_name": 3, "inputs": []}', 400, "signature_name"),
    (b'{"signature_name": "x", "inputs": []}', 400, "not found in signature def"),
    (b'{"inputs": [{"b64": "***"}]}', 400, "base64"),
    (b'{"inputs": {"other": []}}', 400, "Missing named input"),
    (b'{"instances": [{"b64": "AAAA"}, {"pictures": "x"}]}', 400, ""),
    (b'{"signature_name": "image", "inputs": [[[["a"]]]]}', 400, "expected type"),
    (b'{"signature_name": "image", "inputs": [[[[1, 2, 3]], [[1]]]]}', 400, "unexpected size"),
    (b'{"inputs": [{"b64": "AAAA"}]}', 400, ""),
]


@pytest.mark.parametrize(("body", "status", "words"), BODIES)
def test_bad_bodies_get_a_status_and_an_error(server: ModelServer, body: bytes, status: int, words: str) -> None:
    answer = requests.post(f"{server.rest_address}/v1/models/simpose:predict", data=body, timeout=60)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_status_metadata_and_other_paths(server: ModelServer) -> None:
    def get(path: str) -> tuple[int, dict]:
        answer = requests.get(server.rest_address + path, timeout=60)
        return answer.status_code, answer.json()

    code, status = get("/v1/models/simpose")
    assert code == 200 and status["model_version_status"][0]["state"] == "AVAILABLE"
    code, metadata = get("/v1/models/simpose/versions/1/metadata")
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert code == 200 and signature["inputs"]["pictures"]["dtype"] == "DT_STRING"
    assert get("/v1/models/other")[0] == 404
    assert get("/v1/models/simpose:predict") == (400, {"error": "Malformed request: GET /v1/models/simpose:predict"})


def test_rest_needs_no_tensorflow(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(scene((40, 40), 1)))
    code = (
        "import sys\n"
        "from simpose_tf.serving.connection import Server\n"
        "from simpose_tf.serving.remote import Client\n"
        "print(len(Client(Server(sys.argv[1])).predict(sys.argv[2])), 'tensorflow' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, server.rest_address, str(tmp_path / "a.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "False"], done.stderr
