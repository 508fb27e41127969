"""Loading an exported model, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import exported
from tests.inference import savedmodels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "model"
    savedmodels.save(savedmodels.EchoModel(17, 13), path, test_enlargement=1.5)
    return path


def test_people_and_maps_answer(folder: Path) -> None:
    model = exported.load(str(folder))
    crops = tf.constant(np.random.default_rng(0).integers(0, 255, (2, 17, 13, 3), np.uint8))
    people = model.people(crops)
    assert model.test_enlargement == 1.5
    assert people["keypoints"].shape == (2, 17, 3)
    np.testing.assert_array_equal(people["part"], 1 + crops.numpy()[..., 0] // 10 * (crops.numpy()[..., 0] < 240))
    assert model.maps is not None
    assert model.maps(crops)["uv"].shape == (2, 17, 13, 24, 2)


def test_missing_folder_and_folders_that_are_no_model_raise(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--model: no such folder"):
        exported.load(str(tmp_path / "none"))
    with pytest.raises(InputError, match="is no SavedModel"):
        exported.load(str(tmp_path))
    (tmp_path / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(InputError, match="does not load"):
        exported.load(str(tmp_path))


def test_model_without_the_signature_raises(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "m"))
    with pytest.raises(InputError, match="has no signature 'crops'"):
        exported.load(str(tmp_path / "m"), "--untrained")


@pytest.mark.parametrize(
    "content", [None, "{", "{}", json.dumps({"test_enlargement": "x"}), '{"test_enlargement": NaN}']
)
def test_bad_settings_raise(folder: Path, content: str | None) -> None:
    settings = folder / exported.SETTINGS
    good = settings.read_text()
    try:
        settings.unlink() if content is None else settings.write_text(content)
        with pytest.raises(InputError, match="test_enlargement"):
            exported.load(str(folder))
    finally:
        settings.write_text(good)
