"""The evaluation main: a model that knows the truth, constants known by hand, the table, refusals."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import crop_scores, geometry
from simpose_tf.data import schema
from simpose_tf.errors import InputError
from simpose_tf.evaluation import from_model, rows
from simpose_tf.inference import exported
from simpose_tf.metrics.crops import Scores
from tests.dolls import photographed
from tests.inference import savedmodels

HEIGHT, WIDTH = 65, 49


def echoed_person(shift: float = 0.0) -> schema.Person:
    """Return a record whose labels are what the echo model says of its picture, up to the jpeg's losses."""
    height, width = 130, 120
    y, x = np.indices((height, width)) + 0.5
    mask = np.hypot((x - 60 - shift) / 30, (y - 65) / 45) < 1
    u, v = (0.1 + 0.8 * x / width).astype(np.float32), (0.9 - 0.8 * y / height).astype(np.float32)
    color = np.stack([255 * u, 255 * v, np.full_like(u, 255)], -1)
    normal = np.stack([2 * u - 1, 2 * v - 1, np.full_like(u, -1)], -1)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True) * mask[..., None]
    box = np.array([20, 30 + shift, 110, 90 + shift], np.float32)
    window = geometry.extend_box(box, HEIGHT / WIDTH, 1.25)
    pixel = (window[2] - window[0]) / HEIGHT
    keypoints_xy = np.stack([60 + shift + pixel * np.arange(17), np.full(17, 65.0)], -1)
    return schema.Person(
        domain=schema.SIM, source="echo", image_id=1, person_id=1, image_size=(height, width),
        window=np.array([0, 0, 1.0]), image=np.where(mask[..., None], np.round(color), 255 - color).astype(np.uint8),
        box_yxyx=box, keypoints_xy=keypoints_xy, visibility=np.full(17, 2), mask=mask, generator="test",
        part=np.where(mask, 1 + (255 * u / 10).astype(int), 0).astype(np.uint8), u=u * mask, v=v * mask, normal=normal,
    )  # fmt: skip


def write(path: Path, people: list[schema.Person]) -> str:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for person in people:
            writer.write(schema.encode(person))
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluate")
    savedmodels.save(savedmodels.EchoModel(HEIGHT, WIDTH), path / "model")
    people = [echoed_person(shift) for shift in (0.0, 4.0, -7.5)]
    write(path / "sim.tfrecord", people)
    write(path / "real.tfrecord", [photographed(p) for p in people])
    return path


@pytest.fixture(scope="module")
def result(folder: Path) -> dict:
    command = [sys.executable, "-m", "simpose_tf.evaluate", f"--model={folder}/model", f"--untrained={folder}/model"]
    records = [
        f"--{kind}={folder}/{name}.tfrecord" for kind in ("records", "train_records") for name in ("sim", "real")
    ]
    done = subprocess.run(
        [*command, *records, f"--output={folder}/result.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Normal: ADD, mean angle in degrees" in done.stdout
    return json.loads((folder / "result.json").read_text())


def rows_of(result: dict, domain: str) -> dict[str, dict]:
    return {row["metric"]: row for row in result["table"] if row["domain"] == domain}


def test_a_model_that_knows_the_truth_scores_as_it_should(result: dict) -> None:
    sim = rows_of(result, "sim")
    assert sim["keypoint_oks"]["model"] > 0.999
    # What is missing is the jpeg's and the rim's: labels come from the nearest pixel, colours from four.
    assert sim["mask_iou"]["model"] > 0.93
    assert sim["uv_l2"]["model"] < 0.05
    assert sim["normal_add_deg"]["model"] < 4
    assert sim["part_accuracy"]["model"] > 0.75


def test_untrained_column_is_that_models(result: dict) -> None:
    for row in result["table"]:
        assert row["untrained"] == row["model"]


def test_photographs_have_rows_for_what_they_are_labelled_with(result: dict) -> None:
    assert sorted(rows_of(result, "real")) == ["keypoint_oks", "mask_iou"]
    for metric in ("keypoint_oks", "mask_iou"):
        assert rows_of(result, "real")[metric]["model"] == pytest.approx(rows_of(result, "sim")[metric]["model"])


def test_constant_uv_is_the_distance_to_the_middle(result: dict, folder: Path) -> None:
    model = exported.load(str(folder / "model"))
    batch = next(crop_scores.eval_batches(model, [str(folder / "sim.tfrecord")], 8))
    on_person = batch["part"] > 0
    expected = np.linalg.norm(batch["uv"][on_person] - 0.5, axis=-1).mean()
    assert rows_of(result, "sim")["uv_l2"]["constant"] == pytest.approx(expected)


def test_constant_mask_is_as_good_as_shifted_discs_allow(result: dict) -> None:
    # The boxes follow the discs, so all masks are one and the same.
    assert rows_of(result, "sim")["mask_iou"]["constant"] > 0.95
    assert rows_of(result, "sim")["mask_iou"]["constant"] > rows_of(result, "sim")["mask_iou"]["model"]


def test_data_are_named_and_counted(result: dict, folder: Path) -> None:
    assert result["data"]["people"] == {"sim": 3, "real": 3}
    assert result["data"]["files"] == ["real.tfrecord", "sim.tfrecord"]
    assert result["data"]["train_people"] == {"sim": 3, "real": 3}


def test_files_without_records_are_told_with_their_option(folder: Path, tmp_path: Path) -> None:
    model, empty = exported.load(str(folder / "model")), tmp_path / "empty.tfrecord"
    empty.touch()
    with pytest.raises(InputError, match=r"^--records: no record in the files of .*empty"):
        crop_scores.eval_batches(model, [str(empty)], 2)
    with pytest.raises(InputError, match=r"^--train_records: no record in the files of .*empty"):
        crop_scores.fit_constants(model, [str(empty)], 10, 2)


def test_labels_of_a_batch_equal_the_record_at_the_crops_pixels(folder: Path) -> None:
    model = exported.load(str(folder / "model"))
    batch = next(crop_scores.eval_batches(model, [str(folder / "sim.tfrecord")], 2))
    person, labels = echoed_person(), crop_scores.labels_of(batch)[0]
    window = geometry.extend_box(person.box_yxyx, HEIGHT / WIDTH, 1.25)
    scale = (window[2] - window[0]) / HEIGHT
    place = [40, 25]
    row, column = (int(window[a] + (place[a] + 0.5) * scale) for a in (0, 1))
    assert labels.part is not None
    assert labels.part[40, 25] == person.part[row, column] > 0
    assert labels.uv[40, 25] == pytest.approx([person.u[row, column], person.v[row, column]], abs=1e-4)
    assert labels.area == pytest.approx(person.mask.sum() / scale**2, rel=1e-5)


def test_rows_without_labels_are_left_out_and_missing_columns_are_null() -> None:
    scores = Scores(people=2, ious=[0.5, 1.0])
    result = from_model.report({"real": {"model": scores}})
    (row,) = result["table"]
    assert (row["metric"], row["model"], row["untrained"], row["constant"]) == ("mask_iou", 0.75, None, None)
    lines = rows.printed(result["table"])
    assert lines[1] == "real, 2 people"
    assert lines[2].split()[-4:] == ["higher", "0.7500", "-", "-"]


def test_records_that_go_bad_in_the_midst_raise(folder: Path, tmp_path: Path) -> None:
    example = tf.train.Example.FromString(schema.encode(echoed_person()))
    good = example.SerializeToString()
    example.features.feature["version"].int64_list.value[0] = 99
    path = tmp_path / "bad.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(good)
        writer.write(example.SerializeToString())
    batches = crop_scores.eval_batches(exported.load(str(folder / "model")), [str(path)], 1)
    next(batches)
    with pytest.raises(InputError, match=r"bad.tfrecord: .*schema version"):
        next(batches)


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("--records=none-*", "--records: no file matches 'none-*'"),
        ("--model=none", "--model: no such folder: 'none'"),
    ],
)
def test_bad_options_end_with_one_line_and_status_2(folder: Path, option: str, fault: str) -> None:
    options = [f"--model={folder}/model", f"--records={folder}/sim.tfrecord", f"--output={folder}/none.json", option]
    done = subprocess.run(
        [sys.executable, "-m", "simpose_tf.evaluate", *options], capture_output=True, text=True, check=False
    )
    # --records may be given several times: the bad one is found all the same.
    assert (done.returncode, done.stderr.strip()) == (2, f"error: {fault}")
    assert not (folder / "none.json").exists()
