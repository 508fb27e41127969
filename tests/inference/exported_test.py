"""Loading an exported model, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.errors import InputError
from simpose_tf.inference import decode, export_settings, exported, flip, scores
from simpose_tf.inference.nms import NmsConfig
from tests.inference import savedmodels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "model"
    savedmodels.save(savedmodels.EchoModel(17, 13), path, test_enlargement=1.5)
    return path


def test_people_and_maps_answer(folder: Path) -> None:
    model = exported.load(str(folder))
    crops = tf.constant(np.random.default_rng(0).integers(0, 255, (2, 17, 13, 3), np.uint8))
    people = model.stage.people(crops)
    assert model.stage.test_enlargement == 1.5
    assert people["keypoints"].shape == (2, 17, 3)
    np.testing.assert_array_equal(people["part"], 1 + crops.numpy()[..., 0] // 10 * (crops.numpy()[..., 0] < 240))
    assert model.maps is not None
    assert model.maps(crops)["uv"].shape == (2, 17, 13, 24, 2)


def test_flip_averages_both_views(folder: Path) -> None:
    plain, both = exported.load(str(folder)), exported.load(str(folder), flip=True)
    crops = np.random.default_rng(1).integers(0, 255, (2, 17, 13, 3), np.uint8)
    expected = flip.average_maps(plain.maps(tf.constant(crops)), plain.maps(tf.constant(crops[:, :, ::-1].copy())))
    for name, values in both.maps(tf.constant(crops)).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-4, err_msg=name)
    people = decode.decode_maps(expected, 3.0)
    for name, values in both.stage.people(tf.constant(crops)).items():
        np.testing.assert_allclose(values, people[name], atol=1e-4, err_msg=name)


def test_flip_asks_for_a_model_that_has_it(tmp_path: Path) -> None:
    model = savedmodels.EchoModel(9, 5)
    tf.saved_model.save(model, str(tmp_path / "old"), signatures={"crops": model.crops})
    with pytest.raises(InputError, match="--flip needs a model that is exported anew"):
        exported.load(str(tmp_path / "old"), flip=True)


def test_settings_of_score_and_nms_are_read_and_old_exports_rank_as_grmi(folder: Path, tmp_path: Path) -> None:
    old = exported.load(str(folder))
    assert old.stage.score == scores.G_RMI and old.nms is None
    weights = {"keypoints": 1, "mask": 0.5, "part": 0, "uv": 0, "normal": 0, "box": 2}
    path = savedmodels.save(
        savedmodels.EchoModel(9, 5), tmp_path / "m", score=weights, nms={"box_iou": 0.6, "oks": 0.5}
    )
    new = exported.load(path)
    assert new.stage.score == scores.ScoreConfig(1, 0.5, 0, 0, 0, 2) and new.nms == NmsConfig(0.6, 0.5)
    for bad in ({"score": {**weights, "mask": -1}}, {"score": {"mask": 1}}, {"nms": {"box_iou": "x", "oks": 0.5}}):
        (tmp_path / "m" / export_settings.SETTINGS).write_text(json.dumps({"test_enlargement": 1.25, **bad}))
        with pytest.raises(InputError, match=f"{next(iter(bad))} is"):
            exported.load(path)


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
    settings = folder / export_settings.SETTINGS
    good = settings.read_text()
    try:
        settings.unlink() if content is None else settings.write_text(content)
        with pytest.raises(InputError, match="test_enlargement"):
            exported.load(str(folder))
    finally:
        settings.write_text(good)
