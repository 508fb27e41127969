import numpy as np

from simpose_tf import charts


def test_partners_are_the_official_pairs():
    pairs = [(3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16), (17, 18), (19, 20), (21, 22), (23, 24)]
    for a, b in pairs:
        assert charts.FLIP[a] == b and charts.FLIP[b] == a
    assert charts.FLIP[[0, 1, 2]].tolist() == [0, 1, 2]


def test_names_of_partners_differ_in_the_side_only():
    for part in range(3, 25):
        swapped = charts.PART_NAMES[part].replace("left", "*").replace("right", "left").replace("*", "right")
        assert charts.PART_NAMES[charts.FLIP[part]] == swapped


def test_feet_and_arms_name_the_left_side_first():
    assert charts.PART_NAMES[5] == "left_foot" and charts.PART_NAMES[3] == "right_hand"
    assert charts.PART_NAMES[7].startswith("right") and charts.PART_NAMES[15].startswith("left")


def test_flip_uv_twice_is_identity_random():
    rng = np.random.default_rng(0)
    part, u, v = rng.integers(0, 25, 500), rng.random(500), rng.random(500)
    again = charts.flip_uv(*charts.flip_uv(part, u, v))
    np.testing.assert_array_equal(again[0], part)
    np.testing.assert_allclose(again[1:], (u, v))


def test_flip_uv_turns_v_on_the_torso_and_u_on_hands_feet_and_head():
    part, u, v = charts.flip_uv(np.array([1, 2, 4, 5, 24, 9]), np.full(6, 0.2), np.full(6, 0.3))
    assert part.tolist() == [1, 2, 3, 6, 23, 10]
    np.testing.assert_allclose(u, [0.2, 0.2, 0.8, 0.8, 0.8, 0.2])
    np.testing.assert_allclose(v, [0.7, 0.7, 0.3, 0.3, 0.3, 0.3])


def test_colors_tell_all_parts_apart():
    colors = charts.PART_COLORS.astype(int)
    distance = np.abs(colors[:, None] - colors[None]).sum(-1) + 999 * np.eye(25, dtype=int)
    assert distance.min() >= 20
