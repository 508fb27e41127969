import numpy as np
import pytest

from simpose_tf.sim.textures import GROUND_KINDS, KINDS, PROP_KINDS, SIZE, WALL_KINDS, tile


def test_there_are_enough_kinds():
    assert len(GROUND_KINDS) >= 6 and len(WALL_KINDS) >= 6 and len(PROP_KINDS) >= 4
    assert set(GROUND_KINDS) | set(WALL_KINDS) | set(PROP_KINDS) <= set(KINDS) and len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_repeat_without_a_seam(kind):
    pixels = tile(kind, 1).astype(int)
    assert pixels.shape == (SIZE, SIZE, 3)
    for axis in (0, 1):
        steps = np.abs(np.diff(pixels, axis=axis)).mean(axis=(1 - axis, 2))  # between neighbouring rows or columns
        seam = np.abs(np.take(pixels, 0, axis) - np.take(pixels, -1, axis)).mean()
        assert seam <= steps.max() + 1


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_differ_by_seed_only_and_are_neither_black_nor_white(kind):
    first, other = tile(kind, 0), tile(kind, 1)
    assert not np.array_equal(first, other)
    again = tile.__wrapped__(kind, 0)
    np.testing.assert_array_equal(first, again)
    assert 15 < first.mean() < 245


def test_an_unknown_kind_is_told():
    with pytest.raises(ValueError, match="no kind 'lava'"):
        tile("lava", 0)
