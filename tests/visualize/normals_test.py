"""Normals as colours, in files and to look at."""

import numpy as np
import pytest

from simpose_tf.visualize import normals


def random_normals() -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(20, 30, 3))
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def test_encode_preset() -> None:
    normal = np.array([[[1.0, 0, 0], [0, -1, 0], [0, 0, -1], [0, 0, -1]]])
    mask = np.array([[1, 1, 1, 0]])
    expected = [[[255, 128, 128], [128, 0, 128], [128, 128, 0], [0, 0, 0]]]
    np.testing.assert_array_equal(normals.encode(normal, mask), expected)


def test_decode_gives_back_normals_and_mask() -> None:
    normal = random_normals()
    mask = np.random.default_rng(1).random((20, 30)) < 0.6
    decoded, found = normals.decode(normals.encode(normal, mask))
    np.testing.assert_array_equal(found, mask)
    cosine = np.sum(decoded * normal, -1)[mask]
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.5
    assert not decoded[~mask].any()


def test_no_unit_normal_is_encoded_as_nobody() -> None:
    corner = np.full((1, 1, 3), -1 / np.sqrt(3))
    assert normals.encode(corner, np.ones((1, 1))).min() > 0


def test_facing_us_is_blue_up_is_green_right_is_red() -> None:
    normal = np.array([[[0, 0, -1.0], [0, -1, 0], [1, 0, 0]]])
    colors = normals.color_normals(normal, np.ones((1, 3)))[0]
    assert [int(np.argmax(c)) for c in colors] == [2, 1, 0]


def test_coding_in_strips_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    normal = np.random.default_rng(3).normal(size=(11, 7, 3))
    mask = np.random.default_rng(4).random((11, 7)) < 0.6
    whole = normals.encode(normal, mask), normals.color_normals(normal, mask)
    monkeypatch.setattr(normals, "_STRIP_VALUES", 50)
    np.testing.assert_array_equal((normals.encode(normal, mask), normals.color_normals(normal, mask)), whole)
