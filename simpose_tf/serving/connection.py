"""A running TensorFlow Serving: where it is, what it may refuse, and when asking again helps."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

T = TypeVar("T")

# Seconds before a call is tried again: so many the first time, twice as many each further time, at most so many.
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0


@dataclass(frozen=True)
class Server:
    """A model on a server.

    Attributes:
      address: `HOST:PORT` for gRPC, `http://HOST:PORT` or `https://HOST:PORT` for REST.
      model: its name, TensorFlow Serving's `--model_name`.
      version: None: the latest.
      timeout: seconds for one request.
      retries: how often a request is sent again while nobody answers (`UNAVAILABLE`); nothing else is sent twice.
    """

    address: str
    model: str = "simpose"
    version: int | None = None
    timeout: float = 60.0
    retries: int = 5


class Refusal(Exception):
    """What a server says instead of an answer: gRPC's name of the status, e.g. `NOT_FOUND`, and its words."""

    def __init__(self, status: str, details: str) -> None:
        """Keep both; the words become one line."""
        self.status, self.details = status, " ".join(details.split())
        super().__init__(f"{self.status}: {self.details}")


class Transport(Protocol):
    """One way to ask a server: `grpc_transport.GrpcTransport`, `rest_transport.RestTransport`. Threads may share it."""

    def ask(self, signature: str, inputs: dict[str, np.ndarray], outputs: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Ask a signature; `outputs`: those wanted, none: all. Raises Refusal."""

    def inputs_of(self, signature: str) -> set[str]:
        """Return the names of what a signature takes. Raises Refusal if there is no such signature."""

    def close(self) -> None:
        """Let go of the connection."""


def connect(server: Server) -> Transport:
    """Return the transport that the address asks for. gRPC loads TensorFlow, whose protos it speaks; REST does not."""
    if server.address.startswith(("http://", "https://")):
        from simpose_tf.serving.rest_transport import RestTransport

        return RestTransport(server)
    from simpose_tf.serving.grpc_transport import GrpcTransport

    return GrpcTransport(server)


def with_retries(call: Callable[[], T], retries: int) -> T:
    """Return what the call does; while it is refused as `UNAVAILABLE`, wait and call again, `retries` times."""
    for attempt in range(retries):
        try:
            return call()
        except Refusal as refusal:
            if refusal.status != "UNAVAILABLE":
                raise
        time.sleep(min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT))
    return call()
