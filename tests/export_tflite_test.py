"""The second stage as a TensorFlow Lite file: the SavedModel's answers, and a measured difference."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import export_tflite
from simpose_tf.inference import exported
from simpose_tf.serving import differences
from tests import mains
from tests.inference import savedmodels
from tests.serving import whole_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_model.save(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (3, 65, 33, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def expected(saved: Path, crops: np.ndarray) -> dict[str, np.ndarray]:
    people = exported.load(str(saved)).stage.people(tf.constant(crops))
    return {name: np.asarray(values) for name, values in people.items()}


@pytest.fixture(scope="module")
def written(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("lite") / "model.tflite"
    output.write_bytes(export_tflite.convert(str(saved)))
    return output


@pytest.mark.parametrize("count", [3, 1, 2])
def test_answers_are_the_saved_model_s_in_batches_of_any_size(
    expected: dict, written: Path, crops: np.ndarray, count: int
) -> None:
    got = export_tflite.load(str(written))(crops[:count])
    assert set(got) == set(expected)
    for name, values in expected.items():
        assert got[name].dtype == values.dtype, name
        np.testing.assert_allclose(got[name], values[:count], atol=1e-4, err_msg=name)


def test_built_in_operations_suffice(written: Path) -> None:
    interpreter = tf.lite.Interpreter(
        str(written), experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN
    )
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert "CONV_2D" in names and not [name for name in names if name.startswith("Flex") or name == "CUSTOM"]
    (given,) = interpreter.get_input_details()
    assert given["shape_signature"].tolist() == [-1, 65, 33, 3] and given["dtype"] == np.uint8


# Twice what was measured when the weights are rounded to 11 and to 8 bits.
@pytest.mark.parametrize(
    ("option", "size", "mask", "normal"), [("float16", 0.65, 5e-4, 4e-3), ("dynamic_int8", 0.5, 7e-3, 8e-2)]
)
def test_smaller_weights_give_a_smaller_file_and_nearly_the_same(
    saved: Path,
    expected: dict,
    written: Path,
    crops: np.ndarray,
    tmp_path: Path,
    option: str,
    size: float,
    mask: float,
    normal: float,
) -> None:
    content = export_tflite.convert(str(saved), **{option: True})
    assert len(content) < size * written.stat().st_size
    (tmp_path / "small.tflite").write_bytes(content)
    found = differences.difference(expected, export_tflite.load(str(tmp_path / "small.tflite"))(crops))
    assert 0 < found.values["mask"].max < mask
    assert 0 < found.values["normal"].max < normal
    assert found.same_part > 0.99


def test_the_main_writes_the_file_and_the_measured_difference(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "out" / "model.tflite"
    ended = mains.run_main(export_tflite, [f"--model={saved}", f"--output={output}", "--num_crops=3"], capsys)
    assert ended.status == 0, ended.stderr
    about = json.loads(output.with_suffix(".json").read_text())
    assert about["crop"]["height"] == 65 and about["test_enlargement"] == 1.25
    assert about["difference"]["crops"] == 3 and about["difference"]["keypoints"]["max"] < 1e-4
    assert about["difference"]["seconds_a_crop"]["tflite"] > 0
    assert "keypoints, pixels: at most" in ended.stdout and f"{output}: " in ended.stdout
    assert sorted(path.name for path in output.parent.iterdir()) == ["model.json", "model.tflite"]


def test_bad_input_is_one_line_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    echo = savedmodels.save(savedmodels.EchoModel(65, 33), tmp_path / "echo")
    good = [f"--model={echo}", f"--output={tmp_path / 'x.tflite'}"]
    for arguments, words in (
        (good[1:], "--model: no such folder"),
        ([f"--model={tmp_path}", good[1]], "is no SavedModel"),
        (good[:1], "--output: name a file"),
        ([good[0], f"--output={tmp_path / 'x.bin'}"], "--output: name a file FILE.tflite"),
        ([*good, "--float16", "--dynamic_int8"], "choose one"),
        ([*good, "--records=none-*"], "none-*"),
    ):
        ended = mains.run_main(export_tflite, arguments, capsys)
        assert (ended.status, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert ended.stderr.startswith("error: ") and words in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["echo"]
