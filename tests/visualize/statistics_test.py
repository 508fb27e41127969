"""Statistics: sums, percentiles, families, the disc of normals."""

from collections import Counter

import numpy as np
import pytest

from simpose_tf.visualize import statistics
from simpose_tf.visualize.statistics import Cloud, Statistics


@pytest.mark.parametrize(
    ("pose", "family"), [("walk-0017", "walk"), ("cmu-jump-3", "cmu-jump"), ("rest", "rest"), ("", "")]
)
def test_family_is_all_before_the_number(pose, family):
    assert statistics.family_of(pose) == family


def test_percentiles_equal_numpys_on_the_spelt_out_numbers():
    values = np.random.default_rng(0).integers(10, 60, 301)
    np.testing.assert_allclose(
        statistics.percentiles(Counter(values.tolist()), (5, 50, 95)), np.percentile(values, [5, 50, 95])
    )


def test_disc_keeps_areas_and_directions():
    np.testing.assert_allclose(
        statistics.on_disc(np.array([[0, 0, -1.0], [1, 0, 0], [0, 1, 0]])), [[0, 0], [1, 0], [0, 1]]
    )
    # Evenly spread directions of the half sphere: rings of equal area on the disc hold equally many.
    rng = np.random.default_rng(1)
    normals = rng.normal(size=(40000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[:, 2] = -np.abs(normals[:, 2])
    radius = np.linalg.norm(statistics.on_disc(normals), axis=1)
    rings = np.histogram(radius, np.sqrt(np.linspace(0, 1, 6)))[0]
    assert radius.max() <= 1 + 1e-9
    np.testing.assert_allclose(rings / len(normals), 0.2, atol=0.01)


def test_total_adds_every_count():
    one, two = Statistics(people=2, cut=1), Statistics(people=3)
    one.figures["anna"] += 2
    two.figures.update(anna=1, boris=2)
    one.sizes += [0, 1, 1]
    two.sizes += [1, 1, 1]
    one.clouds["walk"] = Cloud(np.full(17, 2), np.full((17, 2), 3.0), np.full((17, 2, 2), 4.0))
    two.clouds["walk"] = Cloud(np.full(17, 1), np.full((17, 2), 1.0), np.full((17, 2, 2), 1.0))
    two.clouds["run"] = Cloud(np.full(17, 5))
    whole = statistics.total([one, two])
    assert (whole.people, whole.cut, whole.figures) == (5, 1, Counter(anna=3, boris=2))
    assert whole.sizes.tolist() == [1, 2, 2]
    assert whole.clouds["walk"].count[0] == 3 and whole.clouds["walk"].outer[0, 0, 0] == 5
    assert statistics.total_cloud(whole).count[0] == 8
    assert one.people == 2 and one.clouds["walk"].count[0] == 2  # the parts stay as they were


def test_keypoint_that_nobody_has_has_no_mean():
    cloud = Cloud()
    cloud.count[0], cloud.total[0] = 2, [2, 4]
    np.testing.assert_array_equal(cloud.mean()[0], [1, 2])
    assert np.isnan(cloud.mean()[1:]).all()
