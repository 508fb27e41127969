"""Facts about `tfrecord_tools.detector_scenes`."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import records
from tests.mains import run_main
from tests.tfrecord_tools.render_sim_test import SMALL, shard_bytes
from tfrecord_tools import detector_scenes, render_sim


@pytest.fixture(autouse=True)
def in_root(monkeypatch):
    from tests.tfrecord_tools.render_sim_test import ROOT

    monkeypatch.chdir(ROOT)


def run(folder, capsys, *more, main=detector_scenes):
    arguments = [*SMALL, f"--output={folder}", "--num_images=3", "--seed=4", "--workers=1", *more]
    ended = run_main(main, arguments, capsys)
    assert ended.status == 0, ended.stderr
    return ended


def test_boxes_are_those_of_the_same_scenes_in_coco_form(tmp_path, capsys):
    run(
        tmp_path / "out",
        capsys,
        "--num_pictures=3",
        "--num_shards=1",
        "--gin_param=SimPeopleFilter.min_visible_keypoints=0",
    )
    paths = sorted(str(p) for p in (tmp_path / "out").glob("*.tfrecord"))
    pictures = [records.decode(r.numpy()) for r in tf.data.TFRecordDataset(paths)]
    assert [p.image_id for p in pictures] == [0, 1, 2]
    import json

    told = json.loads((tmp_path / "out" / "pictures" / "annotations.json").read_text())["annotations"]
    for picture in pictures:
        asked = sorted(label["bbox"] for label in told if label["image_id"] == picture.image_id)
        found = [[x0, y0, x1 - x0, y1 - y0] for y0, x0, y1, x1 in picture.boxes_yxyx[~picture.crowd]]
        np.testing.assert_allclose(sorted(found), asked, atol=1e-3)
        assert (picture.areas[~picture.crowd] >= 40).all() and (picture.areas[picture.crowd] < 40).all()
    assert any(len(p.boxes_yxyx) for p in pictures)


@pytest.mark.slow
def test_a_second_run_finds_its_shards_and_keeps_them(tmp_path, capsys):
    run(tmp_path / "out", capsys)
    before = shard_bytes(tmp_path / "out")
    run(tmp_path / "out", capsys)
    assert shard_bytes(tmp_path / "out") == before


@pytest.mark.slow
def test_a_folder_of_people_records_is_not_mixed_with_pictures(tmp_path, capsys):
    run(tmp_path / "out", capsys, main=render_sim)
    arguments = [*SMALL, f"--output={tmp_path / 'out'}", "--num_images=3", "--seed=4", "--workers=1"]
    ended = run_main(detector_scenes, arguments, capsys)
    assert ended.status == 2 and "written with other settings" in ended.stderr


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_bytes(tmp_path, capsys):
    run(tmp_path / "one", capsys, "--num_shards=3")
    run(tmp_path / "two", capsys, "--num_shards=3", "--workers=2")
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "two")
