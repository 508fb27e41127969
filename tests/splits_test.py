import pytest

from simpose_tf.errors import InputError
from simpose_tf.splits import SPLITS, of_split

NAMES = [f"photo{i}.jpg" for i in range(50)]


def test_every_file_is_in_one_split():
    train, val = (of_split(NAMES, split, "--x") for split in SPLITS)
    assert len(val) == 10 and sorted(train + val) == sorted(NAMES)


def test_split_depends_on_base_names_only_and_not_on_order():
    val = of_split(NAMES, "val", "--x")
    moved = of_split([f"/elsewhere/{name}" for name in reversed(NAMES)], "val", "--x")
    assert sorted(moved) == sorted(f"/elsewhere/{name}" for name in val)


def test_one_more_file_moves_at_most_one_other():
    before, after = (set(of_split(names, "val", "--x")) for names in (NAMES, [*NAMES, "new.jpg"]))
    assert len(before ^ after) <= 2


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_files_leave_one_for_each_split(count):
    assert all(of_split(NAMES[:count], split, "--x") for split in SPLITS)


def test_single_file_serves_training_only():
    assert of_split(["a"], "train", "--x") == ["a"]
    with pytest.raises(InputError, match="--x: nothing for --split=val among 1"):
        of_split(["a"], "val", "--x")


def test_unknown_split_raises():
    with pytest.raises(InputError, match="test"):
        of_split(NAMES, "test", "--x")
