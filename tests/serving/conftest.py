"""One small exported model and a server of it for all tests of this folder: making it takes most of their time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simpose_tf.inference import exported
from simpose_tf.inference.exported import ExportedModel
from tests.serving import whole_model
from tests.serving.model_server import ModelServer, Servable


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SavedModel of both stages in its version's folder, `MODEL/1`, as TensorFlow Serving takes it."""
    return whole_model.save(tmp_path_factory.mktemp("whole") / "simpose", "1")


@pytest.fixture(scope="session")
def model(saved: Path) -> ExportedModel:
    return exported.load(str(saved))


@pytest.fixture(scope="session")
def servable(saved: Path) -> Servable:
    return Servable(saved.parent)


@pytest.fixture(scope="session")
def server(servable: Servable) -> Iterator[ModelServer]:
    running = ModelServer(servable)
    yield running
    running.stop()
