"""Facts about `simpose_tf.monitoring.people`."""

from pathlib import Path

import numpy as np
import pytest

from simpose_tf import crop_scores
from simpose_tf.data import pipeline
from simpose_tf.data.augmentation import AugmentationConfig
from simpose_tf.data.crops import CropConfig
from simpose_tf.errors import InputError
from simpose_tf.monitoring import people
from tests.batches import CROP
from tests.monitoring.small import fixed_people, write_people


def test_they_lie_evenly_in_the_records_and_have_the_labels_of_evaluation(tmp_path):
    found = fixed_people(tmp_path, 4)
    augmentation = AugmentationConfig(**crop_scores._NO_AUGMENTATION, test_enlargement=1.25)
    every_pixel = CropConfig(CROP.height, CROP.width, 1, 1.0)
    for domain in ("sim", "real"):
        batches = pipeline.eval_batches(f"{tmp_path}/{domain}-*", every_pixel, augmentation, 10)
        expected = next(batches.as_numpy_iterator())
        places = [0, 3, 6, 9]
        got = crop_scores.labels_of(found.domains[domain])
        for number, (place, person) in enumerate(zip(places, got, strict=True)):
            true = crop_scores.labels_of({name: values[place : place + 1] for name, values in expected.items()})[0]
            for name in ("keypoints_xy", "visibility", "mask", "valid", "part", "uv", "normal"):
                a, b = getattr(person, name), getattr(true, name)
                assert (a is None) == (b is None)
                if a is not None:
                    np.testing.assert_allclose(a, b, atol=1e-6, err_msg=name)
            assert person.area == pytest.approx(true.area)
            np.testing.assert_array_equal(found.domains[domain]["image"][number], expected["image"][place])


def test_fewer_records_than_asked_for_are_all_taken(tmp_path):
    found = fixed_people(tmp_path, 100)
    assert {domain: len(batch["image"]) for domain, batch in found.domains.items()} == {"sim": 10, "real": 10}


def test_a_domain_without_records_is_passed_over(tmp_path):
    records = write_people(tmp_path) | {"--val_sim_records": None}
    assert list(people.read("validation", records, CROP, 1.25, 2).domains) == ["real"]


def test_a_damaged_record_is_left_out(tmp_path):
    records = write_people(tmp_path)
    path = Path(tmp_path / "sim-0.tfrecord")
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 255
    path.write_bytes(stored)
    found = people.read("validation", records, CROP, 1.25, 10)
    assert {domain: len(batch["image"]) for domain, batch in found.domains.items()} == {"sim": 9, "real": 10}


def test_missing_records_are_told_by_their_option(tmp_path):
    with pytest.raises(InputError, match="--val_sim_records"):
        people.read("validation", {"--val_sim_records": f"{tmp_path}/none-*"}, CROP, 1.25, 2)
