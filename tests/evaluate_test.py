"""The evaluation main: a model that knows the truth, constants known by hand, the table, refusals."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import crop_scores, evaluate, geometry
from simpose_tf.data import coco, schema
from simpose_tf.errors import InputError
from simpose_tf.evaluation import from_model, records, rows
from simpose_tf.inference import exported
from simpose_tf.metrics.crops import Scores
from tests.densepose import cases
from tests.dolls import photographed
from tests.inference import savedmodels
from tests.mains import run_main

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


def files_of_one_person(folder: Path) -> tuple[str, str]:
    """Write COCO annotations of one person and exact results; return their paths."""
    person = echoed_person()
    label = records.annotation(person, 1, 1)
    image = {"id": 1, "file_name": "one.png", "height": 130, "width": 120}
    truth = {"images": [image], "annotations": [label], "categories": [{"id": 1, "name": "person"}]}
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "found.json").write_text(json.dumps([{**label, "score": 0.5}]))
    return str(folder / "truth.json"), str(folder / "found.json")


def test_files_are_measured_and_told_with_exact_names(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    truth, found = files_of_one_person(tmp_path)
    arguments = [f"--annotations={truth}", f"--results={found}", f"--output={tmp_path}/out.json"]
    done = run_main(evaluate, ["--metric=keypoints,masks", *arguments], capsys)
    assert done.status == 0, done.stderr
    assert "COCO keypoints: AP, mean over OKS .50:.95" in done.stdout
    assert "truth.json, 1 people in 1 pictures, 1 detections, 1 people found" in done.stdout
    assert "keypoints, by keypoint" in done.stdout
    result = json.loads((tmp_path / "out.json").read_text())
    assert [result["keypoints"]["AP"], result["masks"]["mean_iou"]] == pytest.approx([1, 1])
    assert result["keypoints"]["APl"] == -1  # nobody is large
    assert {row["metric"] for row in result["table"]} >= {"mean_oks", "keypoints_AP", "masks_AP50"}
    alone = run_main(evaluate, ["--metric=masks", *arguments], capsys)
    assert alone.status == 0 and json.loads((tmp_path / "out.json").read_text())["AP"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--metric=gps,oops"], "--metric: unknown 'oops'; there are gps, gpsm, iou, keypoints, masks, uv, normals"),
        (["--metric="], "--metric: name what to measure"),
        ([], "--metric: name what to measure"),
        (["--metric=gps"], "--reference: name the folder with DensePose's three evaluation files, or 'open'"),
        (["--metric=gps", "--reference=none"], "--reference: 'none' is neither 'open' nor a folder"),
        (["--metric=masks", "--kappa=0.255"], "--kappa goes with --metric=gps, gpsm, iou only"),
        (["--metric=masks", "--labels=x"], "--labels goes with --metric=uv, normals only"),
        (["--metric=masks", "--model=x"], "--annotations and --model do not go together"),
        (["--metric=masks", "--matching=loose"], "matching"),
        (["--metric=masks", "--results=none.json"], "--results: no such file or folder: 'none.json'"),
        (["--metric=masks", "--annotations=none.json"], "--annotations: no such file: 'none.json'"),
        (["--metric=iou"], "dp_x"),
        (["--metric=uv"], "'uv_data' is missing"),
        (["--metric=normals"], "--labels: no such folder"),
    ],
)
def test_what_does_not_go_together_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list[str], fault: str
) -> None:
    truth, found = files_of_one_person(tmp_path)
    if arguments in (["--metric=uv"],):
        (tmp_path / "labels").mkdir()
    options = [f"--annotations={truth}", f"--results={found}", f"--output={tmp_path}/out.json", *arguments]
    if arguments == ["--metric=iou"]:
        _without_points(Path(truth))
        Path(found).write_text(json.dumps([cases.result((30.0, 20.0, 60.0, 90.0))]))
    done = run_main(evaluate, options, capsys)
    assert done.status == 2 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert fault in done.stderr
    assert not (tmp_path / "out.json").exists()


def _without_points(path: Path) -> None:
    """Take DensePose's points out of annotations."""
    truth = json.loads(path.read_text())
    truth["annotations"] = [{k: v for k, v in a.items() if not k.startswith("dp_")} for a in truth["annotations"]]
    path.write_text(json.dumps(truth))


def test_average_precisions_of_a_model_that_knows_the_truth(folder: Path) -> None:
    models = {"model": exported.load(str(folder / "model"))}
    globs = [str(folder / "sim.tfrecord"), str(folder / "real.tfrecord")]
    result: dict = {"table": [], "details": {}}
    rules = from_model.Rules("open", None, "part", "densepose")
    from_model.add_averages(result, models, globs, ["keypoints", "masks", "iou"], rules, lambda line: None)
    numbers = {(row["domain"], row["metric"]): row["model"] for row in result["table"]}
    # Three people in one picture, a few pixels apart, each its own detection: the keypoints are right, the masks' rims
    # are not.
    assert [numbers[domain, "keypoints_AP"] for domain in ("sim", "real")] == pytest.approx([1, 1])
    assert numbers["sim", "mean_iou"] > 0.9 and numbers["sim", "iou_AP50"] == pytest.approx(1)
    assert ("real", "iou_AP50") not in numbers  # photographs have no dense labels
    assert result["details"]["sim"]["model"]["masks"]["measured_on"].startswith("3 people in 1 pictures")


def test_a_record_goes_back_to_its_picture() -> None:
    person = dataclasses.replace(echoed_person(), window=np.array([40.0, 20.0, 0.5]), image_size=(300, 320))
    label = records.annotation(person, 7, 3)
    # Record pixel p is picture pixel (40, 20) + 2 p: box x 30..90, y 20..110 -> x 100..220, y 60..240.
    assert label["bbox"] == [100, 60, 120, 180]
    assert label["keypoints"][:3] == pytest.approx([40 + 2 * 60 - 0.5, 20 + 2 * 65 - 0.5, 2])
    mask = coco.rasterize(label["segmentation"], 300, 320)
    assert label["area"] == mask.sum() == 4 * person.mask.sum()
    assert mask[20 + 130, 40 + 120] and not mask[20 + 30, 40 + 120]
    assert len(label["dp_x"]) > 10 and len(label["dp_masks"]) == 14


def test_numbers_by_size_and_part_of_crops(result: dict) -> None:
    details = result["details"]["sim"]["model"]
    # The disc covers pi 30 45 = 4241 pixels of the picture: between 32^2 and 96^2.
    assert list(details["by_size"]) == ["medium"]
    assert details["by_size"]["medium"]["people"] == 3
    assert details["by_size"]["medium"]["mask_iou"] == pytest.approx(rows_of(result, "sim")["mask_iou"]["model"])
    assert details["uv_l2_by_part"].keys() == details["normal_add_deg_by_part"].keys()
    assert rows_of(result, "sim")["median_deg"]["model"] < 4
    assert result["details"]["real"]["model"]["by_size"]["medium"]["uv_l2"] is None
