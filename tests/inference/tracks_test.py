"""People keep their numbers from frame to frame."""

import numpy as np

from simpose_tf.inference.people import CropPeople, PredictedPerson
from simpose_tf.inference.tracks import Tracker

HEIGHT = 100.0


def person(x: float, y: float = 200.0, height: float = HEIGHT) -> PredictedPerson:
    """Return someone whose middle is (x, y): a box, half as wide as high, and 17 keypoints spread over it."""
    box = np.array([y - height / 2, x - height / 4, y + height / 2, x + height / 4])
    spread = np.stack([np.linspace(-0.2, 0.2, 17), np.linspace(-0.4, 0.4, 17) ** 3 * 5], -1) * height
    keypoints = np.concatenate([spread + np.array([x, y]), np.full((17, 1), 0.5)], axis=1)
    crop = CropPeople(*(np.zeros((1, 1, *more), np.float32) for more in ((), (), (2,), (3,))))
    return PredictedPerson(box, 0.9, keypoints, crop, np.eye(3))


def numbers(tracker: Tracker, time: float, *people: PredictedPerson) -> list[int]:
    return [tracked.track for tracked in tracker(time, list(people))]


def test_numbers_stay_whatever_the_order() -> None:
    tracker = Tracker()
    assert numbers(tracker, 0.0, person(100), person(300), person(500)) == [1, 2, 3]
    assert numbers(tracker, 0.1, person(505), person(102), person(305)) == [3, 1, 2]


def test_who_is_new_gets_the_next_number_and_who_is_away_for_long_is_new() -> None:
    tracker = Tracker()
    assert numbers(tracker, 0.0, person(100)) == [1]
    assert numbers(tracker, 0.1, person(100), person(400)) == [1, 2]
    assert numbers(tracker, 0.2) == []
    assert numbers(tracker, 0.9, person(400)) == [2]  # seen .8 s before
    assert numbers(tracker, 1.5, person(100), person(400)) == [3, 2]  # the first was seen 1.4 s before


def test_a_jump_is_somebody_else() -> None:
    tracker = Tracker()
    numbers(tracker, 0.0, person(100))
    assert numbers(tracker, 0.04, person(400)) == [2]


def test_people_who_pass_one_another_keep_their_numbers() -> None:
    # Two walk towards one another at 3 m/s and pass a head apart; where they meet, who is nearer would swap them.
    tracker = Tracker()
    for frame in range(60):
        time = frame / 25
        people = [person(100 + 160 * time, 200), person(450 - 160 * time, 215)]
        order = 1 if frame % 2 == 0 else -1
        assert numbers(tracker, time, *people[::order]) == [1, 2][::order]


def test_runners_are_followed_by_their_motion() -> None:
    # 60 pixels from frame to frame, more than the box is wide (50): once the speed is known, nobody is lost.
    tracker = Tracker()
    x, found = 100.0, []
    for frame in range(24):
        x += min(8 * frame, 60)
        found += numbers(tracker, frame / 25, person(x))
    assert set(found) == {1}


def test_without_smoothing_people_stay_as_they_are() -> None:
    one = person(100)
    (tracked,) = Tracker()(0.0, [one])
    assert tracked.person is one


def test_smoothing_steadies_boxes_and_keypoints_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    tracker, before, after = Tracker(0.3), [], []
    for frame in range(100):
        found = person(100 + rng.normal(0, 1), 200 + rng.normal(0, 1))
        (tracked,) = tracker(frame / 30, [found])
        before.append(np.concatenate([found.box_yxyx, found.keypoints[:, :2].ravel()]))
        after.append(np.concatenate([tracked.person.box_yxyx, tracked.person.keypoints[:, :2].ravel()]))
        np.testing.assert_array_equal(tracked.person.keypoints[:, 2], found.keypoints[:, 2])
        assert (tracked.person.score, tracked.person.crop) == (found.score, found.crop)
    jumps = [np.abs(np.diff(np.array(values)[30:], axis=0)).mean(axis=0) for values in (before, after)]
    assert (jumps[1] < 0.4 * jumps[0]).all()


def test_nobody_at_all() -> None:
    tracker = Tracker(0.3)
    for frame in range(3):
        assert tracker(frame / 30, []) == []
