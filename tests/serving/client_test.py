"""The client's main: what simpose_tf.predict writes, asked of a server."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simpose_tf import predict
from simpose_tf.serving import client
from tests import mains
from tests.serving.model_server import ModelServer
from tests.serving.whole_model import encoded, scene


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures of several kinds, one of them broken, one turned by EXIF."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(5):
        Image.fromarray(scene((60 + 9 * number, 80), number, number)).save(folder / f"{number}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene((70, 50), 2, 7)).save(folder / "turned.jpg", exif=exif, quality=95)
    (folder / "broken.jpg").write_bytes(encoded(scene((70, 50), 2), "JPEG")[:100])
    return folder


@pytest.mark.parametrize("kind", ["grpc", "rest"])
def test_it_writes_what_predict_writes(
    server: ModelServer, saved: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture, kind: str
) -> None:
    address = server.grpc_address if kind == "grpc" else server.rest_address
    ours, theirs = tmp_path / "client", tmp_path / "predict"
    arguments = [f"--input={pictures}"]
    asked = mains.run_main(client, [f"--server={address}", *arguments, f"--output={ours}", "--parallel=3"], capsys)
    assert asked.status == 0, asked.stderr
    assert "broken.jpg: not a readable picture" in asked.stdout and "6 pictures, 1 skipped" in asked.stdout
    assert mains.run_main(predict, [f"--model={saved}", *arguments, f"--output={theirs}"], capsys).status == 0
    assert sorted(path.name for path in ours.iterdir()) == sorted(path.name for path in theirs.iterdir())
    assert json.loads((ours / "results.json").read_text())
    for path in theirs.glob("*.json"):
        assert_alike(json.loads((ours / path.name).read_text()), json.loads(path.read_text()))
    for path in theirs.glob("*_iuv.png"):
        one, other = (np.asarray(Image.open(folder / path.name), int) for folder in (ours, theirs))
        assert np.mean(np.abs(one - other).max(-1) > 1) < 1e-3, path.name


def assert_alike(one: object, other: object) -> None:
    """Compare JSON: numbers up to the rounding of float32, everything else but pixels exactly."""
    if isinstance(one, dict):
        assert set(one) == set(other)
        for name in set(one) - {"uv_data", "segmentation"}:
            assert_alike(one[name], other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_alike(*pair)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-5, abs=2e-3)  # keypoints are written with 3 digits
    else:
        assert one == other


def test_a_second_call_passes_over_what_is_done(
    server: ModelServer, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = [f"--server={server.grpc_address}", f"--input={pictures}", f"--output={tmp_path}"]
    assert mains.run_main(client, arguments, capsys).status == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    again = mains.run_main(client, arguments, capsys)
    assert again.status == 0 and "6 of 6 pictures are done already" in again.stdout
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")} == before


def test_bad_input_is_one_line_and_nothing_is_written(
    server: ModelServer, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    good = [f"--server={server.grpc_address}", f"--input={pictures}", f"--output={tmp_path / 'out'}"]
    for arguments, words in (
        (good[1:], "--server: name HOST:PORT"),
        ([*good[:2]], "--output: name a folder"),
        ([*good, "--input=none"], "none"),
        ([*good, "--model_name=other"], "Servable not found"),
        ([*good, "--model_version=3"], "Specific(simpose, 3)"),
        (["--server=127.0.0.1:1", "--retries=0", *good[1:]], "UNAVAILABLE"),
        (["--server=http://127.0.0.1:1", "--retries=0", *good[1:]], "UNAVAILABLE"),
        (["--server=http://", *good[1:]], "http://"),
        ([f"--server={server.rest_address}/elsewhere", *good[1:]], "elsewhere"),
        ([*good, "--timeout=0"], "timeout"),
    ):
        ended = mains.run_main(client, arguments, capsys)
        assert (ended.status, ended.stderr.count("\n")) == (2, 1), (arguments, ended.stderr)
        assert ended.stderr.startswith("error: ") and words in ended.stderr
        assert not (tmp_path / "out").exists()
