"""TensorFlow Serving by REST: JSON, which any language writes; no TensorFlow here.

Numbers are text, three to five times as long as gRPC's bytes, and the server always sends all outputs of a signature.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import requests

from simpose_tf.serving.connection import Refusal, Server, with_retries

# gRPC's names of HTTP's statuses, as TensorFlow Serving translates them, and those that a proxy before it may add.
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_DTYPES = {
    "DT_FLOAT": np.float32,
    "DT_DOUBLE": np.float64,
    "DT_UINT8": np.uint8,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
}


class RestTransport:
    """Requests to a server's REST interface."""

    def __init__(self, server: Server, rows: bool = False) -> None:
        """Keep the address.

        Args:
          server: whose address is a URL.
          rows: ask in the row format (`instances`), one entry per picture, instead of the columns of `inputs`.
        """
        self._server, self._rows = server, rows
        version = "" if server.version is None else f"/versions/{server.version}"
        self._url = f"{server.address.rstrip('/')}/v1/models/{server.model}{version}"
        self._session = requests.Session()
        self._session.mount(server.address, requests.adapters.HTTPAdapter(pool_maxsize=64))
        self._signatures: dict[str, dict] | None = None

    def ask(self, signature: str, inputs: dict[str, np.ndarray], outputs: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Ask a signature of the model; as `GrpcTransport.ask`, but the server sends all outputs. Raises Refusal."""
        specs = self._signature(signature)["outputs"]
        columns = {name: [_json_of(value) for value in values] for name, values in inputs.items()}
        if self._rows:
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            answered = self._call("POST", ":predict", {"signature_name": signature, "instances": rows})["predictions"]
            several = len(specs) > 1
            found = {name: [row[name] if several else row for row in answered] for name in specs}
        else:
            answered = self._call("POST", ":predict", {"signature_name": signature, "inputs": columns})["outputs"]
            found = answered if len(specs) > 1 else dict.fromkeys(specs, answered)
        return {name: _array(found[name], specs[name]) for name in outputs or specs}

    def inputs_of(self, signature: str) -> set[str]:
        """Return the names of what a signature takes. Raises Refusal, `FAILED_PRECONDITION` for no such signature."""
        return set(self._signature(signature)["inputs"])

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _signature(self, name: str) -> dict:
        """Return types and shapes of a signature, which JSON itself does not tell."""
        if self._signatures is None:
            answer = self._call("GET", "/metadata", None)
            self._signatures = answer["metadata"]["signature_def"]["signature_def"]
        if name not in self._signatures:
            raise Refusal("FAILED_PRECONDITION", f"no signature {name!r}, only {sorted(self._signatures)}")
        return self._signatures[name]

    def _call(self, method: str, path: str, body: dict | None) -> dict:
        return with_retries(lambda: self._once(method, path, body), self._server.retries)

    def _once(self, method: str, path: str, body: dict | None) -> dict:
        """Send one request. Raises Refusal."""
        try:
            answer = self._session.request(method, self._url + path, json=body, timeout=self._server.timeout)
            content = answer.json()
        except requests.Timeout as error:
            raise Refusal("DEADLINE_EXCEEDED", f"no answer in {self._server.timeout:g} s") from error
        except requests.JSONDecodeError:
            content = {}
        except requests.ConnectionError as error:
            raise Refusal("UNAVAILABLE", str(error)) from error
        except requests.RequestException as error:  # an address that is none
            raise Refusal("INVALID_ARGUMENT", str(error)) from error
        if not answer.ok or "error" in content:
            raise Refusal(_STATUSES.get(answer.status_code, "UNKNOWN"), content.get("error") or answer.reason)
        if not content:
            raise Refusal("UNKNOWN", f"{self._url + path} answers no JSON; is it TensorFlow Serving?")
        return content


def _json_of(value: Any) -> Any:
    """Return one entry of an input as JSON has it."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return np.asarray(value).tolist()


def _array(values: list, spec: dict) -> np.ndarray:
    """Return nested lists as the array that the signature promises; empty lists do not tell their further axes."""
    array = np.array(values, _DTYPES[spec["dtype"]])
    sizes = [int(dim["size"]) for dim in spec["tensor_shape"].get("dim", [])]
    return array.reshape(array.shape + tuple(max(size, 0) for size in sizes[array.ndim :]))
