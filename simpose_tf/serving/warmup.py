"""Requests that TensorFlow Serving sends itself when it loads a model, so that the first real one is not slow."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

# Where TensorFlow Serving looks for them, inside the SavedModel.
REQUESTS = "assets.extra/tf_serving_warmup_requests"

_PICTURE = (240, 320)


def requests_for(signatures: Iterable[str], crop: tuple[int, int]) -> list[predict_pb2.PredictRequest]:
    """Return one request for each signature that users ask most: crops (height, width), pixels, encoded pictures."""
    pixels = np.full((*_PICTURE, 3), 128, np.uint8)
    inputs = {"crops": {"crops": np.zeros((1, *crop, 3), np.uint8)}}
    if "image" in signatures:
        inputs["image"] = {"images": pixels[None]}
        inputs["serving_default"] = {"pictures": [tf.io.encode_jpeg(pixels).numpy()]}
    return [predict_request(name, values) for name, values in inputs.items()]


def predict_request(signature: str, inputs: dict, model: str = "simpose") -> predict_pb2.PredictRequest:
    """Return the request that asks `signature` of `model`; `inputs`: name -> what `tf.make_tensor_proto` takes."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, values in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    return request


def write_warmup(folder: Path, requests: Iterable[predict_pb2.PredictRequest]) -> None:
    """Write the requests into a SavedModel's folder."""
    path = folder / REQUESTS
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
