"""Facts about `simpose_tf.detection.input`."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.detection import input as detector_input
from simpose_tf.detection import records
from simpose_tf.errors import InputError
from tests.detection.small import CONFIG, SIDE, boxed_picture, tiny_pipeline, write_records


class Preprocessor:
    """What batches ask of a model: pictures as they are."""

    def preprocess(self, images):
        return images, tf.shape(images)[1:][None]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    write_records(folder / "sim-0.tfrecord", 4)
    write_records(folder / "sim-1.tfrecord", 3, first=4)
    write_records(folder / "coco-0.tfrecord", 5, first=100)
    return {
        kind: detector_input.find(str(folder / f"{kind}-*.tfrecord"), f"--{kind}_records") for kind in ("sim", "coco")
    }


def image_ids(source, numbers):
    return [records.decode(source.record(number)["record"].item()).image_id for number in numbers]


def test_every_batch_holds_the_exact_share(found):
    config = dataclasses.replace(CONFIG, sim_share=2 / 3)
    ids = image_ids(detector_input.source(found, config, 0), range(21))
    assert all(sum(i < 100 for i in ids[start : start + 3]) == 2 for start in range(0, 21, 3))
    assert sorted(i for i in ids if i < 100) == sorted([*range(7)] * 2)  # 14 simulated ones: each of 7 twice
    assert {i for i in ids if i >= 100} == {*range(100, 105)}


def test_the_order_follows_from_the_seed_alone(found):
    first, again, other = (detector_input.source(found, CONFIG, seed) for seed in (1, 1, 2))
    assert image_ids(first, range(30)) == image_ids(again, range(30)) != image_ids(other, range(30))


def batch_of(found, config, start=0):
    pipeline = tiny_pipeline()
    del pipeline.train_config.data_augmentation_options[:]
    source = detector_input.source(found, config, 0)
    return source, next(iter(detector_input.train_batches(source, Preprocessor(), pipeline, config, start)))


def test_a_batch_holds_pictures_and_boxes_of_its_numbers(found):
    source, (features, labels) = batch_of(found, CONFIG, start=3)
    assert features["image"].shape == (2, SIDE, SIDE, 3)
    for place, number in enumerate(image_ids(source, (6, 7))):  # batch 3 of two pictures
        true = boxed_picture(number)
        np.testing.assert_allclose(labels["groundtruth_boxes"][place, 0] * SIDE, true.boxes_yxyx[0], atol=1e-3)
        assert labels["num_groundtruth_boxes"][place] == 1


def test_people_below_the_least_size_have_no_weight(found):
    everybody, nobody = (dataclasses.replace(CONFIG, min_box_pixels=size) for size in (10.0, SIDE))
    assert batch_of(found, everybody)[1][1]["groundtruth_weights"][:, 0].numpy().tolist() == [1, 1]
    assert batch_of(found, nobody)[1][1]["groundtruth_weights"][:, 0].numpy().tolist() == [0, 0]


def test_the_stream_for_other_processes_holds_the_same_share(found):
    config, pipeline = dataclasses.replace(CONFIG, sim_share=0.5), tiny_pipeline()
    del pipeline.train_config.data_augmentation_options[:]
    stream = detector_input.streamed_batches(found, Preprocessor(), pipeline, config, 0)
    widths = {number: boxed_picture(number).boxes_yxyx[0] for number in (*range(7), *range(100, 105))}
    for _, labels in stream.take(6):
        boxes = labels["groundtruth_boxes"][:, 0].numpy() * SIDE
        ids = [min(widths, key=lambda n, box=box: np.abs(widths[n] - box).sum()) for box in boxes]
        assert sum(i < 100 for i in ids) == 1


def test_records_of_something_else_are_told(tmp_path):
    path = tmp_path / "train-0.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.train.Example().SerializeToString())
    with pytest.raises(InputError, match=r"train-0\.tfrecord: record 0: no record of a person detector"):
        detector_input.find(str(path), "--sim_records")


def test_a_damaged_record_is_told(tmp_path):
    path = tmp_path / "train-0.tfrecord"
    write_records(path, 2)
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"record 0 is damaged: its checksum is wrong"):
        detector_input.find(str(path), "--sim_records")


def test_a_glob_without_files_is_told(tmp_path):
    with pytest.raises(InputError, match="--sim_records: no file matches"):
        detector_input.find(str(tmp_path / "*.tfrecord"), "--sim_records")
