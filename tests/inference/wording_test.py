"""Numbers of things."""

from simpose_tf.inference import wording


def test_one_is_no_plural() -> None:
    assert [wording.counted(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert [wording.people(n) for n in (0, 1, 2)] == ["0 people", "1 person", "2 people"]
