"""Facts about `simpose_tf.bench_predict`: the clock, the table, and the benchmark on small pictures."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from simpose_tf import bench_predict
from simpose_tf.bench_predict import STEPS, Row, Watch
from simpose_tf.data.crops import CropConfig
from simpose_tf.inference import decode
from tests.inference import savedmodels
from tests.mains import run_main

CROP = {"height": 33, "width": 25, "label_stride": 1, "disk_radius": 18.0}


def a_row(people, **seconds):
    return Row(2, people, dict.fromkeys(STEPS, 0.01) | seconds)


def test_a_step_inside_another_counts_for_itself_only(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(bench_predict.time, "perf_counter", lambda: now[0])
    watch = Watch()

    def take(seconds):
        now[0] += seconds

    def outer():
        take(1)
        watch("network", take, 20)
        watch("decode maps", take, 300)
        take(4000)

    watch("crop", outer)
    watch("network", take, 50000)
    assert {name: s for name, s in watch.seconds.items() if s} == {"crop": 4001, "network": 50020, "decode maps": 300}


def test_the_table_tells_shares_and_what_grows_faster_than_the_people():
    # 1 person: 6 steps of .01 s, the detector's too, and the network's .24. 5 people: the network x 4, decoding x 7.
    rows = [a_row(1.0, network=0.24), a_row(5.0, **{"network": 0.96, "decode maps": 0.07})]
    lines = list(bench_predict.told(rows))
    assert lines[1].split()[-3:] == ["0.3000", "80%", "83%"] and lines[2].split()[0] == "5.0"
    assert lines[3].startswith("5.0 times the people: ") and "network x 4.0, decode maps x 7.0, draw x 1.0" in lines[3]
    assert lines[4].endswith(": decode maps")
    assert list(bench_predict.told([a_row(1.0), a_row(5.0)]))[-1].endswith(": none")


def test_the_oval_person_is_decoded_as_one():
    maps = bench_predict.oval_person(CropConfig(**CROP))
    found = decode.decode_maps({name: values[None] for name, values in maps.items()}, 1.7)
    mask = found["mask"][0].numpy() >= 0.5
    # Half axes of .4 and .3 of the sides: pi * .4 * .3 = 38 % of the crop.
    assert mask.mean() == pytest.approx(0.377, abs=0.02) and mask[16, 12] and not mask[0, 0]
    assert set(np.unique(found["part"][0][mask])) == set(range(1, 25))
    keypoints = found["keypoints"][0].numpy()  # in a line from the top to the bottom of the person
    np.testing.assert_allclose(keypoints[:, 0], 12.5, atol=0.51)
    np.testing.assert_allclose(keypoints[:, 1], 33 * np.linspace(0.5 - 0.36, 0.5 + 0.36, 17), atol=0.51)


@pytest.fixture
def folders(tmp_path):
    """Return two folders of pictures, with one person each and with three."""
    for count in (1, 3):
        folder = tmp_path / str(count)
        folder.mkdir()
        Image.new("RGB", (80, 60), (100, 60, 200)).save(folder / "0.png")
        boxes = [{"image": "0.png", "bbox": [10 + 20 * k, 10, 15, 40]} for k in range(count)]
        (folder / "annotations.json").write_text(json.dumps(boxes))
    return f"--input={tmp_path / '1'},{tmp_path / '3'}"


def test_pictures_of_a_trained_model_are_measured(folders, tmp_path, capsys):
    echo = savedmodels.EchoModel(33, 25)
    model = savedmodels.save(echo, tmp_path / "model", nms={"box_iou": 0.6, "oks": 0.5}, crop=CROP)
    found = savedmodels.save_detector(tmp_path / "detector")
    arguments = [folders, f"--model={model}", f"--detector={found}", "--rounds=1", f"--output={tmp_path / 'out'}"]
    ended = run_main(bench_predict, arguments, capsys)
    assert ended.status == 0, ended.stderr
    assert re.search(r"^ +1\.0 +0\.\d+ .*%$", ended.stdout, re.M) and re.search(r"^ +3\.0 ", ended.stdout, re.M)
    assert "3.0 times the people: decode x" in ended.stdout
    assert (tmp_path / "out" / "drawn" / "0_overlay.jpg").is_file()


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ([], "--model or --gin_file: name one of them"),
        (["--model=m", "--gin_file=g.gin"], "--model or --gin_file: name one of them"),
        (["--model=m", "--input="], "--input: no such folder: ''"),
    ],
)
def test_bad_input_is_one_line(arguments, fault, tmp_path, capsys):
    ended = run_main(bench_predict, [*arguments, f"--output={tmp_path / 'out'}"], capsys)
    assert ended.status == 2 and fault in ended.stderr and ended.stderr.count("\n") == 1


def test_what_lies_in_the_way_of_the_fresh_network_stays(folders, tmp_path, capsys):
    (tmp_path / "out" / "fresh").mkdir(parents=True)
    (tmp_path / "out" / "fresh" / "mine.txt").write_text("mine")
    gin = ["--gin_file=gin_configs/quickstart.gin", f"--output={tmp_path / 'out'}"]
    ended = run_main(bench_predict, [folders, *gin], capsys)
    assert ended.status == 2 and "is there and is no SavedModel" in ended.stderr
    assert (tmp_path / "out" / "fresh" / "mine.txt").read_text() == "mine"


@pytest.mark.slow
def test_the_paper_s_network_is_measured_with_fresh_weights(folders, tmp_path, capsys):
    gin = ["--gin_file=gin_configs/quickstart.gin", "--rounds=1", f"--output={tmp_path / 'out'}"]
    ended = run_main(bench_predict, [folders, *gin], capsys)
    assert ended.status == 0, ended.stderr
    assert "3.0 times the people" in ended.stdout and (tmp_path / "out" / "fresh" / "saved_model.pb").is_file()
