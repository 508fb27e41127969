"""Average precision by score, and the choice among scores."""

import numpy as np
import pytest

from simpose_tf.rescoring import ranking
from simpose_tf.rescoring.ranking import Detections


def slow_average_precision(score: np.ndarray, similarity: np.ndarray, person: np.ndarray, people: int) -> float:
    """Go through the ranks one by one, at each threshold, as COCO does."""
    found = []
    for threshold in [0.5 + 0.05 * i for i in range(10)]:
        taken: set[int] = set()
        curve = []
        for rank, i in enumerate(sorted(range(len(score)), key=lambda i: (-score[i], i)), 1):
            if similarity[i] >= threshold - 1e-9 and person[i] not in taken:
                taken.add(person[i])
            curve.append((len(taken) / people, len(taken) / rank))
        reached = [max([p for r, p in curve if r >= place / 100 - 1e-12], default=0.0) for place in range(101)]
        found.append(np.mean(reached))
    return float(np.mean(found))


def detections(rng: np.random.Generator, count: int, people: int, noise: float) -> Detections:
    """Return detections whose second confidence is their similarity with noise; the others tell nothing."""
    similarity = rng.random(count)
    values = rng.random((count, 3))
    values[:, 1] = np.clip(similarity + noise * rng.normal(size=count), 0, 1)
    return Detections(rng.integers(0, people, count), values, {"oks": similarity}, people)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_equals_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, people = int(rng.integers(1, 40)), int(rng.integers(1, 15))
    score, similarity = rng.integers(0, 6, count) / 5, rng.random(count)
    person = rng.integers(0, people, count)
    expected = slow_average_precision(score, similarity, person, people)
    assert ranking.average_precision(score, similarity, person, people) == pytest.approx(expected, abs=1e-12)


def test_average_precision_by_hand() -> None:
    # Two people. Ranked: a false one, then person 0 at .72. At .5 to .7, 5 thresholds, precision is 1/2 up to recall
    # 1/2: 51 of 101 places; at the other 5 it is 0.
    value = ranking.average_precision(np.array([0.9, 0.8]), np.array([0.1, 0.72]), np.array([1, 0]), 2)
    assert value == pytest.approx(0.5 * 0.5 * 51 / 101)


def test_a_person_found_twice_counts_once() -> None:
    person, similarity = np.array([0, 0]), np.array([1.0, 1.0])
    assert ranking.average_precision(np.array([0.9, 0.8]), similarity, person, 1) == 1.0
    assert ranking.average_precision(np.array([0.9, 0.8]), similarity, person, 2) == pytest.approx(51 / 101)


def test_no_detection_gives_zero() -> None:
    assert ranking.average_precision(np.zeros(0), np.zeros(0), np.zeros(0, int), 3) == 0.0


def test_the_confidence_that_tells_is_chosen_and_the_gain_is_sure() -> None:
    found = detections(np.random.default_rng(0), 300, 120, 0.05)
    names = ("keypoints", "mask", "part")
    assert "mask" in ranking.best_of(found, names)
    low, high = ranking.interval(found, names, (("mask",), ("keypoints",)), np.random.default_rng(1))
    assert 0 < low < ranking.gain(found, names, ("mask",), ("keypoints",)) < high
    assert min(ranking.held_out_gains(found, names, ("keypoints",))) > 0


def test_a_choice_among_scores_that_tell_nothing_is_not_sure() -> None:
    rng = np.random.default_rng(2)
    found = Detections(rng.integers(0, 60, 150), rng.random((150, 2)), {"oks": rng.random(150)}, 60)
    low, high = ranking.interval(found, ("keypoints", "mask"), (("mask",), ("keypoints",)), rng)
    assert low < 0 < high


def test_people_drawn_twice_are_two_people() -> None:
    found = Detections(np.array([0, 1, 1]), np.arange(3.0)[:, None], {"oks": np.array([0.1, 0.2, 0.3])}, 2)
    drawn = found.of(np.array([1, 1]))
    assert drawn.person.tolist() == [0, 0, 1, 1] and drawn.people == 2
    assert drawn.values[:, 0].tolist() == [1, 2, 1, 2] and drawn.similarity["oks"].tolist() == [0.2, 0.3, 0.2, 0.3]


def test_scores_are_geometric_means_of_the_chosen() -> None:
    values = np.array([[0.25, 0.5, 1.0]])
    # sqrt(.25 * 1) = .5
    assert ranking.scored(values, ("a", "b", "c"), ("a", "c"))[0] == 0.5
    assert len(ranking.candidates("abcde")) == 31 and ranking.candidates("ab") == [("a",), ("b",), ("a", "b")]
