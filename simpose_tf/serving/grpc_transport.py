"""TensorFlow Serving by gRPC: tensors as bytes, the outputs that are wanted and no others."""

from collections.abc import Callable, Sequence

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from simpose_tf.serving import warmup
from simpose_tf.serving.connection import Refusal, Server, with_retries

# gRPC takes answers of 4 MB only by itself: two people at 353x257. A server that went away is looked for again soon.
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


class GrpcTransport:
    """A channel to a server."""

    def __init__(self, server: Server) -> None:
        """Make the channel; it connects with the first request."""
        self._server = server
        self._channel = grpc.insecure_channel(server.address, options=_OPTIONS)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def ask(self, signature: str, inputs: dict[str, np.ndarray], outputs: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Ask a signature of the model.

        Args:
          signature: its name.
          inputs: name -> array; encoded pictures as an array of bytes (dtype object).
          outputs: names of those that the server is to send (`PredictRequest.output_filter`); none: all.

        Raises:
          Refusal: with gRPC's status.
        """
        request = warmup.predict_request(signature, inputs, self._server.model)
        request.output_filter.extend(outputs)
        answer: predict_pb2.PredictResponse = self._call(self._stub.Predict, request)
        return {name: tf.make_ndarray(values) for name, values in answer.outputs.items()}

    def inputs_of(self, signature: str) -> set[str]:
        """Return the names of what a signature takes. Raises Refusal, `FAILED_PRECONDITION` for no such signature."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._server.model
        answer = self._call(self._stub.GetModelMetadata, request)
        known = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(known)
        if signature not in known.signature_def:
            raise Refusal("FAILED_PRECONDITION", f"no signature {signature!r}, only {sorted(known.signature_def)}")
        return set(known.signature_def[signature].inputs)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _call(self, method: Callable, request: Message) -> Message:
        if self._server.version is not None:
            request.model_spec.version.value = self._server.version

        def once() -> Message:
            try:
                return method(request, timeout=self._server.timeout)
            except grpc.RpcError as error:
                raise Refusal(error.code().name, error.details() or "") from error

        return with_retries(once, self._server.retries)
