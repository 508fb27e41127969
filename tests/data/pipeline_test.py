import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf.data import augmentation as augment
from simpose_tf.data import crops, pipeline, recordfiles, schema, targets
from simpose_tf.errors import InputError
from tests.data import synthetic
from tests.data.streams import AUGMENTATION, CROP, PIPELINE, assert_equal, first, stream, write_records


@pytest.fixture(scope="module")
def globs(tmp_path_factory):
    return write_records(tmp_path_factory.mktemp("records"))


def test_batch_has_the_promised_entries(globs):
    batch = first(stream(globs), 1)[0]
    grid = (4, 17, 13)
    expected = {
        "image": ((4, 65, 49, 3), np.float32), "domain": ((4,), np.int32), "keypoints_xy": ((4, 17, 2), np.float32),
        "visibility": ((4, 17), np.int32), "heatmap": ((*grid, 17), np.float32), "offset": ((*grid, 17, 2), np.float32),
        "keypoint_weight": ((4, 17), np.float32), "mask": (grid, np.float32), "valid": (grid, np.float32),
        "has_dense": ((4,), np.float32), "part": (grid, np.int32), "uv": ((*grid, 2), np.float32),
        "point_xy": ((4, 196, 2), np.float32), "point_part": ((4, 196), np.int32),
        "point_uv": ((4, 196, 2), np.float32), "normal": ((*grid, 3), np.float32), "area": ((4,), np.float32),
        "picture_area": ((4,), np.float32), "record_from_crop": ((4, 3, 3), np.float32),
        "image_id": ((4,), np.int64), "person_id": ((4,), np.int64),
    }  # fmt: skip
    assert {name: (value.shape, value.dtype.type) for name, value in batch.items()} == expected
    spec = stream(globs).element_spec
    assert all(spec[name].shape.is_fully_defined() for name in expected)


def test_the_same_seed_gives_the_same_stream_and_another_seed_another(globs):
    one, two, other = (first(stream(globs, seed), 5) for seed in (3, 3, 4))
    for a, b in zip(one, two, strict=True):
        assert_equal(a, b)
    assert any(not np.array_equal(a["image"], b["image"]) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("share", [0.5, 2 / 3, 1])
def test_start_batch_goes_on_exactly_where_the_stream_would_be(globs, share):
    whole = first(stream(globs, 7, sim_share=share), 12)
    for start in (1, 5, 9):
        for a, b in zip(first(stream(globs, 7, start, sim_share=share), 3), whole[start:], strict=False):
            assert_equal(a, b)


def test_the_stream_does_not_depend_on_the_global_seed(globs):
    tf.random.set_seed(1)
    one = first(stream(globs), 2)
    tf.random.set_seed(2)
    for a, b in zip(one, first(stream(globs), 2), strict=True):
        assert_equal(a, b)


@pytest.mark.parametrize("share", [0, 0.01, 0.25, 0.5, 2 / 3, 1])
@pytest.mark.parametrize("batch_size", [4, 5, 6])
def test_the_mix_is_exact_in_every_batch(globs, share, batch_size):
    counts = [int(b["domain"].sum()) for b in first(stream(globs, batch_size=batch_size, sim_share=share), 12)]
    wanted = batch_size * share
    assert all(count in (math.floor(wanted + 1e-9), math.ceil(wanted - 1e-9)) for count in counts)
    # 12 batches of any size are whole cycles of 1, 2, 3 and 4 crops.
    assert sum(counts) == math.floor(12 * wanted + 1e-9)


def test_each_domain_passes_over_all_its_records_before_it_repeats(globs):
    batches = first(stream(globs, batch_size=2), 7)
    for domain in (schema.REAL, schema.SIM):
        ids = np.concatenate([b["image_id"][b["domain"] == domain] for b in batches])
        assert len(ids) == len(set(ids)) == 7


def test_dense_labels_come_with_simulated_crops_alone(globs):
    for batch in first(stream(globs), 4):
        np.testing.assert_array_equal(batch["has_dense"], batch["domain"] == schema.SIM)
        real = batch["domain"] == schema.REAL
        assert not batch["part"][real].any() and not batch["uv"][real].any() and not batch["normal"][real].any()
        assert batch["part"][~real].any() and (batch["valid"][~real] == 1).all()
        np.testing.assert_array_equal(batch["part"][~real] > 0, batch["mask"][~real] > 0)
        lengths = np.linalg.norm(batch["normal"][~real], axis=-1)
        np.testing.assert_allclose(lengths, batch["mask"][~real], atol=1e-4)


def test_the_same_person_is_augmented_differently_each_time(globs):
    batches = first(stream(globs), 14)
    ids, scales = (np.concatenate([b[name] for b in batches]) for name in ("image_id", "record_from_crop"))
    same = scales[ids == ids[0]]
    assert len(same) == 4 and len(np.unique(np.hypot(same[:, 0, 0], same[:, 1, 0]))) == 4
    assert 0.2 < np.mean(np.linalg.det(scales) < 0) < 0.8
    angles = np.degrees(np.arctan2(scales[:, 1, 0], np.abs(scales[:, 0, 0])))
    assert 10 < np.abs(angles).max() <= 20 and angles.min() < -5 and angles.max() > 5


def test_both_domains_are_augmented_alike(globs):
    """The augmentation is drawn by the crop's place, before anybody knows its domain."""
    real, sim = (first(stream(globs, sim_share=share), 3) for share in (0.0, 1.0))
    for a, b in zip(real, sim, strict=True):
        signs = [np.sign(np.linalg.det(x["record_from_crop"])) for x in (a, b)]
        np.testing.assert_array_equal(*signs)
        turns = [np.arctan2(x["record_from_crop"][:, 1, 0], x["record_from_crop"][:, 0, 0]) for x in (a, b)]
        np.testing.assert_allclose(*turns, atol=1e-5)


def test_the_number_of_threads_changes_nothing(globs):
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    for a, b in zip(first(stream(globs).with_options(options), 4), first(stream(globs), 4), strict=True):
        assert_equal(a, b)


def test_eager_equals_tf_data(globs):
    found = recordfiles.find(globs[0], "sim")
    records = recordfiles.Stream(found, PIPELINE.shuffle_buffer, (5, schema.SIM))
    cut = []
    for counter in range(4):
        variation = augment.draw(5, counter, AUGMENTATION)
        fields = schema.read(found.read(records.number(counter)))
        frame = variation.enlargement, CROP, variation.angle_deg, variation.flip
        one = crops.cut_crop(fields, crops.record_from_crop(fields["box_yxyx"], *frame), CROP)
        one["visibility"] = targets.hide_outside(one["keypoints_xy"], one["visibility"], CROP)
        cut.append(one | {"image": augment.change_colors(one["image"], variation)})
    batch = targets.expand({name: tf.stack([one[name] for one in cut]) for name in cut[0]}, CROP)
    in_graph = first(stream(globs, 5, sim_share=1.0), 1)[0]
    assert batch.keys() == in_graph.keys()
    for name, value in batch.items():
        np.testing.assert_allclose(in_graph[name], value, rtol=1e-6, atol=2e-3 if name == "image" else 1e-5)


def test_hidden_keypoints_have_no_weight_in_training(globs):
    for batch in first(stream(globs), 6):
        xy = batch["keypoints_xy"]
        outside = ((xy < 0) | (xy >= [49, 65])).any(-1)
        assert not batch["visibility"][outside].any()
        np.testing.assert_array_equal(batch["keypoint_weight"], batch["visibility"] > 0)


def everybody(pattern):
    found = recordfiles.find(pattern, "x")
    return [schema.decode(found.read(number)) for number in range(found.count)]


def test_evaluation_passes_once_in_order_and_keeps_the_remainder(globs):
    batches = first(pipeline.eval_batches(globs[0], CROP, AUGMENTATION, 3), -1)
    assert [len(b["image"]) for b in batches] == [3, 3, 1]
    people = everybody(globs[0])
    ids = np.concatenate([b["image_id"] for b in batches])
    np.testing.assert_array_equal(ids, [p.image_id for p in people])
    for person, matrix in zip(people, np.concatenate([b["record_from_crop"] for b in batches]), strict=True):
        ymin, xmin, ymax, xmax = person.box_yxyx
        assert matrix[0, 0] * 65 == pytest.approx(1.25 * max(ymax - ymin, (xmax - xmin) * 65 / 49), rel=1e-4)
    for a, b in zip(batches, first(pipeline.eval_batches(globs[0], CROP, AUGMENTATION, 3), -1), strict=True):
        assert_equal(a, b)


def test_evaluation_keeps_the_flags_of_the_record(globs):
    people = everybody(globs[1])
    tight = dataclasses.replace(AUGMENTATION, test_enlargement=0.5)
    batches = first(pipeline.eval_batches(globs[1], CROP, tight, 7), -1)
    np.testing.assert_array_equal(batches[0]["visibility"], [p.visibility for p in people])


@pytest.mark.parametrize("domain", ["sim", "real"])
def test_a_domain_with_a_share_must_have_records(globs, domain, tmp_path):
    missing = {"sim": (None, globs[1]), "real": (globs[0], "")}[domain]
    with pytest.raises(InputError, match=f"--{domain}_records: missing"):
        stream(missing)
    nowhere = str(tmp_path / "none-*")
    with pytest.raises(InputError, match=f"--{domain}_records: no file matches"):
        stream({"sim": (nowhere, globs[1]), "real": (globs[0], nowhere)}[domain])


def test_exchanged_domains_are_told(globs):
    with pytest.raises(InputError, match=r"--real_records: .*record 0 is sim"):
        stream((globs[1], globs[0]))


def test_a_domain_without_a_share_is_not_looked_at(globs):
    assert (first(stream((globs[0], None), sim_share=1.0), 1)[0]["domain"] == schema.SIM).all()
    assert (first(stream(("nowhere", globs[1]), sim_share=0.0), 1)[0]["domain"] == schema.REAL).all()


def test_records_of_another_version_are_refused_before_training(globs, tmp_path):
    example = tf.train.Example()
    example.ParseFromString(schema.encode(synthetic.person(np.random.default_rng(0), size=(60, 60))))
    example.features.feature["version"].int64_list.value[:] = [schema.VERSION + 1]
    path = str(tmp_path / "new.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(example.SerializeToString())
    with pytest.raises(InputError, match=r"new\.tfrecord: record 0: schema version"):
        stream((path, globs[1]))
    with pytest.raises(InputError, match=r"new\.tfrecord: record 0: schema version"):
        pipeline.eval_batches(path, CROP, AUGMENTATION, 2)


def test_the_program_ends_well_while_batches_are_being_cut(globs):
    script = (
        "from tests.data import streams as t\n"
        f"batches = iter(t.stream({globs!r}, batch_size=2))\n"
        "next(batches)\n"
        "raise SystemExit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 7 and "terminate" not in ended.stderr


@pytest.mark.parametrize("fields", [(0, 0.5, 8, 0), (4, -0.1, 8, 0), (4, 1.1, 8, 0), (4, 0.5, 0, 0), (4, 0.5, 8, -1)])
def test_impossible_settings_are_refused(fields):
    with pytest.raises(ValueError, match="must"):
        pipeline.PipelineConfig(*fields)


@pytest.mark.parametrize(("written", "share"), [(0.25, "1/4"), (0.6667, "2/3"), (2 / 3, "2/3"), (0.1, "1/10")])
def test_a_share_stands_for_a_simple_fraction(written, share):
    assert str(pipeline.PipelineConfig(4, written, 8, 0).exact_share) == share
