import numpy as np

from simpose_tf.surface.patches import absorb_crumbs, neighbours, patch_count, patches


def strip(count: int) -> np.ndarray:
    """A band of triangles, each next to the one before."""
    return np.stack([np.arange(count), np.arange(count) + 1, np.arange(count) + 2], 1)


def test_neighbours_share_an_edge():
    pairs, ends = neighbours(strip(4))
    assert sorted(map(tuple, np.sort(pairs, axis=1).tolist())) == [(0, 1), (1, 2), (2, 3)]
    found = {tuple(sorted(p)): tuple(e) for p, e in zip(pairs.tolist(), ends.tolist(), strict=True)}
    assert found == {(0, 1): (1, 2), (1, 2): (2, 3), (2, 3): (3, 4)}


def test_patches_end_where_labels_change_and_at_barred_edges():
    label = np.array([1, 1, 1, 2, 2, 1])
    found = patches(strip(6), label)
    assert [len(np.unique(found[rows])) for rows in ([0, 1, 2], [3, 4], [0, 3, 5])] == [1, 1, 3]
    cut = patches(strip(6), label, np.array([[2, 3]]))
    assert cut[0] == cut[1] != cut[2]


def test_patches_are_counted():
    assert patch_count(strip(6), np.array([True, True, False, True, False, True])) == 3
    assert patch_count(strip(6), np.zeros(6, bool)) == 0


def test_a_crumb_goes_to_the_part_around_it():
    before = np.full(60, 1)
    after = before.copy()
    after[56:59] = 2  # cuts off the last face
    assert absorb_crumbs(strip(60), before, after).tolist() == [1] * 56 + [2] * 4
    after[30:33] = 2  # and a half, which is no crumb
    assert absorb_crumbs(strip(60), before, after).tolist() == [1] * 30 + [2] * 3 + [1] * 23 + [2] * 4
