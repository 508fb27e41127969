"""Ask a server of the exported model for the people of pictures.

    with Client(Server("localhost:8500")) as client:
        for answer in client.predict_each(["a.jpg", open("b.png", "rb").read(), pixels]):
            print(answer.name, answer.people if answer.fault is None else answer.fault)

A person's dense answers at 353x257 weigh 2.3 MB by gRPC and several times that as REST's JSON; `Client.answers` with
`answers.KEYPOINT_OUTPUTS` has gRPC's server send some hundred bytes a person. REST's server sends all in any case.
gRPC loads TensorFlow, whose protos it speaks; REST needs none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType

import numpy as np

from simpose_tf.errors import InputError
from simpose_tf.inference import pipeline
from simpose_tf.inference.people import PredictedPerson
from simpose_tf.serving import answers
from simpose_tf.serving.connection import Refusal, Server, connect
from simpose_tf.serving.pictures import Picture, for_server, name_of

_SIGNATURE, _INPUT = "serving_default", "pictures"

# Refusals that say something of a picture, or of so many at once.
_OF_PICTURES = ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "OUT_OF_RANGE")
# Refusals that say that another server or model should have been asked.
_OF_ADDRESS = ("NOT_FOUND", "FAILED_PRECONDITION", "UNIMPLEMENTED", "UNAUTHENTICATED", "PERMISSION_DENIED")


@dataclass(frozen=True)
class Answer:
    """What a server says of a picture.

    Attributes:
      name: of the picture: its path, or its place in the list.
      found: name -> array, the outputs of the signature for this picture; empty where there is a fault.
      fault: what is wrong with the picture.
    """

    name: str
    found: dict[str, np.ndarray]
    fault: InputError | None = None

    @property
    def people(self) -> list[PredictedPerson]:
        """The people, as the Python predictor's. Raises the fault."""
        if self.fault is not None:
            raise self.fault
        return answers.people_of(self.found)


class Client:
    """Asks a server for people; threads may share it.

    Where it is no picture's fault, its functions raise InputError (no such model, or one that takes no pictures),
    ConnectionError (nobody answers), TimeoutError (not in time) or another OSError (the server failed).
    """

    def __init__(self, server: Server, parallel: int = 4, pictures_per_request: int = 1) -> None:
        """Prepare the connection; nothing is sent yet.

        Args:
          server: what to ask.
          parallel: requests on their way at the same time.
          pictures_per_request: the server fills their people up to the same number, so answers are smallest with 1.
        """
        self._server, self._parallel, self._per_request = server, parallel, pictures_per_request
        self._transport = connect(server)
        self._checked = False

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._transport.close()

    def check(self) -> None:
        """Raise InputError unless the server's model takes pictures; it is asked once."""
        if self._checked:
            return
        try:
            inputs = self._transport.inputs_of(_SIGNATURE)
        except Refusal as refusal:
            raise self._error(refusal) from refusal
        if inputs != {_INPUT}:
            raise InputError(
                f"{self._server.address}: model {self._server.model!r} takes {sorted(inputs)}, no pictures; write it "
                "with simpose_tf.export --detector"
            )
        self._checked = True

    def predict(self, picture: Picture) -> list[PredictedPerson]:
        """Return the people of one picture. Raises InputError if it is none."""
        return next(self.predict_each([picture])).people

    def predict_each(self, pictures: Iterable[Picture]) -> Iterator[Answer]:
        """Yield an answer for each picture, in their order; several requests are on their way at the same time."""
        return self.answers(pictures, answers.OUTPUTS)

    def answers(self, pictures: Iterable[Picture], outputs: Sequence[str] = ()) -> Iterator[Answer]:
        """Yield what the server answers for each picture, in their order: the named outputs, none: all.

        Args:
          pictures: paths, contents of files, or pixels uint8 RGB `[H,W,3]`.
          outputs: of `serving.signatures`' table of people of pictures.
        """
        self.check()
        wanted = tuple(outputs) and tuple(dict.fromkeys(("num_people", *outputs)))
        named = ((name_of(picture, place), picture) for place, picture in enumerate(pictures))
        packs = iter(lambda: list(islice(named, self._per_request)), [])

        def ask(pack: list[tuple[str, Picture]]) -> list[Answer]:
            return self._ask(pack, wanted)

        for pack in pipeline.in_order(ask, packs, self._parallel, lambda _: 1 / self._parallel):
            yield from pack

    def _ask(self, pack: list[tuple[str, Picture]], outputs: tuple[str, ...]) -> list[Answer]:
        """Return the answers for the pictures of one request, those that cannot be read left out of it."""
        told: dict[int, Answer] = {}
        content: dict[int, bytes] = {}
        for place, (name, picture) in enumerate(pack):
            try:
                content[place] = for_server(picture, name)
            except InputError as fault:
                told[place] = Answer(name, {}, fault)
        names = [pack[place][0] for place in content]
        told |= dict(zip(content, self._send(names, list(content.values()), outputs), strict=True))
        return [told[place] for place in range(len(pack))]

    def _send(self, names: list[str], content: list[bytes], outputs: tuple[str, ...]) -> list[Answer]:
        """Ask for encoded pictures; if the server refuses them together, ask for each alone, to tell which it is."""
        if not content:
            return []
        try:
            answer = self._transport.ask(_SIGNATURE, {_INPUT: np.array(content, object)}, outputs)
        except Refusal as refusal:
            if refusal.status not in _OF_PICTURES:
                raise self._error(refusal, names[0]) from refusal
            if len(content) > 1:
                return [self._send([n], [c], outputs)[0] for n, c in zip(names, content, strict=True)]
            return [Answer(names[0], {}, InputError(f"{names[0]}: the server refuses it ({refusal})"))]
        return [Answer(name, found) for name, found in zip(names, answers.of_pictures(answer), strict=True)]

    def _error(self, refusal: Refusal, name: str = "") -> Exception:
        """Return what to raise where no picture is at fault; `name`: of the first picture of the request."""
        of_picture = f" ({name})" if name else ""
        line = f"{self._server.address}: model {self._server.model!r}{of_picture}: {refusal}"
        if refusal.status in (*_OF_ADDRESS, *_OF_PICTURES):
            return InputError(line)
        kinds = {"UNAVAILABLE": ConnectionError, "DEADLINE_EXCEEDED": TimeoutError}
        return kinds.get(refusal.status, OSError)(line)
