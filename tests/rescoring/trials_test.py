"""Boxes as a detector may give them."""

import dataclasses

import numpy as np
import pytest

from simpose_tf.data.schema import SIM, Person
from simpose_tf.rescoring import trials
from simpose_tf.rescoring.trials import TrialConfig

CONFIG = TrialConfig(missing=0.2, shift=0.08, stretch=0.12, half=0.3, false=0.7, false_overlap=0.2)
EXACT = TrialConfig(missing=0.0, shift=0.0, stretch=0.0, half=0.0, false=0.0, false_overlap=0.0)


def person() -> Person:
    """Return a person in the left third of a picture, another one in the right third."""
    mask, others = np.zeros((90, 120), bool), np.zeros((90, 120), bool)
    mask[20:80, 5:35] = True
    others[10:85, 85:118] = True
    return Person(
        domain=SIM,
        source="test",
        image_id=1,
        person_id=1,
        image_size=(90, 120),
        window=np.array([0, 0, 1.0]),
        image=np.zeros((90, 120, 3), np.uint8),
        box_yxyx=np.array([20.0, 5, 80, 35]),
        keypoints_xy=np.zeros((17, 2)),
        visibility=np.zeros(17, int),
        mask=mask,
        generator="test",
        others=others,
    )


def test_without_faults_each_person_has_its_box() -> None:
    for seed in range(5):
        np.testing.assert_allclose(trials.boxes_of(person(), EXACT, np.random.default_rng(seed)), [[20, 5, 80, 35]])


def test_shares_of_missing_and_half_boxes() -> None:
    rng = np.random.default_rng(0)
    counts = [len(trials.boxes_of(person(), dataclasses.replace(CONFIG, false=0.0), rng)) for _ in range(2000)]
    # None: .2; two: .8 * .3 = .24. Five deviations of 2000 draws are .048.
    assert np.mean(np.array(counts) == 0) == pytest.approx(0.2, abs=0.048)
    assert np.mean(np.array(counts) == 2) == pytest.approx(0.24, abs=0.048)


def test_a_half_box_holds_one_half() -> None:
    config = dataclasses.replace(EXACT, half=1.0)
    seen = {tuple(trials.boxes_of(person(), config, np.random.default_rng(s))[1].tolist()) for s in range(40)}
    assert seen == {(50, 5, 80, 35), (20, 20, 80, 35), (20, 5, 50, 35), (20, 5, 80, 20)}


def test_false_boxes_are_where_hardly_anybody_is() -> None:
    someone = person()
    taken = someone.mask | someone.others
    config = dataclasses.replace(EXACT, missing=1.0, false=2.0, false_overlap=0.2)
    boxes = [box for s in range(60) for box in trials.boxes_of(someone, config, np.random.default_rng(s))]
    assert len(boxes) > 40
    for box in boxes:
        y0, x0, y1, x1 = np.round(box).astype(int)
        assert 0 <= y0 < y1 <= 90 and 0 <= x0 < x1 <= 120
        assert taken[y0:y1, x0:x1].mean() <= 0.2


@pytest.mark.parametrize("bad", [{"missing": 1.5}, {"shift": -1.0}, {"false": -0.1}])
def test_settings_that_make_no_sense_raise(bad: dict) -> None:
    with pytest.raises(ValueError):
        dataclasses.replace(CONFIG, **bad)
