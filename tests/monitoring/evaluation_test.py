"""Facts about `simpose_tf.monitoring.evaluation` and `pictures`."""

import numpy as np
import pytest
import tensorflow as tf

from simpose_tf import crop_scores
from simpose_tf.inference.exported import ExportedModel
from simpose_tf.inference.scores import G_RMI
from simpose_tf.inference.two_stage import SecondStage
from simpose_tf.metrics.crops import Scores
from simpose_tf.model import normalization
from simpose_tf.monitoring import pictures
from simpose_tf.monitoring.evaluation import LiveNetwork, domain_distances
from simpose_tf.monitoring.statistics import CropMoments
from tests.batches import CROP
from tests.monitoring.small import fixed_people, small_network

ONE_DEVICE = tf.distribute.OneDeviceStrategy("CPU:0")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return a network, people, and its answers, asked in batches that do not divide their number."""
    network, found = small_network(), fixed_people(tmp_path_factory.mktemp("people"), 5)
    live = LiveNetwork(network, ONE_DEVICE, 3)
    return network, found, {domain: live.ask(batch) for domain, batch in found.domains.items()}


def exported(network):
    """Return a network as `evaluate` sees it."""
    return ExportedModel(
        path="live",
        stage=SecondStage(lambda crops: {}, CROP.height, CROP.width, 1.25, G_RMI),
        nms=None,
        detection=None,
        maps=lambda crops: network(crops, label_stride=1),
        detect=None,
        loaded=network,
    )


@pytest.mark.parametrize("domain", ["sim", "real"])
def test_metrics_are_those_of_evaluate(asked, domain):
    network, found, answers = asked
    batch = found.domains[domain]
    expected = Scores()
    for predicted, true in zip(
        crop_scores.predict(exported(network), batch), crop_scores.labels_of(batch), strict=True
    ):
        expected.add(predicted, true)
    got = answers[domain].scores(batch)
    assert got.people == expected.people == 5
    for name, value in expected.values().items():
        assert got.values()[name] == pytest.approx(value, rel=1e-4, nan_ok=True), name
    assert np.isfinite(got.values()["uv_l2"]) == (domain == "sim")


def test_moments_are_those_in_front_of_the_first_normalisation(asked):
    network, found, answers = asked
    batch = found.domains["sim"]
    layer = normalization.norm_layers(network.backbone)[0]
    moving = [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
    network(tf.constant(batch["image"]), training=True, domain=tf.constant(batch["domain"]))
    met = (layer.moving_mean.numpy() - 0.9 * moving[0]) / 0.1
    for variable, value in zip((layer.moving_mean, layer.moving_variance), moving, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(answers["sim"].moments[0].of_all()[0], met, atol=1e-3)


def test_domains_of_equal_statistics_have_no_distance_and_shifted_ones_have(asked):
    network, _, answers = asked
    same = {"sim": answers["sim"], "real": answers["sim"]}
    distances = domain_distances(network, same)
    assert set(distances["kl"].values()) == set(distances["gap"].values()) == {0.0}
    shifted = type(answers["sim"])(
        answers["sim"].maps,
        [CropMoments(m.mean + 3 * np.sqrt(m.of_all()[1] + 1e-3), m.variance) for m in answers["sim"].moments],
    )
    for value in domain_distances(network, {"sim": answers["sim"], "real": shifted})["gap"].values():
        assert value == pytest.approx(3, rel=1e-2)


def test_halves_of_a_domain_tell_what_is_chance(asked):
    network, _, answers = asked
    distances = domain_distances(network, answers)
    moments = [answers[domain].moments[0] for domain in ("real", "sim")]
    gaps = []
    for one in moments:
        (mean_a, var_a), (mean_b, var_b) = one.of_all(slice(0, None, 2)), one.of_all(slice(1, None, 2))
        epsilon = normalization.norm_layers(network.backbone)[0].epsilon
        gaps.append(np.mean(np.abs(mean_a - mean_b) / np.sqrt((var_a + var_b) / 2 + epsilon)))
    assert distances["gap_within"]["000_8ch"] == pytest.approx(np.mean(gaps), rel=1e-5)


def test_pictures_show_the_truth_and_the_answer(asked):
    network, found, answers = asked
    sheet = pictures.people(found.domains["sim"], answers["sim"], 2)
    more = pictures.people(found.domains["sim"], answers["sim"], 3)
    assert sheet.dtype == np.uint8 and more.shape[0] > sheet.shape[0]
    np.testing.assert_array_equal(more[: sheet.shape[0] - 10], sheet[:-10])
    bars = pictures.distances(domain_distances(network, answers))
    assert bars.dtype == np.uint8 and bars.ndim == 3 and len(np.unique(bars.reshape(-1, 3), axis=0)) > 10
