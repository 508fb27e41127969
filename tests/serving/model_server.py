"""A small stand-in for TensorFlow Serving, whose binary is in no package registry: gRPC and REST over one SavedModel.

It loads and runs a model as the real one does: the SavedModel's graph in a TF1 session, which gets the tensors that
`signature_def` names, pruned to the outputs that are asked for. What it answers is held to the API's own protos
(`tensorflow-serving-api`) and to TensorFlow Serving's sources, read for it:

| what | status, words | read in tensorflow_serving/ |
|---|---|---|
| no such model or version | NOT_FOUND, "Servable not found for request: Latest(x)" | g3doc/api_rest.md |
| no such signature, gRPC | FAILED_PRECONDITION, 'Serving signature key "x" not found.' | predict_util.cc |
| no such signature, REST | INVALID_ARGUMENT, 'Serving signature name: "x" not found' | http_rest_api_handler.cc |
| inputs missing or too many | INVALID_ARGUMENT, "input size does not match signature" | predict_util.cc |
| input or output unknown | INVALID_ARGUMENT, "input tensor alias not found in signature" | predict_util.cc |
| JSON that is none, types | INVALID_ARGUMENT, "JSON Parse error", "... is not of expected type" | json_tensor.cc |
| what the graph refuses | the graph's: INVALID_ARGUMENT for what is no picture | predict_util.cc |
| HTTP's statuses | INVALID_ARGUMENT 400, NOT_FOUND 404, UNIMPLEMENTED 501, ... | http_server.cc |

Other services than Predict and GetModelMetadata are UNIMPLEMENTED, as the API's own servicer has them.

Two things differ. The shape of an input is checked here before the graph runs, there by the graph's operations: both
are INVALID_ARGUMENT, with other words. And the real server takes gRPC messages of up to 2 GB unless
`--grpc_channel_arguments=grpc.max_receive_message_length=N` says less, which `max_bytes` is here, and bodies of any
size by REST: 413 is what a proxy before it says (nginx' client_max_body_size).
"""

import base64
import binascii
import contextlib
import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

DEFAULT = "serving_default"

_HTTP = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}

_PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(?::(predict)|/(metadata))?")


class Fault(Exception):
    def __init__(self, status: grpc.StatusCode, words: str):
        super().__init__(words)
        self.status, self.words = status, words


def invalid(words: str) -> Fault:
    return Fault(grpc.StatusCode.INVALID_ARGUMENT, words)


class Servable:
    """The latest version of a model, `FOLDER/VERSION/saved_model.pb`: what gRPC and REST ask."""

    def __init__(self, folder: Path, name: str = "simpose"):
        self.name, self.version = name, max(int(path.name) for path in folder.iterdir() if path.name.isdigit())
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder / str(self.version)))
        self.signatures = {n: s for n, s in meta.signature_def.items() if not n.startswith("__")}

    def require(self, model: str, version: int | None) -> None:
        if model != self.name or version not in (None, self.version):
            asked = f"Latest({model})" if version is None else f"Specific({model}, {version})"
            raise Fault(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")

    def run(self, signature: Any, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        if set(inputs) != set(signature.inputs):
            raise invalid(_mismatch(set(inputs), set(signature.inputs)))
        for name, values in inputs.items():
            wanted = tf.dtypes.as_dtype(signature.inputs[name].dtype)
            if tf.dtypes.as_dtype(values.dtype) != wanted:
                raise invalid(f"Expects arg[0] to be {wanted.name} but {values.dtype} is provided")
        if unknown := [name for name in outputs if name not in signature.outputs]:
            raise invalid(f"output tensor alias not found in signature: {unknown[0]}")
        if len(set(outputs)) < len(outputs):
            raise invalid("duplicate output tensor alias")
        fetches = {name: signature.outputs[name].name for name in outputs or signature.outputs}
        try:
            return self._session.run(fetches, {signature.inputs[n].name: v for n, v in inputs.items()})
        except tf.errors.OpError as error:
            by_number = {code.value[0]: code for code in grpc.StatusCode}
            raise Fault(by_number[error.error_code], error.message) from error
        except ValueError as error:  # a shape that does not fit the signature's
            raise invalid(str(error)) from error

    def close(self) -> None:
        self._session.close()


def _mismatch(sent: set[str], known: set[str]) -> str:
    if len(sent) == len(known):
        return f"input tensor alias not found in signature: {min(sent - known)}. Inputs expected: {sorted(known)}"
    extra, missing = sorted(sent - known), sorted(known - sent)
    return f"input size does not match signature: {len(sent)}!={len(known)}. Sent extra: {extra}. Missing: {missing}."


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; what else the service has is UNIMPLEMENTED by the base class."""

    def __init__(self, servable: Servable):
        self._servable = servable

    def Predict(self, request: Any, context: grpc.ServicerContext) -> predict_pb2.PredictResponse:
        try:
            self._require(request.model_spec)
            name = request.model_spec.signature_name or DEFAULT
            if name not in self._servable.signatures:
                raise Fault(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
            inputs = {key: _ndarray(value) for key, value in request.inputs.items()}
            found = self._servable.run(self._servable.signatures[name], inputs, list(request.output_filter))
        except Fault as fault:
            context.abort(fault.status, fault.words)
        response = predict_pb2.PredictResponse()
        response.model_spec.name, response.model_spec.signature_name = self._servable.name, name
        response.model_spec.version.value = self._servable.version
        for key, values in found.items():
            response.outputs[key].CopyFrom(tf.make_tensor_proto(values))
        return response

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            self._require(request.model_spec)
            if list(request.metadata_field) != ["signature_def"]:
                raise invalid(f"Metadata field {list(request.metadata_field)} is not supported")
        except Fault as fault:
            context.abort(fault.status, fault.words)
        return metadata(self._servable)

    def _require(self, spec: Any) -> None:
        if not spec.name:
            raise invalid("Missing ModelSpec")
        self._servable.require(spec.name, spec.version.value if spec.HasField("version") else None)


def _ndarray(proto: Any) -> np.ndarray:
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError) as error:
        raise invalid(f"tensor parsing error: {error}") from error


def metadata(servable: Servable) -> get_model_metadata_pb2.GetModelMetadataResponse:
    known = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        known.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.metadata["signature_def"].Pack(known)
    return response


def status(servable: Servable) -> get_model_status_pb2.GetModelStatusResponse:
    response = get_model_status_pb2.GetModelStatusResponse()
    one = response.model_version_status.add(version=servable.version)
    one.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    one.status.SetInParent()
    return response


class RestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "RestServer"

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if length > self.server.max_bytes:
            for start in range(0, length, 1 << 16):  # as a proxy does: let the client finish, or it sees no answer
                self.rfile.read(min(1 << 16, length - start))
            self._send(413, {"error": "Request Entity Too Large"})
        else:
            self._answer("POST", self.rfile.read(length))

    def _answer(self, method: str, body: bytes) -> None:
        try:
            self._send(200, self._content(method, body))
        except Fault as fault:
            self._send(_HTTP.get(fault.status, 500), {"error": fault.words})

    def _content(self, method: str, body: bytes) -> dict:
        found = _PATH.fullmatch(self.path)
        if not found or method != ("POST" if found[3] else "GET"):
            raise invalid(f"Malformed request: {method} {self.path}")
        servable = self.server.servable
        servable.require(found[1], int(found[2]) if found[2] else None)
        if found[3]:
            return predict_json(servable, body)
        proto = metadata(servable) if found[4] else status(servable)
        return json_format.MessageToDict(proto, including_default_value_fields=True, preserving_proto_field_name=True)

    def _send(self, code: int, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def predict_json(servable: Servable, body: bytes) -> dict:
    """Answer a :predict request: rows (`instances`) or columns (`inputs`)."""
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(asked, dict):
        raise invalid("JSON Value: Is not object")
    name = asked.get("signature_name", DEFAULT)
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    if name not in servable.signatures:
        raise invalid(f'Serving signature name: "{name}" not found in signature def')
    signature = servable.signatures[name]
    if ("instances" in asked) == ("inputs" in asked):
        raise invalid("Missing 'inputs' or 'instances' key" if "inputs" not in asked else "expecting only one of both")
    rows = "instances" in asked
    columns = _columns_of_rows(asked["instances"], signature) if rows else _columns(asked["inputs"], signature)
    inputs = {key: _tensor(value, signature.inputs[key].dtype) for key, value in columns.items()}
    found = {key: values.tolist() for key, values in servable.run(signature, inputs, []).items()}
    if not rows:
        return {"outputs": found if len(found) > 1 else next(iter(found.values()))}
    if len(found) == 1:
        return {"predictions": next(iter(found.values()))}
    return {"predictions": [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]}


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _columns(inputs: Any, signature: Any) -> dict:
    if not isinstance(inputs, dict) or _is_base64(inputs):
        if len(signature.inputs) > 1:
            raise invalid("inputs is a plain value/list, but expecting an object as multiple input tensors required")
        return {next(iter(signature.inputs)): inputs}
    if missing := [key for key in signature.inputs if key not in inputs]:
        raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
    return {key: inputs[key] for key in signature.inputs}


def _columns_of_rows(instances: Any, signature: Any) -> dict:
    if not isinstance(instances, list) or not instances:
        raise invalid("Excepting 'instances' to be an list/array" if instances else "No values in 'instances' array")
    if not isinstance(instances[0], dict) or _is_base64(instances[0]):
        return _columns(instances, signature)
    for number, row in enumerate(instances):
        if not isinstance(row, dict) or set(row) != set(signature.inputs):
            raise invalid(f"Failed to process element: {number}: keys must be equal to: {sorted(signature.inputs)}")
    return {key: [row[key] for row in instances] for key in signature.inputs}


def _tensor(value: Any, dtype: int) -> np.ndarray:
    kind = tf.dtypes.as_dtype(dtype)
    leaves = _leaves(value)
    if kind == tf.string:
        flat = [_bytes(leaf) for leaf in leaves]
    elif not all(isinstance(leaf, int | float) for leaf in leaves):
        raise invalid(f"JSON Value is not of expected type: {kind.name}")
    else:
        flat = leaves
    try:
        array = np.empty(len(flat), object)
        array[:] = flat
        return array.astype(kind.as_numpy_dtype).reshape(_shape(value))
    except ValueError as error:
        raise invalid(f"Encountered list at unexpected size: {error}") from error


def _leaves(value: Any) -> list:
    return [leaf for one in value for leaf in _leaves(one)] if isinstance(value, list) else [value]


def _shape(value: Any) -> tuple[int, ...]:
    return (len(value), *(_shape(value[0]) if value else ())) if isinstance(value, list) else ()


def _bytes(leaf: Any) -> bytes:
    if isinstance(leaf, str):
        return leaf.encode()
    if not _is_base64(leaf):
        raise invalid("JSON Value not formatted correctly for base64 data")
    try:
        return base64.b64decode(leaf["b64"], validate=True)
    except binascii.Error as error:
        raise invalid("Unable to base64 decode") from error


class RestServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, servable: Servable, port: int, max_bytes: int):
        super().__init__(("127.0.0.1", port), RestHandler)
        self.servable, self.max_bytes = servable, max_bytes
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def go_away(self) -> None:
        """Stop listening and cut off the clients, who may have kept their connections."""
        self.shutdown()
        self.server_close()
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class ModelServer:
    """Both interfaces of a model on loopback."""

    def __init__(self, servable: Servable, max_bytes: int = (1 << 31) - 1, threads: int = 8):
        self._servable, self._max_bytes, self._threads = servable, max_bytes, threads
        self.grpc_port = self.rest_port = 0
        self.start()

    @property
    def grpc_address(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def rest_address(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    def start(self) -> None:
        """Listen, on the ports of before if there are any."""
        options = [("grpc.max_receive_message_length", self._max_bytes), ("grpc.max_send_message_length", -1)]
        self._grpc = grpc.server(ThreadPoolExecutor(self._threads), options=options)
        service = PredictionService(self._servable)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, self._grpc)
        self.grpc_port = self._grpc.add_insecure_port(f"127.0.0.1:{self.grpc_port}")
        self._grpc.start()
        self._rest = RestServer(self._servable, self.rest_port, self._max_bytes)
        self.rest_port = self._rest.server_port
        threading.Thread(target=self._rest.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._grpc.stop(None).wait()
        self._rest.go_away()
